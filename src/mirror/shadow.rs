use crate::upgrade::is_for_tunnel;
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};

/// The head of a copy, with a body of its own: the same request, for the shadow of its host. What
/// is attached to the request in this process stays behind.
///
/// `None` for `CONNECT` and for a request to upgrade, of which there is no copy, and for a host whose
/// shadow cannot be written.
pub fn shadow<B, C>(request: &Request<B>, body: C) -> Option<Request<C>> {
    if is_for_tunnel(request) {
        return None;
    }
    let mut headers = request.headers().clone();
    if let Some(host) = headers.get_mut(HOST) {
        let name = std::str::from_utf8(host.as_bytes()).ok()?;
        *host = HeaderValue::try_from(shadow_of(name)).ok()?;
    }
    let uri = request.uri();
    let uri = match uri.authority() {
        None => uri.clone(),
        Some(authority) => {
            let authority = Authority::try_from(shadow_of(authority.as_str())).ok()?;
            let mut parts = uri.clone().into_parts();
            parts.authority = Some(authority);
            Uri::from_parts(parts).ok()?
        }
    };
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = uri;
    *copy.version_mut() = request.version();
    *copy.headers_mut() = headers;
    Some(copy)
}

/// The name under which a mirror knows a host: with `-shadow` before the port, so that its logs
/// tell copies from originals.
///
/// ```
/// use tower_mesh::mirror::shadow_of;
///
/// assert_eq!(shadow_of("reviews:9080"), "reviews-shadow:9080");
/// assert_eq!(shadow_of("[::1]:80"), "[::1]-shadow:80");
/// ```
pub fn shadow_of(authority: &str) -> String {
    // A colon within brackets, or before an `@`, begins no port.
    let after = authority.rfind([']', '@']).map_or(0, |end| end + 1);
    let end = authority[after..]
        .rfind(':')
        .map_or(authority.len(), |colon| after + colon);
    format!("{}-shadow{}", &authority[..end], &authority[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn the_shadow_stands_before_the_port() {
        for (host, expected) in [
            ("foo", "foo-shadow"),
            ("foo:80", "foo-shadow:80"),
            ("[::1]", "[::1]-shadow"),
            ("[::1]:80", "[::1]-shadow:80"),
            ("foo:", "foo-shadow:"),
            ("me:secret@foo", "me:secret@foo-shadow"),
            ("me:secret@foo:80", "me:secret@foo-shadow:80"),
        ] {
            assert_eq!(shadow_of(host), expected);
        }
    }

    #[test]
    fn the_uri_and_the_host_header_speak_of_the_same_shadow() {
        let request = Request::post("http://foo:80/a%2Fb?q=1")
            .header("host", "foo:80")
            .header("x-twice", "1")
            .header("x-twice", "2")
            .extension("a secret of this process")
            .body("body")
            .unwrap();
        let copy = shadow(&request, "copy").unwrap();
        assert_eq!(copy.uri(), "http://foo-shadow:80/a%2Fb?q=1");
        assert_eq!(copy.headers()["host"], "foo-shadow:80");
        assert_eq!(copy.headers().get_all("x-twice").iter().count(), 2);
        assert_eq!(*copy.method(), Method::POST);
        assert!(copy.extensions().is_empty());
    }

    #[test]
    fn an_address_in_brackets_can_be_written() {
        let request = Request::get("http://[::1]:80/").body(()).unwrap();
        let copy = shadow(&request, ()).unwrap();
        assert_eq!(copy.uri().authority().unwrap(), "[::1]-shadow:80");
    }

    #[test]
    fn tunnels_have_no_shadow() {
        let request = Request::connect("foo:80").body(()).unwrap();
        assert!(shadow(&request, ()).is_none());
        let upgrade = |to| {
            let request = Request::get("http://foo/").header("connection", "upgrade");
            request.header("upgrade", to).body(()).unwrap()
        };
        assert!(shadow(&upgrade("websocket"), ()).is_none());
        // Nobody upgrades to that.
        assert!(shadow(&upgrade("h2c"), ()).is_some());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_of_a_host(host in "[a-z0-9.-]{1,12}", port in "(:[0-9]{1,5})?") {
            let shadow = shadow_of(&format!("{host}{port}"));
            prop_assert_eq!(shadow, format!("{host}-shadow{port}"));
        }

        #[test]
        fn any_text_has_a_shadow(text: String) {
            let shadow = shadow_of(&text);
            let at = |at| format!("{}-shadow{}", &text[..at], &text[at..]);
            let mut places = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            prop_assert!(places.any(|place| at(place) == shadow));
        }
    }
}

//! Connections that are to become something else, such as a WebSocket: what a request asks for.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

/// Says whether the request asks for a tunnel: by `CONNECT`, or by an upgrade.
pub(crate) fn is_for_tunnel<B>(request: &Request<B>) -> bool {
    let upgrades = || request.version() != Version::HTTP_10 && asked(request.headers()).is_some();
    *request.method() == Method::CONNECT || upgrades()
}

/// What HTTP/1.1's `upgrade` asks the connection to become; `None` if it asks for nothing.
///
/// Other versions of HTTP do not count, as with Envoy: they are this hop's business, and within
/// such a tunnel requests would pass that nobody has looked at. Nor does an `upgrade` that
/// `connection` does not name, for such a one is no request to upgrade (RFC 9110, 7.8).
pub(crate) fn asked(headers: &HeaderMap) -> Option<HeaderValue> {
    let first = headers.get(UPGRADE)?;
    let mut options = tokens(headers, &CONNECTION);
    if !options.any(|option| option.eq_ignore_ascii_case(b"upgrade")) {
        return None;
    }
    let named = || tokens(headers, &UPGRADE);
    let mut others = named().filter(|token| !is_http(token)).peekable();
    others.peek()?;
    // As it came, wherever that will do.
    if headers.get_all(UPGRADE).iter().count() == 1 && !named().any(is_http) {
        return Some(first.clone());
    }
    let others: Vec<&[u8]> = others.collect();
    HeaderValue::from_bytes(&others.join(&b", "[..])).ok()
}

/// Says whether one of the things asked for is this one.
#[cfg(feature = "http")]
pub(crate) fn names(asked: &HeaderValue, protocol: &str) -> bool {
    split(asked).any(|token| token.eq_ignore_ascii_case(protocol.as_bytes()))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).into_iter().flat_map(split)
}

fn split(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let tokens = line.as_bytes().split(|byte| *byte == b',');
    tokens
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

/// `h2c`, and whatever else stands for a version of HTTP.
fn is_http(token: &[u8]) -> bool {
    let name = token.split(|byte| *byte == b'/').next().unwrap_or(token);
    [&b"h2c"[..], b"h2", b"http"]
        .iter()
        .any(|http| name.eq_ignore_ascii_case(http))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(connection: &[&str], upgrade: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in connection {
            headers.append(CONNECTION, line.parse().unwrap());
        }
        for line in upgrade {
            headers.append(UPGRADE, line.parse().unwrap());
        }
        asked(&headers).map(|asked| asked.to_str().unwrap().to_owned())
    }

    #[test]
    fn an_upgrade_is_asked_for_by_both_headers() {
        let websocket = Some("WebSocket".to_owned());
        assert_eq!(asks(&["Upgrade"], &["WebSocket"]), websocket);
        assert_eq!(asks(&["keep-alive, Upgrade"], &["WebSocket"]), websocket);
        assert_eq!(asks(&["keep-alive", "upgrade"], &["WebSocket"]), websocket);
        assert_eq!(asks(&["keep-alive"], &["WebSocket"]), None);
        assert_eq!(asks(&["upgrades"], &["WebSocket"]), None);
        assert_eq!(asks(&[], &["WebSocket"]), None);
        assert_eq!(asks(&["upgrade"], &[]), None);
        assert_eq!(asks(&["upgrade"], &[" , "]), None);
    }

    #[test]
    fn other_versions_of_http_are_not_asked_for() {
        for http in ["h2c", "H2C", "h2", "HTTP/2.0", "http", "h2c, HTTP/3"] {
            assert_eq!(asks(&["upgrade"], &[http]), None, "{http}");
        }
        let kept = asks(&["upgrade, http2-settings"], &["h2c, foo/1", "bar"]);
        assert_eq!(kept.as_deref(), Some("foo/1, bar"));
        assert_eq!(asks(&["upgrade"], &["h2cx"]).as_deref(), Some("h2cx"));
    }

    #[test]
    fn tunnels_are_asked_for_in_either_way() {
        let plain = Request::get("/").body(()).unwrap();
        assert!(!is_for_tunnel(&plain));
        let connect = Request::connect("foo:80").body(()).unwrap();
        assert!(is_for_tunnel(&connect));
        let upgrade = Request::get("/")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .body(())
            .unwrap();
        assert!(is_for_tunnel(&upgrade));
    }
}

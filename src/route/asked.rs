use crate::route::words;
use http::header::HOST;
use http::{HeaderMap, Method, Request, Version};

/// What a request asks for, as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The host and perhaps the port that the client addresses, as it wrote them. Empty if it
    /// wrote none.
    pub authority: &'a str,
    /// Whether it came, or goes, over TLS: 443 instead of 80 for an authority without port.
    pub tls: bool,
    /// The path without its query, as it was sent: nothing is decoded or merged.
    pub path: &'a str,
    /// What stands behind the `?`, undecoded.
    pub query: &'a str,
    /// The method, case-sensitive. An extended `CONNECT` (a WebSocket over HTTP/2, RFC 8441) is
    /// the `GET` that it stands for, as with Envoy: rules need not know by which version of HTTP
    /// a browser asks.
    pub method: &'a Method,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl<'a> Asked<'a> {
    /// Looks at a request. The authority of its target counts; where it has none (HTTP/1.1 on a
    /// server), the `Host` header does.
    #[inline]
    pub fn of<B>(request: &'a Request<B>) -> Self {
        let uri = request.uri();
        Self {
            authority: without_userinfo(match uri.authority() {
                Some(authority) => authority.as_str(),
                None => host_header(request),
            }),
            // By the text, since comparing schemes costs more than this.
            tls: uri
                .scheme_str()
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            path: uri.path(),
            query: uri.query().unwrap_or(""),
            method: method(request),
            headers: request.headers(),
        }
    }

    /// Says whether the request has an [`authority`](Self::authority).
    pub fn is_addressed<B>(request: &Request<B>) -> bool {
        match request.uri().authority() {
            // With no more than a user before the `@` it has none.
            Some(authority) => !matches!(authority.as_str().as_bytes(), [] | [.., b'@']),
            None => !host_header(request).is_empty(),
        }
    }

    /// `https` or `http`, in lower case whichever way it was written.
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// The host without its port.
    pub fn host(&self) -> &'a str {
        self.host_and_port().0
    }

    /// The port that the client wrote, or its scheme's.
    pub fn port(&self) -> u16 {
        self.host_and_port().1
    }

    /// The port that the client wrote, if it wrote one.
    pub fn written_port(&self) -> Option<u16> {
        split_port(self.authority).1
    }

    /// [`host`](Self::host) and [`port`](Self::port).
    pub fn host_and_port(&self) -> (&'a str, u16) {
        let (host, port) = split_port(self.authority);
        (host, port.unwrap_or_else(|| self.default_port()))
    }

    /// The port of an authority that names none.
    #[inline]
    pub(super) fn default_port(&self) -> u16 {
        if self.tls { 443 } else { 80 }
    }
}

static GET: Method = Method::GET;

fn method<B>(request: &Request<B>) -> &Method {
    let method = request.method();
    // Only the extended one has a scheme.
    let is_extended = *method == Method::CONNECT
        && request.version() == Version::HTTP_2
        && request.uri().scheme().is_some();
    if is_extended { &GET } else { method }
}

fn host_header<B>(request: &Request<B>) -> &str {
    let host = request.headers().get(HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or("")
}

/// A client may write `user:password@host`, even in a `Host` header, where it must not; routing is
/// by the host, which is who will be asked.
#[inline]
fn without_userinfo(authority: &str) -> &str {
    if !words::contains(authority.as_bytes(), b'@') {
        return authority;
    }
    authority
        .rfind('@')
        .map_or(authority, |at| &authority[at + 1..])
}

/// `host:port` in its parts. A literal IPv6 address keeps its brackets.
pub(super) fn split_port(authority: &str) -> (&str, Option<u16>) {
    if !words::contains(authority.as_bytes(), b':') {
        return (authority, None);
    }
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => {
            (&authority[..colon], authority[colon + 1..].parse().ok())
        }
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_taken_apart() {
        let whole = |authority| split_port(without_userinfo(authority));
        assert_eq!(whole("reviews"), ("reviews", None));
        assert_eq!(whole("reviews:9080"), ("reviews", Some(9080)));
        assert_eq!(whole("[::1]"), ("[::1]", None));
        assert_eq!(whole("[::1]:80"), ("[::1]", Some(80)));
        assert_eq!(whole("me:secret@reviews:1"), ("reviews", Some(1)));
        assert_eq!(whole("reviews:"), ("reviews", None));
        assert_eq!(whole(""), ("", None));
    }

    #[test]
    fn the_target_counts_before_the_host_header() {
        let request = Request::get("http://target/")
            .header("host", "other")
            .body(())
            .unwrap();
        assert_eq!(Asked::of(&request).authority, "target");
        assert!(Asked::is_addressed(&request));
        let request = Request::get("/")
            .header("host", "other:81")
            .body(())
            .unwrap();
        assert_eq!(Asked::of(&request).host(), "other");
        assert_eq!(Asked::of(&request).port(), 81);
        assert!(Asked::is_addressed(&request));
        assert!(!Asked::is_addressed(&Request::new(())));
    }

    #[test]
    fn a_websocket_is_got_in_either_version_of_http() {
        let connect = |target| {
            let connect = Request::connect(target).version(Version::HTTP_2);
            connect.body(()).unwrap()
        };
        let extended = connect("http://reviews/chat");
        assert_eq!(*Asked::of(&extended).method, Method::GET);
        let tunnel = connect("reviews:80");
        assert_eq!(*Asked::of(&tunnel).method, Method::CONNECT);
    }

    #[test]
    fn who_asks_is_no_part_of_the_host() {
        for request in [
            Request::get("http://me:secret@reviews:81/"),
            Request::get("/").header("host", "me:secret@reviews:81"),
        ] {
            let request = request.body(()).unwrap();
            assert_eq!(Asked::of(&request).authority, "reviews:81");
        }
    }
}

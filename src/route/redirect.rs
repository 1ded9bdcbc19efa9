use crate::gate::{Decision, Gate};
use crate::policy::{self, RedirectPort, Scheme};
use crate::reply::{Flags, Refusal};
use crate::route::Asked;
use crate::route::new_path::NewPath;
use crate::route::rewrite::with_query;
use http::header::LOCATION;
use http::{HeaderValue, Request, StatusCode};
use std::fmt::Write as _;

/// Sends the client elsewhere: a reply with a `location`.
#[derive(Clone, Debug)]
pub struct Redirect {
    status: StatusCode,
    scheme: Option<Scheme>,
    host: Option<Box<str>>,
    port: RedirectPort,
    path: Option<NewPath>,
}

impl Redirect {
    /// Compiles it.
    pub fn compile(redirect: &policy::Redirect) -> Self {
        Self {
            status: redirect.status.into(),
            scheme: redirect.scheme,
            host: redirect.host.as_deref().map(Into::into),
            port: redirect.port,
            path: redirect.path.as_ref().map(NewPath::compile),
        }
    }

    /// Where the client is to go: an absolute URL, without the port that its scheme has anyway.
    ///
    /// The query goes along, unless the redirect names a whole path with a query of its own. The
    /// host keeps the case in which the client wrote it.
    pub fn location<B>(&self, request: &Request<B>, decision: &Decision) -> String {
        let asked = Asked::of(request);
        let scheme = match self.scheme {
            Some(Scheme::Http) => "http",
            Some(Scheme::Https) => "https",
            None => asked.scheme(),
        };
        let written = asked.written_port();
        let port = match self.port {
            RedirectPort::Number(port) => Some(port),
            RedirectPort::Listener => Some(decision.listener.unwrap_or_else(|| asked.port())),
            RedirectPort::SchemeDefault => None,
            RedirectPort::AsRequested if self.host.is_some() => None,
            // What was the default is to be the default again.
            RedirectPort::AsRequested if scheme != asked.scheme() => {
                written.filter(|port| *port != default_port(asked.scheme()))
            }
            RedirectPort::AsRequested => written,
        };
        let host = self.host.as_deref().unwrap_or_else(|| asked.host());
        let mut location = absolute(scheme, host, port);
        let path = self.path.as_ref();
        match path.and_then(|path| path.of(asked.path, decision.matched)) {
            Some(new) => location += &new,
            None => location += asked.path,
        }
        if path.is_some_and(NewPath::has_query) {
            return location;
        }
        with_query(location, request.uri().query())
    }
}

/// Refuses every request.
impl Gate for Redirect {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        let refusal = Refusal::new(self.status, Flags::NONE, "direct_response");
        Some(located(refusal, &self.location(request, decision)))
    }
}

/// Adds a `location`. Neither a request nor a policy that was checked has what no header can.
pub(super) fn located(refusal: Refusal, location: &str) -> Refusal {
    match HeaderValue::from_str(location) {
        Ok(location) => refusal.header(LOCATION, location),
        Err(_) => refusal,
    }
}

/// `scheme://host:port`, without the scheme's default port whoever wrote it.
pub(super) fn absolute(scheme: &str, host: &str, port: Option<u16>) -> String {
    let default = default_port(scheme);
    let mut url = format!("{scheme}://{host}");
    match port {
        Some(port) if port != default => {
            // Writing to a string does not fail.
            let _ = write!(url, ":{port}");
        }
        Some(_) => {}
        None => {
            let bare = url.strip_suffix(if default == 443 { ":443" } else { ":80" });
            if let Some(bare) = bare.map(str::len) {
                url.truncate(bare);
            }
        }
    }
    url
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Matched;
    use crate::policy::PathRewrite;
    use crate::rng::Chance;
    use proptest::prelude::*;

    fn location(redirect: &policy::Redirect, uri: &str) -> String {
        let request = Request::get(uri).body(()).unwrap();
        let mut decision = Decision::new(Chance::new(0));
        decision.matched = Matched::Prefix(4);
        Redirect::compile(redirect).location(&request, &decision)
    }

    fn to_host(host: &str) -> policy::Redirect {
        policy::Redirect {
            host: Some(host.into()),
            ..policy::Redirect::default()
        }
    }

    fn to_scheme(scheme: Scheme) -> policy::Redirect {
        policy::Redirect {
            scheme: Some(scheme),
            ..policy::Redirect::default()
        }
    }

    fn to_port(port: RedirectPort) -> policy::Redirect {
        policy::Redirect {
            port,
            ..policy::Redirect::default()
        }
    }

    fn to_path(path: PathRewrite) -> policy::Redirect {
        policy::Redirect {
            path: Some(path),
            ..policy::Redirect::default()
        }
    }

    #[test]
    fn another_host_has_no_port_of_the_old_one() {
        for asked in ["a.test", "a.test:80", "a.test:8080"] {
            let uri = format!("http://{asked}/p?x=1");
            assert_eq!(location(&to_host("n.test"), &uri), "http://n.test/p?x=1");
        }
        let with_port = location(&to_host("n.test:9000"), "http://a.test/p");
        assert_eq!(with_port, "http://n.test:9000/p");
        let with_default = location(&to_host("n.test:80"), "http://a.test/p");
        assert_eq!(with_default, "http://n.test/p");
    }

    #[test]
    fn the_old_schemes_port_goes_with_the_scheme() {
        for (scheme, uri, expected) in [
            (Scheme::Https, "http://a.test/p?x=1", "https://a.test/p?x=1"),
            (Scheme::Https, "http://a.test:80/p", "https://a.test/p"),
            (Scheme::Https, "https://a.test:80/p", "https://a.test:80/p"),
            (
                Scheme::Https,
                "http://a.test:8080/p",
                "https://a.test:8080/p",
            ),
            (Scheme::Https, "http://[::1]:80/p", "https://[::1]/p"),
            (Scheme::Http, "https://a.test:443/p", "http://a.test/p"),
            (Scheme::Http, "http://a.test:443/p", "http://a.test:443/p"),
            // The default port of the new scheme, whoever wrote it.
            (Scheme::Https, "http://a.test:443/p", "https://a.test/p"),
            (Scheme::Http, "http://a.test:80/p", "http://a.test/p"),
        ] {
            assert_eq!(location(&to_scheme(scheme), uri), expected, "{uri}");
        }
    }

    #[test]
    fn each_kind_of_port_is_what_it_says() {
        for (port, uri, expected) in [
            (
                RedirectPort::Number(8443),
                "http://a.test/p",
                "http://a.test:8443/p",
            ),
            (
                RedirectPort::Number(8443),
                "http://[::1]:80/p",
                "http://[::1]:8443/p",
            ),
            (
                RedirectPort::Number(80),
                "http://a.test:8080/p",
                "http://a.test/p",
            ),
            (
                RedirectPort::Number(80),
                "https://a.test/p",
                "https://a.test:80/p",
            ),
            (
                RedirectPort::SchemeDefault,
                "http://a.test:8080/p",
                "http://a.test/p",
            ),
            (
                RedirectPort::AsRequested,
                "http://A.Test:8080/p",
                "http://A.Test:8080/p",
            ),
            (
                RedirectPort::Listener,
                "http://a.test:8080/p",
                "http://a.test:8080/p",
            ),
        ] {
            assert_eq!(location(&to_port(port), uri), expected, "{port:?}");
        }
        let request = Request::get("http://a.test/p").body(()).unwrap();
        let mut decision = Decision::new(Chance::new(0));
        decision.listener = Some(8080);
        let listener = Redirect::compile(&to_port(RedirectPort::Listener));
        assert_eq!(
            listener.location(&request, &decision),
            "http://a.test:8080/p"
        );
    }

    #[test]
    fn a_path_of_ones_own_brings_its_query_and_no_other_does() {
        for (path, expected) in [
            (PathRewrite::Full("/new".into()), "http://a/new?x=1"),
            (PathRewrite::Full("/new?y=2".into()), "http://a/new?y=2"),
            (
                PathRewrite::Matched("/n?z=1".into()),
                "http://a/n?z=1/x?x=1",
            ),
            (PathRewrite::Matched("/new".into()), "http://a/new/x?x=1"),
            (PathRewrite::Prefix("/".into()), "http://a/x?x=1"),
            // What is no path would be a part of the host.
            (
                PathRewrite::Full(".evil.example".into()),
                "http://a/old/x?x=1",
            ),
        ] {
            assert_eq!(location(&to_path(path), "http://a/old/x?x=1"), expected);
        }
        assert_eq!(
            location(&to_port(RedirectPort::SchemeDefault), "http://a/p?"),
            "http://a/p?"
        );
    }

    #[test]
    fn a_redirect_is_its_status_and_where_to_go() {
        let redirect = Redirect::compile(&to_host("b"));
        let mut request = Request::get("http://a/p").body(()).unwrap();
        let refusal = redirect.admit(&mut request, &mut Decision::new(Chance::new(0)));
        let refusal = refusal.unwrap();
        assert_eq!(
            (refusal.status(), refusal.details()),
            (StatusCode::MOVED_PERMANENTLY, "direct_response")
        );
        assert_eq!(refusal.headers()["location"], "http://b/p");
    }

    proptest! {
        #[test]
        fn a_location_is_absolute_and_never_names_a_default_port(
            scheme in prop::option::of(prop::sample::select(vec![Scheme::Http, Scheme::Https])),
            host in prop::option::of("[a-z]{1,3}(:80|:443|:81)?"),
            port in prop::sample::select(vec![
                RedirectPort::AsRequested,
                RedirectPort::Listener,
                RedirectPort::SchemeDefault,
            ]),
            uri in "(http|https)://[a-z]{1,3}(:80|:443|:81)?/[a-z/]{0,4}(\\?[a-z]{0,2})?",
        ) {
            // A host with a port beside a port has both, as with Envoy; checked policies have none.
            let has_port = host.as_ref().is_some_and(|host| host.contains(':'));
            prop_assume!(port != RedirectPort::Listener || !has_port);
            let redirect = policy::Redirect { scheme, port, host, ..policy::Redirect::default() };
            let location: http::Uri = location(&redirect, &uri).parse().unwrap();
            let default = default_port(location.scheme_str().unwrap());
            prop_assert!(location.port_u16() != Some(default), "{}", location);
            let asked: http::Uri = uri.parse().unwrap();
            prop_assert_eq!(location.path_and_query(), asked.path_and_query());
        }
    }
}

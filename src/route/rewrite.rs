use crate::gate::Matched;
use crate::policy;
use crate::route::Asked;
use crate::route::new_path::NewPath;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, HeaderValue, Request, Uri};

/// What of a request's address is changed before it is sent, ready to be done.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    host: Option<(Authority, HeaderValue)>,
    path: Option<NewPath>,
}

impl Rewrite {
    /// Compiles it. An authority that is none, which no policy that was checked has, changes
    /// nothing.
    pub fn compile(rewrite: &policy::Rewrite) -> Self {
        let host = rewrite.authority.as_deref();
        Self {
            host: host.and_then(|host| Some((policy::authority(host)?, host.parse().ok()?))),
            path: rewrite.path.as_ref().map(NewPath::compile),
        }
    }

    /// Says whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.host.is_none() && self.path.is_none()
    }

    /// Changes the host, then the path. What was there before goes into `x-envoy-original-host`
    /// and `x-envoy-original-path`, as Envoy tells it: on every rewriting of the host, and
    /// wherever a path is rewritten, even if the same comes out.
    ///
    /// A path that no request can have (it does not begin with a slash, holds a `#`, spaces or
    /// control characters, or is too long) leaves the path as it was.
    pub fn apply<B>(&self, request: &mut Request<B>, matched: Matched) {
        if let Some((authority, header)) = &self.host {
            rewrite_host(request, authority, header);
        }
        if let Some(path) = &self.path {
            rewrite_path(request, path, matched);
        }
    }
}

fn rewrite_host<B>(request: &mut Request<B>, authority: &Authority, header: &HeaderValue) {
    let before = HeaderValue::from_str(Asked::of(request).authority);
    let in_target = request.uri().authority().is_some();
    if in_target {
        let mut parts = request.uri().clone().into_parts();
        parts.authority = Some(authority.clone());
        let Ok(uri) = Uri::from_parts(parts) else {
            return;
        };
        *request.uri_mut() = uri;
    }
    let headers = request.headers_mut();
    // Two hosts in one request would let two servers read two different ones.
    if !in_target || headers.contains_key(HOST) {
        headers.insert(HOST, header.clone());
    }
    if let Ok(before) = before {
        headers.insert(ORIGINAL_HOST, before);
    }
}

fn rewrite_path<B>(request: &mut Request<B>, path: &NewPath, matched: Matched) {
    let uri = request.uri();
    let Some(before) = uri.path_and_query() else {
        return;
    };
    let Some(after) = path.of(before.path(), matched) else {
        return;
    };
    let after = with_query(after, before.query());
    // The parser would drop a fragment without a word.
    if after.contains('#') {
        return;
    }
    let (Ok(after), Ok(before)) = (
        PathAndQuery::try_from(after),
        HeaderValue::from_str(before.as_str()),
    ) else {
        return;
    };
    if let Some(uri) = with_path(uri, after) {
        *request.uri_mut() = uri;
        request.headers_mut().insert(ORIGINAL_PATH, before);
    }
}

/// A path, and behind it the query that a request has.
pub(super) fn with_query(mut path: String, query: Option<&str>) -> String {
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    path
}

/// The same target with another path.
pub(super) fn with_path(uri: &Uri, path: PathAndQuery) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

const ORIGINAL_HOST: HeaderName = HeaderName::from_static("x-envoy-original-host");
const ORIGINAL_PATH: HeaderName = HeaderName::from_static("x-envoy-original-path");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PathRewrite;
    use proptest::prelude::*;

    fn rewritten(rewrite: &policy::Rewrite, request: Request<()>, matched: Matched) -> Request<()> {
        let mut request = request;
        Rewrite::compile(rewrite).apply(&mut request, matched);
        request
    }

    fn get(uri: &str) -> Request<()> {
        Request::get(uri).body(()).unwrap()
    }

    fn path(path: PathRewrite) -> policy::Rewrite {
        policy::Rewrite {
            authority: None,
            path: Some(path),
        }
    }

    #[test]
    fn the_query_is_kept_and_the_old_path_is_told() {
        let to = |new: &str| path(PathRewrite::Matched(new.into()));
        for (asked, new, expected) in [
            ("/foo?x=1", "/", "/?x=1"),
            ("/foo/bar?x=/foo", "/", "//bar?x=/foo"),
            ("/foo?", "/a", "/a?"),
            // The same again is told as well.
            ("/foo/x", "/foo", "/foo/x"),
            ("/foo/b?x=1", "/new?y=2", "/new?y=2/b?x=1"),
        ] {
            let uri = format!("http://a{asked}");
            let request = rewritten(&to(new), get(&uri), Matched::Prefix(4));
            assert_eq!(request.uri().path_and_query().unwrap(), expected);
            assert_eq!(request.headers()["x-envoy-original-path"], asked);
        }
    }

    #[test]
    fn a_path_that_no_request_can_have_is_not_put_in() {
        for new in ["/a#b", "/a b", "/\u{7}", "b", "", &"/a".repeat(40_000)] {
            let request = rewritten(
                &path(PathRewrite::Full(new.into())),
                get("http://a/b?c"),
                Matched::Nothing,
            );
            assert_eq!(request.uri(), "http://a/b?c", "{new:.9}");
            assert!(request.headers().is_empty());
        }
    }

    #[test]
    fn the_host_is_rewritten_wherever_it_stands() {
        let to = policy::Rewrite {
            authority: Some("ratings:81".into()),
            path: None,
        };
        let request = rewritten(&to, get("http://me:pw@Reviews:80/a?b"), Matched::Nothing);
        assert_eq!(request.uri(), "http://ratings:81/a?b");
        assert_eq!(request.headers()["x-envoy-original-host"], "Reviews:80");
        assert!(!request.headers().contains_key("host"));
        let mut server = get("/a?b");
        let old = HeaderValue::from_static("reviews");
        server.headers_mut().insert(HOST, old);
        let request = rewritten(&to, server, Matched::Nothing);
        assert_eq!(request.uri(), "/a?b");
        assert_eq!(request.headers()["host"], "ratings:81");
        assert_eq!(request.headers()["x-envoy-original-host"], "reviews");
        let mut both = get("http://a/");
        let other = HeaderValue::from_static("b");
        both.headers_mut().insert(HOST, other);
        let request = rewritten(&to, both, Matched::Nothing);
        assert_eq!(request.headers()["host"], "ratings:81");
        assert_eq!(request.headers()["x-envoy-original-host"], "a");
    }

    proptest! {
        #[test]
        fn no_rewriting_of_any_request_panics_or_loses_the_query(
            new in "\\PC{0,12}|[/a-z#?% <>@:\\\\]{0,12}",
            host in "\\PC{0,8}|[a-z@:/.]{0,8}",
            asked in "(/[a-z./%]{0,6}){1,3}(\\?[a-z=&?]{0,5})?",
            taken in 0_u32..12,
        ) {
            let before = get(&format!("http://a{asked}"));
            for path in [
                PathRewrite::Full(new.clone()),
                PathRewrite::Prefix(new.clone()),
                PathRewrite::Matched(new.clone()),
                PathRewrite::Regex(policy::RegexRewrite {
                    pattern: "[a-z]|(/)".parse().unwrap(),
                    substitution: new,
                }),
            ] {
                let rewrite = policy::Rewrite { authority: Some(host.clone()), path: Some(path) };
                let after = rewritten(&rewrite, before.clone(), Matched::Prefix(taken));
                let target = after.uri().path_and_query().unwrap().as_str();
                prop_assert!(target.starts_with('/'));
                if let Some(query) = before.uri().query() {
                    let end = format!("?{query}");
                    prop_assert!(target.ends_with(&end), "{} {}", target, query);
                }
                // What is printed reads back: nothing of the path becomes the host's.
                let again: Uri = after.uri().to_string().parse().unwrap();
                prop_assert_eq!(again.host(), after.uri().host());
            }
        }
    }
}

mod line;

use crate::gate::Source;
use crate::policy;
use crate::policy::wording::shortened;
use crate::route::Asked;
use http::header::HOST;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A request as people and tools write it down. Only `authority` and `path` are required; unknown
/// fields are errors.
///
/// ```
/// use tower_mesh::explain::Question;
///
/// let question: Question = serde_json::from_str(
///     r#"{"authority": "reviews", "path": "/api?page=2", "headers": [["x-beta", "1"]]}"#,
/// )
/// .unwrap();
/// let request = http::Request::try_from(&question).unwrap();
/// assert_eq!(request.uri(), "http://reviews/api?page=2");
/// assert_eq!(request.headers()["x-beta"], "1");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The method; default `GET`. Case counts, as in HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// `http` or `https`; the default is what the gateway's port takes, and `http` in the mesh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The host, perhaps with a port, that the client addresses; empty for a client that names
    /// none. A `host` header does not override it.
    pub authority: String,
    /// The path with its query.
    pub path: String,
    /// The headers; names may be repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Asker>,
    /// `namespace/name` of the gateway at which the request arrives; absent within the mesh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The gateway's port at which it arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// Who asks. Policies that are written for no cluster only mind the address, where a limit is
/// kept for each or a split keeps callers by it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asker {
    /// The client's namespace; default `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The client's labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

/// A question that is no request: what is wrong with it, and how to mend it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotARequest {
    /// The text is no method and URL.
    #[error("{0:?} is no request; write a method and a URL: GET http://reviews/api/1")]
    Line(String),
    /// The text is no URL with scheme and host.
    #[error("`{0}` is no URL; write scheme and host: http://reviews/api/1")]
    Url(String),
    /// The method is no token.
    #[error("the method {0:?} is none; write letters: GET")]
    Method(String),
    /// The scheme is neither of the two.
    #[error("the scheme {0:?} is not HTTP's; write http or https")]
    Scheme(String),
    /// The authority is no host with perhaps a port.
    #[error("the authority {0:?} is none; write a host or host:port, without scheme and path")]
    Authority(String),
    /// The path cannot stand in a request.
    #[error(
        "the path {0:?} cannot be requested; begin it with `/`, percent-encode spaces and the \
         like, and write no `#`"
    )]
    Path(String),
    /// Authority and path together are longer than a target may be.
    #[error("authority and path are too long together; write less than 64 KiB")]
    TooLong,
    /// The header's name is no token.
    #[error("{0:?} is no header name; write letters, digits and hyphens: x-beta")]
    HeaderName(String),
    /// The header's value holds what no header can.
    #[error("the value of the header {0:?} holds control characters; write it without")]
    HeaderValue(String),
    /// More headers than a request can have.
    #[error("there are too many headers; write at most 32,768")]
    Headers,
}

impl Question {
    /// A GET request without headers.
    pub fn new(authority: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            authority: authority.into(),
            path: path.into(),
            ..Self::default()
        }
    }

    /// The request that is asked for, of this scheme if the question says none.
    pub(super) fn request(&self, otherwise: Scheme) -> Result<Request<()>, NotARequest> {
        let mut request = Request::new(());
        if let Some(method) = &self.method {
            *request.method_mut() = Method::from_bytes(method.as_bytes())
                .map_err(|_| NotARequest::Method(shortened(method)))?;
        }
        *request.uri_mut() = target(self, otherwise)?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let wrong = || NotARequest::HeaderName(shortened(name));
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| NotARequest::HeaderValue(shortened(name)))?;
            // A client that names no host names none here either.
            if key != HOST || !self.authority.is_empty() {
                headers
                    .try_append(key, value)
                    .map_err(|_| NotARequest::Headers)?;
            }
        }
        if let Some(ip) = self.source.as_ref().and_then(|source| source.ip) {
            request.extensions_mut().insert(Source(ip));
        }
        Ok(request)
    }

    /// The question that asks for this request. Bytes of header values that are no UTF-8 are
    /// replaced.
    pub fn of<B>(request: &Request<B>) -> Self {
        let asked = Asked::of(request);
        let uri = request.uri();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        };
        let ip = Source::of(request);
        Self {
            method: Some(request.method().as_str().to_owned()),
            scheme: uri.scheme_str().map(str::to_owned),
            authority: asked.authority.to_owned(),
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .into(),
            headers: request.headers().iter().map(header).collect(),
            source: ip.map(|ip| Asker {
                ip: Some(ip),
                ..Asker::default()
            }),
            gateway: None,
            port: None,
        }
    }
}

impl TryFrom<&Question> for Request<()> {
    type Error = NotARequest;

    fn try_from(question: &Question) -> Result<Self, NotARequest> {
        question.request(Scheme::HTTP)
    }
}

fn target(question: &Question, otherwise: Scheme) -> Result<Uri, NotARequest> {
    let mut parts = Parts::default();
    let scheme = match question.scheme.as_deref() {
        None => otherwise,
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => Scheme::HTTP,
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => Scheme::HTTPS,
        Some(scheme) => return Err(NotARequest::Scheme(shortened(scheme))),
    };
    parts.path_and_query = Some(path(&question.path)?);
    if !question.authority.is_empty() {
        parts.scheme = Some(scheme);
        parts.authority = Some(authority(&question.authority)?);
    }
    Uri::from_parts(parts).map_err(|_| NotARequest::TooLong)
}

fn authority(text: &str) -> Result<Authority, NotARequest> {
    policy::authority(text).ok_or_else(|| NotARequest::Authority(shortened(text)))
}

fn path(text: &str) -> Result<PathAndQuery, NotARequest> {
    let wrong = || NotARequest::Path(shortened(text));
    // The parser drops a fragment without a word. `*` is what OPTIONS may ask for.
    if text.contains('#') || !(text.starts_with('/') || text == "*") {
        return Err(wrong());
    }
    PathAndQuery::try_from(text)
        // What a client may send but the type cannot hold, as a browser would write it.
        .or_else(|_| PathAndQuery::try_from(escaped(text)))
        .map_err(|_| wrong())
}

fn escaped(text: &str) -> String {
    text.replace('<', "%3C")
        .replace('>', "%3E")
        .replace('`', "%60")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<Request<()>, String> {
        let question: Question = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Request::try_from(&question).map_err(|error| error.to_string())
    }

    #[test]
    fn a_question_becomes_a_request() {
        let request = read(
            r#"{"method":"POST","scheme":"https","authority":"a:81","path":"/x?y=1",
                "headers":[["b","1"],["A","2"],["b","3"],["host","other"]],
                "source":{"namespace":"n","labels":{"app":"x"},"ip":"10.0.0.1"}}"#,
        )
        .unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://a:81/x?y=1");
        let repeated: Vec<_> = request.headers().get_all("b").iter().collect();
        assert_eq!(repeated, ["1", "3"]);
        assert_eq!(Source::of(&request), Some([10, 0, 0, 1].into()));
        assert_eq!(Asked::of(&request).authority, "a:81");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (field, says) in [
            (r#""method":"G T""#, "method \"G T\" is none"),
            (r#""scheme":"ftp""#, "write http or https"),
            (r#""headers":[["a b","1"]]"#, "\"a b\" is no header name"),
            (
                r#""headers":[["a","1\n2"]]"#,
                "the header \"a\" holds control",
            ),
            (r#""hedaers":[]"#, "unknown field `hedaers`"),
            (r#""source":{"adress":""}"#, "unknown field `adress`"),
            (r#""source":{"ip":"x"}"#, "IP address"),
        ] {
            let error = read(&format!(r#"{{"authority":"a","path":"/",{field}}}"#)).unwrap_err();
            assert!(error.contains(says), "{field}: {error}");
        }
        for path in ["", "a", "/a b", "/a#b", "?a", "/\u{7}"] {
            let error = Request::try_from(&Question::new("a", path)).unwrap_err();
            assert!(matches!(error, NotARequest::Path(_)), "{path}: {error}");
        }
        for authority in [
            "a b", "http://a", "a/b", "a:x", "a:0", "a:65536", "me@a", ":80", "a:",
        ] {
            let error = Request::try_from(&Question::new(authority, "/")).unwrap_err();
            assert!(
                matches!(error, NotARequest::Authority(_)),
                "{authority}: {error}"
            );
        }
        assert!(
            read(r#"{"authority":"a"}"#)
                .unwrap_err()
                .contains("missing field `path`")
        );
    }

    #[test]
    fn ports_and_addresses_are_authorities() {
        for authority in ["a", "a:81", "[::1]", "[::1]:81", "10.0.0.1:81"] {
            Request::try_from(&Question::new(authority, "/")).unwrap();
        }
    }

    #[test]
    fn a_client_that_names_no_host_names_none_in_a_header_either() {
        let mut question = Question::new("", "/");
        question.headers.push(("host".into(), "a".into()));
        let request = Request::try_from(&question).unwrap();
        assert_eq!(Asked::of(&request).authority, "");
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(
            method: Option<String>,
            scheme: Option<String>,
            authority: String,
            path: String,
            headers: Vec<(String, String)>,
        ) {
            let question = Question { method, scheme, authority, path, headers, ..Question::default() };
            if let Ok(request) = Request::try_from(&question) {
                prop_assert_eq!(Asked::of(&request).authority, question.authority);
            }
        }

        #[test]
        fn a_request_asked_for_anew_is_the_same(
            method in "[A-Z]{1,7}",
            authority in "[a-z]{1,9}(:[1-9][0-9]{0,3})?",
            path in "/[a-z/%0-9]{0,9}(\\?[a-z=&]{0,9})?",
            headers in prop::collection::vec(("[a-z-]{1,9}", "[!-~]{0,9}"), 0..5),
        ) {
            let question = Question {
                method: Some(method),
                authority,
                path,
                headers,
                ..Question::default()
            };
            let request = Request::try_from(&question).unwrap();
            let again = Request::try_from(&Question::of(&request)).unwrap();
            prop_assert_eq!(again.method(), request.method());
            prop_assert_eq!(again.uri(), request.uri());
            prop_assert_eq!(again.headers(), request.headers());
        }
    }
}

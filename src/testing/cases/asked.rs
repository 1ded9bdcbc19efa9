use crate::explain::{Asker, NotARequest, Question};
use crate::policy::tree::Flaw;
use crate::policy::wording::shortened;
use crate::testing::cases::headers::Sent;
use crate::testing::cases::wanted::{Either, Short};
use http::Request;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A case's request: `GET http://reviews/api/1`, or the fields of a question, in which a `url` may
/// stand for scheme, authority and path.
pub(super) type Asked = Either<Question, Fields>;

impl Asked {
    /// The question, if its parts fit together. Each part for itself is good already.
    pub(super) fn question(self) -> Result<Question, Flaw> {
        let question = match self {
            Self::Short(question) => question,
            Self::Long(fields) => fields.question()?,
        };
        match checked(&question) {
            Ok(()) => Ok(question),
            Err(error) => Err(Flaw::custom(error)),
        }
    }
}

/// Says what keeps a question from being asked. What a client may send all the same, such as a
/// path with a fragment, gets an answer.
fn checked(question: &Question) -> Result<(), NotARequest> {
    match Request::try_from(question) {
        Err(NotARequest::Path(_)) if question.path.starts_with('/') => Ok(()),
        asked => asked.map(|_| ()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default, deserialize_with = "method")]
    method: Option<String>,
    #[serde(default)]
    url: Option<Url>,
    #[serde(default, deserialize_with = "scheme")]
    scheme: Option<String>,
    #[serde(default, deserialize_with = "authority")]
    authority: Option<String>,
    #[serde(default, deserialize_with = "path")]
    path: Option<String>,
    #[serde(default)]
    headers: Sent,
    #[serde(default)]
    source: Option<Asker>,
    #[serde(default)]
    gateway: Option<String>,
    #[serde(default)]
    port: Option<u16>,
}

impl Fields {
    fn question(self) -> Result<Question, Flaw> {
        let (scheme, authority, path) = match (self.url, self.authority, self.path) {
            (Some(Url(url)), None, None) if self.scheme.is_none() => {
                // A URL has to name a scheme; at a gateway the port knows it.
                let scheme = url.scheme.filter(|scheme| {
                    self.gateway.is_none() || !scheme.eq_ignore_ascii_case("http")
                });
                (scheme, url.authority, url.path)
            }
            (Some(_), ..) => {
                return Err(Flaw::custom(
                    "the request has a `url` and parts of one; write the `url`, or `scheme`, \
                     `authority` and `path`",
                ));
            }
            (None, Some(authority), Some(path)) => (self.scheme, authority, path),
            (None, authority, path) => {
                let missing = match (authority, path) {
                    (None, None) => "`url`; add it, or `authority` and `path`",
                    (None, Some(_)) => "`authority`; add it, or write `url` alone",
                    (Some(_), _) => "`path`; add it, or write `url` alone",
                };
                return Err(Flaw::custom(format_args!("the request has no {missing}")));
            }
        };
        let mut question = Question::new(authority, path);
        question.method = self.method;
        question.scheme = scheme;
        question.headers = self.headers.0;
        question.source = self.source;
        question.gateway = self.gateway;
        question.port = self.port;
        Ok(question)
    }
}

/// Reads a field that must be good in a question that is good otherwise.
fn probed<'de, D: Deserializer<'de>>(
    deserializer: D,
    put: impl FnOnce(&mut Question, String),
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut question = Question::new("host", "/");
    put(&mut question, text.clone());
    match checked(&question) {
        Ok(()) => Ok(Some(text)),
        Err(error) => Err(D::Error::custom(error)),
    }
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    probed(deserializer, |question, text| question.method = Some(text))
}

fn scheme<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    probed(deserializer, |question, text| question.scheme = Some(text))
}

fn authority<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    probed(deserializer, |question, text| question.authority = text)
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    probed(deserializer, |question, text| question.path = text)
}

/// `http://reviews/api/1`.
#[derive(Debug)]
struct Url(Question);

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let question = match text.contains(char::is_whitespace) {
            // The method stands beside it.
            true => Err(NotARequest::Url(shortened(&text))),
            false => text.parse(),
        };
        question.map(Self).map_err(D::Error::custom)
    }
}

impl Short for Question {
    const EITHER: &str = "a request such as `GET http://reviews/api/1` or its fields";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(json: &str) -> Result<Question, String> {
        let asked: Result<Asked, _> = serde_json::from_str(json);
        asked
            .map_err(|error| error.to_string())?
            .question()
            .map_err(|flaw| flaw.to_string())
    }

    #[test]
    fn a_request_is_a_line_or_its_fields() {
        let get = question(r#""GET http://reviews/api/1""#).unwrap();
        assert_eq!(get.method.as_deref(), Some("GET"));
        assert_eq!((&*get.authority, &*get.path), ("reviews", "/api/1"));
        for other in [
            r#"{"method":"GET","url":"http://reviews/api/1"}"#,
            r#"{"method":"GET","scheme":"http","authority":"reviews","path":"/api/1"}"#,
        ] {
            assert_eq!(question(other).as_ref(), Ok(&get));
        }
        let bare = question(r#""https://reviews:8443?page=2""#).unwrap();
        assert_eq!((bare.method, bare.scheme), (None, Some("https".into())));
        assert_eq!(
            (&*bare.authority, &*bare.path),
            ("reviews:8443", "/?page=2")
        );
    }

    #[test]
    fn headers_are_a_mapping_or_pairs() {
        let of = |headers: &str| {
            let json = format!(r#"{{"url":"http://a/","headers":{headers}}}"#);
            question(&json).map(|question| question.headers)
        };
        let pairs = of(r#"[["X-A","1"],["b","2"],["x-a","3"]]"#).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("x-a", "1"), pair("b", "2"), pair("x-a", "3")]);
        let mapping = of(r#"{"X-A":["1","3"],"b":"2"}"#).unwrap();
        assert_eq!(
            mapping,
            [pair("x-a", "1"), pair("x-a", "3"), pair("b", "2")]
        );
        for (headers, says) in [
            (r#"{"a b":"1"}"#, "\"a b\" is no header name"),
            (r#"{"a":"1\n2"}"#, "the header \"a\" holds control"),
            (r#"{"a":null}"#, "the header has no value"),
            (r#"{"a":["1","\n"]}"#, "the header \"a\" holds control"),
            (r#"[["a"]]"#, "a name and a value; write [x-beta, \"1\"]"),
            (r#"[["a","1","2"]]"#, "a name and a value"),
            (r#"[[]]"#, "a name and a value"),
        ] {
            let told = of(headers).unwrap_err();
            assert!(told.contains(says), "{headers}: {told}");
        }
    }

    #[test]
    fn what_a_client_may_send_all_the_same_is_a_request() {
        assert!(question(r#"{"authority":"a","path":"/a#b c"}"#).is_ok());
        assert!(question(r#"{"authority":"","path":"/"}"#).is_ok());
        assert!(question(r#"{"method":"OPTIONS","authority":"a","path":"*"}"#).is_ok());
    }

    #[test]
    fn what_is_no_request_is_refused_with_advice() {
        for (json, says) in [
            (r#""""#, "\"\" is no request; write a method and a URL"),
            (r#""GET http://a/b c""#, "is no request; write a method"),
            (r#""GET /api""#, "`/api` is no URL; write scheme and host"),
            (r#""GET reviews/api""#, "`reviews/api` is no URL"),
            (r#""GET ftp://a/""#, "the scheme \"ftp\" is not HTTP's"),
            (
                r#""GET http:///x""#,
                "`http:///x` is no URL; write scheme and host",
            ),
            (r#""GET http://a_b c/""#, "is no request"),
            (r#""G@T http://a/""#, "the method \"G@T\" is none"),
            (r#""http://me@a/""#, "the authority \"me@a\" is none"),
            (r#""http://a/#b""#, "the path \"/#b\" cannot be requested"),
            (r#"{"url":"GET http://a/"}"#, "`GET http://a/` is no URL"),
            (
                r#"{"url":"http://a/","path":"/"}"#,
                "a `url` and parts of one",
            ),
            (
                r#"{"url":"http://a/","scheme":"http"}"#,
                "a `url` and parts",
            ),
            (r#"{}"#, "the request has no `url`; add it"),
            (r#"{"path":"/"}"#, "the request has no `authority`; add it"),
            (r#"{"authority":"a"}"#, "the request has no `path`; add it"),
            (r#"{"authority":"a","path":"b"}"#, "the path \"b\" cannot"),
            (r#"{"authority":"a b","path":"/"}"#, "the authority \"a b\""),
            (
                r#"{"url":"http://a/","method":"G T"}"#,
                "the method \"G T\"",
            ),
            (
                r#"{"url":"http://a/","hedaers":{}}"#,
                "unknown field `hedaers`",
            ),
            (r#"{"url":"http://a/","source":{"ip":"x"}}"#, "IP address"),
            (r#"5"#, "expected a request such as `GET"),
        ] {
            let told = question(json).unwrap_err();
            assert!(told.contains(says), "{json}: {told}");
        }
    }
}

use crate::policy::{self, TextMatcher, UnmatchedPreflights};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::time::Duration;

/// Which pages of other origins may use the answers, ready to be asked.
#[derive(Clone, Debug)]
pub struct Sharing {
    origins: Origins,
    methods: Option<Grant>,
    headers: Option<Grant>,
    exposed: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    credentials: bool,
    unmatched: UnmatchedPreflights,
}

#[derive(Clone, Debug)]
enum Origins {
    All,
    Matching(Box<[TextMatcher]>),
}

/// What a preflight may ask for.
#[derive(Clone, Debug)]
enum Grant {
    /// Whatever it asks for.
    Asked,
    /// This, whatever it asks for: comparing the two is the browser's part.
    Said(HeaderValue),
}

/// What a request is in the eyes of [`Sharing`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// None of its concern: the request passes and its answer stays as it is.
    Pass,
    /// The request passes, and its answer is [marked](Sharing::mark) with this origin.
    Mark(HeaderValue),
    /// The request is a preflight and is answered with 200 and these headers; it reaches nobody.
    Answer(HeaderMap),
}

impl Sharing {
    /// Compiles what a policy says. What cannot stand in a header is left out of the answers;
    /// validation finds it.
    pub fn compile(cors: &policy::Cors) -> Self {
        let mut origins = cors.allow_origins.iter();
        let all = origins.any(|origin| origin.as_exact() == Some("*"));
        Self {
            origins: match all {
                true => Origins::All,
                false => Origins::Matching(
                    cors.allow_origins
                        .iter()
                        .map(TextMatcher::compile)
                        .collect(),
                ),
            },
            methods: Grant::of(&cors.allow_methods),
            headers: Grant::of(&cors.allow_headers),
            exposed: joined(&cors.expose_headers),
            // Parts of a second are cut off, as Istio does.
            max_age: cors
                .max_age
                .map(|age| HeaderValue::from(Duration::from(age).as_secs())),
            credentials: cors.allow_credentials,
            unmatched: cors.unmatched_preflights,
        }
    }

    /// Looks at a request.
    pub fn look(&self, method: &Method, headers: &HeaderMap) -> Verdict {
        let mut lines = headers.get_all(ORIGIN).iter();
        let Some(origin) = lines.next() else {
            return Verdict::Pass;
        };
        let several = lines.next().is_some();
        if origin.is_empty() && !several {
            return Verdict::Pass;
        }
        let allowed = !several && self.origins.take(origin);
        let asked = match *method == Method::OPTIONS {
            true => lines_of(headers, &ACCESS_CONTROL_REQUEST_METHOD),
            false => None,
        };
        match asked.filter(|asked| !asked.is_empty()) {
            Some(asked) if allowed => Verdict::Answer(self.grant(origin, asked, headers)),
            Some(_) if self.unmatched == UnmatchedPreflights::Ignore => {
                Verdict::Answer(HeaderMap::new())
            }
            None if allowed => Verdict::Mark(origin.clone()),
            _ => Verdict::Pass,
        }
    }

    /// Marks the answer to a request of that origin, over whatever the far side said about it. No
    /// `vary` is added, as Envoy adds none.
    pub fn mark(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if let Some(exposed) = &self.exposed {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// The headers of the answer to a preflight.
    fn grant(&self, origin: &HeaderValue, method: HeaderValue, asked: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.mark(origin, &mut headers);
        if let Some(methods) = &self.methods {
            let methods = methods.or_asked(|| method);
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(allowed) = &self.headers {
            let allowed = allowed.or_asked(|| {
                let asked = lines_of(asked, &ACCESS_CONTROL_REQUEST_HEADERS);
                asked.unwrap_or(HeaderValue::from_static(""))
            });
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        }
        if let Some(age) = &self.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, age.clone());
        }
        headers
    }
}

impl Origins {
    fn take(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::All => true,
            Self::Matching(matchers) => std::str::from_utf8(origin.as_bytes())
                .is_ok_and(|origin| matchers.iter().any(|matcher| matcher.takes(origin))),
        }
    }
}

impl Grant {
    fn of(list: &[String]) -> Option<Self> {
        match list {
            [all] if all == "*" => Some(Self::Asked),
            list => joined(list).map(Self::Said),
        }
    }

    fn or_asked(&self, asked: impl FnOnce() -> HeaderValue) -> HeaderValue {
        match self {
            Self::Asked => asked(),
            Self::Said(said) => said.clone(),
        }
    }
}

/// `None` for an empty list: then there is no header.
fn joined(list: &[String]) -> Option<HeaderValue> {
    (!list.is_empty()).then(|| HeaderValue::try_from(list.join(",")).ok())?
}

/// All lines of a header in one, as Envoy reads those that have one value.
fn lines_of(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    if lines.next().is_none() {
        return Some(first.clone());
    }
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    HeaderValue::from_bytes(&lines.join(&b","[..])).ok()
}

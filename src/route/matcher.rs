use crate::gate::Matched;
use crate::policy::{self, Header, ValueMatch};
use crate::route::{Asked, PathMatcher, TextMatcher, ValueMatcher};
use http::HeaderName;
use http::header::HOST;
use std::collections::BTreeMap;

/// All predicates of one match; a request has to satisfy each.
///
/// Of a match's selectors (`port`, `from`, `gateways`) it knows nothing: who asks and where is
/// settled before a request comes.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    path: Option<PathMatcher>,
    /// What else it asks. Apart and often absent, so that a matcher stays small: many are walked.
    more: Option<Box<More>>,
}

/// What a match asks of a request, without the value that it wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Predicate<'a> {
    /// Its path.
    Path,
    /// Its method.
    Method,
    /// Its scheme.
    Scheme,
    /// Its authority.
    Authority,
    /// A header. `host` is the authority, wherever the request says it.
    Header(&'a HeaderName),
    /// A header that must not be so.
    WithoutHeader(&'a HeaderName),
    /// A query parameter.
    Query(&'a str),
}

type Headers = Box<[(HeaderName, ValueMatcher)]>;

#[derive(Clone, Debug)]
struct More {
    method: Option<TextMatcher>,
    headers: Headers,
    query: Box<[(Box<str>, ValueMatcher)]>,
    scheme: Option<TextMatcher>,
    authority: Option<TextMatcher>,
    /// What is asked of the header `host`. It is the authority, wherever the request says it.
    host: Option<ValueMatcher>,
    without: Headers,
    without_host: Option<ValueMatcher>,
}

impl Matcher {
    /// Compiles a match.
    pub fn compile(matching: &policy::Match) -> Self {
        let text = |text: &Option<policy::TextMatch>| text.as_ref().map(TextMatcher::compile);
        let path = |path| PathMatcher::compile(path, matching.ignore_path_case);
        let (headers, host) = headers(&matching.headers);
        let (without, without_host) = self::headers(&matching.without_headers);
        let more = More {
            method: text(&matching.method),
            headers,
            query: matching
                .query
                .iter()
                .map(|(name, value)| (name.as_str().into(), ValueMatcher::compile(value)))
                .collect(),
            scheme: text(&matching.scheme),
            authority: text(&matching.authority),
            host,
            without,
            without_host,
        };
        Self {
            path: matching.path.as_ref().map(path),
            more: more.asks_anything().then(|| Box::new(more)),
        }
    }

    /// Says whether the request satisfies every predicate.
    #[inline]
    pub fn takes(&self, asked: &Asked<'_>) -> bool {
        self.unmet(asked).is_none()
    }

    /// The first predicate that the request does not satisfy, of those that it is asked in turn.
    #[inline]
    pub fn unmet(&self, asked: &Asked<'_>) -> Option<Predicate<'_>> {
        // The cheap ones first.
        if self.path.as_ref().is_some_and(|p| !p.takes(asked.path)) {
            return Some(Predicate::Path);
        }
        self.more.as_ref().and_then(|more| more.unmet(asked))
    }

    /// What of a request's path it takes.
    #[inline]
    pub fn matched(&self) -> Matched {
        self.path
            .as_ref()
            .map_or(Matched::Nothing, PathMatcher::matched)
    }
}

/// What is asked of headers, and of the one that is none of them: `host`.
fn headers(headers: &BTreeMap<Header, ValueMatch>) -> (Headers, Option<ValueMatcher>) {
    let compiled = |(name, value): (&Header, _)| (name.get().clone(), ValueMatcher::compile(value));
    let others = headers.iter().filter(|(name, _)| *name.get() != HOST);
    let host = headers.iter().find(|(name, _)| *name.get() == HOST);
    (
        others.map(compiled).collect(),
        host.map(|(_, value)| ValueMatcher::compile(value)),
    )
}

impl More {
    fn asks_anything(&self) -> bool {
        self.method.is_some()
            || !self.headers.is_empty()
            || !self.query.is_empty()
            || self.scheme.is_some()
            || self.authority.is_some()
            || self.host.is_some()
            || !self.without.is_empty()
            || self.without_host.is_some()
    }

    fn unmet(&self, asked: &Asked<'_>) -> Option<Predicate<'_>> {
        let host = asked.authority.as_bytes();
        let misses = |wanted: &Option<TextMatcher>, text: &str| {
            wanted.as_ref().is_some_and(|wanted| !wanted.takes(text))
        };
        if misses(&self.method, asked.method.as_str()) {
            return Some(Predicate::Method);
        }
        for (name, value) in &self.headers {
            if !value.takes_header(asked.headers, name) {
                return Some(Predicate::Header(name));
            }
        }
        for (name, value) in &self.query {
            if !value.takes_query(asked.query, name) {
                return Some(Predicate::Query(name));
            }
        }
        if misses(&self.scheme, asked.scheme()) {
            return Some(Predicate::Scheme);
        }
        if misses(&self.authority, asked.authority) {
            return Some(Predicate::Authority);
        }
        if self.host.as_ref().is_some_and(|value| !value.takes(host)) {
            return Some(Predicate::Header(&HOST));
        }
        for (name, value) in &self.without {
            if value.takes_header_or_nothing(asked.headers, name) {
                return Some(Predicate::WithoutHeader(name));
            }
        }
        let without_host = self.without_host.as_ref();
        if without_host.is_some_and(|value| value.takes(host)) {
            return Some(Predicate::WithoutHeader(&HOST));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Match, TextMatch};
    use http::Request;

    fn takes(matching: &Match, uri: &str, headers: &[(&str, &str)]) -> bool {
        let request = headers.iter().fold(Request::get(uri), |request, header| {
            request.header(header.0, header.1)
        });
        let request = request.body(()).unwrap();
        Matcher::compile(matching).takes(&Asked::of(&request))
    }

    fn without(value: ValueMatch) -> Match {
        let mut matching = Match::default();
        matching
            .without_headers
            .insert("x-a".parse().unwrap(), value);
        matching
    }

    #[test]
    fn a_header_that_is_not_there_counts_as_empty_where_none_is_wanted() {
        let regex = |text: &str| ValueMatch::Regex(text.parse().unwrap());
        let takes = |value: ValueMatch, headers: &[(&str, &str)]| {
            takes(&without(value), "http://a/", headers)
        };
        assert!(takes(ValueMatch::exact("v"), &[]));
        assert!(!takes(ValueMatch::exact("v"), &[("x-a", "v")]));
        assert!(takes(ValueMatch::exact("v"), &[("x-a", "w")]));
        for empty in [regex(".*"), ValueMatch::exact(""), regex("(v)?")] {
            assert!(!takes(empty, &[]));
        }
        assert!(!takes(regex(".*"), &[("x-a", "w")]));
        assert!(takes(ValueMatch::Present, &[]));
        assert!(!takes(ValueMatch::Present, &[("x-a", "")]));
        assert!(!takes(ValueMatch::Absent, &[]));
        assert!(takes(ValueMatch::Absent, &[("x-a", "")]));
    }

    #[test]
    fn no_line_of_a_repeated_header_may_match_where_none_is_wanted() {
        let lines = |value: &str, lines: [&str; 2]| {
            let lines = lines.map(|line| ("x-a", line));
            takes(&without(ValueMatch::exact(value)), "http://a/", &lines)
        };
        assert!(!lines("2", ["1", "2"]));
        assert!(lines("2", ["1", "3"]));
        assert!(lines("1,2", ["1", "2"]));
    }

    #[test]
    fn the_scheme_is_that_of_the_target() {
        let http = Match {
            scheme: Some(TextMatch::exact("http")),
            ..Match::default()
        };
        assert!(takes(&http, "http://a/", &[]));
        assert!(takes(&http, "/", &[("host", "a")]));
        assert!(!takes(&http, "https://a/", &[]));
        let upper = Match {
            scheme: Some(TextMatch::exact("HTTP")),
            ..Match::default()
        };
        assert!(!takes(&upper, "http://a/", &[]));
    }

    #[test]
    fn the_authority_is_matched_with_its_case_and_port() {
        let authority = |text: TextMatch| Match {
            authority: Some(text),
            ..Match::default()
        };
        let exact = authority(TextMatch::exact("a.test:81"));
        assert!(takes(&exact, "http://a.test:81/", &[]));
        assert!(takes(&exact, "http://me@a.test:81/", &[]));
        assert!(takes(&exact, "/", &[("host", "a.test:81")]));
        assert!(!takes(&exact, "http://a.test/", &[]));
        assert!(!takes(&exact, "http://A.test:81/", &[]));
        let prefix = authority(TextMatch::Prefix("a.".into()));
        assert!(takes(&prefix, "http://a.test:81/", &[]));
        let regex = authority(TextMatch::Regex("a\\.test".parse().unwrap()));
        assert!(!takes(&regex, "http://a.test:81/", &[]));
    }

    #[test]
    fn the_header_host_is_the_authority_wherever_it_stands() {
        let asks = Match::default().header("host", ValueMatch::exact("m.test"));
        assert!(takes(&asks, "http://m.test/", &[]));
        assert!(takes(&asks, "/", &[("host", "m.test")]));
        assert!(!takes(&asks, "http://other/", &[("host", "m.test")]));
        let mut without = Match::default();
        let host = "host".parse().unwrap();
        without
            .without_headers
            .insert(host, ValueMatch::exact("m.test"));
        assert!(!takes(&without, "http://m.test/", &[]));
        assert!(takes(&without, "http://other/", &[]));
    }
}

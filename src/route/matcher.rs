use crate::policy;
use crate::route::{Asked, PathMatcher, TextMatcher, ValueMatcher};
use http::HeaderName;

/// All predicates of one match; a request has to satisfy each.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    path: Option<PathMatcher>,
    method: Option<TextMatcher>,
    headers: Box<[(HeaderName, ValueMatcher)]>,
    query: Box<[(Box<str>, ValueMatcher)]>,
}

impl Matcher {
    /// Compiles a match.
    pub fn compile(matching: &policy::Match) -> Self {
        Self {
            path: matching.path.as_ref().map(PathMatcher::compile),
            method: matching.method.as_ref().map(TextMatcher::compile),
            headers: matching
                .headers
                .iter()
                .map(|(name, value)| (name.get().clone(), ValueMatcher::compile(value)))
                .collect(),
            query: matching
                .query
                .iter()
                .map(|(name, value)| (name.as_str().into(), ValueMatcher::compile(value)))
                .collect(),
        }
    }

    /// Says whether the request satisfies every predicate.
    pub fn takes(&self, asked: &Asked<'_>) -> bool {
        // The cheap ones first.
        self.method
            .as_ref()
            .is_none_or(|m| m.takes(asked.method.as_str()))
            && self.path.as_ref().is_none_or(|p| p.takes(asked.path))
            && self
                .headers
                .iter()
                .all(|(name, value)| value.takes_header(asked.headers, name))
            && self
                .query
                .iter()
                .all(|(name, value)| value.takes_query(asked.query, name))
    }
}

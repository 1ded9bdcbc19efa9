use crate::policy;
use crate::route::CompiledPattern;
use http::{HeaderMap, HeaderName};

/// A predicate on a header or a query parameter.
#[derive(Clone, Debug)]
pub enum ValueMatcher {
    /// Byte for byte.
    Exact(Box<[u8]>),
    /// The first bytes.
    Prefix(Box<[u8]>),
    /// The whole value.
    Regex(CompiledPattern),
    /// It is there, whatever its value.
    Present,
    /// It is not there.
    Absent,
}

impl ValueMatcher {
    /// Compiles a predicate.
    pub fn compile(value: &policy::ValueMatch) -> Self {
        match value {
            policy::ValueMatch::Exact(value) => Self::Exact(value.as_bytes().into()),
            policy::ValueMatch::Prefix(value) => Self::Prefix(value.as_bytes().into()),
            policy::ValueMatch::Regex(pattern) => Self::Regex(CompiledPattern::new(pattern)),
            policy::ValueMatch::Present => Self::Present,
            policy::ValueMatch::Absent => Self::Absent,
        }
    }

    /// Says whether the headers satisfy it: one line of that name has to (Envoy since 1.40). White
    /// space around a line's value does not count, and bytes that are no UTF-8 are bytes.
    pub fn takes_header(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        match self {
            Self::Present => headers.contains_key(name),
            Self::Absent => !headers.contains_key(name),
            _ => headers
                .get_all(name)
                .iter()
                .any(|line| self.takes(line.as_bytes().trim_ascii())),
        }
    }

    /// Says whether the headers satisfy it, where a header that is not there counts as one with an
    /// empty value. [`Present`](Self::Present) and [`Absent`](Self::Absent) ask of the header
    /// itself.
    pub fn takes_header_or_nothing(&self, headers: &HeaderMap, name: &HeaderName) -> bool {
        let counts = !matches!(self, Self::Present | Self::Absent);
        self.takes_header(headers, name)
            || (counts && self.takes(b"") && !headers.contains_key(name))
    }

    /// Says whether the query satisfies it: the first parameter of that name counts, undecoded.
    pub fn takes_query(&self, query: &str, name: &str) -> bool {
        match (self, parameter(query, name)) {
            (Self::Present, value) => value.is_some(),
            (Self::Absent, value) => value.is_none(),
            (_, value) => value.is_some_and(|value| self.takes(value.as_bytes())),
        }
    }

    /// Says whether a value that is there satisfies it.
    pub(super) fn takes(&self, value: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => **exact == *value,
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Regex(pattern) => pattern.is_match(value),
            Self::Present => true,
            Self::Absent => false,
        }
    }
}

/// The value of the first parameter of that name; empty where it has no `=`.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name && !pair.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn any_line_of_a_repeated_header_may_match() {
        let mut headers = HeaderMap::new();
        headers.append("x", HeaderValue::from_static("1"));
        headers.append("x", HeaderValue::from_static(" 2 "));
        let name = HeaderName::from_static("x");
        let exact = |value: &str| ValueMatcher::Exact(value.as_bytes().into());
        assert!(exact("2").takes_header(&headers, &name));
        assert!(!exact("1,2").takes_header(&headers, &name));
    }

    #[test]
    fn a_header_of_other_bytes_than_text_is_matched_all_the_same() {
        let mut headers = HeaderMap::new();
        headers.insert("x", HeaderValue::from_bytes(b"\xff").unwrap());
        let name = HeaderName::from_static("x");
        assert!(ValueMatcher::Present.takes_header(&headers, &name));
        assert!(!ValueMatcher::Exact(b"a"[..].into()).takes_header(&headers, &name));
        assert!(
            !ValueMatcher::Regex(CompiledPattern::new(&"a".parse().unwrap()))
                .takes_header(&headers, &name)
        );
    }

    #[test]
    fn the_first_parameter_of_a_name_counts_undecoded() {
        assert_eq!(parameter("k=1&k=2", "k"), Some("1"));
        assert_eq!(parameter("a&k", "k"), Some(""));
        assert_eq!(parameter("k=1=2", "k"), Some("1=2"));
        assert_eq!(parameter("k=%61", "k"), Some("%61"));
        assert_eq!(parameter("K=1;k=2", "k"), None);
        assert_eq!(parameter("", ""), None);
    }
}

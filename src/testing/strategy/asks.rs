use crate::policy::{Match, PathMatch, TextMatch, ValueMatch};
use crate::route::{Asked, PathMatcher, TextMatcher, ValueMatcher};
use http::HeaderName;
use http::header::HOST;

/// A part of a request that is chosen on its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Path,
    Method,
    Scheme,
    Authority,
    Header(HeaderName),
    Query(String),
}

/// One predicate of a match.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) part: Part,
    pub(super) want: Want,
    /// Whether it is asked that the part is *not* so.
    pub(super) not: bool,
    matcher: Matcher,
}

/// What the part is to be like.
#[derive(Clone, Debug)]
pub(super) enum Want {
    /// Perhaps in any case.
    Path(PathMatch, bool),
    Text(TextMatch),
    Value(ValueMatch),
}

/// The very code that serves.
#[derive(Clone, Debug)]
enum Matcher {
    Path(PathMatcher),
    Text(TextMatcher),
    Value(ValueMatcher),
    Always,
    Never,
}

impl Ask {
    /// All that a match asks of requests.
    pub(super) fn all(matching: &Match) -> Box<[Self]> {
        let mut all = Vec::new();
        for (part, text) in [
            (Part::Scheme, &matching.scheme),
            (Part::Authority, &matching.authority),
            (Part::Method, &matching.method),
        ] {
            all.extend(text.as_ref().map(|text| Self::text(part, text, false)));
        }
        if let Some(path) = &matching.path {
            all.push(Self {
                part: Part::Path,
                want: Want::Path(path.clone(), matching.ignore_path_case),
                not: false,
                matcher: Matcher::Path(PathMatcher::compile(path, matching.ignore_path_case)),
            });
        }
        let headers = matching.headers.iter().map(|header| (header, false));
        let without = matching.without_headers.iter().map(|header| (header, true));
        for ((name, value), not) in headers.chain(without) {
            all.push(match *name.get() == HOST {
                true => Self::host(value, not),
                false => Self::value(Part::Header(name.get().clone()), value, not),
            });
        }
        for (name, value) in &matching.query {
            all.push(Self::value(Part::Query(name.clone()), value, false));
        }
        all.into()
    }

    fn text(part: Part, text: &TextMatch, not: bool) -> Self {
        Self {
            part,
            want: Want::Text(text.clone()),
            not,
            matcher: Matcher::Text(TextMatcher::compile(text)),
        }
    }

    fn value(part: Part, value: &ValueMatch, not: bool) -> Self {
        Self {
            part,
            want: Want::Value(value.clone()),
            not,
            matcher: Matcher::Value(ValueMatcher::compile(value)),
        }
    }

    /// The header `host` is the authority, wherever it stands.
    fn host(value: &ValueMatch, not: bool) -> Self {
        let text = match value {
            ValueMatch::Exact(text) => TextMatch::Exact(text.clone()),
            ValueMatch::Prefix(text) => TextMatch::Prefix(text.clone()),
            ValueMatch::Regex(pattern) => TextMatch::Regex(pattern.clone()),
            ValueMatch::Present | ValueMatch::Absent => {
                let mut ask = Self::value(Part::Authority, value, not);
                ask.matcher = match value {
                    ValueMatch::Present => Matcher::Always,
                    _ => Matcher::Never,
                };
                return ask;
            }
        };
        Self::text(Part::Authority, &text, not)
    }

    /// Says whether the request is as it is asked for.
    pub(super) fn holds(&self, asked: &Asked<'_>) -> bool {
        let is_so = match (&self.matcher, &self.part) {
            (Matcher::Path(path), _) => path.takes(asked.path),
            (Matcher::Text(text), Part::Method) => text.takes(asked.method.as_str()),
            (Matcher::Text(text), Part::Scheme) => text.takes(asked.scheme()),
            (Matcher::Text(text), _) => text.takes(asked.authority),
            (Matcher::Value(value), Part::Header(name)) if self.not => {
                value.takes_header_or_nothing(asked.headers, name)
            }
            (Matcher::Value(value), Part::Header(name)) => value.takes_header(asked.headers, name),
            (Matcher::Value(value), Part::Query(name)) => value.takes_query(asked.query, name),
            (Matcher::Value(_) | Matcher::Never, _) => false,
            (Matcher::Always, _) => true,
        };
        is_so != self.not
    }
}

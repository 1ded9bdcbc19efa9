use crate::policy::{Match, PathMatch};
use crate::route::index::facts::{self, Fact, literal_start};

/// What a match asks of every request that it takes, as far as the index goes by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::route) struct Key {
    pub(super) path: PathKey,
    /// Whether capitals in the path count as the letters that they are; those of `path` are small
    /// then.
    pub(super) any_case: bool,
    /// What else has to equal a text.
    pub(super) facts: Box<[(Fact, Box<[u8]>)]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PathKey {
    Exact(Box<[u8]>),
    Start {
        bytes: Box<[u8]>,
        /// Whether an element of the path has to end there.
        element: bool,
    },
}

impl Key {
    pub(in crate::route) fn of(matching: &Match) -> Self {
        let mut any_case = matching.ignore_path_case;
        let path = match &matching.path {
            None => PathKey::start(b"", false),
            Some(PathMatch::Exact(path)) => PathKey::Exact(path.as_str().as_bytes().into()),
            Some(PathMatch::Prefix(path)) => {
                let path = path.as_str();
                PathKey::start(path.strip_suffix('/').unwrap_or(path).as_bytes(), true)
            }
            Some(PathMatch::StartsWith(text)) => PathKey::start(text.as_bytes(), false),
            Some(PathMatch::Regex(pattern)) => {
                // It says itself whether case counts.
                any_case = false;
                match literal_start(pattern.parsed()) {
                    (whole, true) => PathKey::Exact(whole.into()),
                    (start, false) => PathKey::start(&start, false),
                }
            }
        };
        let mut key = Self {
            path,
            any_case,
            facts: facts::of(matching).into(),
        };
        if any_case {
            let (PathKey::Exact(bytes) | PathKey::Start { bytes, .. }) = &mut key.path;
            bytes.make_ascii_lowercase();
        }
        key
    }

    /// That of a match which takes everything.
    pub(in crate::route) fn everything() -> Self {
        Self::of(&Match::default())
    }

    /// What the fact has to be.
    pub(super) fn wanted(&self, fact: &Fact) -> Option<&[u8]> {
        let mut facts = self.facts.iter();
        facts
            .find(|(there, _)| there == fact)
            .map(|(_, value)| &**value)
    }
}

impl PathKey {
    fn start(bytes: &[u8], element: bool) -> Self {
        // What goes on behind a slash has an element that ends before it: fewer places to look at.
        let (bytes, element) = match bytes {
            [start @ .., b'/'] => (start, true),
            _ => (bytes, element),
        };
        Self::Start {
            bytes: bytes.into(),
            element,
        }
    }
}

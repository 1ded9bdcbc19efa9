use crate::policy;
use crate::route::CompiledPattern;

/// A predicate on a path without its query.
#[derive(Clone, Debug)]
pub enum PathMatcher {
    /// Byte for byte; a trailing slash counts.
    Exact(Box<str>),
    /// Element by element: `/a` takes `/a`, `/a/` and `/a/b`, not `/ab`. Held without its trailing
    /// slash, so that `/` is empty.
    Prefix(Box<str>),
    /// The first characters, wherever an element ends.
    StartsWith(Box<str>),
    /// The whole path.
    Regex(CompiledPattern),
}

impl PathMatcher {
    /// Compiles a predicate.
    pub fn compile(path: &policy::PathMatch) -> Self {
        match path {
            policy::PathMatch::Exact(path) => Self::Exact(path.as_str().into()),
            policy::PathMatch::Prefix(path) => {
                let path = path.as_str();
                Self::Prefix(path.strip_suffix('/').unwrap_or(path).into())
            }
            policy::PathMatch::StartsWith(start) => Self::StartsWith(start.as_str().into()),
            policy::PathMatch::Regex(pattern) => Self::Regex(CompiledPattern::new(pattern)),
        }
    }

    /// Says whether the path satisfies it.
    pub fn takes(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *path,
            Self::Prefix(prefix) => path
                .as_bytes()
                .strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| rest.first().is_none_or(|&next| next == b'/')),
            Self::StartsWith(start) => path.starts_with(&**start),
            Self::Regex(pattern) => pattern.is_match(path.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(path: &str) -> PathMatcher {
        PathMatcher::compile(&policy::PathMatch::Prefix(path.parse().unwrap()))
    }

    #[test]
    fn a_prefix_takes_whole_elements() {
        for written in ["/abc", "/abc/"] {
            let prefix = prefix(written);
            for taken in ["/abc", "/abc/", "/abc/def"] {
                assert!(prefix.takes(taken), "{written} {taken}");
            }
            for left in ["/abcd", "/ab", "/", "/x/abc"] {
                assert!(!prefix.takes(left), "{written} {left}");
            }
        }
    }

    #[test]
    fn the_root_takes_every_path() {
        assert!(prefix("/").takes("/"));
        assert!(prefix("/").takes("//a/../b"));
    }
}

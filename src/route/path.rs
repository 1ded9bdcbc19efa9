use crate::gate::Matched;
use crate::policy;
use crate::route::CompiledPattern;

/// A predicate on a path without its query.
#[derive(Clone, Debug)]
pub struct PathMatcher(Asks);

/// `any_case`: upper and lower case ASCII letters are one.
#[derive(Clone, Debug)]
enum Asks {
    /// Byte for byte; a trailing slash counts.
    Exact { text: Box<str>, any_case: bool },
    /// Element by element: `/a` takes `/a`, `/a/` and `/a/b`, not `/ab`. Held without its trailing
    /// slash, so that `/` is empty.
    Prefix { text: Box<str>, any_case: bool },
    /// The first characters, wherever an element ends.
    StartsWith { text: Box<str>, any_case: bool },
    /// The whole path.
    Regex(CompiledPattern),
}

impl PathMatcher {
    /// Compiles a predicate. `any_case`: upper and lower case ASCII letters are one, but for a
    /// regular expression, which says so itself.
    pub fn compile(path: &policy::PathMatch, any_case: bool) -> Self {
        Self(match path {
            policy::PathMatch::Exact(path) => Asks::Exact {
                text: path.as_str().into(),
                any_case,
            },
            policy::PathMatch::Prefix(path) => {
                let path = path.as_str();
                Asks::Prefix {
                    text: path.strip_suffix('/').unwrap_or(path).into(),
                    any_case,
                }
            }
            policy::PathMatch::StartsWith(start) => Asks::StartsWith {
                text: start.as_str().into(),
                any_case,
            },
            policy::PathMatch::Regex(pattern) => Asks::Regex(CompiledPattern::new(pattern)),
        })
    }

    /// Says whether the path satisfies it.
    #[inline]
    pub fn takes(&self, path: &str) -> bool {
        match &self.0 {
            Asks::Exact { text, any_case } => match any_case {
                true => text.eq_ignore_ascii_case(path),
                false => **text == *path,
            },
            Asks::Prefix { text, any_case } => behind(text, *any_case, path)
                .is_some_and(|rest| rest.first().is_none_or(|&next| next == b'/')),
            Asks::StartsWith { text, any_case } => behind(text, *any_case, path).is_some(),
            Asks::Regex(pattern) => pattern.is_match(path.as_bytes()),
        }
    }

    /// What of a path it takes, whichever path satisfies it.
    #[inline]
    pub fn matched(&self) -> Matched {
        match &self.0 {
            Asks::Exact { .. } | Asks::Regex(_) => Matched::Whole,
            Asks::Prefix { text, .. } => Matched::Prefix(text.len().max(1) as u32),
            Asks::StartsWith { text, .. } => Matched::Prefix(text.len() as u32),
        }
    }
}

/// What stands behind the prefix, if the path begins with it.
#[inline]
fn behind<'a>(prefix: &str, any_case: bool, path: &'a str) -> Option<&'a [u8]> {
    let (prefix, path) = (prefix.as_bytes(), path.as_bytes());
    if !any_case {
        return path.strip_prefix(prefix);
    }
    let (start, rest) = path.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::PathMatch;
    use proptest::{prop_assert_eq, proptest};

    fn prefix(path: &str) -> PathMatcher {
        PathMatcher::compile(&PathMatch::Prefix(path.parse().unwrap()), false)
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

    #[test]
    fn what_is_taken_of_a_path_is_the_matches_own() {
        let starts = PathMatcher::compile(&PathMatch::StartsWith("/abc/".into()), false);
        assert_eq!(starts.matched(), Matched::Prefix(5));
        assert_eq!(prefix("/abc/").matched(), Matched::Prefix(4));
        assert_eq!(prefix("/").matched(), Matched::Prefix(1));
        for whole in [
            PathMatch::Exact("/a".parse().unwrap()),
            PathMatch::Regex("/.*".parse().unwrap()),
        ] {
            assert_eq!(PathMatcher::compile(&whole, true).matched(), Matched::Whole);
        }
    }

    #[test]
    fn case_is_ignored_except_by_regular_expressions() {
        let takes = |path, asked| PathMatcher::compile(&path, true).takes(asked);
        assert!(takes(PathMatch::Exact("/Case".parse().unwrap()), "/cASE"));
        assert!(!takes(PathMatch::Exact("/Case".parse().unwrap()), "/cASE/"));
        assert!(takes(PathMatch::Prefix("/CiP".parse().unwrap()), "/cip/z"));
        assert!(!takes(PathMatch::Prefix("/CiP".parse().unwrap()), "/cipz"));
        assert!(takes(PathMatch::StartsWith("/CiP".into()), "/cipz"));
        assert!(!takes(PathMatch::StartsWith("/CiP".into()), "/ci"));
        assert!(!takes(PathMatch::Regex("/CiR".parse().unwrap()), "/CIR"));
        assert!(takes(PathMatch::Regex("/CiR".parse().unwrap()), "/CiR"));
    }

    proptest! {
        /// Only ASCII letters have a case; a character that is cut in two is no prefix's end.
        #[test]
        fn ignoring_case_is_comparing_in_lower_case(
            start in "/[a-cA-C/äÄ]{0,4}",
            path in "/[a-cA-C/äÄ]{0,6}",
        ) {
            let matcher = PathMatcher::compile(&PathMatch::StartsWith(start.clone()), true);
            let lower = path.to_ascii_lowercase();
            prop_assert_eq!(matcher.takes(&path), lower.starts_with(&start.to_ascii_lowercase()));
        }
    }
}

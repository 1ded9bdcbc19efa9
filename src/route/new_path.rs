use crate::gate::Matched;
use crate::policy;
use crate::route::CompiledSubstitution;

/// How a path becomes another, ready to be done. The query is no part of it.
#[derive(Clone, Debug)]
pub(super) enum NewPath {
    Full(Box<str>),
    /// Held without a slash at its end: there is one before whatever follows.
    Prefix(Box<str>),
    Matched(Box<str>),
    Regex(Box<CompiledSubstitution>),
}

impl NewPath {
    pub(super) fn compile(path: &policy::PathRewrite) -> Self {
        match path {
            policy::PathRewrite::Full(path) => Self::Full(path.as_str().into()),
            policy::PathRewrite::Prefix(path) => {
                Self::Prefix(path.strip_suffix('/').unwrap_or(path).into())
            }
            policy::PathRewrite::Matched(text) => Self::Matched(text.as_str().into()),
            policy::PathRewrite::Regex(regex) => {
                Self::Regex(Box::new(CompiledSubstitution::new(regex)))
            }
        }
    }

    /// The new path. `None`: it stays as it is, for what comes out is no path.
    ///
    /// Envoy sends whatever comes out, but for nothing at all. Here it has to begin with a slash:
    /// behind a host, `@evil.example` would make another host of it for everybody who prints a
    /// URI and reads it again. A target that is no path (`*`, or that of a CONNECT) stays, too.
    pub(super) fn of(&self, path: &str, matched: Matched) -> Option<String> {
        if !path.starts_with('/') {
            return None;
        }
        let taken = match matched {
            Matched::Nothing => 1,
            Matched::Prefix(length) => length as usize,
            Matched::Whole => path.len(),
        };
        // A match that took more than there is did not match this path.
        let rest = path.get(taken..).unwrap_or("");
        let new = match self {
            Self::Full(new) => new.as_ref().to_owned(),
            Self::Matched(new) => format!("{new}{rest}"),
            Self::Prefix(new) if rest.is_empty() && !new.is_empty() => new.as_ref().to_owned(),
            // The prefix `/` ends with the slash that stands before the rest, others before it.
            Self::Prefix(new) if taken > 1 && rest.starts_with('/') => format!("{new}{rest}"),
            Self::Prefix(new) => format!("{new}/{rest}"),
            Self::Regex(regex) => regex.replace_all(path)?,
        };
        new.starts_with('/').then_some(new)
    }

    /// Says whether it brings a query of its own.
    pub(super) fn has_query(&self) -> bool {
        matches!(self, Self::Full(path) if path.contains('?'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PathRewrite;
    use proptest::prelude::*;

    fn of(rewrite: &PathRewrite, path: &str, matched: Matched) -> Option<String> {
        NewPath::compile(rewrite).of(path, matched)
    }

    fn becomes(rewrite: &PathRewrite, path: &str, matched: Matched) -> String {
        of(rewrite, path, matched).unwrap()
    }

    /// The table of the Gateway API's ReplacePrefixMatch.
    #[test]
    fn a_prefix_is_replaced_element_by_element() {
        for (path, new, expected) in [
            ("/foo/bar", "/xyz", "/xyz/bar"),
            ("/foo/bar", "/xyz/", "/xyz/bar"),
            ("/foo", "/xyz", "/xyz"),
            ("/foo/", "/xyz", "/xyz/"),
            ("/foo/bar", "", "/bar"),
            ("/foo/", "", "/"),
            ("/foo", "", "/"),
            ("/foo/", "/", "/"),
            ("/foo", "/", "/"),
            ("/foo//bar", "/", "//bar"),
        ] {
            // `/foo` and `/foo/` as a prefix take the same.
            let got = becomes(&PathRewrite::Prefix(new.into()), path, Matched::Prefix(4));
            assert_eq!(got, expected, "{path} {new}");
        }
        let root = |path| {
            becomes(
                &PathRewrite::Prefix("/xyz".into()),
                path,
                Matched::Prefix(1),
            )
        };
        assert_eq!(root("/"), "/xyz");
        assert_eq!(root("/foo"), "/xyz/foo");
        assert_eq!(root("//foo"), "/xyz//foo");
    }

    #[test]
    fn what_the_match_took_is_replaced_character_by_character() {
        for (path, taken, new, expected) in [
            ("/foo/bar", Matched::Prefix(4), "/", "//bar"),
            ("/foobar", Matched::Prefix(4), "/", "/bar"),
            ("/foo/", Matched::Prefix(4), "/", "//"),
            ("/foo/bar", Matched::Prefix(5), "/", "/bar"),
            ("/foo", Matched::Prefix(1), "/new", "/newfoo"),
            ("/foo", Matched::Nothing, "/new", "/newfoo"),
            ("/foo/bar", Matched::Whole, "/new", "/new"),
            ("/foo/b", Matched::Prefix(4), "/new?y=2", "/new?y=2/b"),
        ] {
            let got = becomes(&PathRewrite::Matched(new.into()), path, taken);
            assert_eq!(got, expected, "{path} {new}");
        }
    }

    #[test]
    fn what_is_no_path_stays() {
        let full = |path: &str, new: &str| of(&PathRewrite::Full(new.into()), path, Matched::Whole);
        assert_eq!(full("/a", "/b").as_deref(), Some("/b"));
        assert_eq!(full("*", "/b"), None);
        assert_eq!(full("", "/b"), None);
        assert_eq!(full("/a", "b"), None);
        let emptied = of(&PathRewrite::Matched("".into()), "/foo", Matched::Prefix(4));
        assert_eq!(emptied, None);
    }

    proptest! {
        /// Whatever a match claims to have taken, nothing breaks and a path comes out.
        #[test]
        fn any_match_of_any_path_gives_a_path_or_nothing(
            path: String,
            new: String,
            taken: u32,
        ) {
            for matched in [Matched::Nothing, Matched::Prefix(taken % 20), Matched::Whole] {
                for rewrite in [
                    PathRewrite::Full(new.clone()),
                    PathRewrite::Prefix(new.clone()),
                    PathRewrite::Matched(new.clone()),
                ] {
                    let got = of(&rewrite, &path, matched);
                    prop_assert!(got.is_none_or(|path| path.starts_with('/')));
                }
            }
        }

        /// To the same prefix and back is no change.
        #[test]
        fn a_prefix_that_is_replaced_by_itself_changes_nothing(
            prefix in "(/[a-z]{1,3}){1,3}",
            rest in "(/[a-z/]{0,5})?",
        ) {
            let path = format!("{prefix}{rest}");
            let matched = Matched::Prefix(prefix.len() as u32);
            prop_assert_eq!(&becomes(&PathRewrite::Prefix(prefix.clone()), &path, matched), &path);
            prop_assert_eq!(&becomes(&PathRewrite::Matched(prefix), &path, matched), &path);
        }
    }
}

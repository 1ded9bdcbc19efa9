use crate::policy;
use regex_automata::meta::{self, Regex};

/// A regular expression and what stands in place of every part of a text that it matches, ready
/// to be done.
///
/// One search takes time linear in the text, but replacing searches again behind every match, and
/// there are patterns for which each of these reads the text to its end. So the work is bounded:
/// matches times length. Texts of less than 2 KiB never come near it.
#[derive(Clone, Debug)]
pub struct CompiledSubstitution {
    /// `None`: a pattern that was accepted when it was read and cannot be built; it matches
    /// nothing.
    regex: Option<Regex>,
    pieces: Box<[Piece]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(Box<str>),
    Group(usize),
}

impl CompiledSubstitution {
    /// Compiles it.
    pub fn new(substitution: &policy::RegexRewrite) -> Self {
        let regex = meta::Builder::new()
            .configure(meta::Config::new().nfa_size_limit(Some(LARGEST)))
            .build_from_hir(substitution.pattern.parsed())
            .ok();
        Self {
            regex,
            pieces: pieces(&substitution.substitution),
        }
    }

    /// The text with every match replaced, from the left and without overlaps. `None` where
    /// nothing is left of it, or where it would take too much work or grow longer than a request's
    /// target may be.
    pub fn replace_all(&self, text: &str) -> Option<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut copied = 0;
        let mut work = 0;
        for groups in self
            .regex
            .iter()
            .flat_map(|regex| regex.captures_iter(text))
        {
            work += text.len();
            if work > MOST_WORK || replaced.len() > LONGEST {
                return None;
            }
            let Some(found) = groups.get_match() else {
                continue;
            };
            replaced += text.get(copied..found.start())?;
            for piece in &self.pieces {
                match piece {
                    Piece::Text(text) => replaced += text,
                    Piece::Group(group) => {
                        let span = groups.get_group(*group);
                        replaced += span.and_then(|span| text.get(span.range())).unwrap_or("");
                    }
                }
            }
            copied = found.end();
        }
        replaced += text.get(copied..)?;
        (!replaced.is_empty() && replaced.len() <= LONGEST).then_some(replaced)
    }
}

/// A substitution in its parts: `\0` to `\9` are groups, `\\` is a backslash. Any other backslash
/// is refused when a policy is checked, and stands for itself.
fn pieces(substitution: &str) -> Box<[Piece]> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = substitution.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('\\')) => {
                text.push('\\');
                rest.next();
            }
            ('\\', Some(&digit)) if digit.is_ascii_digit() => {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text).into()));
                }
                pieces.push(Piece::Group(digit as usize - '0' as usize));
                rest.next();
            }
            _ => text.push(character),
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
    pieces.into()
}

/// What a policy accepts.
const LARGEST: usize = 1 << 20;

/// Longer than any target of a request.
const LONGEST: usize = u16::MAX as usize;

/// Some milliseconds.
const MOST_WORK: usize = 1 << 22;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    fn compiled(pattern: &str, substitution: &str) -> CompiledSubstitution {
        CompiledSubstitution::new(&policy::RegexRewrite {
            pattern: pattern.parse().unwrap(),
            substitution: substitution.to_owned(),
        })
    }

    /// As a running Envoy did it.
    #[test]
    fn every_match_is_replaced_from_the_left() {
        for (pattern, substitution, text, expected) in [
            ("o", "0", "/foo/boo", "/f00/b00"),
            ("aa", "b", "/aaaaa", "/bba"),
            (
                "/([^/]+)/([^/]+)",
                r"/\2/\1[\0]",
                "/a/b/c/d",
                "/b/a[/a/b]/d/c[/c/d]",
            ),
            ("/([^/]+)/([^/]+)", r"/\2/\1[\0]", "/a/b/c", "/b/a[/a/b]/c"),
            ("zzz", "y", "/abc", "/abc"),
            ("x*", "-", "/axb", "-/-a-b-"),
            ("^/p/(.*)$", r"/q?v=\1", "/p/5", "/q?v=5"),
            ("b", r"\\", "/abc", r"/a\c"),
            ("^/foo(/?)(.*)", r"/\2", "/foo/foo/bar", "/foo/bar"),
        ] {
            let got = compiled(pattern, substitution).replace_all(text);
            assert_eq!(got.as_deref(), Some(expected), "{pattern} {text}");
        }
        assert_eq!(compiled("^/p.*", "").replace_all("/p/5"), None);
    }

    #[test]
    fn groups_that_are_not_there_are_empty_and_stray_backslashes_themselves() {
        assert_eq!(
            compiled("a|(b)", r"<\1\7>").replace_all("ab").unwrap(),
            "<><b>"
        );
        assert_eq!(compiled("a", r"\x\").replace_all("a").unwrap(), r"\x\");
    }

    #[test]
    fn work_and_length_are_bounded() {
        // Every search but the last reads to the end in vain.
        let quadratic = compiled(".*[^A-Z]|[A-Z]", "x");
        assert_eq!(quadratic.replace_all(&"A".repeat(60_000)), None);
        assert_eq!(
            quadratic.replace_all(&"A".repeat(2_000)),
            Some("x".repeat(2_000))
        );
        let growing = compiled(".", &"y".repeat(1_000));
        assert_eq!(growing.replace_all(&"a".repeat(1_000)), None);
    }

    proptest! {
        #[test]
        fn a_text_without_the_pattern_stays(text in "[a-y/]{1,20}", substitution: String) {
            prop_assert_eq!(compiled("z", &substitution).replace_all(&text), Some(text));
        }

        #[test]
        fn replacing_a_character_is_what_str_replace_does(text in "[ab/]{1,20}", new in "[c-z]{1,3}") {
            let expected = text.replace('a', &new);
            prop_assert_eq!(compiled("a", &new).replace_all(&text), Some(expected));
        }

        #[test]
        fn the_whole_match_in_its_own_place_changes_nothing(text: String) {
            static SAME: LazyLock<CompiledSubstitution> =
                LazyLock::new(|| compiled(r"\pL+|\d", r"\0"));
            let got = SAME.replace_all(&text);
            prop_assert_eq!(got.unwrap_or_default(), text);
        }
    }
}

use crate::policy;
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

/// A regular expression, ready to be matched against a whole value in linear time.
///
/// A dense automaton wherever it stays small: it needs no scratch memory, so no pool behind a
/// lock and nothing that is built at the first request. The rest falls back to `regex`.
#[derive(Clone, Debug)]
pub struct CompiledPattern(Automaton);

#[derive(Clone, Debug)]
enum Automaton {
    Dense(Box<dense::DFA<Vec<u32>>>),
    Regex(Box<regex::bytes::Regex>),
    /// A pattern that was valid when it was read and cannot be built: it matches nothing.
    Nothing,
}

impl CompiledPattern {
    /// Compiles a pattern.
    pub fn new(pattern: &policy::Pattern) -> Self {
        let whole = format!("(?:{})$", pattern.as_str());
        let dense = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(regex_automata::dfa::StartKind::Anchored)
                    .dfa_size_limit(Some(LARGEST))
                    .determinize_size_limit(Some(LARGEST)),
            )
            .syntax(syntax::Config::new().unicode(true).utf8(false))
            .build(&whole);
        if let Ok(dense) = dense {
            return Self(Automaton::Dense(Box::new(dense)));
        }
        regex::bytes::RegexBuilder::new(&format!("^(?:{})$", pattern.as_str()))
            .size_limit(LARGEST)
            .build()
            .map_or(Self(Automaton::Nothing), |regex| {
                Self(Automaton::Regex(Box::new(regex)))
            })
    }

    /// Says whether the pattern matches all of the value.
    pub fn is_match(&self, value: &[u8]) -> bool {
        match &self.0 {
            Automaton::Dense(dense) => dense
                .try_search_fwd(&Input::new(value).anchored(Anchored::Yes))
                // The end is the end of the value: `$` without `m` holds nowhere else.
                .is_ok_and(|end| end.is_some()),
            Automaton::Regex(regex) => regex.is_match(value),
            Automaton::Nothing => false,
        }
    }
}

/// Dense automata grow with what they remember; beyond this the lazy one of `regex` is better.
const LARGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        CompiledPattern::new(&pattern.parse().unwrap()).is_match(value.as_bytes())
    }

    #[test]
    fn the_whole_value_has_to_match() {
        assert!(matches("a+", "aaa"));
        assert!(!matches("a+", "aaab"));
        assert!(!matches("a+", "baaa"));
        assert!(matches("a|ab", "ab"));
        assert!(!matches("a|ab", "abc"));
        assert!(matches("", ""));
        assert!(matches(r"/v\d+/.*", "/v12/x"));
    }

    #[test]
    fn a_newline_at_the_end_is_part_of_the_value() {
        assert!(!matches("a", "a\n"));
    }

    #[test]
    fn a_pattern_too_large_for_a_table_matches_all_the_same() {
        let large = r"(?:\pL{1,4}-){2}x";
        assert!(matches(large, "ä-öü-x"));
        assert!(!matches(large, "ä-x"));
    }
}

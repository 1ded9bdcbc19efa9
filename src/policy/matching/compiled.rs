use crate::policy::Pattern;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::meta;
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input};

/// A regular expression, ready to be matched against a whole value in linear time.
///
/// A dense automaton wherever it stays small: it needs no scratch memory, so no pool behind a
/// lock and nothing that is built at the first request. The rest falls back to a regex that
/// chooses among engines, all of them linear.
#[derive(Clone, Debug)]
pub struct CompiledPattern(Engine);

#[derive(Clone, Debug)]
enum Engine {
    Dense(Box<dense::DFA<Vec<u32>>>),
    Meta(Box<meta::Regex>),
    /// A pattern that was accepted when it was read and cannot be built: it matches nothing.
    Nothing,
}

impl CompiledPattern {
    /// Compiles a pattern.
    pub fn new(pattern: &Pattern) -> Self {
        // Anchored on both sides already.
        let hir = pattern.anchored();
        let engine = dense(hir).unwrap_or_else(|| {
            meta::Builder::new()
                .configure(meta::Config::new().nfa_size_limit(Some(LARGEST)))
                .build_from_hir(hir)
                .map_or(Engine::Nothing, |regex| Engine::Meta(Box::new(regex)))
        });
        Self(engine)
    }

    /// Says whether the pattern matches all of the value.
    pub fn is_match(&self, value: &[u8]) -> bool {
        match &self.0 {
            Engine::Dense(dense) => dense
                .try_search_fwd(&Input::new(value).anchored(Anchored::Yes))
                .is_ok_and(|end| end.is_some()),
            Engine::Meta(regex) => regex.is_match(value),
            Engine::Nothing => false,
        }
    }
}

/// `None` if the automaton would grow too large.
fn dense(hir: &regex_syntax::hir::Hir) -> Option<Engine> {
    let nfa = thompson::Compiler::new()
        .configure(thompson::Config::new().nfa_size_limit(Some(DENSE)))
        .build_from_hir(hir)
        .ok()?;
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .dfa_size_limit(Some(DENSE))
                .determinize_size_limit(Some(DENSE)),
        )
        .build_from_nfa(&nfa)
        .ok()?;
    Some(Engine::Dense(Box::new(dfa)))
}

/// Dense automata grow with what they remember, and so does the time to build them; beyond this
/// the others are better.
const DENSE: usize = 1 << 17;

/// What a policy accepts.
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

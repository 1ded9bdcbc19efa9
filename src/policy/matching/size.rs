//! How large the automaton of an expression becomes, told before it is built.

use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::utf8::{Utf8Range, Utf8Sequences};

/// The states of the largest automaton. A thousand times any character has 13,000.
pub(super) const LARGEST: usize = 1 << 14;

/// As many states as Thompson's construction makes of it, or some more.
pub(super) fn states(hir: &Hir) -> usize {
    // For the anchors and the match.
    within(hir).saturating_add(4)
}

fn within(hir: &Hir) -> usize {
    let all = |parts: &[Hir]| {
        let sizes = parts.iter().map(within);
        sizes.fold(0, usize::saturating_add)
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(class) => class_states(class),
        HirKind::Capture(capture) => within(&capture.sub),
        HirKind::Concat(parts) => all(parts),
        HirKind::Alternation(branches) => all(branches).saturating_add(2),
        HirKind::Repetition(repetition) => {
            // Written out, with a way past each of them.
            let times = repetition.max.unwrap_or(repetition.min).max(1) as usize;
            let one = within(&repetition.sub).saturating_add(2);
            one.saturating_mul(times).saturating_add(2)
        }
    }
}

/// A class is one state as long as its characters are one byte each. Of longer ones those that
/// begin alike share states.
fn class_states(class: &Class) -> usize {
    let Class::Unicode(class) = class else {
        return 1;
    };
    let mut states = 1;
    let mut before: Vec<Utf8Range> = Vec::new();
    for range in class.iter() {
        if range.start() <= '\u{80}' && range.end() == char::MAX {
            states += EVERYTHING;
            continue;
        }
        for sequence in Utf8Sequences::new(range.start(), range.end()) {
            let sequence = sequence.as_slice();
            let pairs = before.iter().zip(sequence);
            let alike = pairs.take_while(|(one, other)| one == other).count();
            // After the last byte is what follows the class.
            states += (sequence.len() - 1).saturating_sub(alike);
            before.clear();
            before.extend_from_slice(sequence);
        }
    }
    states
}

/// What is not ASCII, all of it, which ends alike, too: it is in every `.` and `[^/]`.
const EVERYTHING: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Pattern;
    use proptest::{prop_assert, proptest};
    use regex_automata::nfa::thompson;

    fn built(hir: &Hir) -> usize {
        let anchored = crate::policy::matching::compiled::anchored(hir.clone());
        thompson::Compiler::new()
            .configure(thompson::Config::new().which_captures(thompson::WhichCaptures::None))
            .build_from_hir(&anchored)
            .unwrap()
            .states()
            .len()
    }

    proptest! {
        #[test]
        fn no_automaton_is_larger_than_was_told(
            text in "(\\(a\\|b[^x]\\)|\\.|[ab]|\\\\pN|\\\\p\\{Greek\\}|\\[\\^é\\]|\\[é-ü\\]|\\\\b|\\^)(\\*|\\+|\\?|\\{2,5\\}|\\{0\\}|\\{3\\}|\\{2,\\}|){1,2}x?"
        ) {
            if let Ok(pattern) = text.parse::<Pattern>() {
                prop_assert!(built(pattern.parsed()) <= pattern.size(), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_usual_is_told_nearly_as_it_is() {
        for text in [
            "/r/resource-17/[a-z]+/[0-9]+",
            "/a/[^/]+/b",
            ".*\\.png",
            ".{1,1000}",
            "(a|b)c?",
        ] {
            let pattern: Pattern = text.parse().unwrap();
            let built = built(pattern.parsed());
            assert!(
                built <= pattern.size() && pattern.size() <= 2 * built + 8,
                "{text}"
            );
        }
    }
}

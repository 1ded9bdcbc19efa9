use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::NFA;
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input};
use std::collections::HashMap;

/// A deterministic automaton: for each byte of a text one look into a table.
#[derive(Debug)]
pub(super) struct Automaton {
    /// Bytes that no state tells apart are one class.
    classes: Box<[u8; 256]>,
    /// A row for each state: the row to go to by each class and, behind them, whether a text may
    /// end here. Rows go by where they begin. The first is that from which nothing matches.
    rows: Box<[u16]>,
    start: u16,
    /// Where in a row it says whether a text may end.
    end: u16,
}

impl Automaton {
    /// `None` if it would grow out of proportion to the pattern. That keeps what all patterns of a
    /// policy cost in proportion to what was written, hostile ones included: some are exponential.
    pub(super) fn of(nfa: &NFA) -> Option<Self> {
        let limit = SMALL + FOR_EACH_STATE * nfa.states().len();
        let dfa = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .dfa_size_limit(Some(limit))
                    .determinize_size_limit(Some(limit)),
            )
            .build_from_nfa(nfa)
            .ok()?;
        Self::copied(&dfa)
    }

    /// The same automaton in a fraction of the memory: without what is only needed to search, not
    /// to match all of a text.
    fn copied(dfa: &dense::DFA<Vec<u32>>) -> Option<Self> {
        let classes = dfa.byte_classes();
        // The last class is the end of the text.
        let end = classes.alphabet_len() - 1;
        let width = end + 1;
        let units: Vec<u8> = (0..end)
            .map(|class| (0..=255).find(|byte| usize::from(classes.get(*byte)) == class))
            .collect::<Option<_>>()?;
        let input = Input::new("").anchored(Anchored::Yes);
        let mut numbers = Numbers::default();
        let start = numbers.of(dfa, dfa.start_state_forward(&input).ok()?);
        let mut rows = vec![0; width];
        let mut next = 0;
        while let Some(&state) = numbers.states.get(next) {
            for unit in &units {
                let to = numbers.of(dfa, dfa.next_state(state, *unit));
                rows.push(u16::try_from(to * width).ok()?);
            }
            let ends = dfa.is_match_state(dfa.next_eoi_state(state));
            rows.push(u16::from(ends));
            next += 1;
        }
        let mut class_of = Box::new([0; 256]);
        for (byte, class) in (0..=255).zip(class_of.iter_mut()) {
            *class = classes.get(byte);
        }
        Some(Self {
            classes: class_of,
            rows: rows.into(),
            start: u16::try_from(start * width).ok()?,
            end: end as u16,
        })
    }

    /// Says whether it matches all of the text.
    #[inline]
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        let mut row = usize::from(self.start);
        for byte in text {
            row = usize::from(self.rows[row + usize::from(self.classes[usize::from(*byte)])]);
            if row == 0 {
                return false;
            }
        }
        self.rows[row + usize::from(self.end)] != 0
    }
}

/// States by the order in which they come up, from 1.
#[derive(Default)]
struct Numbers {
    states: Vec<StateID>,
    numbers: HashMap<StateID, usize>,
}

impl Numbers {
    fn of(&mut self, dfa: &dense::DFA<Vec<u32>>, state: StateID) -> usize {
        if dfa.is_dead_state(state) {
            return 0;
        }
        *self.numbers.entry(state).or_insert_with(|| {
            self.states.push(state);
            self.states.len()
        })
    }
}

/// Bytes in which most patterns that people write find room.
const SMALL: usize = 1 << 12;

const FOR_EACH_STATE: usize = 256;

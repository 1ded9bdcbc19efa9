use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// A nondeterministic automaton of which all states are followed at once (Thompson 1968).
///
/// For each byte of a text it looks at no more than its states, so it takes time linear in the
/// text; what it has to remember stands on the stack.
#[derive(Debug)]
pub(super) struct Simulation(NFA);

impl Simulation {
    /// `None` if it has too many states; no [`Pattern`](crate::policy::Pattern) has.
    pub(super) fn of(nfa: NFA) -> Option<Self> {
        (nfa.states().len() <= LARGE).then_some(Self(nfa))
    }

    /// Says whether it matches all of the text.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match self.0.states().len() <= SMALL {
            true => self.follow::<SMALL, { SMALL / 64 }>(text),
            false => self.follow::<LARGE, { LARGE / 64 }>(text),
        }
    }

    // Its frame is large: it is no part of any other's.
    #[inline(never)]
    fn follow<const STATES: usize, const WORDS: usize>(&self, text: &[u8]) -> bool {
        let mut now = States::<STATES, WORDS>::none();
        let mut next = States::none();
        now.add(self.0.start_anchored());
        for (at, byte) in text.iter().enumerate() {
            self.close(&mut now, text, at);
            for state in now.iter() {
                let to = match self.0.state(state) {
                    State::ByteRange { trans } if trans.matches_byte(*byte) => Some(trans.next),
                    State::Sparse(sparse) => sparse.matches_byte(*byte),
                    State::Dense(dense) => dense.matches_byte(*byte),
                    _ => None,
                };
                if let Some(to) = to {
                    next.add(to);
                }
            }
            if next.length == 0 {
                return false;
            }
            std::mem::swap(&mut now, &mut next);
            next.clear();
        }
        self.close(&mut now, text, text.len());
        let matches = |state| matches!(self.0.state(state), State::Match { .. });
        now.iter().any(matches)
    }

    /// Adds the states that are reached without another byte.
    fn close<const STATES: usize, const WORDS: usize>(
        &self,
        states: &mut States<STATES, WORDS>,
        text: &[u8],
        at: usize,
    ) {
        let mut done = 0;
        while let Some(state) = states.get(done) {
            match self.0.state(state) {
                State::Look { look, next } => {
                    if self.0.look_matcher().matches(*look, text, at) {
                        states.add(*next);
                    }
                }
                State::Union { alternates } => alternates.iter().for_each(|to| states.add(*to)),
                State::BinaryUnion { alt1, alt2 } => {
                    states.add(*alt1);
                    states.add(*alt2);
                }
                State::Capture { next, .. } => states.add(*next),
                State::ByteRange { .. }
                | State::Sparse(_)
                | State::Dense(_)
                | State::Fail
                | State::Match { .. } => {}
            }
            done += 1;
        }
    }
}

/// A set of states, in the order in which they were added.
struct States<const STATES: usize, const WORDS: usize> {
    list: [u16; STATES],
    length: usize,
    /// A bit for each that is in the list.
    there: [u64; WORDS],
}

impl<const STATES: usize, const WORDS: usize> States<STATES, WORDS> {
    fn none() -> Self {
        Self {
            list: [0; STATES],
            length: 0,
            there: [0; WORDS],
        }
    }

    fn add(&mut self, state: StateID) {
        let state = state.as_usize();
        let (word, bit) = (&mut self.there[state / 64], 1 << (state % 64));
        if *word & bit == 0 {
            *word |= bit;
            self.list[self.length] = state as u16;
            self.length += 1;
        }
    }

    fn clear(&mut self) {
        for state in &self.list[..self.length] {
            self.there[usize::from(*state) / 64] = 0;
        }
        self.length = 0;
    }

    fn get(&self, place: usize) -> Option<StateID> {
        let list = &self.list[..self.length];
        list.get(place)
            .map(|state| StateID::must(usize::from(*state)))
    }

    fn iter(&self) -> impl Iterator<Item = StateID> {
        let list = self.list[..self.length].iter();
        list.map(|state| StateID::must(usize::from(*state)))
    }
}

const SMALL: usize = 1 << 9;

/// As many as a pattern may have. Two sets of these are 68 KiB of stack.
const LARGE: usize = super::size::LARGEST;

use crate::policy::Pattern;
use crate::policy::matching::automaton::Automaton;
use crate::policy::matching::engines;
use crate::policy::matching::simulation::Simulation;
use regex_automata::nfa::thompson;
use regex_syntax::hir::{Hir, HirKind, Look};
use std::sync::Arc;

/// A regular expression, ready to be matched against a whole value in linear time.
///
/// Everything is built when it is compiled. Matching needs no memory but some of the stack, so
/// there is no pool behind a lock and nothing that the first request would have to build.
///
/// The characters with which everything begins and ends that matches are compared as texts are:
/// that is several times as fast, and what is left is smaller.
#[derive(Clone, Debug)]
pub struct CompiledPattern {
    /// Those in front and those at the end, side by side: thousands of patterns are met cold.
    literals: Box<[u8]>,
    /// How many of them stand in front.
    front: usize,
    between: Arc<Engine>,
}

#[derive(Debug)]
pub(super) enum Engine {
    /// Nothing may stand between the two.
    Nothing,
    /// Wherever it stays small.
    Automaton(Automaton),
    Simulation(Simulation),
    /// A pattern that was accepted when it was read and cannot be built: it matches nothing.
    Failed,
}

impl CompiledPattern {
    /// Compiles a pattern, unless that was done before.
    pub fn new(pattern: &Pattern) -> Self {
        pattern.compiled().clone()
    }

    pub(super) fn of(hir: &Hir) -> Self {
        let (start, between, end) = split(hir);
        Self {
            front: start.len(),
            literals: [start, end].concat().into(),
            between: engines::shared(between),
        }
    }

    /// Says whether the pattern matches all of the value.
    #[inline]
    pub fn is_match(&self, value: &[u8]) -> bool {
        let (start, end) = self.literals();
        value
            .strip_prefix(start)
            .and_then(|value| value.strip_suffix(end))
            .is_some_and(|between| self.between.is_match(between))
    }

    #[inline]
    fn literals(&self) -> (&[u8], &[u8]) {
        self.literals.split_at(self.front)
    }
}

impl Engine {
    /// What matches all that the expression does, as a whole; nothing without one.
    pub(super) fn of(hir: Option<Hir>) -> Self {
        hir.map_or(Self::Nothing, |hir| {
            Self::built(&anchored(hir)).unwrap_or(Self::Failed)
        })
    }

    fn built(anchored: &Hir) -> Option<Self> {
        let nfa = thompson::Compiler::new()
            .configure(thompson::Config::new().which_captures(thompson::WhichCaptures::None))
            .build_from_hir(anchored)
            .ok()?;
        match Automaton::of(&nfa) {
            Some(automaton) => Some(Self::Automaton(automaton)),
            None => Simulation::of(nfa).map(Self::Simulation),
        }
    }

    #[inline]
    fn is_match(&self, value: &[u8]) -> bool {
        match self {
            Self::Nothing => value.is_empty(),
            Self::Automaton(automaton) => automaton.is_match(value),
            Self::Simulation(simulation) => simulation.is_match(value),
            Self::Failed => false,
        }
    }
}

/// What matches it matches all of a text.
pub(super) fn anchored(hir: Hir) -> Hir {
    Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)])
}

/// The characters in front, the characters at the end, and what stands between, if anything does.
fn split(hir: &Hir) -> (Vec<u8>, Option<Hir>, Vec<u8>) {
    let whole = || (Vec::new(), Some(hir.clone()), Vec::new());
    let mut parts = Vec::new();
    flatten(hir, &mut parts);
    // All of a text has to match: anchors at its ends say nothing new.
    let is = |part: &&Hir, look| *part.kind() == HirKind::Look(look);
    let front = parts
        .iter()
        .take_while(|part| is(part, Look::Start))
        .count();
    parts.drain(..front);
    while parts.last().is_some_and(|part| is(part, Look::End)) {
        parts.pop();
    }
    // Whatever looks at its neighbours has to see them.
    if parts
        .iter()
        .any(|part| !part.properties().look_set().is_empty())
    {
        return whole();
    }
    let literal = |part: &&Hir| match part.kind() {
        HirKind::Literal(literal) => Some(literal.0.clone()),
        _ => None,
    };
    let mut start = Vec::new();
    let mut end = Vec::new();
    let mut parts = parts.into_iter().peekable();
    while let Some(bytes) = parts.peek().and_then(literal) {
        start.extend(bytes);
        parts.next();
    }
    let mut between: Vec<&Hir> = parts.collect();
    while let Some(bytes) = between.last().and_then(literal) {
        end.splice(..0, bytes);
        between.pop();
    }
    let between = between.into_iter().cloned().collect::<Vec<_>>();
    let between = (!between.is_empty()).then(|| Hir::concat(between));
    (start, between, end)
}

/// What stands one behind the other; groups are of no meaning here.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<&'a Hir>) {
    match hir.kind() {
        HirKind::Concat(concat) => concat.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Empty => {}
        _ => parts.push(hir),
    }
}

#[cfg(test)]
mod tests;

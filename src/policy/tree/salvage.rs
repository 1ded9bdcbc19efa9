use crate::policy::Error;
use crate::policy::trail::{Step, Trail};
use crate::policy::tree::flaw::{Cause, Flaw};
use crate::policy::tree::reader::Reader;
use crate::policy::tree::{Mark, Node, Value};
use crate::policy::wording::meant;
use serde::Deserialize;

/// Reads what can be read, and collects all that is wrong with the rest.
///
/// serde stops at the first error. So what an error points at is marked as spoilt and the value
/// is read once more without it, until nothing is wrong or nothing is left.
#[derive(Debug)]
pub(crate) struct Salvage {
    pub(crate) errors: Vec<Error>,
    /// How many nodes may still be looked at in reading again.
    work: usize,
    exhausted: bool,
}

impl Salvage {
    pub(crate) fn new() -> Self {
        Self {
            errors: Vec::new(),
            work: MOST_WORK,
            exhausted: false,
        }
    }

    /// Reads a value from the node, which stands at the end of the trail.
    pub(crate) fn read<'de, T: Deserialize<'de>>(
        &mut self,
        node: &'de Node,
        at: Mark,
        trail: &Trail,
    ) -> Option<T> {
        while !self.exhausted && !node.is_spoilt() {
            let flaw = match T::deserialize(Reader(node)) {
                Ok(value) => return Some(value),
                Err(flaw) => flaw,
            };
            let fault = Fault::find(node, at, trail, &flaw);
            fault.node.spoil();
            if !follows(&flaw, fault.node) {
                self.report(fault.at, fault.trail, flaw);
            }
            self.spend(node, at);
        }
        None
    }

    /// Reports something that was found wrong by other means.
    pub(crate) fn report(&mut self, at: Mark, trail: Trail, flaw: Flaw) {
        if self.exhausted {
            return;
        }
        let error = Error::new(flaw.id, trail, flaw.message).advise(flaw.advice);
        self.errors.push(error.marked(at));
        if self.errors.len() == MOST_ERRORS {
            self.stop(at);
        }
    }

    fn spend(&mut self, node: &Node, at: Mark) {
        match self.work.checked_sub(node.count()) {
            Some(left) => self.work = left,
            None if self.exhausted => {}
            None => self.stop(at),
        }
    }

    fn stop(&mut self, at: Mark) {
        self.exhausted = true;
        let error = Error::new(
            "too-many-errors",
            Trail::default(),
            "too many errors, stopped reading this document",
        );
        self.errors
            .push(error.advise("mend those above first").marked(at));
    }
}

/// Says whether a flaw only follows from what was reported before.
fn follows(flaw: &Flaw, node: &Node) -> bool {
    match flaw.cause {
        Cause::Own => false,
        Cause::Hollow => true,
        // Under this name it could not be read, or under a name that looks like this one.
        Cause::Missing(field) => node
            .entries()
            .iter()
            .any(|entry| entry.value.is_spoilt() && meant(&entry.key, [field]).is_some()),
    }
}

/// The node at fault.
struct Fault<'de> {
    node: &'de Node,
    at: Mark,
    trail: Trail,
}

impl<'de> Fault<'de> {
    fn find(root: &'de Node, at: Mark, trail: &Trail, flaw: &Flaw) -> Self {
        let mut fault = Self {
            node: root,
            at,
            trail: trail.clone(),
        };
        for &index in flaw.way.iter().rev() {
            let Some(child) = fault.node.child(index) else {
                break;
            };
            match &fault.node.value {
                Value::Mapping(entries) => {
                    fault.trail.0.push(Step::Key(entries[index].key.clone()));
                    fault.at = entries[index].at;
                }
                _ => {
                    fault.trail.0.push(Step::Index(index));
                    fault.at = child.at;
                }
            }
            fault.node = child;
        }
        if matches!(fault.node.value, Value::Scalar(_)) && !flaw.on_key {
            fault.at = fault.node.at;
        }
        fault
    }
}

const MOST_ERRORS: usize = 100;
/// A few seconds' worth without optimisation: 100 errors in a route of 10,000 rules.
const MOST_WORK: usize = 10_000_000;

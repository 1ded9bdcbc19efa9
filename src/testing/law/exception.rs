use crate::explain::{Change, Question};
use crate::testing::Subject;
use crate::testing::law::Which;
use crate::testing::law::which::Filter;
use std::cell::Cell;

/// Requests of which the law says nothing.
pub(super) struct Exception<'a> {
    /// As a person would say it.
    name: String,
    takes: Box<dyn Fn(&Question) -> bool + 'a>,
    /// How often it was one of these.
    taken: Cell<u32>,
    /// How often the law would not have held for it.
    excused: Cell<u32>,
}

/// A kind of change that may be.
pub(super) struct Ignored {
    change: Change,
    /// How often it was.
    seen: Cell<u32>,
}

impl<'a> Exception<'a> {
    pub(super) fn new(name: String, takes: impl Fn(&Question) -> bool + 'a) -> Self {
        Self {
            name,
            takes: Box::new(takes),
            taken: Cell::new(0),
            excused: Cell::new(0),
        }
    }

    /// Those that are so.
    pub(super) fn of(which: &'a Which, subject: &Subject) -> Self {
        let filter = Filter::new(which, subject.policy());
        Self::new(which.to_string(), move |question| filter.takes(question))
    }

    pub(super) fn takes(&self, question: &Question) -> bool {
        (self.takes)(question)
    }

    /// Counts a request that is one of these, and whether it broke the law.
    pub(super) fn count(&self, is_broken: bool) {
        self.taken.set(self.taken.get() + 1);
        self.excused.set(self.excused.get() + u32::from(is_broken));
    }

    /// What is odd about it; where policies are compared, also that it is not needed.
    pub(super) fn note(&self, compares: bool) -> Option<String> {
        let name = &self.name;
        match (self.taken.get(), self.excused.get()) {
            (0, _) => Some(format!("the exception of {name} never applied")),
            (_, 0) if compares => Some(format!(
                "the exception of {name} excused nothing: these fare alike"
            )),
            _ => None,
        }
    }
}

impl Ignored {
    pub(super) fn new(change: Change) -> Self {
        let seen = Cell::new(0);
        Self { change, seen }
    }

    pub(super) fn is(&self, change: Change) -> bool {
        self.change == change
    }

    pub(super) fn count(&self) {
        self.seen.set(self.seen.get() + 1);
    }

    /// That it never was.
    pub(super) fn note(&self) -> Option<String> {
        let change = self.change;
        let unseen = self.seen.get() == 0;
        unseen.then(|| format!("no request differs in `{change}`, which is ignored"))
    }
}

//! Which of many matches may take a request, without asking them all.
//!
//! **The law:** [`Index::find`] finds the least number of which `takes` says yes, as if all were
//! asked in their order. A match says yes only to requests that satisfy each of its predicates, so
//! it is enough to ask those that one predicate does not rule out. The index may find some too
//! many, and so goes by hashes alone; it may leave out none that would say yes.
//!
//! Every match asks something of the path, if only that it begins with nothing: that is the first
//! predicate to go by ([`Paths`]). Where many matches ask the same of the path, another predicate
//! on which they differ tells them apart ([`Buckets`]).
//!
//! What a request costs depends on its path, of which each byte is looked at a fixed number of
//! times and begins at most one look-up, and on the matches that really are alike: those of one
//! path that differ in nothing that has to equal a text are asked one by one.

mod buckets;
mod facts;
mod key;
mod paths;

use crate::route::Asked;
use buckets::{Buckets, Search};
use paths::Paths;

pub(super) use key::Key;

/// An index over matches, by their numbers: of several that take a request the least is found.
#[derive(Clone, Debug)]
pub(super) struct Index {
    paths: Paths,
    /// Of matches to which upper and lower case are one.
    any_case: Option<Box<Paths>>,
    buckets: Buckets,
    /// How many matches there are.
    size: u32,
}

impl Index {
    /// The index of matches that are numbered in this order.
    pub(super) fn new(keys: &[Key]) -> Self {
        let mut index = Self {
            paths: Paths::new(),
            any_case: None,
            buckets: Buckets::default(),
            size: 0,
        };
        for upto in 1..=keys.len() {
            index.add(&keys[..upto]);
        }
        index
    }

    /// Adds the last of these matches; the others are there already.
    pub(super) fn add(&mut self, keys: &[Key]) {
        let number = self.size;
        let Some(key) = keys.get(number as usize) else {
            return;
        };
        self.size += 1;
        let paths = match key.any_case {
            false => &mut self.paths,
            true => self.any_case.get_or_insert_with(|| Box::new(Paths::new())),
        };
        let buckets = &mut self.buckets;
        paths.add(&key.path, |there| buckets.add(there, number, keys));
    }

    /// The least number that takes the request. `takes` says whether a match takes it.
    #[inline]
    pub(super) fn find(&self, asked: &Asked<'_>, takes: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut search = Search::new(&self.buckets, asked, takes);
        let path = asked.path.as_bytes();
        self.paths.each::<false>(path, |found| search.ask(found));
        if let Some(any_case) = &self.any_case {
            any_case.each::<true>(path, |found| search.ask(found));
        }
        search.least()
    }
}

#[cfg(test)]
mod tests;

use proptest::strategy::ValueTree;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What can be cut smaller, one piece after the other.
pub(super) trait Shrink: Clone {
    /// What the user gets to see of it.
    type Value: Debug;

    fn value(&self) -> Self::Value;

    /// Walks over every piece in the same order, the largest first, and lets the scissors have
    /// them.
    fn cut(&mut self, scissors: &mut Scissors);

    /// Says whether it is still what it has to be.
    fn is_sound(&self) -> bool {
        true
    }
}

/// They pass over so many pieces and cut the one behind them.
#[derive(Debug)]
pub(super) struct Scissors {
    over: usize,
    cut: bool,
}

impl Scissors {
    /// Says whether this piece is the one.
    pub(super) fn here(&mut self) -> bool {
        if self.cut {
            return false;
        }
        match self.over.checked_sub(1) {
            Some(over) => self.over = over,
            None => self.cut = true,
        }
        self.cut
    }

    /// Cuts much of a list, or one after the other, down to so many.
    pub(super) fn list<T>(&mut self, list: &mut Vec<T>, least: usize) {
        let length = list.len();
        if length > least + 1 && self.here() {
            list.truncate(least);
            return;
        }
        if length / 2 > least.max(1) {
            if self.here() {
                list.truncate(length / 2);
                return;
            }
            if self.here() {
                list.drain(..length / 2);
                return;
            }
        }
        for at in (0..length).rev().take_while(|_| length > least) {
            if self.here() {
                list.remove(at);
                return;
            }
        }
    }

    /// Cuts the entries of a map.
    pub(super) fn map<K: Ord + Clone, V>(&mut self, map: &mut BTreeMap<K, V>) {
        if map.len() > 1 && self.here() {
            map.clear();
            return;
        }
        let cut = map.keys().rev().find(|_| self.here()).cloned();
        if let Some(key) = cut {
            map.remove(&key);
        }
    }

    /// Makes a field plain that is not.
    pub(super) fn field<T: PartialEq>(&mut self, field: &mut T, plain: T) {
        if *field != plain && self.here() {
            *field = plain;
        }
    }
}

/// A value that is cut smaller for as long as it still fails.
#[derive(Debug)]
pub(super) struct Shrinking<T> {
    kept: T,
    /// What there was before the last cut, until it is known whether that was one too much.
    before: Option<T>,
    /// How many pieces the scissors pass over.
    over: usize,
    /// Whether a cut was kept since they began at the first piece.
    shrunk: bool,
    /// Whether there is nothing more to cut.
    done: bool,
}

impl<T> Shrinking<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            kept: value,
            before: None,
            over: 0,
            shrunk: false,
            done: false,
        }
    }
}

impl<T: Shrink> ValueTree for Shrinking<T> {
    type Value = T::Value;

    fn current(&self) -> T::Value {
        self.kept.value()
    }

    fn simplify(&mut self) -> bool {
        self.shrunk |= self.before.take().is_some();
        while !self.done {
            let mut scissors = Scissors {
                over: self.over,
                cut: false,
            };
            let mut smaller = self.kept.clone();
            smaller.cut(&mut scissors);
            if !scissors.cut {
                // What could not be done without may have become idle meanwhile.
                self.over = 0;
                self.done = !std::mem::take(&mut self.shrunk);
            } else if smaller.is_sound() {
                // The next piece then stands where this one has stood.
                self.before = Some(std::mem::replace(&mut self.kept, smaller));
                return true;
            } else {
                self.over += 1;
            }
        }
        false
    }

    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else {
            return false;
        };
        self.kept = before;
        self.over += 1;
        // It is known to fail, so there is no need to try it once more.
        self.simplify();
        true
    }
}

use proptest::num;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Reason, TestRunner};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// The draws of one value. All of them follow from one number of the runner's, so that a seed
/// which proptest has kept gives the same value again.
pub(super) struct Dice(SmallRng);

impl Dice {
    /// Takes the number.
    pub(super) fn of(runner: &mut TestRunner) -> Result<Self, Reason> {
        Ok(Self::seeded(num::u64::ANY.new_tree(runner)?.current()))
    }

    pub(super) fn seeded(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A number below this one; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        match end {
            0 | 1 => 0,
            end => self.0.random_range(0..end),
        }
    }

    /// A number below this one, if there is any.
    pub(super) fn any_number(&mut self, end: usize) -> Option<usize> {
        (end > 0).then(|| self.below(end))
    }

    /// Yes, so often of a hundred times.
    pub(super) fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of them, of which there is at least one.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One of them, if there is any.
    pub(super) fn any<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// What is drawn, so often of a hundred times.
    pub(super) fn maybe<T>(
        &mut self,
        share: usize,
        draw: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        self.percent(share).then(|| draw(self))
    }

    /// So many that are drawn, or a few more.
    pub(super) fn some<T>(
        &mut self,
        least: usize,
        most: usize,
        mut draw: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| draw(self)).collect()
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            all.swap(end, self.below(end + 1));
        }
    }
}

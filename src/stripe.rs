//! A line of memory for each thread, so that counting requests makes no two cores wait.
//!
//! A counter that all threads write is a line that travels between cores at every request: 9 to
//! 42 ns and no scaling. Striped, each thread writes its own and a reader adds them up.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many stripes there are: a power of two, at least the number of cores.
pub fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        std::thread::available_parallelism()
            .map_or(1, std::num::NonZero::get)
            .next_power_of_two()
            .min(MOST)
    })
}

/// A thread's number: threads count up as they come, and share a stripe only where there are more
/// threads than stripes. Take it modulo the number of stripes.
pub fn ordinal() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    // While a thread ends its number may be gone already; any stripe is right, only slower.
    MINE.try_with(|mine| *mine).unwrap_or(0)
}

/// One `T` for each stripe, each on a line of its own.
pub struct Striped<T> {
    lines: Box<[Line<T>]>,
}

// Two lines of 64 bytes: cores fetch them in pairs.
#[repr(align(128))]
struct Line<T>(T);

impl<T> Striped<T> {
    /// One `T` for each stripe.
    pub fn new(make: impl FnMut() -> T) -> Self {
        Self::with_stripes(count(), make)
    }

    /// One `T` for each of at least `stripes` stripes (a power of two, at least one).
    pub fn with_stripes(stripes: usize, mut make: impl FnMut() -> T) -> Self {
        let stripes = stripes.clamp(1, MOST).next_power_of_two();
        Self {
            lines: (0..stripes).map(|_| Line(make())).collect(),
        }
    }

    /// Which stripe is this thread's.
    pub fn mine(&self) -> usize {
        if self.lines.len() == 1 {
            return 0;
        }
        ordinal() & (self.lines.len() - 1)
    }

    /// The value of one stripe; indices beyond the last begin again at the first.
    pub fn at(&self, stripe: usize) -> &T {
        // The length is a power of two, so the mask keeps the index inside.
        &self.lines[stripe & (self.lines.len() - 1)].0
    }

    /// The value of this thread's stripe.
    pub fn local(&self) -> &T {
        self.at(self.mine())
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.lines.iter().map(|line| &line.0)
    }
}

impl<T: fmt::Debug> fmt::Debug for Striped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// More stripes would cost more memory and longer sums than they save waiting.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_a_full_machine_have_stripes_of_their_own() {
        let stripes: std::collections::BTreeSet<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(ordinal)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(stripes.len(), 16);
    }

    #[test]
    fn every_stripe_lies_on_a_line_of_its_own() {
        let striped = Striped::with_stripes(4, || 0_u8);
        let places: Vec<usize> = striped
            .iter()
            .map(|value| std::ptr::from_ref(value) as usize)
            .collect();
        for pair in places.windows(2) {
            assert!(pair[1] - pair[0] >= 128);
        }
    }
}

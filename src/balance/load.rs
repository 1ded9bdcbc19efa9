use crate::stripe::{self, Striped};
use std::sync::atomic::{AtomicI64, Ordering};

/// How many requests are under way at one endpoint.
#[derive(Debug)]
pub struct Load(Count);

#[derive(Debug)]
enum Count {
    /// In place: a pick among thousands reads two of them that no cache holds.
    One(AtomicI64),
    // A request may end on another thread than it began on, and is taken off where it was put: the
    // stripe travels with it. So a single stripe may never be below zero, and their sum is exact.
    Striped(Striped<AtomicI64>),
}

impl Load {
    /// Nothing is under way. `among` is how many endpoints share the requests: among many, two
    /// threads seldom meet at one, and a line for each thread would only cost memory and longer
    /// sums.
    pub fn new(among: usize) -> Self {
        Self(if among >= ENDPOINTS_FOR_A_STRIPE * stripe::count() {
            Count::One(AtomicI64::default())
        } else {
            Count::Striped(Striped::new(AtomicI64::default))
        })
    }

    /// A request begins. Returns what [`end`](Self::end) has to be told.
    pub fn begin(&self) -> usize {
        match &self.0 {
            Count::One(count) => {
                count.fetch_add(1, Ordering::Relaxed);
                0
            }
            Count::Striped(stripes) => {
                let stripe = stripes.mine();
                stripes.at(stripe).fetch_add(1, Ordering::Relaxed);
                stripe
            }
        }
    }

    /// A request ends.
    pub fn end(&self, stripe: usize) {
        let count = match &self.0 {
            Count::One(count) => count,
            Count::Striped(stripes) => stripes.at(stripe),
        };
        count.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many requests are under way. Exact when nobody begins or ends one meanwhile.
    pub fn count(&self) -> u64 {
        let sum: i64 = match &self.0 {
            Count::One(count) => count.load(Ordering::Relaxed),
            Count::Striped(stripes) => stripes
                .iter()
                .map(|stripe| stripe.load(Ordering::Relaxed))
                .sum(),
        };
        // Seen between another thread's two steps a sum may be below zero.
        sum.max(0) as u64
    }
}

const ENDPOINTS_FOR_A_STRIPE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_may_end_on_another_thread_than_they_began() {
        for among in [1, 1_000_000] {
            let load = Load::new(among);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    let begun: Vec<usize> = (0..100).map(|_| load.begin()).collect();
                    let load = &load;
                    scope.spawn(move || begun.into_iter().for_each(|stripe| load.end(stripe)));
                }
            });
            assert_eq!(load.count(), 0);
            load.begin();
            assert_eq!(load.count(), 1);
        }
    }
}

//! The algorithms. Each is built for one set of endpoints and thrown away with it; draws, turns
//! and loads are arguments.

mod least_request;
mod round_robin;
mod weighted;

pub use least_request::LeastRequest;
pub use round_robin::RoundRobin;
pub use weighted::Weighted;

use crate::policy::Balance;
use crate::rng::{Chance, Purpose};

/// One of the algorithms, for a fixed set of endpoints.
#[derive(Clone, Debug)]
pub enum Picker {
    /// See [`Balance::RoundRobin`].
    RoundRobin(RoundRobin),
    /// See [`Balance::Random`].
    Random,
    /// See [`Balance::Weighted`].
    Weighted(Weighted),
    /// See [`Balance::LeastRequest`].
    LeastRequest(LeastRequest),
}

impl Picker {
    /// Builds the algorithm for endpoints of these weights; a weight of 0 counts as 1.
    pub fn new(balance: Balance, weights: &[u32]) -> Self {
        let weights: Vec<u32> = weights.iter().map(|weight| (*weight).max(1)).collect();
        match balance {
            Balance::RoundRobin => Self::RoundRobin(RoundRobin::new(&weights)),
            Balance::Random => Self::Random,
            Balance::Weighted => Self::Weighted(Weighted::new(&weights)),
            Balance::LeastRequest => Self::LeastRequest(LeastRequest::new(&weights)),
        }
    }

    /// Picks one of `len` endpoints; `None` if there is none. `turn` gives the next number of a
    /// count, for who takes turns; `load` how many requests are under way at one.
    pub fn pick(
        &self,
        len: usize,
        chance: Chance,
        turn: impl FnOnce() -> u32,
        load: impl Fn(usize) -> u64,
    ) -> Option<usize> {
        match len {
            0 => None,
            1 => Some(0),
            _ => Some(match self {
                Self::RoundRobin(round_robin) => round_robin.pick(len, turn()),
                Self::Random => chance.below(len as u64, Purpose::Pick) as usize,
                Self::Weighted(weighted) => weighted.pick(chance.draw(Purpose::Pick)),
                Self::LeastRequest(least) => least.pick(len, chance, load),
            }),
        }
    }
}

use crate::balance::{Load, Picker};
use crate::policy::Balance;
use crate::rng::{Chance, Purpose, Rng};
use crate::stripe::Striped;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Endpoints that do the same: their loads, and the algorithm that picks among them.
///
/// Loads and turns belong to stable names and outlive the cluster: a new policy makes a new one
/// from the same.
#[derive(Clone, Debug)]
pub struct Cluster {
    picker: Picker,
    loads: Box<[Arc<Load>]>,
    turns: Arc<Turns>,
}

/// Whose turn it is, for each thread on its own: threads that shared one count would wait for
/// each other at every request.
///
/// Each begins somewhere else, or all clients would begin with the first endpoint. So while every
/// thread goes round evenly, the sum over all threads is even up to one turn for each.
#[derive(Debug)]
pub struct Turns(Striped<AtomicU32>);

impl Turns {
    /// Begins at random.
    pub fn new(rng: &Rng) -> Self {
        Self(Striped::new(|| {
            AtomicU32::new(rng.chance().draw(Purpose::Pick) as u32)
        }))
    }

    fn next(&self) -> u32 {
        // Wrapping skips some turns once in 2^32.
        self.0.local().fetch_add(1, Ordering::Relaxed)
    }

    /// What `next` will be on this thread.
    fn peek(&self) -> u32 {
        self.0.local().load(Ordering::Relaxed)
    }
}

impl Cluster {
    /// Joins endpoints, given by weight and load.
    pub fn new(
        balance: Balance,
        endpoints: impl IntoIterator<Item = (u32, Arc<Load>)>,
        turns: Arc<Turns>,
    ) -> Self {
        let (weights, loads): (Vec<u32>, Vec<Arc<Load>>) = endpoints.into_iter().unzip();
        Self {
            picker: Picker::new(balance, &weights),
            loads: loads.into(),
            turns,
        }
    }

    /// Picks an endpoint; `None` if there is none.
    pub fn pick(&self, chance: Chance) -> Option<usize> {
        self.picker.pick(
            self.loads.len(),
            chance,
            || self.turns.next(),
            |endpoint| self.loads[endpoint].count(),
        )
    }

    /// The endpoint that [`pick`](Self::pick) would pick next on this thread, without taking a turn.
    /// `looked` is told of each endpoint whose load is looked at, and of that load.
    pub fn peek(&self, chance: Chance, looked: impl Fn(usize, u64)) -> Option<usize> {
        self.picker.pick(
            self.loads.len(),
            chance,
            || self.turns.peek(),
            |endpoint| {
                let load = self.loads[endpoint].count();
                looked(endpoint, load);
                load
            },
        )
    }

    /// The load of one endpoint.
    pub fn load(&self, endpoint: usize) -> Option<&Load> {
        self.loads.get(endpoint).map(|load| &**load)
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.loads.len()
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.loads.is_empty()
    }
}

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Each endpoint in turn, by weight where weights differ.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    /// The order of one period, where weights differ.
    schedule: Option<Box<[u32]>>,
}

impl RoundRobin {
    /// Builds the order for these weights, each at least 1.
    pub fn new(weights: &[u32]) -> Self {
        let equal = weights.windows(2).all(|pair| pair[0] == pair[1]);
        Self {
            schedule: (!equal).then(|| schedule(&shortened(weights))),
        }
    }

    /// The endpoint whose turn it is.
    pub fn pick(&self, len: usize, turn: u32) -> usize {
        // 32 bits: a division of 64 costs several times as much.
        match &self.schedule {
            None => (turn % len as u32) as usize,
            Some(schedule) => schedule[(turn % schedule.len() as u32) as usize] as usize,
        }
    }
}

/// The weights without their common divisor; beyond [`LONGEST`] turns rounded, each at least 1.
fn shortened(weights: &[u32]) -> Vec<u32> {
    let common = weights.iter().copied().fold(0, gcd).max(1);
    let total: u64 = weights.iter().map(|w| u64::from(w / common)).sum();
    weights
        .iter()
        .map(|weight| {
            let weight = weight / common;
            if total <= LONGEST {
                return weight;
            }
            let share = u64::from(weight) * LONGEST / total;
            (share as u32).max(1)
        })
        .collect()
}

/// Earliest deadline first, as Envoy does it: the j-th turn of an endpoint is due at j / weight,
/// and of two due at once the one that has waited longer goes first. Simulated once for the
/// period after which it repeats.
fn schedule(weights: &[u32]) -> Box<[u32]> {
    let turns: usize = weights.iter().map(|weight| *weight as usize).sum();
    let mut due: BinaryHeap<Turn> = (0..)
        .zip(weights)
        .map(|(endpoint, &weight)| Turn {
            number: 1,
            weight: u64::from(weight),
            since: u64::from(endpoint),
            endpoint,
        })
        .collect();
    let mut order = Vec::with_capacity(turns);
    let mut since = weights.len() as u64;
    while order.len() < turns
        && let Some(turn) = due.pop()
    {
        order.push(turn.endpoint);
        due.push(Turn {
            number: turn.number + 1,
            since,
            ..turn
        });
        since += 1;
    }
    order.into()
}

/// The `number`-th turn of an endpoint, due at `number / weight`.
#[derive(Eq, PartialEq)]
struct Turn {
    number: u64,
    weight: u64,
    since: u64,
    endpoint: u32,
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        // Fractions are compared by cross multiplication: exact, where floats would drift. The
        // heap gives the largest first, so the earlier deadline has to be the larger.
        let (mine, theirs) = (self.number * other.weight, other.number * self.weight);
        theirs.cmp(&mine).then(other.since.cmp(&self.since))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

const LONGEST: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn period(weights: &[u32], turns: u32) -> Vec<usize> {
        let round_robin = RoundRobin::new(weights);
        (0..turns)
            .map(|turn| round_robin.pick(weights.len(), turn))
            .collect()
    }

    #[test]
    fn envoys_order_is_kept() {
        assert_eq!(period(&[1, 2, 3], 6), [2, 1, 2, 0, 1, 2]);
        assert_eq!(period(&[3, 1], 4), [0, 0, 1, 0]);
        assert_eq!(period(&[7, 7], 4), [0, 1, 0, 1]);
    }

    proptest! {
        #[test]
        fn in_a_period_each_gets_exactly_its_weight(
            weights in prop::collection::vec(1_u32..40, 2..12),
        ) {
            let total: u32 = weights.iter().sum();
            let mut turns = vec![0; weights.len()];
            for endpoint in period(&weights, total) {
                turns[endpoint] += 1;
            }
            prop_assert_eq!(turns, weights);
        }

        #[test]
        fn nobody_waits_longer_than_its_share_allows(
            weights in prop::collection::vec(1_u32..40, 2..12),
        ) {
            let total: u32 = weights.iter().sum();
            let mut turns = vec![0_u64; weights.len()];
            for (taken, endpoint) in period(&weights, total).into_iter().enumerate() {
                turns[endpoint] += 1;
                for (had, weight) in turns.iter().zip(&weights) {
                    let due = (taken as u64 + 1) * u64::from(*weight) / u64::from(total);
                    prop_assert!(*had >= due);
                }
            }
        }

        #[test]
        fn weights_too_large_for_a_table_keep_their_order(
            weights in prop::collection::vec(1_u32..1_000_000, 2..12),
        ) {
            let short = shortened(&weights);
            prop_assert!(short.iter().all(|weight| *weight >= 1));
            prop_assert!(short.iter().map(|w| u64::from(*w)).sum::<u64>() <= LONGEST + 12);
        }
    }
}

use crate::balance::pick::Weighted;
use crate::rng::{Chance, Purpose};

/// The less busy of two drawn at random (Mitzenmacher 2001, "The power of two choices").
///
/// As Envoy: drawn with replacement, the first kept on ties. Where weights differ, both are drawn
/// by weight and compared by requests per weight: an idle set then shares by weight exactly, as
/// Envoy's earliest-deadline scheduler does, without its lock.
#[derive(Clone, Debug)]
pub struct LeastRequest {
    /// Where weights differ.
    weighted: Option<(Weighted, Box<[u32]>)>,
}

impl LeastRequest {
    /// Builds it for these weights.
    pub fn new(weights: &[u32]) -> Self {
        let equal = weights.windows(2).all(|pair| pair[0] == pair[1]);
        Self {
            weighted: (!equal).then(|| (Weighted::new(weights), weights.into())),
        }
    }

    /// Picks one of `len` endpoints.
    pub fn pick(&self, len: usize, chance: Chance, load: impl Fn(usize) -> u64) -> usize {
        match &self.weighted {
            None => {
                let first = chance.below(len as u64, Purpose::Pick) as usize;
                let second = chance.below(len as u64, Purpose::SecondPick) as usize;
                if load(second) < load(first) {
                    second
                } else {
                    first
                }
            }
            Some((table, weights)) => {
                let first = table.pick(chance.draw(Purpose::Pick));
                let second = table.pick(chance.draw(Purpose::SecondPick));
                // load(second) / weight(second) < load(first) / weight(first)
                let busier = load(second).saturating_mul(u64::from(weights[first]));
                if busier < load(first).saturating_mul(u64::from(weights[second])) {
                    second
                } else {
                    first
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    proptest! {
        /// Whatever is drawn, the busier of two distinct endpoints is taken only if it was drawn
        /// twice.
        #[test]
        fn of_two_the_busier_is_taken_only_when_drawn_twice(chance: u64, loads: [u8; 2]) {
            let chance = Chance::new(chance);
            let picked = LeastRequest::new(&[1, 1]).pick(2, chance, |i| u64::from(loads[i]));
            let drawn = [Purpose::Pick, Purpose::SecondPick].map(|p| chance.below(2, p) as usize);
            if drawn[0] != drawn[1] {
                prop_assert!(loads[picked] <= loads[1 - picked]);
            } else {
                prop_assert_eq!(picked, drawn[0]);
            }
        }

        #[test]
        fn an_idle_set_shares_by_weight(
            weights in prop::collection::vec(1_u32..100, 2..10),
            chance: u64,
        ) {
            let chance = Chance::new(chance);
            let picked = LeastRequest::new(&weights).pick(weights.len(), chance, |_| 0);
            let first = if weights.windows(2).all(|pair| pair[0] == pair[1]) {
                chance.below(weights.len() as u64, Purpose::Pick) as usize
            } else {
                Weighted::new(&weights).pick(chance.draw(Purpose::Pick))
            };
            prop_assert_eq!(picked, first);
        }
    }
}

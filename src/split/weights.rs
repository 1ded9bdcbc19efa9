use crate::rng::{Chance, Purpose};

/// A weighted choice, ready to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Weights {
    /// Where each arm ends on the line `0..total`; an arm of weight 0 ends where it starts.
    ends: Box<[u64]>,
    /// The one arm that has any weight, if there is only one: most splits are 100 to 0.
    sole: Option<u32>,
}

impl Weights {
    /// Compiles the weights of the arms, in their order. `None` if they sum to zero.
    pub fn new(weights: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut total = 0_u64;
        let ends: Box<[u64]> = weights
            .into_iter()
            .map(|weight| {
                total += u64::from(weight);
                total
            })
            .collect();
        let first = ends.partition_point(|&end| end == 0);
        let sole = (*ends.get(first)? == total).then_some(first as u32);
        Some(Self { ends, sole })
    }

    /// Says whether one arm has everything.
    pub(super) fn is_sole(&self) -> bool {
        self.sole.is_some()
    }

    /// What the weights sum to.
    pub fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The arm that holds this point of `0..total`; the last one for points beyond.
    pub fn at(&self, point: u64) -> usize {
        // Few arms: walking them beats a binary search until there are dozens.
        if self.ends.len() <= FEW {
            let past = self.ends.iter().position(|&end| point < end);
            return past.unwrap_or(self.ends.len() - 1);
        }
        self.ends
            .partition_point(|&end| end <= point)
            .min(self.ends.len() - 1)
    }

    /// The arm for a request.
    pub fn choose(&self, chance: Chance) -> usize {
        match self.sole {
            Some(arm) => arm as usize,
            None => self.at(chance.below(self.total(), Purpose::Split)),
        }
    }

    /// Each arm's share, of 1.
    pub fn shares(&self) -> impl Iterator<Item = f64> {
        let total = self.total() as f64;
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let weight = end - start;
            start = end;
            weight as f64 / total
        })
    }
}

const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::prop;
    use proptest::{prop_assert, prop_assert_eq, prop_assume, proptest};

    proptest! {
        /// Over all points each arm is chosen exactly as often as its weight says.
        #[test]
        fn every_point_counts_once(weights in prop::collection::vec(0_u32..50, 1..40)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let table = Weights::new(weights.iter().copied()).unwrap();
            let mut chosen = vec![0; weights.len()];
            for point in 0..table.total() {
                chosen[table.at(point)] += 1;
            }
            prop_assert_eq!(chosen, weights);
        }

        #[test]
        fn an_arm_without_weight_is_never_chosen(
            weights in prop::collection::vec(0_u32..3, 1..8),
            chance: u64,
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let table = Weights::new(weights.iter().copied()).unwrap();
            prop_assert!(weights[table.choose(Chance::new(chance))] > 0);
        }
    }

    #[test]
    fn no_weight_at_all_is_no_choice() {
        assert_eq!(Weights::new([]), None);
        assert_eq!(Weights::new([0, 0]), None);
    }

    #[test]
    fn the_largest_weights_do_not_overflow() {
        let table = Weights::new([u32::MAX; 20]).unwrap();
        assert_eq!(table.at(table.total() - 1), 19);
        assert_eq!(table.at(u64::MAX), 19);
    }
}

use crate::policy::Percent;
use crate::rng::{Chance, Purpose};

/// The share of the requests that one mirror gets, in millionths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share(u32);

impl Share {
    /// This share.
    pub fn new(percent: Percent) -> Self {
        Self(percent.millionths())
    }

    /// The mirror's own chance for this request if the request is to be copied; what else is
    /// drawn for the copy follows from it. `number` tells the mirrors of one rule apart: each
    /// draws on its own.
    pub fn draw(self, chance: Chance, number: usize) -> Option<Chance> {
        // A share of nothing draws nothing.
        if self.0 == 0 {
            return None;
        }
        let own = chance.nth(Purpose::Mirror, number);
        (own.below(MILLION, Purpose::Mirror) < u64::from(self.0)).then_some(own)
    }

    /// The share, of 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / MILLION as f64
    }
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn share(percent: f64) -> Share {
        Share::new(Percent::try_from(percent).unwrap())
    }

    proptest! {
        #[test]
        fn nothing_copies_none_and_all_copies_each(chance: u64, number in 0_usize..20) {
            let chance = Chance::new(chance);
            prop_assert_eq!(share(0.0).draw(chance, number), None);
            prop_assert!(share(100.0).draw(chance, number).is_some());
        }

        /// A larger share copies what a smaller one copies, and more.
        #[test]
        fn shares_grow_around_each_other(chance: u64, less in 0.0..100.0, more in 0.0..100.0) {
            let chance = Chance::new(chance);
            let less: f64 = less;
            let (less, more) = (share(less.floor().min(more)), share(more));
            if less.draw(chance, 0).is_some() {
                prop_assert!(more.draw(chance, 0).is_some());
            }
        }
    }

    #[test]
    fn mirrors_draw_apart() {
        let both = (0..10_000).filter(|&number| {
            let chance = Chance::new(number);
            share(50.0).draw(chance, 0).is_some() && share(50.0).draw(chance, 1).is_some()
        });
        // A quarter; the same in every run.
        assert!((2_300..2_700).contains(&both.count()));
    }
}

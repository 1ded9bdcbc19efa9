//! The only source of chance: seedable, cheap to clone.
//!
//! A request takes one number from [`Rng`], its [`Chance`]; what is drawn for it afterwards
//! follows from that number and from what it is drawn *for*. So a draw for a split does not move
//! when a fault is added in front of it, and whoever knows a request's chance can replay all of
//! its decisions.

use parking_lot::Mutex;
use rand::Rng as _;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::cell::RefCell;
use std::sync::Arc;

/// Where requests get their [`Chance`] from. Clones of a seeded one share its sequence.
#[derive(Clone, Debug, Default)]
pub struct Rng(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    /// A generator of the thread's own: two nanoseconds and no shared line.
    #[default]
    Thread,
    /// One sequence for all clones; the lock is why this is for tests and simulations.
    Seeded(Arc<Mutex<SmallRng>>),
}

thread_local! {
    static THREAD: RefCell<SmallRng> = RefCell::new(from_entropy());
}

impl Rng {
    /// Seeded by the operating system, for each thread on its own.
    pub fn from_entropy() -> Self {
        Self(Source::Thread)
    }

    /// The same sequence for the same seed, for tests, simulations and replays. Threads that
    /// share it wait for each other.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(
            SmallRng::seed_from_u64(seed),
        ))))
    }

    /// A source for what belongs to no request, such as where a turn begins. Drawing from it
    /// leaves this sequence as it is, so that the first request of a seeded mesh has the first
    /// chance of the seed whatever its policy.
    pub(crate) fn aside(&self) -> Self {
        match &self.0 {
            Source::Thread => self.clone(),
            Source::Seeded(rng) => Self::seeded(rng.lock().clone().next_u64()),
        }
    }

    /// The chance of the next request.
    pub fn chance(&self) -> Chance {
        Chance(match &self.0 {
            Source::Thread => THREAD.with_borrow_mut(|rng| rng.next_u64()),
            Source::Seeded(rng) => rng.lock().next_u64(),
        })
    }
}

#[allow(clippy::disallowed_methods)]
fn from_entropy() -> SmallRng {
    SmallRng::from_rng(&mut rand::rng())
}

/// The chance of one request: every draw for it follows from this number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chance(u64);

/// What a draw is for. Draws for different purposes are independent of each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Shall the request be delayed on purpose?
    Delay,
    /// Shall it be aborted on purpose?
    Abort,
    /// Which destination?
    Split,
    /// Which endpoint? The first of two candidates, or the only one.
    Pick,
    /// Which endpoint? The second of two candidates.
    SecondPick,
    /// Is it to be copied? Each mirror draws by [a chance of its own](Chance::nth).
    Mirror,
    /// What is the value of the cookie that a caller is known by from now on?
    Cookie,
    /// How long until another try? Each try draws by [a chance of its own](Chance::nth).
    Retry,
}

impl Chance {
    /// The chance that this number stands for.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The chance of one of several things of the same kind, each of which draws on its own.
    #[must_use]
    pub fn nth(self, purpose: Purpose, number: usize) -> Self {
        let place = (number as u64).wrapping_mul(GAMMA);
        Self(mix(self.draw(purpose).wrapping_add(place)))
    }

    /// A number uniform over all of `u64`.
    ///
    /// `SplitMix64` (Steele, Lea, Flood 2014) started at the chance, the purpose being the place
    /// in its sequence: numbers of different purposes are as independent as successive ones.
    pub fn draw(self, purpose: Purpose) -> u64 {
        let place = purpose as u64 + 1;
        mix(self.0.wrapping_add(place.wrapping_mul(GAMMA)))
    }

    /// A number uniform over `0..end`; 0 if `end` is 0.
    pub fn below(self, end: u64, purpose: Purpose) -> u64 {
        scale(self.draw(purpose), end)
    }
}

pub(crate) fn mix(mut mixed: u64) -> u64 {
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Carries a number that is uniform over `u64` to `0..end`.
///
/// The high half of the product instead of a remainder: no division, and for an `end` of 32 bits
/// the bias is below 2^-32, where `%` has the same and costs more.
pub fn scale(draw: u64, end: u64) -> u64 {
    ((u128::from(draw) * u128::from(end)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};

    proptest! {
        #[test]
        fn a_scaled_draw_lies_below_its_end(draw: u64, end in 1..=u64::MAX) {
            prop_assert!(scale(draw, end) < end);
        }

        #[test]
        fn the_same_seed_gives_the_same_chances(seed: u64) {
            let (one, other) = (Rng::seeded(seed), Rng::seeded(seed));
            for _ in 0..8 {
                prop_assert_eq!(one.chance(), other.chance());
            }
        }

        #[test]
        fn purposes_draw_apart(chance: u64) {
            let chance = Chance::new(chance);
            prop_assert_ne!(chance.draw(Purpose::Delay), chance.draw(Purpose::Abort));
            prop_assert_ne!(chance.draw(Purpose::Pick), chance.draw(Purpose::SecondPick));
            let mirror = |number| chance.nth(Purpose::Mirror, number);
            prop_assert_ne!(mirror(0), mirror(1));
            prop_assert_ne!(mirror(0), chance);
        }
    }

    #[test]
    fn what_is_drawn_aside_moves_no_request() {
        let (one, other) = (Rng::seeded(7), Rng::seeded(7));
        let aside = one.aside();
        assert_eq!(aside.chance(), other.aside().chance());
        assert_eq!(one.chance(), other.chance());
    }

    #[test]
    fn clones_of_a_seeded_source_share_one_sequence() {
        let one = Rng::seeded(7);
        let other = one.clone();
        let expected = Rng::seeded(7);
        assert_eq!(one.chance(), expected.chance());
        assert_eq!(other.chance(), expected.chance());
    }
}

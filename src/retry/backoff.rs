use crate::rng::{Chance, Purpose, scale};
use std::time::Duration;

/// The chance of the try that follows `made` ones: its wait and its endpoint are drawn from it.
pub fn next(chance: Chance, made: u32) -> Chance {
    chance.nth(Purpose::Retry, made as usize)
}

/// How long is waited before the try that follows `made` ones: anything between nothing and a
/// bound that doubles from `base` to `max`.
///
/// All of the bound is drawn from, so that clients that failed together do not come back together
/// (Envoy's way; Brooker 2015 calls it full jitter).
pub fn wait(base: Duration, max: Duration, made: u32, next: Chance) -> Duration {
    let bound = bound(base, max, made).as_nanos();
    let nanos = u64::try_from(bound).unwrap_or(u64::MAX);
    Duration::from_nanos(scale(next.draw(Purpose::Retry), nanos))
}

fn bound(base: Duration, max: Duration, made: u32) -> Duration {
    let doubled = made.saturating_sub(1).min(31);
    base.saturating_mul(1 << doubled).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn bounds_double_up_to_the_most() {
        let bounds = |base: u32, max: u32| {
            let tries = 1..8;
            tries.map(move |made| bound(base * MS, max * MS, made).as_millis())
        };
        assert!(bounds(25, 250).eq([25, 50, 100, 200, 250, 250, 250]));
        assert!(bounds(40, 100).eq([40, 80, 100, 100, 100, 100, 100]));
    }

    #[test]
    fn waits_are_spread_over_all_of_the_bound() {
        let waits = |made| {
            let chances = (0..4_000).map(Chance::new);
            chances.map(move |chance| wait(25 * MS, 250 * MS, made, next(chance, made)))
        };
        for (made, most) in [(1, 25), (2, 50), (3, 100), (4, 200), (5, 250), (9, 250)] {
            let mean = waits(made).sum::<Duration>() / 4_000;
            let half = most * MS / 2;
            assert!(mean.abs_diff(half) < half / 20, "{made}: {mean:?}");
            assert!(waits(made).all(|wait| wait < most * MS));
        }
    }

    proptest! {
        #[test]
        fn a_wait_lies_below_its_bound(
            base in 1_000_000_u64..1 << 40,
            more in 0_u64..1 << 40,
            made: u32,
            chance: u64,
        ) {
            let (base, max) = (Duration::from_nanos(base), Duration::from_nanos(base + more));
            let wait = wait(base, max, made, next(Chance::new(chance), made));
            prop_assert!(wait < bound(base, max, made) && bound(base, max, made) <= max);
        }
    }
}

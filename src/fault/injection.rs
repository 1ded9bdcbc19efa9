use crate::policy;
use crate::rng::{Chance, Purpose};
use http::StatusCode;
use std::time::Duration;

/// Which faults are injected into which share of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Injection {
    /// Drawn first.
    pub delay: Option<Delay>,
    /// Drawn when the delay is over, or at once where there is none.
    pub abort: Option<Abort>,
}

/// Holds a share of the requests back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delay {
    pub(super) pause: Duration,
    share: Share,
}

/// Answers a share of the requests with an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Abort {
    pub(super) status: StatusCode,
    share: Share,
}

/// A share of the requests, in millionths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Share(u32);

impl Share {
    fn covers(self, chance: Chance, purpose: Purpose) -> bool {
        // A share of nothing draws nothing: a fault that is switched off costs a comparison.
        self.0 > 0 && chance.below(MILLION, purpose) < u64::from(self.0)
    }
}

impl Delay {
    /// Holds this share back for this long.
    pub fn new(pause: Duration, percent: policy::Percent) -> Self {
        Self {
            pause,
            share: Share(percent.millionths()),
        }
    }

    /// For how long this request is held back, if it is.
    pub fn draw(&self, chance: Chance) -> Option<Duration> {
        self.share
            .covers(chance, Purpose::Delay)
            .then_some(self.pause)
    }

    /// For how long requests are held back.
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// The share of the requests, of 1.
    pub fn share(&self) -> f64 {
        f64::from(self.share.0) / MILLION as f64
    }
}

impl Abort {
    /// Answers this share with this status.
    pub fn new(status: StatusCode, percent: policy::Percent) -> Self {
        Self {
            status,
            share: Share(percent.millionths()),
        }
    }

    /// The status that this request is answered with, if it is.
    pub fn draw(&self, chance: Chance) -> Option<StatusCode> {
        self.share
            .covers(chance, Purpose::Abort)
            .then_some(self.status)
    }

    /// The status of the answers.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The share of the requests, of 1.
    pub fn share(&self) -> f64 {
        f64::from(self.share.0) / MILLION as f64
    }
}

impl Injection {
    /// What the policy asks for.
    pub fn compile(fault: &policy::Fault) -> Self {
        Self {
            delay: fault
                .delay
                .map(|delay| Delay::new(delay.fixed.into(), delay.percent)),
            abort: fault
                .abort
                .map(|abort| Abort::new(abort.status.into(), abort.percent)),
        }
    }
}

const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    fn percent(millionths: u32) -> policy::Percent {
        policy::Percent::try_from(f64::from(millionths) / 10_000.0).unwrap()
    }

    proptest! {
        /// The draw is uniform over 2^64, so a share takes exactly the draws below
        /// `share x 2^64`, up to one.
        #[test]
        fn a_share_covers_the_draws_below_it(millionths in 1_u32..1_000_000, chance: u64) {
            let chance = Chance::new(chance);
            let covered = Share(millionths).covers(chance, Purpose::Abort);
            let point = chance.draw(Purpose::Abort) as f64 / 2_f64.powi(64) * 1e6;
            if (point - f64::from(millionths)).abs() > 1e-6 {
                prop_assert_eq!(covered, point < f64::from(millionths));
            }
        }

        #[test]
        fn none_and_all_are_exact(chance: u64) {
            let chance = Chance::new(chance);
            let pause = Duration::from_millis(1);
            prop_assert_eq!(Delay::new(pause, percent(0)).draw(chance), None);
            prop_assert_eq!(Delay::new(pause, percent(1_000_000)).draw(chance), Some(pause));
        }

        #[test]
        fn delay_and_abort_are_drawn_apart(seed: u64) {
            let rng = crate::rng::Rng::seeded(seed);
            let (delay, abort) = (
                Delay::new(Duration::from_millis(1), percent(500_000)),
                Abort::new(StatusCode::IM_A_TEAPOT, percent(500_000)),
            );
            let mut seen = [[false; 2]; 2];
            for _ in 0..200 {
                let chance = rng.chance();
                seen[usize::from(delay.draw(chance).is_some())]
                    [usize::from(abort.draw(chance).is_some())] = true;
            }
            // Each of the four is missed with a probability below 1e-24.
            prop_assert!(seen.iter().flatten().all(|seen| *seen));
        }
    }
}

use super::*;
use proptest::prelude::*;
use std::num::NonZeroU32;

/// A bucket as one would explain it: a level that rises with time, in 128 bits.
struct Level {
    level: u128,
    capacity: u128,
    interval: u128,
    last: u128,
}

impl Level {
    fn full(requests: u32, per: u64, burst: u32) -> Self {
        let interval = u128::from(per).div_ceil(u128::from(requests)).max(1);
        let capacity = interval * u128::from(burst);
        Self {
            level: capacity,
            capacity,
            interval,
            last: 0,
        }
    }

    fn take(&mut self, now: u64) -> Result<(), u128> {
        let now = u128::from(now);
        self.level = self.capacity.min(self.level + (now - self.last));
        self.last = now;
        if self.level < self.interval {
            return Err(self.interval - self.level);
        }
        self.level -= self.interval;
        Ok(())
    }
}

fn pace(requests: u32, per: u64, burst: u32) -> Pace {
    Pace::new(
        NonZeroU32::new(requests).unwrap(),
        Duration::from_nanos(per),
        NonZeroU32::new(burst).unwrap(),
    )
}

fn at(nanoseconds: u64) -> Moment {
    Duration::from_nanos(nanoseconds).into()
}

prop_compose! {
    /// A rate, and times that are often close to its interval.
    fn traffic()(
        requests in 1_u32..2_000,
        per in prop_oneof![1..5_000_u64, 1..2_000_000_000_u64],
        burst in 1_u32..50,
    )(
        steps in prop::collection::vec(
            prop_oneof![
                Just(0),
                0..=2 * per.div_ceil(requests.into()),
                0..=per,
            ],
            1..200,
        ),
        requests in Just(requests), per in Just(per), burst in Just(burst),
    ) -> (u32, u64, u32, Vec<u64>) {
        (requests, per, burst, steps)
    }
}

proptest! {
    /// However it came to be where it is: as many as it says pass at once, and no more.
    #[test]
    fn what_is_left_passes_and_the_next_does_not((requests, per, burst, steps) in traffic()) {
        let (pace, bucket) = (pace(requests, per, burst), Bucket::new());
        prop_assert_eq!(pace.capacity(), burst);
        let mut now = 0;
        for step in steps {
            now += step;
            let _ = bucket.take(pace, at(now));
        }
        let left = bucket.peek(pace, at(now)).unwrap_or(0);
        prop_assert!(left <= burst);
        for _ in 0..left {
            prop_assert!(bucket.take(pace, at(now)).is_ok());
        }
        prop_assert!(bucket.take(pace, at(now)).is_err());
    }

    #[test]
    fn it_does_what_the_explanation_does((requests, per, burst, steps) in traffic()) {
        let (pace, bucket) = (pace(requests, per, burst), Bucket::new());
        let mut oracle = Level::full(requests, per, burst);
        let mut now = 0;
        for step in steps {
            now += step;
            let expected = oracle.take(now);
            prop_assert_eq!(bucket.peek(pace, at(now)).is_ok(), expected.is_ok());
            let told = bucket.take(pace, at(now)).map_err(|wait| wait.as_nanos());
            prop_assert_eq!(told, expected);
        }
    }

    /// In the rate as it was asked for, without its rounding, and with times in disorder.
    #[test]
    fn no_window_sees_more_than_the_burst_and_the_rate(
        (requests, per, burst, steps) in traffic(),
        backwards in prop::collection::vec(0..1_000_u64, 200),
    ) {
        let (pace, bucket) = (pace(requests, per, burst), Bucket::new());
        let mut passed = Vec::new();
        let mut now = 0;
        for (step, back) in steps.into_iter().zip(backwards) {
            now += step;
            let told = now.saturating_sub(back);
            if bucket.take(pace, at(told)).is_ok() {
                passed.push(u128::from(told));
            }
        }
        passed.sort_unstable();
        for (first, &from) in passed.iter().enumerate() {
            for (last, &to) in passed.iter().enumerate().skip(first) {
                let count = (last - first + 1) as u128;
                let (requests, per) = (u128::from(requests), u128::from(per));
                prop_assert!(count * per <= u128::from(burst) * per + (to - from) * requests);
            }
        }
    }

    #[test]
    fn the_wait_told_is_exact((requests, per, burst, steps) in traffic()) {
        let (pace, bucket) = (pace(requests, per, burst), Bucket::new());
        let mut now = 0;
        for step in steps {
            now += step;
            if let Err(wait) = bucket.take(pace, at(now)) {
                let then = now + u64::try_from(wait.as_nanos()).unwrap();
                prop_assert!(bucket.peek(pace, at(then - 1)).is_err());
                prop_assert!(bucket.peek(pace, at(then)).is_ok());
            }
        }
    }

    #[test]
    fn no_numbers_overflow(
        requests in 1..=u32::MAX,
        per: u64,
        burst in 1..=u32::MAX,
        moments in prop::collection::vec(any::<u64>(), 1..50),
    ) {
        let (pace, bucket) = (pace(requests, per, burst), Bucket::new());
        for moment in moments {
            let _ = bucket.take(pace, at(moment));
        }
        let _ = bucket.take(pace, Duration::MAX.into());
        let _ = bucket.take(pace, at(0));
    }

    /// Whatever the pace before, a reload gives at once what the new bucket holds, not more, and
    /// no debt beyond the new bucket's own, but for the second in which a thread may be held up.
    #[test]
    fn a_new_pace_goes_on_with_what_it_finds(
        before in (1_u32..2_000, 1..u64::from(u32::MAX) * 1_000_000, 1_u32..50),
        after in (1_u32..2_000, 1..10_000_000_000_u64, 1_u32..50),
        spent in 0..60,
    ) {
        let bucket = Bucket::new();
        for _ in 0..spent {
            let _ = bucket.take(pace(before.0, before.1, before.2), at(0));
        }
        let new = pace(after.0, after.1, after.2);
        let passed = (0..100).filter(|_| bucket.take(new, at(0)).is_ok()).count();
        prop_assert!(passed <= after.2 as usize);
        let wait = bucket.peek(new, at(0)).unwrap_err();
        prop_assert!(wait <= new.interval() + Duration::from_secs(1));
        let then = u64::try_from(wait.as_nanos()).unwrap();
        prop_assert!(bucket.take(new, at(then)).is_ok());
    }
}

#[test]
fn threads_at_one_instant_share_exactly_one_burst() {
    let (pace, bucket) = (pace(1, 1_000_000, 10_000), Bucket::new());
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..5_000)
                        .filter(|_| bucket.take(pace, at(7)).is_ok())
                        .count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(passed, 10_000);
}

#[test]
fn time_that_goes_backwards_gives_nothing() {
    let (pace, bucket) = (pace(1, 100, 2), Bucket::new());
    assert!(bucket.take(pace, at(1_000)).is_ok());
    assert!(bucket.take(pace, at(1_000)).is_ok());
    assert_eq!(bucket.take(pace, at(900)), Err(Duration::from_nanos(200)));
    assert!(bucket.take(pace, at(1_100)).is_ok());
}

use super::*;
use crate::limit::Bucket;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::AtomicU64;

const INTERVAL: u64 = 100;

fn pace(burst: u32) -> Pace {
    Pace::new(
        NonZeroU32::MIN,
        Duration::from_nanos(INTERVAL),
        NonZeroU32::new(burst).unwrap(),
    )
}

fn at(nanoseconds: u64) -> Moment {
    Duration::from_nanos(nanoseconds).into()
}

/// A uniform hash for a small number (`SplitMix64`).
fn key(number: u64) -> Fingerprint {
    Fingerprint::new(rng::Chance::new(number).draw(rng::Purpose::Split))
}

/// A table of one set, so that every key meets every other.
fn one_set() -> Keyed {
    let keyed = Keyed::new(NonZeroU32::MIN);
    assert_eq!(keyed.sets.len(), 1);
    keyed
}

/// Fails if in any window more passed than a bucket gives.
fn assert_law(passed: &mut [u64], burst: u32) {
    passed.sort_unstable();
    for (first, from) in passed.iter().enumerate() {
        for (last, to) in passed.iter().enumerate().skip(first) {
            let most = u64::from(burst) + (to - from) / INTERVAL;
            assert!(((last - first) as u64) < most, "{from} to {to}: {passed:?}");
        }
    }
}

proptest! {
    #[test]
    fn as_many_keys_as_a_set_holds_have_buckets_of_their_own(
        burst in 1_u32..5,
        traffic in prop::collection::vec((0..WAYS as u64, 0_u64..60), 1..400),
    ) {
        let (keyed, pace) = (one_set(), pace(burst));
        let mut oracle: HashMap<u64, Bucket> = HashMap::new();
        let mut now = 0;
        for (number, step) in traffic {
            now += step;
            let bucket = oracle.entry(number).or_default();
            prop_assert_eq!(
                keyed.peek(pace, key(number), at(now)),
                bucket.peek(pace, at(now))
            );
            prop_assert_eq!(
                keyed.take(pace, key(number), at(now)),
                bucket.take(pace, at(now))
            );
        }
    }

    /// A key with a bucket of its own, one that shares another's, and one that is new.
    #[test]
    fn what_is_left_of_a_key_passes_and_the_next_does_not(
        burst in 1_u32..12,
        keys in 1_u64..40,
        asked: u64,
        traffic in prop::collection::vec((any::<u64>(), 0_u64..60), 0..200),
    ) {
        let (keyed, pace) = (one_set(), pace(burst));
        let mut now = 0;
        for (number, step) in traffic {
            now += step;
            let _ = keyed.take(pace, key(number % keys), at(now));
        }
        let asked = key(asked % keys);
        let left = keyed.peek(pace, asked, at(now)).unwrap_or(0);
        for _ in 0..left {
            prop_assert!(keyed.take(pace, asked, at(now)).is_ok());
        }
        prop_assert!(keyed.take(pace, asked, at(now)).is_err());
    }

    #[test]
    fn no_key_gets_more_than_its_rate_however_many_there_are(
        burst in 1_u32..12,
        keys in 1_u64..40,
        traffic in prop::collection::vec((any::<u64>(), 0_u64..60, 1..15), 1..400),
    ) {
        let (keyed, pace) = (one_set(), pace(burst));
        let mut passed: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut now = 0;
        for (number, step, times) in traffic {
            now += step;
            let number = number % keys;
            for _ in 0..times {
                let foretold = keyed.peek(pace, key(number), at(now));
                let told = keyed.take(pace, key(number), at(now));
                prop_assert_eq!(foretold.map(drop), told);
                if told.is_ok() {
                    passed.entry(number).or_default().push(now);
                }
            }
        }
        for moments in passed.values_mut() {
            assert_law(moments, burst);
        }
    }
}

#[test]
fn after_a_quiet_time_everybody_may_come_again() {
    let (keyed, pace) = (one_set(), pace(3));
    for number in 0..100 {
        let _ = keyed.take(pace, key(number), at(0));
    }
    for (round, number) in (0..100).enumerate() {
        let now = at((round as u64 + 200) * 3 * INTERVAL);
        for _ in 0..3 {
            assert!(keyed.take(pace, key(number), now).is_ok());
        }
    }
}

#[test]
fn a_key_that_shares_cannot_use_up_its_neighbours_one_by_one() {
    let (keyed, pace) = (one_set(), pace(10));
    for number in 0..WAYS as u64 {
        assert!(keyed.take(pace, key(number), at(0)).is_ok());
    }
    let newcomer = || {
        (0..100)
            .filter(|_| keyed.take(pace, key(99), at(0)).is_ok())
            .count()
    };
    assert_eq!(newcomer(), 9);
    // All other places are free now; what the newcomer owes holds it where it is.
    let later = || {
        (0..100)
            .filter(|_| keyed.take(pace, key(99), at(INTERVAL)).is_ok())
            .count()
    };
    assert_eq!(later(), 1);
}

#[test]
fn threads_that_bring_the_same_new_keys_share_one_bucket_for_each() {
    let (keyed, pace) = (Keyed::new(Keyed::DEFAULT_KEYS), pace(2));
    let start = Barrier::new(4);
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    (0..5_000)
                        .filter(|&number| keyed.take(pace, key(number), at(0)).is_ok())
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

/// Two threads run `round` at the same time, again and again; gives what each round made.
///
/// They wait for each other by spinning: woken by the system, one would be done before the other
/// has begun.
fn together<T: Send>(rounds: u64, round: impl Fn(u64, u64) -> T + Sync) -> Vec<[T; 2]> {
    let arrived = AtomicU64::new(0);
    let run = |thread| {
        let (arrived, round) = (&arrived, &round);
        move || {
            let one = |number| {
                arrived.fetch_add(1, Ordering::SeqCst);
                while arrived.load(Ordering::SeqCst) < 2 * (number + 1) {
                    std::thread::yield_now();
                }
                round(number, thread)
            };
            (0..rounds).map(one).collect::<Vec<T>>()
        }
    };
    std::thread::scope(|scope| {
        let (one, other) = (scope.spawn(run(0)), scope.spawn(run(1)));
        let (one, other) = (one.join().unwrap(), other.join().unwrap());
        one.into_iter()
            .zip(other)
            .map(|(one, other)| [one, other])
            .collect()
    })
}

#[test]
fn two_threads_do_not_give_a_new_key_two_buckets() {
    let (keyed, pace) = (Keyed::new(Keyed::DEFAULT_KEYS), pace(1));
    let take = |round, _| keyed.take(pace, key(round), at(0)).is_ok();
    for passed in together(20_000, take) {
        assert!(passed[0] != passed[1]);
    }
}

/// Before every round all buckets are full, so that places change hands while their owners take.
#[test]
fn a_key_whose_place_is_given_away_while_it_takes_gets_no_more_than_its_rate() {
    const KEYS: usize = WAYS + 2;
    const BURST: u32 = 3;
    let (keyed, pace) = (one_set(), pace(BURST));
    let round = |number: u64, thread: u64| {
        let now = at(number * u64::from(BURST) * INTERVAL);
        let mut passed = [0; KEYS];
        for step in 0..3 * KEYS as u64 {
            let number = (number + step * (1 + 2 * thread)) % KEYS as u64;
            passed[number as usize] += u32::from(keyed.take(pace, key(number), now).is_ok());
        }
        passed
    };
    for passed in together(20_000, round) {
        for (one, other) in passed[0].iter().zip(&passed[1]) {
            assert!(one + other <= BURST, "{passed:?}");
        }
    }
}

/// The figures that the documentation gives.
#[test]
fn few_keys_share_while_there_are_no_more_than_asked_for() {
    for (share, most) in [(1, 0.009), (2, 0.000_3)] {
        let (keyed, pace) = (Keyed::new(Keyed::DEFAULT_KEYS), pace(1));
        let keys = u64::from(Keyed::DEFAULT_KEYS.get()) / share;
        for number in 0..keys {
            let _ = keyed.take(pace, key(number), at(0));
        }
        let homeless = (0..keys)
            .filter(|&number| {
                let key = key(number);
                keyed.sets[keyed.set_of(key)].find(key.0).is_none()
            })
            .count();
        let homeless = homeless as f64 / keys as f64;
        assert!(homeless < most, "{keys} keys: {homeless}");
    }
}

#[test]
fn a_set_is_two_lines_of_memory() {
    assert_eq!(size_of::<Set>(), 128);
    assert_eq!(align_of::<Set>(), 128);
}

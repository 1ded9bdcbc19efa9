use crate::limit::{Moment, Pace};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Eight places for keys with a bucket each: one line of memory for the keys, the next one for
/// the buckets.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Set {
    /// The fingerprints; 0 where no key has been.
    pub(super) keys: [AtomicU64; WAYS],
    pub(super) times: [Time; WAYS],
}

/// When the bucket will be full, and whether keys without a place have taken from it too.
#[derive(Debug, Default)]
pub(super) struct Time(AtomicU64);

/// How many places a set has: as many 64-bit words as a line of memory.
pub(super) const WAYS: usize = 8;

/// A mark on a time: until the bucket is full it stands for keys that have no place, too. Moments
/// and what is added to them leave this bit free.
pub(super) const SHARED: u64 = 1 << 63;

/// Instead of a time: the place is being given to another key. No time with its mark is this.
pub(super) const MOVING: u64 = u64::MAX;

impl Set {
    /// The place of a key, if it has one.
    pub(super) fn find(&self, key: u64) -> Option<usize> {
        // Most keys are at home, and a place known early lets the processor fetch both lines
        // at once.
        let home = key as usize % WAYS;
        if self.keys[home].load(Ordering::Acquire) == key {
            return Some(home);
        }
        self.keys
            .iter()
            .position(|way| way.load(Ordering::Acquire) == key)
    }

    /// The place whose bucket is full first. Of those that are full it is the one longest
    /// unused, so that a key that will be back soon keeps its place.
    pub(super) fn oldest(&self) -> usize {
        let (mut oldest, mut first) = (0, u64::MAX);
        for (way, time) in self.times.iter().enumerate() {
            let full_at = time.full_at();
            if full_at < first {
                (oldest, first) = (way, full_at);
            }
        }
        oldest
    }
}

impl Time {
    /// Takes one request and adds `mark`. `None` if the place is being given to another key.
    ///
    /// A refused request leaves no mark: it owes nothing.
    #[inline]
    pub(super) fn take(&self, pace: Pace, now: Moment, mark: u64) -> Option<Result<(), Duration>> {
        let mut seen = self.load();
        loop {
            if seen == MOVING {
                return None;
            }
            let full_at = seen & !SHARED;
            let (then, told) = match pace.take(full_at, now) {
                Ok(then) => (then | mark, Ok(())),
                Err(soon) => match soon.instead {
                    None => return Some(Err(soon.wait)),
                    Some(then) => (then, Err(soon.wait)),
                },
            };
            // A bucket that was full owes nothing to anybody, so the mark goes.
            let kept = if now.has_come(full_at) {
                0
            } else {
                seen & SHARED
            };
            // Acquire: who takes from a time sees the key that it belongs to.
            match self.0.compare_exchange_weak(
                seen,
                then | kept,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(told),
                Err(now_seen) => seen = now_seen,
            }
        }
    }

    /// How many requests would pass. A place that is being given away was full.
    pub(super) fn peek(&self, pace: Pace, now: Moment) -> Result<u32, Duration> {
        match self.load() {
            MOVING => Ok(pace.capacity()),
            seen => pace.peek(seen & !SHARED, now),
        }
    }

    /// When the bucket will be full.
    pub(super) fn full_at(&self) -> u64 {
        self.load() & !SHARED
    }

    /// Whether a key without a place may still owe to this bucket.
    pub(super) fn is_shared(&self, now: Moment) -> bool {
        let seen = self.load();
        seen & SHARED != 0 && !now.has_come(seen & !SHARED)
    }

    pub(super) fn load(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Puts `new` where `seen` still stands.
    pub(super) fn exchange(&self, seen: u64, new: u64) -> bool {
        self.0
            .compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub(super) fn store(&self, new: u64) {
        self.0.store(new, Ordering::Release);
    }
}

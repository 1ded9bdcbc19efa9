use crate::limit::set::{MOVING, SHARED, Set, WAYS};
use crate::limit::{Moment, Pace};
use crate::rng;
use crate::stripe::Striped;
use ahash::RandomState;
use parking_lot::Mutex;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One bucket for each key, in memory of a fixed size.
///
/// The buckets lie in sets of eight, two lines of memory each; a key's hash says in which set it
/// has its bucket. A bucket that is full again remembers nothing, so its place may be given to
/// another key. Where all eight are in use, one more key shares a bucket with another. So **no
/// key ever gets more than its rate, whatever the load**: keys at the limit of the memory get
/// less, never more.
///
/// There is room for twice the keys asked for, 32 bytes for each of them. With just as many busy
/// at once as were asked for, 0.8 % of them share a bucket that another key owns; with half as
/// many 0.02 %. (Busy means that the key's bucket is not full: a key at a tenth of its rate is
/// not, for most of the time.)
///
/// A known key costs what [`Bucket`](crate::limit::Bucket) costs and the search in its set: no
/// lock and no allocation. A key that is new to its set takes one of 64 short locks, so that two
/// threads do not give it two buckets.
///
/// The law holds for moments that come in order. A thread that was held up after reading the
/// clock may find that its key was forgotten earlier than at its moment, by as much as it is late.
pub struct Keyed {
    sets: Box<[Set]>,
    /// Who gives a place of a set to another key, or shares one, holds the set's lock.
    changing: Striped<Mutex<()>>,
    hashes: RandomState,
}

/// The hash of a key, for one [`Keyed`] only: the hashes of two are not the same.
///
/// Keys with the same hash share a bucket. There are 2^64, drawn with a secret, so nobody meets
/// another's by chance or on purpose.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// That of requests without the key.
    pub const ABSENT: Self = Self(u64::MAX);

    /// That of a hash of the caller's own. It must be uniform in all its bits.
    pub fn new(hash: u64) -> Self {
        // 0 is a place that no key has taken yet.
        Self(if hash == 0 { 1 } else { hash })
    }

    /// The place that the key takes first; independent of the set, which the high bits choose.
    fn home(self) -> usize {
        self.0 as usize % WAYS
    }
}

impl Keyed {
    /// So many keys busy at the same time as are asked for when nothing is.
    pub const DEFAULT_KEYS: NonZeroU32 = NonZeroU32::new(65_536).unwrap();

    /// The most keys that can be asked for: half a gigabyte.
    pub const MOST_KEYS: NonZeroU32 = NonZeroU32::new(16_777_216).unwrap();

    /// Room for at least about so many keys that are busy at the same time; more than
    /// [`MOST_KEYS`](Self::MOST_KEYS) are as many as these.
    ///
    /// All memory is taken here.
    pub fn new(keys: NonZeroU32) -> Self {
        let keys = keys.min(Self::MOST_KEYS).get() as usize;
        let sets = (keys * 2).div_ceil(WAYS);
        Self {
            sets: (0..sets).map(|_| Set::default()).collect(),
            changing: Striped::with_stripes(LOCKS.min(sets), Mutex::default),
            hashes: RandomState::new(),
        }
    }

    /// The fingerprint of a key made of these parts. `["ab"]` is another key than `["a", "b"]`.
    pub fn fingerprint<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Fingerprint {
        let mut hash = self.hashes.build_hasher();
        for part in parts {
            hash.write(part);
        }
        Fingerprint::new(hash.finish())
    }

    /// Takes one request from the bucket of a key.
    ///
    /// # Errors
    ///
    /// How long to wait, if the bucket is empty. Nothing is taken then. The wait is exact unless
    /// the key shares its bucket.
    pub fn take(&self, pace: Pace, key: Fingerprint, now: Moment) -> Result<(), Duration> {
        let set = &self.sets[self.set_of(key)];
        while let Some(way) = set.find(key.0) {
            let Some(told) = set.times[way].take(pace, now, 0) else {
                // The place is being given away just now, since the bucket was full.
                break;
            };
            // Was the bucket still this key's? Places change hands by a CAS on the time, first to
            // `MOVING` and, when the new key stands there, to the new key's time. So whoever
            // took from the new key's time sees the new key here. The new key has paid for one
            // request too many then; this one must still pay itself.
            if set.keys[way].load(Ordering::Acquire) == key.0 {
                return told;
            }
        }
        self.take_as_newcomer(pace, key, now)
    }

    /// How many requests would pass at this moment, at least one, without taking any. While others
    /// take, what it says may be old when it is said.
    ///
    /// # Errors
    ///
    /// How long one would have to wait.
    pub fn peek(&self, pace: Pace, key: Fingerprint, now: Moment) -> Result<u32, Duration> {
        let set = &self.sets[self.set_of(key)];
        if let Some(way) = set.find(key.0) {
            return set.times[way].peek(pace, now);
        }
        let home = &set.times[key.home()];
        if home.is_shared(now) || !now.has_come(set.times[set.oldest()].full_at()) {
            return home.peek(pace, now);
        }
        Ok(pace.capacity())
    }

    fn set_of(&self, key: Fingerprint) -> usize {
        rng::scale(key.0, self.sets.len() as u64) as usize
    }

    /// Takes one request for a key that has no place in its set.
    ///
    /// All that a key has used and that has not yet been filled up must be remembered in one
    /// bucket, and its next request must go there. A key that has to share would break this if it
    /// shared now this place and now that, or took a place of its own while it still owes to a
    /// shared one. So it shares its home place only, and leaves the mark `SHARED` on it; and as
    /// long as a newcomer finds its home place marked and not yet full, it stays there, for the
    /// mark may be its own.
    #[cold]
    fn take_as_newcomer(&self, pace: Pace, key: Fingerprint, now: Moment) -> Result<(), Duration> {
        let index = self.set_of(key);
        let set = &self.sets[index];
        let _changing = self.changing.at(index).lock();
        // Under the lock no place changes hands but here, so nothing is `MOVING`.
        if let Some(way) = set.find(key.0) {
            return set.times[way].take(pace, now, 0).unwrap_or(Ok(()));
        }
        let home = &set.times[key.home()];
        loop {
            let oldest = match home.full_at() {
                0 => key.home(),
                _ => set.oldest(),
            };
            let (way, time) = (&set.keys[oldest], &set.times[oldest]);
            let seen = time.load();
            if home.is_shared(now) || !now.has_come(seen & !SHARED) {
                return home.take(pace, now, SHARED).unwrap_or(Ok(()));
            }
            // The owner may take at the same time; either it or this changes the time. `MOVING`
            // keeps it away until the new key stands there.
            if time.exchange(seen, MOVING) {
                way.store(key.0, Ordering::Release);
                time.store(pace.first(now));
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("places", &(self.sets.len() * WAYS))
            .finish_non_exhaustive()
    }
}

/// So many that two threads with new keys seldom meet: 8 KiB.
const LOCKS: usize = 64;

#[cfg(test)]
mod tests;

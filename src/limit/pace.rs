use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// A moment on a limiter's own clock, which began at its epoch.
///
/// Held as whole nanoseconds up to 146 years; later moments are that last one, at which buckets
/// fill no more.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment(u64);

impl Moment {
    /// The moment that it is `now`, on a clock that began at `epoch`; what lies before is 0.
    pub fn after(epoch: Instant, now: Instant) -> Self {
        now.saturating_duration_since(epoch).into()
    }

    /// Whether a bucket that is full from then on is full now.
    pub(super) fn has_come(self, full_at: u64) -> bool {
        full_at <= self.0
    }
}

impl From<Duration> for Moment {
    fn from(since_epoch: Duration) -> Self {
        let nanoseconds = since_epoch
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(since_epoch.subsec_nanos()));
        Self(nanoseconds.min(END))
    }
}

/// How fast a bucket fills and how much it holds; the arithmetic of all limits.
///
/// This is GCRA (ATM Forum 1996): all that a bucket has to remember is the moment at which it
/// will be full. A request moves that moment one interval away, and passes unless it would then
/// be further away than the bucket takes to fill from empty.
///
/// The interval between two requests is rounded up to a whole nanosecond, so the rate is never
/// more than was asked for, and less by under `requests / per` nanoseconds in a nanosecond:
/// 10⁻⁶ of it at 1,000 requests a second, 0.1 % at a million. Nothing faster than one request a
/// nanosecond passes. A bucket that would take over 146 years to fill holds what fills in these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// From one request to the next, in nanoseconds; at least 1.
    interval: u64,
    /// How far away the full bucket may be for another request to pass: all but one interval of
    /// the time from empty to full.
    slack: u64,
}

/// A request does not pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooSoon {
    /// How long until it would.
    pub(super) wait: Duration,
    /// What the bucket is to remember instead, if what it remembers is not of this pace.
    pub(super) instead: Option<u64>,
}

impl Pace {
    /// So many requests in such a time, and `burst` at once after a quiet time.
    pub fn new(requests: NonZeroU32, per: Duration, burst: NonZeroU32) -> Self {
        let requests = u128::from(requests.get());
        let interval = per.as_nanos().div_ceil(requests).clamp(1, u128::from(END));
        let slack = interval * u128::from(burst.get() - 1);
        // Both are at most `END` after this, and so is their sum.
        let slack = slack.min(u128::from(END) - interval);
        Self {
            interval: interval as u64,
            slack: slack as u64,
        }
    }

    /// The time from one request to the next at the full rate.
    pub fn interval(self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// When a bucket that is full now will be full again, after one request.
    pub(super) fn first(self, now: Moment) -> u64 {
        now.0 + self.interval
    }

    /// Takes one request from a bucket that will be full at `full_at`: when it will be full
    /// afterwards.
    ///
    /// A moment before one that was told earlier is harmless: the bucket only looks emptier.
    pub(super) fn take(self, full_at: u64, now: Moment) -> Result<u64, TooSoon> {
        let away = full_at.saturating_sub(now.0);
        if away <= self.slack {
            // At most `END` + `slack` + `interval`, which is below 2^63.
            return Ok(full_at.max(now.0) + self.interval);
        }
        Err(self.too_soon(away, now))
    }

    /// How many requests a bucket that will be full at `full_at` lets pass at this one moment.
    pub(super) fn left(self, full_at: u64, now: Moment) -> u32 {
        let away = full_at.saturating_sub(now.0);
        match self.slack.checked_sub(away) {
            // At most the burst, which has 32 bits.
            Some(slack) => (slack / self.interval + 1) as u32,
            None => 0,
        }
    }

    /// How many requests pass at once after a quiet time: what a full bucket holds.
    pub fn capacity(self) -> u32 {
        self.left(0, Moment(0))
    }

    /// What taking one request would say, and how many there are to take.
    pub(super) fn peek(self, full_at: u64, now: Moment) -> Result<u32, Duration> {
        match self.take(full_at, now) {
            Ok(_) => Ok(self.left(full_at, now)),
            Err(soon) => Err(soon.wait),
        }
    }

    #[cold]
    fn too_soon(self, away: u64, now: Moment) -> TooSoon {
        let wait = away - self.slack;
        // No request at this pace can have left the bucket emptier than empty. By a little it
        // looks so to a thread that was held up after reading the clock; by more than that, it
        // is a slower pace of before a reload, and the bucket is merely empty.
        if wait.saturating_sub(self.interval) > HELD_UP {
            return TooSoon {
                wait: self.interval(),
                instead: Some(now.0 + self.slack + self.interval),
            };
        }
        TooSoon {
            wait: Duration::from_nanos(wait),
            instead: None,
        }
    }
}

/// The last moment: 2^62 - 1 ns. Twice as much still leaves a `u64` its highest bit.
const END: u64 = (1 << 62) - 1;

/// Longer than a thread stands between reading the clock and taking from a bucket.
const HELD_UP: u64 = 1_000_000_000;

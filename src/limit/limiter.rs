use crate::clock;
use crate::gate::TrustedHops;
use crate::limit::value::Value;
use crate::limit::{Bucket, Keyed, Moment, Pace};
use crate::policy::{self, Key};
use http::Request;
use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One limit at work: its settings, and its buckets, which outlive them.
#[derive(Debug)]
pub struct Limiter {
    name: Arc<str>,
    pace: Pace,
    /// When the clock of the buckets began; it goes with them.
    epoch: Instant,
    buckets: Buckets,
}

#[derive(Clone, Debug)]
enum Buckets {
    One(Arc<Bucket>),
    Keyed {
        key: Key,
        room: NonZeroU32,
        keyed: Arc<Keyed>,
    },
}

/// What a limit would do with a request.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outlook<'a> {
    /// The limit's name.
    pub limit: &'a str,
    /// What the request has for the key; `None` if it has nothing or the limit has no key.
    pub key: Option<Cow<'a, str>>,
    /// How long the request would have to wait; `None` if it would pass.
    pub wait: Option<Duration>,
    /// How many requests would pass at this moment, this one among them; 0 if it would not.
    pub left: u32,
    /// How many pass at once after a quiet time.
    pub capacity: u32,
}

impl Limiter {
    /// A limit with full buckets. Its name is `name`, not that of `limit`.
    pub fn new(name: impl Into<Arc<str>>, limit: &policy::Limit) -> Self {
        Self {
            name: name.into(),
            pace: pace(&limit.rate),
            epoch: clock::now(),
            buckets: Buckets::full(limit),
        }
    }

    /// The same limit with new settings. Its buckets go on as they are if it still has the same
    /// key and the same room; else they are made anew, and full.
    ///
    /// A bucket remembers the moment at which it will be full, so at another rate it is full at
    /// that same moment. It never gives more at once than the new burst. What a client owed at a
    /// slower rate is no more than an empty bucket at a faster one.
    #[must_use]
    pub fn with(self: &Arc<Self>, limit: &policy::Limit) -> Arc<Self> {
        let pace = pace(&limit.rate);
        if !self.buckets.suit(limit) {
            return Arc::new(Self::new(self.name.clone(), limit));
        }
        if self.pace == pace {
            return self.clone();
        }
        Arc::new(Self {
            name: self.name.clone(),
            pace,
            epoch: self.epoch,
            buckets: self.buckets.clone(),
        })
    }

    /// The name under which its buckets survive a reload.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What tells its clients apart; `None`: nothing, they share one bucket.
    pub fn key(&self) -> Option<&Key> {
        match &self.buckets {
            Buckets::One(_) => None,
            Buckets::Keyed { key, .. } => Some(key),
        }
    }

    /// How fast its buckets fill.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Takes the request from its bucket; `hops` says who its client is.
    ///
    /// # Errors
    ///
    /// How long it would have to wait. Nothing is taken then.
    pub fn take<B>(
        &self,
        request: &Request<B>,
        hops: TrustedHops,
        now: Instant,
    ) -> Result<(), Duration> {
        let now = Moment::after(self.epoch, now);
        match &self.buckets {
            Buckets::One(bucket) => bucket.take(self.pace, now),
            Buckets::Keyed { key, keyed, .. } => {
                let key = Value::of(key, request, hops).fingerprint(keyed);
                keyed.take(self.pace, key, now)
            }
        }
    }

    /// What it would do with a request, without taking anything; `hops` says who its client is.
    pub fn consult<'a, B>(
        &'a self,
        request: &'a Request<B>,
        hops: TrustedHops,
        now: Instant,
    ) -> Outlook<'a> {
        let now = Moment::after(self.epoch, now);
        let (key, told) = match &self.buckets {
            Buckets::One(bucket) => (None, bucket.peek(self.pace, now)),
            Buckets::Keyed { key, keyed, .. } => {
                let value = Value::of(key, request, hops);
                let told = keyed.peek(self.pace, value.fingerprint(keyed), now);
                (value.text(), told)
            }
        };
        Outlook {
            limit: &self.name,
            key,
            wait: told.err(),
            left: told.unwrap_or(0),
            capacity: self.pace.capacity(),
        }
    }
}

impl Buckets {
    fn full(limit: &policy::Limit) -> Self {
        match &limit.key {
            None => Self::One(Arc::default()),
            Some(key) => Self::Keyed {
                key: key.clone(),
                room: room(limit),
                keyed: Arc::new(Keyed::new(room(limit))),
            },
        }
    }

    /// Whether they are the buckets that a limit needs.
    fn suit(&self, limit: &policy::Limit) -> bool {
        match (self, &limit.key) {
            (Self::One(_), None) => true,
            (
                Self::Keyed {
                    key, room: mine, ..
                },
                Some(other),
            ) => key == other && *mine == room(limit),
            _ => false,
        }
    }
}

fn pace(rate: &policy::Rate) -> Pace {
    Pace::new(rate.requests, rate.per.get(), rate.capacity())
}

fn room(limit: &policy::Limit) -> NonZeroU32 {
    limit.max_keys.unwrap_or(Keyed::DEFAULT_KEYS)
}

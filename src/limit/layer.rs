use crate::event::Sink;
use crate::gate::{GateLayer, Gated, TrustedHops};
use crate::limit::Limits;
use crate::policy::{Key, Limit, Rate};
use crate::rng::Rng;
use std::num::NonZeroU32;
use tower_layer::Layer;

/// Lets requests pass at a rate, and answers the rest with 429.
///
/// All services that the layer and its clones make share the buckets. Each of the methods that
/// change its settings makes buckets of its own, so a clone that was changed shares nothing.
#[derive(Clone, Debug)]
pub struct RateLimitLayer {
    limit: Limit,
    events: Sink,
    trusted_hops: TrustedHops,
    layer: GateLayer<Limits>,
}

/// A service behind rate limits: what [`RateLimitLayer`] makes.
pub type RateLimit<S> = Gated<S, Limits>;

impl RateLimitLayer {
    /// One bucket for all requests.
    pub fn new(rate: Rate) -> Self {
        Self::from(Limit::new(rate))
    }

    /// A bucket for each value of the key. Requests without the key share one.
    #[must_use]
    pub fn keyed_by(self, key: Key) -> Self {
        Self::of(self.limit.keyed_by(key), self.events, self.trusted_hops)
    }

    /// How many keys that are busy at the same time have buckets of their own, at least about;
    /// 65,536 unless told otherwise, at most 16,777,216. The memory, 32 bytes for each, is taken
    /// at once. Says nothing to a limit without a key.
    ///
    /// See [`Keyed`](crate::limit::Keyed) for what becomes of more.
    #[must_use]
    pub fn max_keys(mut self, keys: NonZeroU32) -> Self {
        self.limit.max_keys = Some(keys);
        Self::of(self.limit, self.events, self.trusted_hops)
    }

    /// The name by which the error behind a refusal calls the limit.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self::of(self.limit.named(name), self.events, self.trusted_hops)
    }

    /// Tells every refusal to whoever listens there.
    #[must_use]
    pub fn events(self, events: Sink) -> Self {
        Self::of(self.limit, events, self.trusted_hops)
    }

    /// So many trusted proxies stand in front of this, and tell [`Key::SourceIp`] who the client
    /// is; 0 unless told otherwise. [`TrustedHops`] says how they are counted.
    #[must_use]
    pub fn trusted_hops(self, hops: u32) -> Self {
        Self::of(self.limit, self.events, TrustedHops(hops))
    }

    fn of(limit: Limit, events: Sink, trusted_hops: TrustedHops) -> Self {
        let limits = Limits::compile(std::slice::from_ref(&limit), "", |_| None);
        Self {
            layer: GateLayer::behind(trusted_hops, limits, Rng::default(), events.clone()),
            limit,
            events,
            trusted_hops,
        }
    }
}

/// The limit as a policy writes it.
impl From<Limit> for RateLimitLayer {
    fn from(limit: Limit) -> Self {
        Self::of(limit, Sink::default(), TrustedHops::default())
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        self.layer.layer(inner)
    }
}

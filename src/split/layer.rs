use crate::gate::TrustedHops;
use crate::policy::Sticky;
use crate::rng::Rng;
use crate::split::{Choice, Split};
use std::sync::Arc;
use tower_layer::Layer;

/// Diverts shares of the requests to other services.
#[derive(Debug)]
pub struct SplitLayer<D> {
    shared: Arc<Shared<D>>,
}

/// What all services of one layer share.
#[derive(Clone, Debug)]
pub(super) struct Shared<D> {
    /// The weight of the service beneath, then those of the arms.
    relative: Vec<u32>,
    sticky: Option<Sticky>,
    /// `None` if nothing has any weight: then nothing is diverted.
    pub(super) choice: Option<Choice>,
    pub(super) arms: Vec<D>,
    pub(super) trusted_hops: TrustedHops,
    pub(super) rng: Rng,
}

impl<D: Clone> SplitLayer<D> {
    /// The weight of the service beneath. If no other gets any, everything goes there, even with
    /// weight 0.
    pub fn keep(weight: u32) -> Self {
        let shared = Shared {
            relative: vec![weight],
            sticky: None,
            choice: None,
            arms: Vec::new(),
            trusted_hops: TrustedHops::default(),
            rng: Rng::default(),
        };
        Self {
            shared: Arc::new(shared.chosen()),
        }
    }

    /// Diverts requests to this service, by a weight relative to the others'.
    #[must_use]
    pub fn divert(self, weight: u32, service: D) -> Self {
        self.with(|shared| {
            shared.relative.push(weight);
            shared.arms.push(service);
        })
    }

    /// Keeps each caller at one of the services, by a
    /// [`StickyKey`](crate::policy::StickyKey) or a whole [`Sticky`]. The services are known by
    /// their place: the one beneath is the first, then those of each `divert`. So set the weight
    /// of one that goes to 0, and add new ones behind it.
    #[must_use]
    pub fn sticky_by(self, sticky: impl Into<Sticky>) -> Self {
        self.with(|shared| shared.sticky = Some(sticky.into()))
    }

    /// So many trusted proxies stand in front of this, and tell
    /// [`StickyKey::SourceIp`](crate::policy::StickyKey::SourceIp) who the client is; 0 unless
    /// told otherwise. [`TrustedHops`] says how they are counted.
    #[must_use]
    pub fn trusted_hops(self, hops: u32) -> Self {
        self.with(|shared| shared.trusted_hops = TrustedHops(hops))
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(self, rng: Rng) -> Self {
        self.with(|shared| shared.rng = rng)
    }

    fn with(mut self, change: impl FnOnce(&mut Shared<D>)) -> Self {
        let mut shared = Arc::unwrap_or_clone(self.shared);
        change(&mut shared);
        self.shared = Arc::new(shared.chosen());
        self
    }
}

impl<D> Shared<D> {
    fn chosen(mut self) -> Self {
        let places: Vec<_> = (0..self.relative.len()).map(|at| at.to_string()).collect();
        let arms = { places.iter() }.zip(&self.relative);
        let arms = arms.map(|(place, weight)| (place.as_str(), None, *weight));
        self.choice = Choice::compile(arms, self.sticky.as_ref());
        self
    }
}

impl<S, D> Layer<S> for SplitLayer<D> {
    type Service = Split<S, D>;

    fn layer(&self, inner: S) -> Split<S, D> {
        Split {
            inner,
            shared: self.shared.clone(),
        }
    }
}

impl<D> Clone for SplitLayer<D> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

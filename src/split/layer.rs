use crate::rng::Rng;
use crate::split::{Split, Weights};
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
    /// `None` if nothing has any weight: then nothing is diverted.
    pub(super) weights: Option<Weights>,
    pub(super) arms: Vec<D>,
    pub(super) rng: Rng,
}

impl<D: Clone> SplitLayer<D> {
    /// The weight of the service beneath. If no other gets any, everything goes there, even with
    /// weight 0.
    pub fn keep(weight: u32) -> Self {
        Self {
            shared: Arc::new(Shared {
                relative: vec![weight],
                weights: Weights::new([weight]),
                arms: Vec::new(),
                rng: Rng::default(),
            }),
        }
    }

    /// Diverts requests to this service, by a weight relative to the others'.
    #[must_use]
    pub fn divert(mut self, weight: u32, service: D) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        shared.relative.push(weight);
        shared.weights = Weights::new(shared.relative.iter().copied());
        shared.arms.push(service);
        self
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        Arc::make_mut(&mut self.shared).rng = rng;
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

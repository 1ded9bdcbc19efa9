use crate::policy::Match;
use crate::route::{Route, Rules};
use std::sync::Arc;
use tower_layer::Layer;

/// Takes the requests of its rules to other services; the first rule that matches decides.
#[derive(Debug)]
pub struct RouteLayer<D> {
    shared: Arc<Shared<D>>,
}

/// What all services of one layer share.
#[derive(Clone, Debug)]
pub(super) struct Shared<D> {
    pub(super) rules: Rules,
    pub(super) arms: Vec<D>,
}

impl<D: Clone> RouteLayer<D> {
    /// No rule yet: everything goes to the service beneath.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                rules: Rules::default(),
                arms: Vec::new(),
            }),
        }
    }

    /// Takes the requests that match to this service, unless a rule before it takes them.
    #[must_use]
    pub fn rule(mut self, matching: Match, service: D) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        shared.rules.add(&[matching], shared.arms.len() as u32);
        shared.arms.push(service);
        self
    }
}

impl<D: Clone> Default for RouteLayer<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, D> Layer<S> for RouteLayer<D> {
    type Service = Route<S, D>;

    fn layer(&self, inner: S) -> Route<S, D> {
        Route {
            inner,
            shared: self.shared.clone(),
        }
    }
}

impl<D> Clone for RouteLayer<D> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

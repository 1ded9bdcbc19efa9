use crate::cors::{Cors, Sharing};
use crate::event::Sink;
use crate::policy;
use std::sync::Arc;
use tower_layer::Layer;

/// Answers preflights and marks the answers to pages of other origins.
#[derive(Clone, Debug)]
pub struct CorsLayer {
    shared: Arc<Shared>,
}

/// What all services of one layer share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) sharing: Sharing,
    pub(super) sink: Sink,
}

impl CorsLayer {
    /// Does what this says.
    pub fn compile(cors: &policy::Cors) -> Self {
        Self {
            shared: Arc::new(Shared {
                sharing: Sharing::compile(cors),
                sink: Sink::default(),
            }),
        }
    }

    /// Tells every preflight that is answered to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        Arc::make_mut(&mut self.shared).sink = sink;
        self
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        Cors {
            inner,
            shared: self.shared.clone(),
        }
    }
}

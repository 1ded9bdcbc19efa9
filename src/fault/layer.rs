use crate::event::Sink;
use crate::fault::{Abort, Delay, Fault, Injection};
use crate::policy::{self, Percent, Status};
use crate::rng::Rng;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// Delays and aborts shares of the requests.
#[derive(Clone, Debug, Default)]
pub struct FaultLayer {
    shared: Arc<Shared>,
}

/// What all services of one layer share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub(super) injection: Injection,
    pub(super) rng: Rng,
    pub(super) sink: Sink,
}

impl FaultLayer {
    /// No fault yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The faults of a policy.
    pub fn compile(fault: &policy::Fault) -> Self {
        let mut layer = Self::default();
        Arc::make_mut(&mut layer.shared).injection = Injection::compile(fault);
        layer
    }

    /// Holds a share of the requests back for this long before they go on.
    #[must_use]
    pub fn delay(mut self, pause: Duration, percent: Percent) -> Self {
        Arc::make_mut(&mut self.shared).injection.delay = Some(Delay::new(pause, percent));
        self
    }

    /// Answers a share of the requests with this status, without calling anybody.
    #[must_use]
    pub fn abort(mut self, status: Status, percent: Percent) -> Self {
        Arc::make_mut(&mut self.shared).injection.abort = Some(Abort::new(status.into(), percent));
        self
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        Arc::make_mut(&mut self.shared).rng = rng;
        self
    }

    /// Tells every fault to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        Arc::make_mut(&mut self.shared).sink = sink;
        self
    }
}

impl<S> Layer<S> for FaultLayer {
    type Service = Fault<S>;

    fn layer(&self, inner: S) -> Fault<S> {
        Fault {
            inner,
            shared: self.shared.clone(),
        }
    }
}

use crate::event::Sink;
use crate::timeout::Timeout;
use std::time::Duration;
use tower_layer::Layer;

/// Answers for a service that takes too long.
#[derive(Clone, Debug)]
pub struct TimeoutLayer {
    pub(super) after: Duration,
    pub(super) sink: Sink,
}

impl TimeoutLayer {
    /// So long may an answer take to begin, counted from the request's call.
    pub fn new(after: Duration) -> Self {
        Self {
            after,
            sink: Sink::default(),
        }
    }

    /// Tells every timeout to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout {
            inner,
            layer: self.clone(),
        }
    }
}

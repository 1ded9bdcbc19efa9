use crate::event::Sink;
use crate::policy::Retries;
use crate::retry::{Retry, Tries};
use crate::rng::Rng;
use std::sync::Arc;
use tower_layer::Layer;

/// Tries requests again. The service beneath it is cloned for later tries, and gets requests whose
/// body is a [`ReplayBody`](crate::tee::ReplayBody).
///
/// Of the settings, `perTryTimeout` and `avoidTried` are not its business: what is beneath it
/// times and chooses.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    pub(super) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) tries: Option<Tries>,
    pub(super) rng: Rng,
    pub(super) sink: Sink,
}

impl RetryLayer {
    /// Tries again as these settings say.
    pub fn new(retries: &Retries) -> Self {
        Self {
            shared: Arc::new(Shared {
                tries: Tries::compile(retries),
                rng: Rng::default(),
                sink: Sink::default(),
            }),
        }
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        Arc::make_mut(&mut self.shared).rng = rng;
        self
    }

    /// Tells every further try, and where they did not help, to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        Arc::make_mut(&mut self.shared).sink = sink;
        self
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry {
            inner,
            shared: self.shared.clone(),
        }
    }
}

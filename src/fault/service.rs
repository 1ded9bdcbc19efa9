use crate::event::Event;
use crate::fault::FaultFuture;
use crate::fault::future::refuse;
use crate::fault::layer::Shared;
use crate::gate::{Decision, Gate as _};
use crate::reply::{Reply, ReplyBody};
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`FaultLayer`](crate::fault::FaultLayer).
#[derive(Clone, Debug)]
pub struct Fault<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, Q, B> Service<Request<Q>> for Fault<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    B: ReplyBody,
{
    type Response = Response<B::Out>;
    type Error = S::Error;
    type Future = FaultFuture<S, Request<Q>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let shared = &self.shared;
        let mut decision = Decision::new(shared.rng.chance());
        // A delay refuses nothing.
        let _ = shared.injection.delay.admit(&mut request, &mut decision);
        if let Some(pause) = decision.delay {
            shared.sink.tell(&Event::Delay { rule: None, pause });
            // The call waits for the pause to end, for some services start work in `call`. What
            // waits is the instance that was polled ready; the clone stays and is polled anew.
            let clone = self.inner.clone();
            let ready = std::mem::replace(&mut self.inner, clone);
            return FaultFuture::paused(pause, ready, request, decision, shared.clone());
        }
        match shared.injection.abort.admit(&mut request, &mut decision) {
            Some(refusal) => FaultFuture::answering(refuse(&shared.sink, refusal, &request)),
            None => FaultFuture::answering(Reply::inner(self.inner.call(request))),
        }
    }
}

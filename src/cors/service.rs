use crate::cors::CorsFuture;
use crate::cors::layer::Shared;
use crate::gate::{Decision, Gate as _};
use crate::reply::{Reply, ReplyBody, ReplyTo};
use crate::rng::Chance;
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`CorsLayer`](crate::cors::CorsLayer).
#[derive(Clone, Debug)]
pub struct Cors<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, Q, B> Service<Request<Q>> for Cors<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: ReplyBody,
{
    type Response = Response<B::Out>;
    type Error = S::Error;
    type Future = CorsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let shared = &self.shared;
        // Nothing is drawn here.
        let mut decision = Decision::new(Chance::new(0));
        match shared.sharing.admit(&mut request, &mut decision) {
            None => {
                let reply = Reply::inner(self.inner.call(request));
                let marked = decision.origin.map(|origin| (origin, shared.clone()));
                CorsFuture::new(reply, marked)
            }
            Some(refusal) => {
                shared.sink.tell(&refusal.event(None));
                CorsFuture::new(Reply::local(refusal, ReplyTo::of(&request)), None)
            }
        }
    }
}

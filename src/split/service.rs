use crate::drive::DriveEither;
use crate::gate::{Decision, Gate as _};
use crate::split::SplitFuture;
use crate::split::layer::Shared;
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`SplitLayer`](crate::split::SplitLayer).
#[derive(Debug)]
pub struct Split<S, D> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<D>>,
}

impl<S, D, Q, B> Service<Request<Q>> for Split<S, D>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    D: Service<Request<Q>, Response = Response<B>, Error = S::Error> + Clone,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = SplitFuture<S, D, Request<Q>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let shared = &*self.shared;
        let mut decision = Decision::new(shared.rng.chance());
        decision.trusted_hops = shared.trusted_hops;
        // A split refuses nothing.
        let _ = shared.choice.admit(&mut request, &mut decision);
        // Arm 0 is the service beneath.
        let chosen = decision
            .destination
            .and_then(|arm| shared.arms.get((arm as usize).checked_sub(1)?));
        let drive = match chosen {
            None => DriveEither::left(self.inner.clone(), request),
            Some(arm) => DriveEither::right(arm.clone(), request),
        };
        SplitFuture::new(drive, decision.cookie)
    }
}

impl<S: Clone, D> Clone for Split<S, D> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
        }
    }
}

use crate::drive::DriveEither;
use crate::gate::{Decision, Gate as _};
use crate::rng::Chance;
use crate::route::layer::Shared;
use http::Request;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`RouteLayer`](crate::route::RouteLayer).
#[derive(Debug)]
pub struct Route<S, D> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<D>>,
}

impl<S, D, Q> Service<Request<Q>> for Route<S, D>
where
    S: Service<Request<Q>> + Clone,
    D: Service<Request<Q>, Response = S::Response, Error = S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = DriveEither<S, D, Request<Q>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let shared = &*self.shared;
        // Routing draws nothing.
        let mut decision = Decision::new(Chance::new(0));
        // Rules without hosts refuse nothing.
        let _ = shared.rules.admit(&mut request, &mut decision);
        let chosen = decision
            .rule
            .and_then(|rule| shared.arms.get(rule as usize));
        match chosen {
            None => DriveEither::left(self.inner.clone(), request),
            Some(arm) => DriveEither::right(arm.clone(), request),
        }
    }
}

impl<S: Clone, D> Clone for Route<S, D> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
        }
    }
}

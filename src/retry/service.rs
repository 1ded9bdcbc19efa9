use crate::retry::future::Again;
use crate::retry::layer::Shared;
use crate::retry::{MOST_KEPT, RetryFuture};
use crate::tee::{Kept, Replay, ReplayBody};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`RetryLayer`](crate::retry::RetryLayer).
#[derive(Clone, Debug)]
pub struct Retry<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, B, R> Service<Request<B>> for Retry<S>
where
    S: Service<Request<ReplayBody>, Response = Response<R>> + Clone,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> RetryFuture<S> {
        let (head, body) = request.into_parts();
        let kept = match body.is_end_stream() {
            true => Kept::Empty,
            false => Kept::Body(Replay::new(body, MOST_KEPT)),
        };
        // It has just been made, so all of it is there.
        let body = kept.body().unwrap_or_else(ReplayBody::empty);
        if self.shared.tries.is_none() {
            return RetryFuture::once(self.inner.call(Request::from_parts(head, body)));
        }
        // The instance that is ready gets this request; who is called next is readied anew.
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        let kept_head = head.clone();
        let future = ready.call(Request::from_parts(head, body));
        let again = Again::new(kept_head, kept, ready, self.shared.clone());
        RetryFuture::first(future, again)
    }
}

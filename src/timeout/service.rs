use crate::reply::{ReplyBody, ReplyTo};
use crate::timeout::{Deadline, TimeoutFuture, TimeoutLayer};
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`TimeoutLayer`].
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) layer: TimeoutLayer,
}

impl<S, Q, B> Service<Request<Q>> for Timeout<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: ReplyBody,
{
    type Response = Response<B::Out>;
    type Error = S::Error;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        let to = ReplyTo::of(&request);
        TimeoutFuture::new(
            self.inner.call(request),
            Deadline::new(Some(self.layer.after)),
            to,
            self.layer.sink.clone(),
        )
    }
}

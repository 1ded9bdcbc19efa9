use crate::reply::LocalReply;
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// Turns local replies into errors, for callers who prefer `Err` to a status. Put it outermost.
///
/// ```
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_mesh::fault::FaultLayer;
/// use tower_mesh::policy::{Percent, Status};
/// use tower_mesh::reply::{RejectAsErrorLayer, Rejected};
/// # use {bytes::Bytes, http::{Request, Response}, http_body_util::Full, std::convert::Infallible};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let backend = service_fn(async |_: Request<()>| {
/// #     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
/// # });
/// let service = ServiceBuilder::new()
///     .layer(RejectAsErrorLayer)
///     .layer(FaultLayer::new().abort(Status::try_from(503).unwrap(), Percent::HUNDRED))
///     .service(backend);
/// match service.oneshot(Request::new(())).await {
///     Err(Rejected::Local(reply)) => assert_eq!(reply.details, "fault_filter_abort"),
///     other => panic!("{other:?}"),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RejectAsErrorLayer;

/// The service made by [`RejectAsErrorLayer`].
#[derive(Clone, Copy, Debug)]
pub struct RejectAsError<S>(S);

/// Why there is no answer of the far side.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Rejected<E> {
    /// The request was answered locally.
    #[error("answered locally with {}: {} ({})", .0.status, .0.details, .0.flags)]
    Local(LocalReply),
    /// The inner service failed.
    #[error(transparent)]
    Inner(E),
}

impl<S> Layer<S> for RejectAsErrorLayer {
    type Service = RejectAsError<S>;

    fn layer(&self, inner: S) -> RejectAsError<S> {
        RejectAsError(inner)
    }
}

impl<S, Q, B> Service<Request<Q>> for RejectAsError<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = Rejected<S::Error>;
    type Future = RejectedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx).map_err(Rejected::Inner)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        RejectedFuture {
            inner: self.0.call(request),
        }
    }
}

pin_project! {
    /// The future of [`RejectAsError`].
    #[derive(Debug)]
    pub struct RejectedFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for RejectedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, Rejected<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.project().inner.poll(cx)).map_err(Rejected::Inner)?;
        match response.extensions_mut().remove::<LocalReply>() {
            Some(reply) => Poll::Ready(Err(Rejected::Local(reply))),
            None => Poll::Ready(Ok(response)),
        }
    }
}

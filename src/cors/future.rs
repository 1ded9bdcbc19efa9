use crate::cors::layer::Shared;
use crate::reply::{Reply, ReplyBody};
use http::{HeaderValue, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`Cors`](crate::cors::Cors).
    pub struct CorsFuture<F> {
        #[pin]
        reply: Reply<F>,
        marked: Option<(Box<HeaderValue>, Arc<Shared>)>,
    }
}

impl<F> CorsFuture<F> {
    pub(super) fn new(reply: Reply<F>, marked: Option<(Box<HeaderValue>, Arc<Shared>)>) -> Self {
        Self { reply, marked }
    }
}

impl<F, B, E> Future for CorsFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ReplyBody,
{
    type Output = Result<Response<B::Out>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.reply.poll(cx))?;
        if let Some((origin, shared)) = this.marked.take() {
            shared.sharing.mark(&origin, response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for CorsFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsFuture").finish_non_exhaustive()
    }
}

use crate::event::Sink;
use crate::reply::{ReplyBody, ReplyTo};
use crate::timeout::{Deadline, response_timeout};
use http::Response;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`Timeout`](crate::timeout::Timeout).
    #[derive(Debug)]
    pub struct TimeoutFuture<F> {
        // `None` when the time was up: the far side is let go at once, not with this future.
        #[pin]
        inner: Option<F>,
        #[pin]
        deadline: Deadline,
        to: ReplyTo,
        sink: Sink,
    }
}

impl<F> TimeoutFuture<F> {
    pub(super) fn new(inner: F, deadline: Deadline, to: ReplyTo, sink: Sink) -> Self {
        Self {
            inner: Some(inner),
            deadline,
            to,
            sink,
        }
    }
}

impl<F, B, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ReplyBody,
{
    type Output = Result<Response<B::Out>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            // Polled after it was ready, which a future need not survive.
            return Poll::Pending;
        };
        if let Poll::Ready(answer) = inner.poll(cx) {
            return Poll::Ready(answer.map(|response| response.map(ReplyBody::keep)));
        }
        ready!(this.deadline.poll_elapsed(cx));
        this.inner.set(None);
        let refusal = response_timeout();
        this.sink.tell(&refusal.event(None));
        Poll::Ready(Ok(refusal.into_response::<B>(*this.to)))
    }
}

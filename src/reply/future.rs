use crate::reply::{Refusal, ReplyBody, ReplyTo};
use http::Response;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The answer of the inner service, or one of ours, made when it is polled for.
    #[derive(Debug)]
    pub struct Reply<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Inner { #[pin] future: F },
        Local { refusal: Option<Refusal>, to: ReplyTo },
    }
}

impl<F> Reply<F> {
    /// The inner service answers.
    pub fn inner(future: F) -> Self {
        Self {
            state: State::Inner { future },
        }
    }

    /// We answer.
    pub fn local(refusal: Refusal, to: ReplyTo) -> Self {
        Self {
            state: State::Local {
                refusal: Some(refusal),
                to,
            },
        }
    }
}

impl<F, B, E> Future for Reply<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: ReplyBody,
{
    type Output = Result<Response<B::Out>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Inner { future } => {
                let answer = ready!(future.poll(cx));
                Poll::Ready(answer.map(|response| response.map(ReplyBody::keep)))
            }
            StateProjection::Local { refusal, to } => match refusal.take() {
                Some(refusal) => Poll::Ready(Ok(refusal.into_response::<B>(*to))),
                // Polled after it was ready, which a future need not survive.
                None => Poll::Pending,
            },
        }
    }
}

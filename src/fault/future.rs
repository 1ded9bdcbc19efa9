use crate::event::Sink;
use crate::fault::layer::Shared;
use crate::gate::{Decision, Gate as _};
use crate::reply::{Refusal, Reply, ReplyBody, ReplyTo};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use tower_service::Service;

pin_project! {
    /// The future of [`Fault`](crate::fault::Fault). Dropping it while it waits drops the request
    /// unsent.
    pub struct FaultFuture<S: Service<Q>, Q> {
        #[pin]
        state: State<S, Q, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q, F> {
        // Boxed, so that the future of a request that is not held back stays small: moving one that
        // has room for a request costs more than the layer does.
        Paused {
            pause: Pin<Box<Sleep>>,
            call: Option<Box<(S, Q, Decision)>>,
            shared: Arc<Shared>,
        },
        Answering { #[pin] reply: Reply<F> },
    }
}

impl<S: Service<Q>, Q> FaultFuture<S, Q> {
    pub(super) fn paused(
        pause: Duration,
        ready: S,
        request: Q,
        decision: Decision,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            state: State::Paused {
                pause: Box::pin(tokio::time::sleep(pause)),
                call: Some(Box::new((ready, request, decision))),
                shared,
            },
        }
    }

    pub(super) fn answering(reply: Reply<S::Future>) -> Self {
        Self {
            state: State::Answering { reply },
        }
    }
}

impl<S, Q, B> Future for FaultFuture<S, Request<Q>>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: ReplyBody,
{
    type Output = Result<Response<B::Out>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Answering { reply } => return reply.poll(cx),
                StateProjection::Paused {
                    pause,
                    call,
                    shared,
                } => {
                    ready!(pause.as_mut().poll(cx));
                    let Some(call) = call.take() else {
                        // Only a panic of the service between the two states leads here.
                        return Poll::Pending;
                    };
                    let (mut service, mut request, mut decision) = *call;
                    let reply = match shared.injection.abort.admit(&mut request, &mut decision) {
                        Some(refusal) => refuse(&shared.sink, refusal, &request),
                        None => Reply::inner(service.call(request)),
                    };
                    this.state.set(State::Answering { reply });
                }
            }
        }
    }
}

pub(super) fn refuse<F, Q>(sink: &Sink, refusal: Refusal, request: &Request<Q>) -> Reply<F> {
    sink.tell(&refusal.event(None));
    Reply::local(refusal, ReplyTo::of(request))
}

impl<S: Service<Q>, Q> fmt::Debug for FaultFuture<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultFuture").finish_non_exhaustive()
    }
}

//! A request's way through the server stack.

use crate::gate::{Decision, Gate as _};
use crate::live::Pinned;
use crate::mesh::context::{self, Scope};
use crate::mesh::running::Running;
use crate::reply::{Guarded, Refusal, Reply, ReplyBody, ReplyTo};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use tower_service::Service;

/// A request that is being served, with the policy that it began with; dropping it ends the
/// request.
pub struct Served {
    pub(super) running: Pinned<Running>,
    /// The number of the service's settings; `None` if the policy does not name it.
    pub(super) inbound: Option<u32>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.running.counters.end();
    }
}

pin_project! {
    /// The future of [`Server`](crate::mesh::Server).
    pub struct Serve<S: Service<Q>, Q> {
        #[pin]
        state: State<S, S::Future, Q>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, Q> {
        // Boxed, so that the future of a request that is not held back stays small.
        Paused {
            pause: Pin<Box<Sleep>>,
            waiting: Option<Box<Waiting<S, Q>>>,
        },
        Answering {
            #[pin]
            reply: Reply<Scope<F>>,
            served: Option<Served>,
        },
    }
}

struct Waiting<S, Q> {
    ready: S,
    request: Q,
    decision: Decision,
    served: Served,
    context: context::Context,
}

impl<S, Q> Serve<S, Request<Q>>
where
    S: Service<Request<Q>>,
{
    pub(super) fn paused(
        pause: Duration,
        ready: S,
        request: Request<Q>,
        decision: Decision,
        served: Served,
        context: context::Context,
    ) -> Self {
        Self {
            state: State::Paused {
                pause: Box::pin(tokio::time::sleep(pause)),
                waiting: Some(Box::new(Waiting {
                    ready,
                    request,
                    decision,
                    served,
                    context,
                })),
            },
        }
    }

    pub(super) fn refuse(served: Served, refusal: Refusal, request: &Request<Q>) -> Self {
        served.tell(&refusal);
        Self {
            state: State::Answering {
                reply: Reply::local(refusal, ReplyTo::of(request)),
                served: Some(served),
            },
        }
    }

    /// The gates after the delay, and the call.
    pub(super) fn proceed(
        ready: &mut S,
        mut request: Request<Q>,
        mut decision: Decision,
        served: Served,
        mut context: context::Context,
    ) -> Self {
        let refusal = served.inbound().and_then(|inbound| {
            let abort = inbound.fault.abort.admit(&mut request, &mut decision);
            abort.or_else(|| inbound.limits.admit(&mut request, &mut decision))
        });
        match refusal {
            Some(refusal) => Self::refuse(served, refusal, &request),
            None => {
                // Some services call others in `call` already.
                let future = context::enter(&mut context, || ready.call(request));
                Self {
                    state: State::Answering {
                        reply: Reply::inner(context.scope(future)),
                        served: Some(served),
                    },
                }
            }
        }
    }
}

impl<S, Q, B> Future for Serve<S, Request<Q>>
where
    S: Service<Request<Q>, Response = Response<B>>,
    B: ReplyBody,
    B::Out: http_body::Body,
{
    type Output = Result<Response<Guarded<B::Out, Served>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Answering { reply, served } => {
                    let answer = ready!(reply.poll(cx));
                    let served = served.take();
                    return Poll::Ready(answer.map(|response| {
                        response.map(|body| match served {
                            Some(served) => Guarded::new(body, served),
                            None => Guarded::free(body),
                        })
                    }));
                }
                StateProjection::Paused { pause, waiting } => {
                    ready!(pause.as_mut().poll(cx));
                    let Some(waiting) = waiting.take() else {
                        // Only a panic of the service between the two states leads here.
                        return Poll::Pending;
                    };
                    let Waiting {
                        mut ready,
                        request,
                        mut decision,
                        served,
                        context,
                    } = *waiting;
                    decision.has_waited();
                    let next = Self::proceed(&mut ready, request, decision, served, context);
                    this.state.set(next.state);
                }
            }
        }
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("inbound", &self.inbound)
            .finish_non_exhaustive()
    }
}

impl<S: Service<Q>, Q> fmt::Debug for Serve<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").finish_non_exhaustive()
    }
}

use crate::drive::Drive;
use crate::event::Event;
use crate::reply::{Flags, LocalReply};
use crate::retry::layer::Shared;
use crate::retry::{Failure, Outcome, Verdict, next};
use crate::rng::Chance;
use crate::tee::{Kept, ReplayBody};
use http::request::Parts;
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
    /// The future of [`Retry`](crate::retry::Retry).
    pub struct RetryFuture<S: Service<Request<ReplayBody>>> {
        #[pin]
        state: State<S::Future, S>,
        // `None` where it is tried once.
        again: Option<Box<Again<S>>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, S: Service<Request<ReplayBody>>> {
        First { #[pin] future: F },
        Waiting { pause: Pin<Box<Sleep>> },
        Later { #[pin] drive: Drive<S, Request<ReplayBody>> },
    }
}

/// What a request has that may be sent again.
pub(super) struct Again<S> {
    head: Parts,
    kept: Kept,
    service: S,
    shared: Arc<Shared>,
    chance: Chance,
    made: u32,
}

impl<S> Again<S> {
    pub(super) fn new(head: Parts, kept: Kept, service: S, shared: Arc<Shared>) -> Box<Self> {
        Box::new(Self {
            head,
            kept,
            service,
            chance: shared.rng.chance(),
            shared,
            made: 1,
        })
    }

    /// How long is waited until the next try, if there is to be one.
    fn judge<B, E>(&mut self, answer: &mut Result<Response<B>, E>) -> Option<Duration> {
        let tries = self.shared.tries.as_ref()?;
        if !self.kept.is_whole() {
            return None;
        }
        let made = self.made;
        let verdict = tries.judge(outcome(answer), made, next(self.chance, made));
        match verdict {
            Verdict::Stands => None,
            Verdict::Exhausted => {
                if let Ok(response) = answer
                    && let Some(reply) = response.extensions_mut().get_mut::<LocalReply>()
                {
                    reply.flags = reply.flags | Flags::URX;
                }
                let event = Event::RetriesExhausted { rule: None, made };
                self.shared.sink.tell(&event);
                None
            }
            Verdict::Again(wait) => {
                let event = Event::Retry {
                    rule: None,
                    made,
                    wait,
                };
                self.shared.sink.tell(&event);
                Some(wait)
            }
        }
    }
}

/// A reply of our own stands for what an endpoint did, or for what never came to one.
fn outcome<B, E>(answer: &Result<Response<B>, E>) -> Outcome<'_> {
    let Ok(response) = answer else {
        return Outcome::Failure(Failure::Reset);
    };
    let Some(reply) = response.extensions().get::<LocalReply>() else {
        return Outcome::Answer(response.status(), response.headers());
    };
    let failures = [
        (Flags::UF, Failure::Connect),
        (Flags::UC, Failure::Reset),
        (Flags::UPE, Failure::Reset),
        (Flags::UT, Failure::TimedOut),
    ];
    let mut known = failures.into_iter();
    let failure = known.find(|(flag, _)| reply.flags.contains(*flag));
    Outcome::Failure(match failure {
        Some((_, failure)) => failure,
        None if !reply.flags.contains(Flags::UR) => Failure::Local,
        None if reply.details.contains("refused_stream") => Failure::Refused,
        None => Failure::Reset,
    })
}

impl<S: Service<Request<ReplayBody>>> RetryFuture<S> {
    pub(super) fn once(future: S::Future) -> Self {
        Self {
            state: State::First { future },
            again: None,
        }
    }

    pub(super) fn first(future: S::Future, again: Box<Again<S>>) -> Self {
        Self {
            state: State::First { future },
            again: Some(again),
        }
    }
}

impl<S, B> Future for RetryFuture<S>
where
    S: Service<Request<ReplayBody>, Response = Response<B>> + Clone,
{
    type Output = Result<Response<B>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let mut answer = match this.state.as_mut().project() {
                StateProjection::First { future } => ready!(future.poll(cx)),
                StateProjection::Later { drive } => ready!(drive.poll(cx)),
                StateProjection::Waiting { pause } => {
                    ready!(pause.as_mut().poll(cx));
                    let sent = this.again.as_mut().and_then(|again| {
                        let body = again.kept.body()?;
                        again.made += 1;
                        let request = Request::from_parts(again.head.clone(), body);
                        Some(Drive::new(again.service.clone(), request))
                    });
                    let Some(drive) = sent else {
                        // What is kept whole stays so while nobody reads it.
                        return Poll::Pending;
                    };
                    this.state.set(State::Later { drive });
                    continue;
                }
            };
            let wait = { this.again.as_mut() }.and_then(|again| again.judge(&mut answer));
            let Some(wait) = wait else {
                // Nothing more is kept of a body that is still being sent.
                *this.again = None;
                return Poll::Ready(answer);
            };
            // The try is over, and what there is of its answer is nobody's.
            drop(answer);
            let pause = Box::pin(tokio::time::sleep(wait));
            this.state.set(State::Waiting { pause });
        }
    }
}

impl<S: Service<Request<ReplayBody>>> fmt::Debug for RetryFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture").finish_non_exhaustive()
    }
}

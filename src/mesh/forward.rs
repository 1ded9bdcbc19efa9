//! A request's way through the client stack: the one future in which the gates run.

use crate::balance::{Endpoint, Hold, Sending, refused};
use crate::event::Event;
use crate::gate::{Decision, Gate as _};
use crate::live::Pinned;
use crate::mesh::copies::Copies;
use crate::mesh::running::{Running, Wired};
use crate::mesh::tries::{Again, Came, Fate, Nothing, no_such_endpoint};
use crate::mesh::under_way::UnderWay;
use crate::plan::{Entry, unknown_host, without_tls};
use crate::reply::{Guarded, Refusal, ReplyBody, ReplyTo};
use crate::rng::Chance;
use crate::tee::{Tee, Upload};
use crate::timeout::{Deadline, TimedBody, response_timeout};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

pin_project! {
    /// The future of [`Client`](crate::mesh::Client). Dropping it ends the request wherever it is.
    pub struct Forward<E: Endpoint<B>, B> {
        #[pin]
        state: State<E, E::Future, B>,
        // Of all tries.
        #[pin]
        deadline: Deadline,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<E, F, B> {
        // Held back on purpose, before anything else is asked. Boxed, so that the future of a
        // request that is not held back stays small: it is moved several times.
        Paused {
            pause: Pin<Box<Sleep>>,
            begun: Option<Box<Begun<E, B>>>,
        },
        Sending {
            #[pin]
            sending: Sending<F, UnderWay<E>>,
            // Where the rule says that it may be sent again, or how long a try may take.
            again: Option<Box<Again>>,
        },
        // Between two tries. Boxed, as most requests have no second one.
        Waiting {
            wait: Option<Box<Wait<E>>>,
        },
        Refused {
            refusal: Option<Refusal>,
            way: Option<UnderWay<E>>,
            to: ReplyTo,
        },
    }
}

/// A request on its way, before it has an endpoint.
struct Begun<E, B> {
    way: UnderWay<E>,
    request: Request<B>,
    decision: Decision,
}

/// A request that is sent again when the pause is over.
struct Wait<E> {
    pause: Pin<Box<Sleep>>,
    way: UnderWay<E>,
    again: Box<Again>,
    to: ReplyTo,
}

/// What comes after the gates have been asked.
pub(super) enum Next<E> {
    Pause(UnderWay<E>, Decision, Duration),
    Send(Departure<E>),
    Refuse(UnderWay<E>, Refusal, ReplyTo),
}

/// A request that is counted at its endpoint already and now has to be sent there.
pub(super) struct Departure<E> {
    pub(super) way: UnderWay<E>,
    pub(super) to: ReplyTo,
    pub(super) timeout: Option<Duration>,
    until: Option<Instant>,
    pub(super) copies: Option<Box<Copies>>,
    pub(super) chance: Chance,
}

/// Where a request goes.
#[derive(Clone, Copy)]
struct Chosen {
    cluster: u32,
    endpoint: u32,
    timeout: Option<Duration>,
}

impl<E: Endpoint<B>, B> Forward<E, B> {
    /// The request is at its endpoint.
    #[inline]
    pub(super) fn sent(
        departure: Departure<E>,
        future: E::Future,
        again: Option<Box<Again>>,
        upload: Upload,
    ) -> Self {
        Self {
            state: State::Sending {
                sending: Sending::new(future, departure.way, departure.to),
                again,
            },
            deadline: Deadline::new(departure.timeout)
                .until(departure.until)
                .watching(upload),
        }
    }

    /// Whatever comes next.
    pub(super) fn go(next: Next<E>, request: Request<B>) -> Self {
        match next {
            Next::Send(mut departure) => {
                let mut upload = Upload::default();
                if departure.is_tried_again() {
                    return match Again::first(&mut departure, request, &mut upload) {
                        Some((future, again)) => Self::sent(departure, future, Some(again), upload),
                        None => Self::refuse(departure.way, no_such_endpoint(), departure.to),
                    };
                }
                let copies = departure.copies.take();
                let future = match (departure.endpoint(), copies) {
                    (Some(endpoint), None) => endpoint.send_seen(request, &mut upload),
                    (Some(endpoint), Some(copies)) => {
                        let original =
                            |tee: Tee| endpoint.send_teed(request, tee.seen_by(&mut upload));
                        copies.send(&departure.way.wired, original)
                    }
                    (None, _) => {
                        return Self::refuse(departure.way, no_such_endpoint(), departure.to);
                    }
                };
                Self::sent(departure, future, None, upload)
            }
            Next::Refuse(way, refusal, to) => Self::refuse(way, refusal, to),
            Next::Pause(way, decision, pause) => {
                way.running().counters.tell(&Event::Delay {
                    rule: way.label(),
                    pause,
                });
                let begun = Begun {
                    way,
                    request,
                    decision,
                };
                Self {
                    state: State::Paused {
                        pause: Box::pin(tokio::time::sleep(pause)),
                        begun: Some(Box::new(begun)),
                    },
                    deadline: Deadline::default(),
                }
            }
        }
    }

    /// It is told at once, as every other layer does, and not when somebody asks for the answer.
    #[cold]
    fn refuse(way: UnderWay<E>, refusal: Refusal, to: ReplyTo) -> Self {
        way.tell(&refusal);
        Self {
            state: State::Refused {
                refusal: Some(refusal),
                way: Some(way),
                to,
            },
            deadline: Deadline::default(),
        }
    }
}

impl<E> UnderWay<E> {
    /// The first steps: which rule, and is the request to be held back?
    pub(super) fn begin<B>(
        wired: Pinned<Wired<E>>,
        entry: Entry,
        request: &mut Request<B>,
        mut decision: Decision,
    ) -> Next<E> {
        let shut = wired.running.counters.begin();
        let mut way = Self {
            wired,
            rule: None,
            destination: None,
            origin: None,
            cookie: None,
            response: None,
            sent: None,
        };
        let refusal = shut.or_else(|| way.running().plan.enter(entry, request, &mut decision));
        way.rule = decision.rule;
        if let Some(refusal) = refusal {
            return Next::Refuse(way, refusal, ReplyTo::of(request));
        }
        // A delay refuses nothing.
        let rule = way.rule();
        let _ = rule.map(|rule| rule.fault.delay.admit(request, &mut decision));
        match decision.delay {
            Some(pause) => {
                // It came before it is held back.
                decision.starts();
                Next::Pause(way, decision, pause)
            }
            None => way.proceed(request, decision),
        }
    }

    /// The other steps, up to an endpoint's being called.
    fn proceed<B>(mut self, request: &mut Request<B>, mut decision: Decision) -> Next<E> {
        // Of the request as it came: whoever asked gets the answer.
        let to = ReplyTo::of(request);
        let chosen = self.running().choose(request, &mut decision, to.is_grpc());
        self.destination = decision.destination;
        // Whoever answers from here on, the page may read it.
        self.origin = decision.origin.take();
        match chosen {
            Ok(chosen) => {
                self.bind(request, &mut decision);
                if decision.listener.is_some() {
                    without_tls(request);
                }
                self.cookie = decision.cookie.take();
                self.count(chosen.cluster, chosen.endpoint);
                let running = &self.wired.running;
                let copies = Copies::of(running, self.rule, request, decision.chance);
                Next::Send(Departure {
                    way: self,
                    to,
                    timeout: chosen.timeout,
                    until: decision.deadline,
                    copies,
                    chance: decision.chance,
                })
            }
            Err(refusal) => {
                // The destination that the request would have had has a say in every reply:
                // Envoy draws it with the rule. The same chance draws the same.
                if self.destination.is_none()
                    && let Some(rule) = self.rule()
                {
                    let _ = rule.split.admit(request, &mut decision);
                    self.destination = decision.destination;
                }
                self.bind(request, &mut decision);
                Next::Refuse(self, refusal, to)
            }
        }
    }
}

impl<E> Departure<E> {
    /// Says whether it is sent once, and to one endpoint alone.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.copies.is_none() && !self.is_tried_again()
    }

    #[inline]
    fn is_tried_again(&self) -> bool {
        self.way.rule().is_some_and(|rule| rule.tries.is_some())
    }

    /// Says whether it matters when the request is complete.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.timeout.is_some()
    }

    #[inline]
    pub(super) fn endpoint(&self) -> Option<&E> {
        let sent = self.way.sent.as_ref()?;
        self.way.endpoint_of(sent.cluster, sent.endpoint)
    }
}

impl Running {
    /// Is it to be aborted, is it a preflight, is there quota, does the rule answer itself, which
    /// destination, and, for what it is to see, which endpoint?
    fn choose<B>(
        &self,
        request: &mut Request<B>,
        decision: &mut Decision,
        is_grpc: bool,
    ) -> Result<Chosen, Refusal> {
        let Some(rule) = self.plan.rule(decision.rule) else {
            return Err(unknown_host());
        };
        let refusal = rule
            .fault
            .abort
            .admit(request, decision)
            .or_else(|| rule.cors.admit(request, decision))
            .or_else(|| rule.limits.admit(request, decision))
            .or_else(|| rule.answer.admit(request, decision))
            .or_else(|| rule.split.admit(request, decision));
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let cluster = rule.cluster(decision.destination)?;
        let timeout = rule.timeout.of(request.headers(), is_grpc);
        let left = decision.time_left();
        let per_try = { rule.tries.as_ref() }.and_then(|tries| tries.per_try(timeout));
        let told = timeout.into_iter().chain(left).chain(per_try).min();
        if let Some(told) = told {
            // Before the rule's own changes, which may take it out again.
            rule.timeout.tell(request.headers_mut(), told, is_grpc);
        }
        rule.change(request, decision);
        if left == Some(Duration::ZERO) {
            return Err(response_timeout());
        }
        match self.clusters[cluster as usize].admit(request, decision) {
            Some(refusal) => Err(refusal),
            None => Ok(Chosen {
                cluster,
                endpoint: decision.endpoint.unwrap_or(0),
                timeout,
            }),
        }
    }
}

impl<E, F, B> State<E, F, B> {
    /// It is answered here; whom it was sent to is let go at once, not with the future.
    fn late(way: Option<UnderWay<E>>, to: ReplyTo, refusal: Refusal) -> Self {
        if let Some(way) = &way {
            way.tell(&refusal);
        }
        Self::Refused {
            refusal: Some(refusal),
            way,
            to,
        }
    }
}

impl<E, B> Future for Forward<E, B>
where
    E: Endpoint<B>,
    <E::Body as ReplyBody>::Out: http_body::Body,
{
    type Output =
        Result<Response<Guarded<TimedBody<<E::Body as ReplyBody>::Out>, UnderWay<E>>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Sending { mut sending, again } => {
                    let came = match sending.as_mut().poll_reset(cx) {
                        Poll::Ready(Ok(response)) => Came::Answer(response),
                        Poll::Ready(Err(reset)) => Came::Reset(reset),
                        Poll::Pending if this.deadline.as_mut().poll_elapsed(cx).is_ready() => {
                            let (way, to) = sending.give_up();
                            this.state.set(State::late(way, to, response_timeout()));
                            continue;
                        }
                        Poll::Pending => {
                            let Some(again) = again else {
                                return Poll::Pending;
                            };
                            ready!(again.poll_late(cx));
                            Came::Late
                        }
                    };
                    let mut exhausted = false;
                    if let (Some(tries), Some(way)) = (again.as_ref(), sending.held()) {
                        match tries.judge(way, &came) {
                            Fate::Stands {
                                exhausted: none_left,
                            } => exhausted = none_left,
                            Fate::Again(pause) => {
                                // The endpoint is let go before the next one is asked.
                                drop(came);
                                let (way, to) = sending.give_up();
                                let wait = way.zip(again.take()).map(|(mut way, mut again)| {
                                    again.over(&mut way);
                                    let pause = Box::pin(tokio::time::sleep(pause));
                                    Box::new(Wait {
                                        pause,
                                        way,
                                        again,
                                        to,
                                    })
                                });
                                this.state.set(State::Waiting { wait });
                                continue;
                            }
                        }
                    }
                    // Nothing more is kept of a body that is still being sent.
                    let again = again.take();
                    let refusal = |nothing| match &again {
                        Some(again) => again.refusal(nothing, exhausted),
                        None => nothing.into_refusal(),
                    };
                    let came = match came {
                        Came::Answer(response) => Ok(response),
                        Came::Reset(reset) => Err(refusal(Nothing::Reset(reset))),
                        Came::Late => {
                            let refusal = refusal(Nothing::Late);
                            let (way, to) = sending.give_up();
                            this.state.set(State::late(way, to, refusal));
                            continue;
                        }
                    };
                    let answer = sending.finish(came);
                    let deadline = this.deadline;
                    return Poll::Ready(Ok(
                        answer.map(|body| body.map(|body| TimedBody::within(body, deadline)))
                    ));
                }
                StateProjection::Waiting { wait } => {
                    let late = this.deadline.as_mut().poll_elapsed(cx).is_ready();
                    if let Some(wait) = wait
                        && !late
                    {
                        ready!(wait.pause.as_mut().poll(cx));
                    }
                    let Some(wait) = wait.take() else {
                        // Only a panic of the endpoint between the two states leads here.
                        return Poll::Pending;
                    };
                    let Wait {
                        mut way,
                        mut again,
                        to,
                        ..
                    } = *wait;
                    if late {
                        this.state
                            .set(State::late(Some(way), to, response_timeout()));
                        continue;
                    }
                    let next = match again.send(&mut way, &this.deadline) {
                        Some(future) => State::Sending {
                            sending: Sending::new(future, way, to),
                            again: Some(again),
                        },
                        None => State::late(Some(way), to, no_such_endpoint()),
                    };
                    this.state.set(next);
                }
                StateProjection::Refused { refusal, way, to } => {
                    let way = way.take();
                    return match refusal.take() {
                        Some(refusal) => {
                            let answer = refused::<E::Body, _>(refusal, *to, way.as_ref());
                            Poll::Ready(Ok(answer.map(|body| body.map(TimedBody::untimed))))
                        }
                        // Polled after it was ready, which a future need not survive.
                        None => Poll::Pending,
                    };
                }
                StateProjection::Paused { pause, begun } => {
                    ready!(pause.as_mut().poll(cx));
                    let Some(begun) = begun.take() else {
                        // Only a panic of the endpoint between the two states leads here.
                        return Poll::Pending;
                    };
                    let Begun {
                        way,
                        mut request,
                        mut decision,
                    } = *begun;
                    decision.has_waited();
                    let next = way.proceed(&mut request, decision);
                    let next = Self::go(next, request);
                    this.state.set(next.state);
                    this.deadline.set(next.deadline);
                }
            }
        }
    }
}

impl<E: Endpoint<B>, B> fmt::Debug for Forward<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").finish_non_exhaustive()
    }
}

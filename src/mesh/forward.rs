//! A request's way through the client stack: the one future in which the gates run.

use crate::balance::{Endpoint, Hold, Sending, refused};
use crate::event::Event;
use crate::gate::{Decision, Gate as _};
use crate::live::Pinned;
use crate::mesh::context;
use crate::mesh::copies::Copies;
use crate::mesh::running::{Running, Wired};
use crate::plan::{Entry, Rule, unknown_host, without_tls};
use crate::reply::{Flags, Guarded, Refusal, ReplyBody, ReplyTo};
use crate::timeout::{Deadline, response_timeout};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

pin_project! {
    /// The future of [`Client`](crate::mesh::Client). Dropping it ends the request wherever it is.
    pub struct Forward<E: Endpoint<B>, B> {
        #[pin]
        state: State<E, E::Future, B>,
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
            #[pin]
            deadline: Deadline,
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

/// What comes after the gates have been asked.
pub(super) enum Next<E> {
    Pause(UnderWay<E>, Decision, Duration),
    Send(Departure<E>),
    Refuse(UnderWay<E>, Refusal, ReplyTo),
}

/// A request that is counted at its endpoint already and now has to be sent there.
pub(super) struct Departure<E> {
    way: UnderWay<E>,
    to: ReplyTo,
    timeout: Option<Duration>,
    copies: Option<Box<Copies>>,
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
    pub(super) fn sent(departure: Departure<E>, future: E::Future) -> Self {
        Self {
            state: State::Sending {
                sending: Sending::new(future, departure.way, departure.to),
                deadline: Deadline::new(departure.timeout),
            },
        }
    }

    /// Whatever comes next.
    pub(super) fn go(next: Next<E>, request: Request<B>) -> Self {
        match next {
            Next::Send(mut departure) => {
                let copies = departure.copies.take();
                let future = match (departure.endpoint(), copies) {
                    (Some(endpoint), None) => endpoint.send(request),
                    (Some(endpoint), Some(copies)) => {
                        copies.send(endpoint, &departure.way.wired, request)
                    }
                    (None, _) => {
                        return Self::refuse(departure.way, no_such_endpoint(), departure.to);
                    }
                };
                Self::sent(departure, future)
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
            Some(pause) => Next::Pause(way, decision, pause),
            None => way.proceed(request, decision),
        }
    }

    /// The other steps, up to an endpoint's being called.
    fn proceed<B>(mut self, request: &mut Request<B>, mut decision: Decision) -> Next<E> {
        // Of the request as it came: whoever asked gets the answer.
        let to = ReplyTo::of(request);
        let chosen = self.running().choose(request, &mut decision);
        self.destination = decision.destination;
        // Whoever answers from here on, the page may read it.
        self.origin = decision.origin.take();
        match chosen {
            Ok(chosen) => {
                if decision.listener.is_some() {
                    without_tls(request);
                }
                if let (Some(timeout), Some(_), true) =
                    (chosen.timeout, decision.deadline, to.is_grpc())
                {
                    context::tell_grpc(request.headers_mut(), timeout);
                }
                self.cookie = decision.cookie.take();
                self.count(chosen);
                let running = &self.wired.running;
                let copies = Copies::of(running, self.rule, request, decision.chance);
                Next::Send(Departure {
                    way: self,
                    to,
                    timeout: chosen.timeout,
                    copies,
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
                Next::Refuse(self, refusal, to)
            }
        }
    }
}

impl<E> Departure<E> {
    /// Says whether mirrors get copies.
    #[inline]
    pub(super) fn is_copied(&self) -> bool {
        self.copies.is_some()
    }

    #[inline]
    pub(super) fn endpoint(&self) -> Option<&E> {
        let sent = self.way.sent.as_ref()?;
        let endpoints = self.way.wired.endpoints.get(sent.cluster as usize)?;
        endpoints
            .get(sent.endpoint as usize)
            .map(|endpoint| &**endpoint)
    }
}

impl Running {
    /// Is it to be aborted, is it a preflight, is there quota, does the rule answer itself, which
    /// destination, and, for what it is to see, which endpoint?
    fn choose<B>(
        &self,
        request: &mut Request<B>,
        decision: &mut Decision,
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
        rule.change(request, decision);
        let timeout = match decision.time_left() {
            Some(Duration::ZERO) => return Err(response_timeout()),
            left => left.into_iter().chain(rule.timeout).min(),
        };
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

/// A plan and its endpoints are made together, so this is never said; saying it beats a panic.
fn no_such_endpoint() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Flags::UH,
        "no_healthy_upstream",
    )
}

impl<E, B> Future for Forward<E, B>
where
    E: Endpoint<B>,
    <E::Body as ReplyBody>::Out: http_body::Body,
{
    type Output = Result<Response<Guarded<<E::Body as ReplyBody>::Out, UnderWay<E>>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Sending {
                    mut sending,
                    deadline,
                } => {
                    if let Poll::Ready(answer) = sending.as_mut().poll_answer(cx) {
                        return Poll::Ready(Ok(answer));
                    }
                    ready!(deadline.poll_elapsed(cx));
                    let (way, to) = sending.give_up();
                    let refusal = response_timeout();
                    if let Some(way) = &way {
                        way.tell(&refusal);
                    }
                    // The endpoint is let go at once, not with this future.
                    this.state.set(State::Refused {
                        refusal: Some(refusal),
                        way,
                        to,
                    });
                }
                StateProjection::Refused { refusal, way, to } => {
                    let way = way.take();
                    return match refusal.take() {
                        Some(refusal) => {
                            Poll::Ready(Ok(refused::<E::Body, _>(refusal, *to, way.as_ref())))
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
                    this.state.set(Self::go(next, request).state);
                }
            }
        }
    }
}

/// A request under way, with the policy that it began with; dropping it ends the request.
pub struct UnderWay<E> {
    wired: Pinned<Wired<E>>,
    rule: Option<u32>,
    destination: Option<u32>,
    /// The page that may read the answer.
    origin: Option<Box<HeaderValue>>,
    /// What the caller is known by from now on.
    cookie: Option<Box<HeaderValue>>,
    sent: Option<Sent>,
}

/// To which endpoint a request was sent, and where it is counted.
struct Sent {
    cluster: u32,
    endpoint: u32,
    stripe: u32,
}

impl<E> UnderWay<E> {
    fn running(&self) -> &Running {
        &self.wired.running
    }

    fn rule(&self) -> Option<&Rule> {
        self.running().plan.rule(self.rule)
    }

    fn label(&self) -> Option<&str> {
        self.rule().map(|rule| &*rule.label)
    }

    /// Counts the request at an endpoint, from before the call so that a panic in it ends it, too.
    fn count(&mut self, chosen: Chosen) {
        let cluster = &self.running().clusters[chosen.cluster as usize];
        self.sent = cluster.load(chosen.endpoint as usize).map(|load| Sent {
            cluster: chosen.cluster,
            endpoint: chosen.endpoint,
            stripe: load.begin() as u32,
        });
    }
}

impl<E> Hold for UnderWay<E> {
    fn tell(&self, refusal: &Refusal) {
        let event = refusal.event(self.label());
        self.running().counters.tell(&event);
    }

    fn head(&self, headers: &mut HeaderMap) {
        if let Some(rule) = self.rule() {
            rule.response(self.destination).apply(headers);
            if let (Some(cors), Some(origin)) = (&rule.cors, &self.origin) {
                cors.mark(origin, headers);
            }
        }
    }

    fn answered(&self, headers: &mut HeaderMap) {
        if let Some(cookie) = &self.cookie {
            headers.append(SET_COOKIE, (**cookie).clone());
        }
    }
}

impl<E> Drop for UnderWay<E> {
    fn drop(&mut self) {
        if let Some(sent) = &self.sent {
            let cluster = &self.running().clusters[sent.cluster as usize];
            if let Some(load) = cluster.load(sent.endpoint as usize) {
                load.end(sent.stripe as usize);
            }
        }
        self.running().counters.end();
    }
}

impl<E> fmt::Debug for UnderWay<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay")
            .field("rule", &self.label())
            .finish_non_exhaustive()
    }
}

impl<E: Endpoint<B>, B> fmt::Debug for Forward<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").finish_non_exhaustive()
    }
}

//! A request's way through the client stack: the one future in which the gates run.

use crate::balance::{Endpoint, Hold, Sending, refused};
use crate::event::Event;
use crate::gate::{Decision, Gate as _};
use crate::live::Pinned;
use crate::mesh::running::{Running, Wired};
use crate::plan::{Rule, unknown_host};
use crate::reply::{Flags, Guarded, Refusal, ReplyBody, ReplyTo};
use crate::rng::Chance;
use crate::timeout::{Deadline, response_timeout};
use http::{HeaderMap, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
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
        // Held back on purpose, before anything else is asked.
        Paused {
            #[pin]
            pause: Sleep,
            begun: Option<Begun<E, B>>,
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

impl<E: Endpoint<B>, B> Forward<E, B> {
    /// The first steps: which rule, and is the request to be held back?
    pub(super) fn begin(wired: Pinned<Wired<E>>, mut request: Request<B>, chance: Chance) -> Self {
        let shut = wired.running.counters.begin();
        let mut way = UnderWay {
            wired,
            rule: None,
            sent: None,
        };
        let mut decision = Decision::new(chance);
        let refusal = shut.or_else(|| way.running().plan.enter(&mut request, &mut decision));
        way.rule = decision.rule;
        if let Some(refusal) = refusal {
            return Self::refuse(way, refusal, &request);
        }
        let rule = way.running().plan.rule(decision.rule);
        // A delay refuses nothing.
        let _ = rule.map(|rule| rule.fault.delay.admit(&mut request, &mut decision));
        let begun = Begun {
            way,
            request,
            decision,
        };
        match begun.decision.delay {
            None => begun.proceed(),
            Some(pause) => {
                let event = Event::Delay {
                    rule: begun.way.label(),
                    pause,
                };
                begun.way.running().counters.tell(&event);
                Self {
                    state: State::Paused {
                        pause: tokio::time::sleep(pause),
                        begun: Some(begun),
                    },
                }
            }
        }
    }

    fn refuse(way: UnderWay<E>, refusal: Refusal, request: &Request<B>) -> Self {
        Self {
            state: State::Refused {
                refusal: Some(refusal),
                way: Some(way),
                to: ReplyTo::of(request),
            },
        }
    }
}

impl<E: Endpoint<B>, B> Begun<E, B> {
    /// The other steps, up to an endpoint's being called.
    fn proceed(self) -> Forward<E, B> {
        let Self {
            mut way,
            mut request,
            mut decision,
        } = self;
        let chosen = way.running().choose(&mut request, &mut decision);
        let (cluster, timeout) = match chosen {
            Ok(chosen) => chosen,
            Err(refusal) => return Forward::refuse(way, refusal, &request),
        };
        let to = ReplyTo::of(&request);
        let picked = decision.endpoint.unwrap_or(0);
        way.edit_request(request.headers_mut());
        let Some(endpoint) = way.send_to(cluster, picked) else {
            return Forward::refuse(way, no_such_endpoint(), &request);
        };
        let future = endpoint.send(request);
        Forward {
            state: State::Sending {
                sending: Sending::new(future, way, to),
                deadline: Deadline::new(timeout),
            },
        }
    }
}

impl Running {
    /// Is it to be aborted, is there quota, which destination, which endpoint? Returns the cluster
    /// and how long its answer may take.
    fn choose<B>(
        &self,
        request: &mut Request<B>,
        decision: &mut Decision,
    ) -> Result<(u32, Option<std::time::Duration>), Refusal> {
        let Some(rule) = self.plan.rule(decision.rule) else {
            return Err(unknown_host());
        };
        let refusal = rule
            .fault
            .abort
            .admit(request, decision)
            .or_else(|| rule.limits.admit(request, decision))
            .or_else(|| rule.weights.admit(request, decision));
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let cluster = rule.cluster(decision.destination)?;
        match self.clusters[cluster as usize].admit(request, decision) {
            Some(refusal) => Err(refusal),
            None => Ok((cluster, rule.timeout)),
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
                    // The endpoint is let go at once, not with this future.
                    this.state.set(State::Refused {
                        refusal: Some(response_timeout()),
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
                    ready!(pause.poll(cx));
                    let Some(mut begun) = begun.take() else {
                        // Only a panic of the endpoint between the two states leads here.
                        return Poll::Pending;
                    };
                    begun.decision.has_waited();
                    let next = begun.proceed();
                    this.state.set(next.state);
                }
            }
        }
    }
}

/// A request under way, with the policy that it began with; dropping it ends the request.
pub struct UnderWay<E> {
    wired: Pinned<Wired<E>>,
    rule: Option<u32>,
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

    /// Once, before the first attempt.
    fn edit_request(&self, headers: &mut HeaderMap) {
        if let Some(rule) = self.rule() {
            rule.request.apply(headers);
        }
    }

    /// Counts the request at an endpoint, from before the call so that a panic in it ends it, too.
    fn send_to(&mut self, cluster: u32, endpoint: u32) -> Option<&E> {
        let load = self.running().clusters[cluster as usize].load(endpoint as usize)?;
        let stripe = load.begin() as u32;
        self.sent = Some(Sent {
            cluster,
            endpoint,
            stripe,
        });
        let endpoints = self.wired.endpoints.get(cluster as usize)?;
        endpoints.get(endpoint as usize).map(|endpoint| &**endpoint)
    }
}

impl<E> Hold for UnderWay<E> {
    fn tell(&self, refusal: &Refusal) {
        let event = refusal.event(self.label());
        self.running().counters.tell(&event);
    }

    fn head(&self, headers: &mut HeaderMap) {
        if let Some(rule) = self.rule() {
            rule.response.apply(headers);
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

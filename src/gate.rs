//! What stands between a core and a layer: one step on a request, by reference.
//!
//! A gate is the compiled settings of one layer. It looks at a request, may write down what it
//! has decided, and lets it pass or refuses it. A layer used alone runs its gate through
//! [`Gated`]; the mesh runs the same gates one after the other in one future. So nothing moves
//! the request between them (six layers that do cost 31 ns), and what the mesh does is what each
//! layer does alone.

mod source;

pub use source::{Source, TrustedHops};

use crate::clock;
use crate::event::{Event, Sink};
use crate::reply::{Refusal, Reply, ReplyBody, ReplyTo};
use crate::rng::{Chance, Rng};
use http::{HeaderValue, Request, Response};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};
use tower_layer::Layer;
use tower_service::Service;

/// One step on a request, by reference.
pub trait Gate {
    /// Lets the request pass (`None`) or refuses it.
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal>;
}

/// A gate that is not there lets everything pass.
impl<G: Gate> Gate for Option<G> {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        self.as_ref().and_then(|gate| gate.admit(request, decision))
    }
}

impl<G: Gate> Gate for Box<G> {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        G::admit(self, request, decision)
    }
}

/// What the gates learn of one request for each other. It travels beside the request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Every draw for the request follows from this.
    pub chance: Chance,
    /// Which rule takes the request: written by `route`.
    pub rule: Option<u32>,
    /// What of the path the rule's match took: written by `route`, for who rewrites the path.
    pub matched: Matched,
    /// Which of the rule's destinations: written by `split`.
    pub destination: Option<u32>,
    /// Which endpoint of the destination: written by `balance`.
    pub endpoint: Option<u32>,
    /// For how long the request is to be held back: written by `fault`, obeyed by who drives.
    pub delay: Option<Duration>,
    /// The page's origin that may read the answer: written by `cors`, which marks the answer with
    /// it. Boxed, since few requests come from pages of other origins.
    pub origin: Option<Box<HeaderValue>>,
    /// What the answer is to set, so that the caller comes back to the same destination: written
    /// by `split` for who has no cookie yet. Boxed, since most have.
    pub cookie: Option<Box<HeaderValue>>,
    /// The port of the gateway's listener at which the request came in; `None` in the mesh.
    pub listener: Option<u16>,
    /// When nobody will wait for the answer any more: written by who drives.
    pub deadline: Option<Instant>,
    /// Who the client is, for gates that tell clients apart: written by who drives.
    pub trusted_hops: TrustedHops,
    /// Whether this side has added the connection's other end to `x-forwarded-for` itself, so that
    /// trusted proxies' entries stand one further to the left: written by who drives.
    pub forwarded: bool,
    /// When the request came, where a header is to tell it: written by [`starts`](Self::starts).
    pub started: Option<SystemTime>,
    now: Option<Instant>,
}

/// What of a request's path a match took. What stands in its place, where a rule rewrites paths,
/// depends on it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Matched {
    /// Nothing: the match asked for no path.
    #[default]
    Nothing,
    /// So many bytes at its beginning. An element-wise prefix takes no slash at its end, except
    /// that `/` takes the first.
    Prefix(u32),
    /// All of it.
    Whole,
}

impl Decision {
    /// Nothing is decided yet.
    pub fn new(chance: Chance) -> Self {
        Self {
            chance,
            rule: None,
            matched: Matched::default(),
            destination: None,
            endpoint: None,
            delay: None,
            origin: None,
            cookie: None,
            listener: None,
            deadline: None,
            trusted_hops: TrustedHops::default(),
            forwarded: false,
            started: None,
            now: None,
        }
    }

    /// Nothing is decided yet, and it is this late.
    pub fn at(now: Instant, chance: Chance) -> Self {
        Self {
            now: Some(now),
            ..Self::new(chance)
        }
    }

    /// The time. The clock is read at the first asking, and once only: most requests pass no gate
    /// that asks.
    pub fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(clock::now)
    }

    /// How long until the [`deadline`](Self::deadline): `None` without one, zero when it is over.
    pub fn time_left(&mut self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(self.now()))
    }

    /// Writes down the time of day, unless it is written down already.
    pub fn starts(&mut self) {
        self.started.get_or_insert_with(clock::of_day);
    }

    /// Forgets the time, since the request has waited.
    pub fn has_waited(&mut self) {
        self.now = None;
    }
}

/// A layer that runs one gate in front of a service. All services that it makes share the gate
/// and what it counts: `axum::serve` lays its layers anew for every connection.
pub struct GateLayer<G> {
    shared: Arc<Shared<G>>,
}

/// A service behind one gate.
///
/// Readiness is the inner service's; the gate is asked in `call`. A refusal is a response, never
/// an error, and carries a [`LocalReply`](crate::reply::LocalReply) among its extensions.
pub struct Gated<S, G> {
    inner: S,
    shared: Arc<Shared<G>>,
}

struct Shared<G> {
    gate: G,
    rng: Rng,
    sink: Sink,
    trusted_hops: TrustedHops,
}

impl<G> GateLayer<G> {
    /// Runs this gate in front of a service.
    pub fn new(gate: G) -> Self {
        Self::with(gate, Rng::default(), Sink::default())
    }

    /// The same with a source of chance and a listener.
    pub fn with(gate: G, rng: Rng, sink: Sink) -> Self {
        Self::behind(TrustedHops::default(), gate, rng, sink)
    }

    /// The same behind proxies that are trusted to say who the client is.
    pub fn behind(trusted_hops: TrustedHops, gate: G, rng: Rng, sink: Sink) -> Self {
        let shared = Shared {
            gate,
            rng,
            sink,
            trusted_hops,
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl<S, G> Layer<S> for GateLayer<G> {
    type Service = Gated<S, G>;

    fn layer(&self, inner: S) -> Gated<S, G> {
        Gated {
            inner,
            shared: self.shared.clone(),
        }
    }
}

impl<S, G, Q, B> Service<Request<Q>> for Gated<S, G>
where
    S: Service<Request<Q>, Response = Response<B>>,
    G: Gate,
    B: ReplyBody,
{
    type Response = Response<B::Out>;
    type Error = S::Error;
    type Future = Reply<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let mut decision = Decision::new(self.shared.rng.chance());
        decision.trusted_hops = self.shared.trusted_hops;
        match self.shared.gate.admit(&mut request, &mut decision) {
            None => Reply::inner(self.inner.call(request)),
            Some(refusal) => {
                self.shared.sink.tell(&refusal.event(None));
                Reply::local(refusal, ReplyTo::of(&request))
            }
        }
    }
}

impl Refusal {
    /// The event that tells of this refusal.
    pub fn event<'a>(&'a self, rule: Option<&'a str>) -> Event<'a> {
        Event::LocalReply {
            rule,
            status: self.status(),
            flags: self.flags(),
            details: self.details(),
        }
    }
}

impl<G> Clone for GateLayer<G> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<S: Clone, G> Clone for Gated<S, G> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
        }
    }
}

impl<G: fmt::Debug> fmt::Debug for GateLayer<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GateLayer").field(&self.shared.gate).finish()
    }
}

impl<S: fmt::Debug, G: fmt::Debug> fmt::Debug for Gated<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated")
            .field("gate", &self.shared.gate)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

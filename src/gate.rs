//! What stands between a core and a layer: one step on a request, by reference.
//!
//! A gate is the compiled settings of one layer. It looks at a request, may write down what it
//! has decided, and lets it pass or refuses it. A layer used alone runs its gate through
//! [`Gated`]; the mesh runs the same gates one after the other in one future. So nothing moves
//! the request between them (six layers that do cost 31 ns), and what the mesh does is what each
//! layer does alone.

use crate::clock;
use crate::event::{Event, Sink};
use crate::reply::{Refusal, Reply, ReplyBody, ReplyTo};
use crate::rng::{Chance, Rng};
use http::{HeaderValue, Request, Response};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
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

/// What the gates learn of one request for each other. It travels beside the request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Every draw for the request follows from this.
    pub chance: Chance,
    /// Which rule takes the request: written by `route`.
    pub rule: Option<u32>,
    /// Which of the rule's destinations: written by `split`.
    pub destination: Option<u32>,
    /// Which endpoint of the destination: written by `balance`.
    pub endpoint: Option<u32>,
    /// For how long the request is to be held back: written by `fault`, obeyed by who drives.
    pub delay: Option<Duration>,
    /// The page's origin that may read the answer: written by `cors`, which marks the answer with
    /// it. Boxed, since few requests come from pages of other origins.
    pub origin: Option<Box<HeaderValue>>,
    now: Option<Instant>,
}

impl Decision {
    /// Nothing is decided yet.
    pub fn new(chance: Chance) -> Self {
        Self {
            chance,
            rule: None,
            destination: None,
            endpoint: None,
            delay: None,
            origin: None,
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

    /// Forgets the time, since the request has waited.
    pub fn has_waited(&mut self) {
        self.now = None;
    }
}

/// The address of the connection's other end, for gates that tell clients apart by it.
///
/// A request extension. With the feature `axum`, axum's `ConnectInfo<SocketAddr>` serves as well.
/// Headers such as `x-forwarded-for` are never asked: anybody can write them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Source(pub std::net::IpAddr);

impl Source {
    /// The source of a request, if something in front has told it.
    pub fn of<B>(request: &Request<B>) -> Option<std::net::IpAddr> {
        let extensions = request.extensions();
        if let Some(Self(ip)) = extensions.get() {
            return Some(*ip);
        }
        #[cfg(feature = "axum")]
        if let Some(axum::extract::ConnectInfo(address)) =
            extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
        {
            return Some(address.ip());
        }
        None
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
}

impl<G> GateLayer<G> {
    /// Runs this gate in front of a service.
    pub fn new(gate: G) -> Self {
        Self::with(gate, Rng::default(), Sink::default())
    }

    /// The same with a source of chance and a listener.
    pub fn with(gate: G, rng: Rng, sink: Sink) -> Self {
        Self {
            shared: Arc::new(Shared { gate, rng, sink }),
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

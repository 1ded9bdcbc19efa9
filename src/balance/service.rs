use crate::balance::{BalanceLayer, Cluster, Endpoint, Hold, Load, MakeEndpoint, Sending, Target};
use crate::event::Sink;
use crate::gate::{Decision, Gate as _};
use crate::live::{Live, Pinned};
use crate::policy;
use crate::reply::{Guarded, Refusal, ReplyBody, ReplyTo};
use ahash::AHashMap;
use http::{Request, Response};
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The service made by [`BalanceLayer`]. Clones share everything.
pub struct Balance<M: MakeEndpoint> {
    shared: Arc<Shared<M>>,
}

struct Shared<M: MakeEndpoint> {
    live: Live<Set<M::Endpoint>>,
    layer: BalanceLayer,
    /// Whoever replaces the endpoints holds it; no request does.
    maker: Mutex<M>,
}

/// The endpoints as they stand, and the algorithm that picks among them.
pub(super) struct Set<E> {
    cluster: Cluster,
    endpoints: Box<[Arc<Made<E>>]>,
    sink: Sink,
}

struct Made<E> {
    target: Target,
    endpoint: E,
    load: Arc<Load>,
}

impl<E> Set<E> {
    pub(super) fn new<M: MakeEndpoint<Endpoint = E>>(
        layer: &BalanceLayer,
        maker: &M,
        endpoints: impl Iterator<Item = (policy::Endpoint, Arc<Load>)>,
        previous: Option<&Self>,
    ) -> Self {
        // By a map: searching for each among all took 160 ms where there are 10,000.
        let mut before: AHashMap<&Target, &Arc<Made<E>>> = AHashMap::new();
        for made in previous.into_iter().flat_map(|set| &set.endpoints) {
            // Of an address that is there twice the first goes on.
            before.entry(&made.target).or_insert(made);
        }
        let (weights, endpoints): (Vec<u32>, Vec<_>) = endpoints
            .map(|(endpoint, load)| {
                let target = Target::new(endpoint.address, layer.protocol);
                let kept = before.get(&target).map(|made| Arc::clone(made));
                let made = kept.unwrap_or_else(|| {
                    Arc::new(Made {
                        endpoint: maker.make(&target),
                        target,
                        load,
                    })
                });
                (endpoint.weight, made)
            })
            .collect();
        let loads = endpoints.iter().map(|made| made.load.clone());
        Self {
            cluster: Cluster::new(
                layer.balance,
                weights.into_iter().zip(loads),
                layer.turns.clone(),
            ),
            endpoints: endpoints.into(),
            sink: layer.sink.clone(),
        }
    }
}

impl<M: MakeEndpoint> Balance<M> {
    pub(super) fn new(layer: BalanceLayer, maker: M, live: Live<Set<M::Endpoint>>) -> Self {
        Self {
            shared: Arc::new(Shared {
                live,
                layer,
                maker: Mutex::new(maker),
            }),
        }
    }

    /// Replaces the endpoints, for all clones. Those that stay keep their connections and what is
    /// counted of them; those that go finish what they have begun.
    pub fn replace(&self, endpoints: impl IntoIterator<Item = policy::Endpoint>) {
        let shared = &self.shared;
        let endpoints: Vec<_> = endpoints.into_iter().collect();
        let among = endpoints.len();
        let maker = shared.maker.lock();
        let before = shared.live.pin();
        shared.live.publish(Set::new(
            &shared.layer,
            &*maker,
            endpoints
                .into_iter()
                .map(|endpoint| (endpoint, Arc::new(Load::new(among)))),
            Some(&before),
        ));
    }

    /// How many requests are under way, at all endpoints of the set as it stands.
    pub fn in_flight(&self) -> u64 {
        self.shared.live.with(|set| {
            let counts = set.endpoints.iter().map(|made| made.load.count());
            counts.sum()
        })
    }
}

impl<M, B> Service<Request<B>> for Balance<M>
where
    M: MakeEndpoint,
    M::Endpoint: Endpoint<B>,
    <<M::Endpoint as Endpoint<B>>::Body as ReplyBody>::Out: http_body::Body,
{
    type Response = Response<
        Guarded<<<M::Endpoint as Endpoint<B>>::Body as ReplyBody>::Out, InFlight<M::Endpoint>>,
    >;
    type Error = Infallible;
    type Future = BalanceFuture<<M::Endpoint as Endpoint<B>>::Future, InFlight<M::Endpoint>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let set = self.shared.live.pin();
        let to = ReplyTo::of(&request);
        let mut decision = Decision::new(self.shared.layer.rng.chance());
        let refusal = set.cluster.admit(&mut request, &mut decision);
        let picked = decision.endpoint.unwrap_or(0) as usize;
        let state = match (refusal, set.endpoints.get(picked)) {
            (None, Some(made)) => {
                let stripe = made.load.begin();
                // Held before the call, so that a panic in it ends the request, too.
                let held = InFlight {
                    set,
                    picked,
                    stripe,
                };
                let future = held.made().endpoint.send(request);
                State::Sending {
                    sending: Sending::new(future, held, to),
                }
            }
            (refusal, _) => {
                if let Some(refusal) = &refusal {
                    set.sink.tell(&refusal.event(None));
                }
                State::Refused { refusal, to }
            }
        };
        BalanceFuture { state }
    }
}

/// A request under way at an endpoint; dropping it ends the request.
pub struct InFlight<E> {
    set: Pinned<Set<E>>,
    picked: usize,
    stripe: usize,
}

impl<E> InFlight<E> {
    fn made(&self) -> &Made<E> {
        &self.set.endpoints[self.picked]
    }
}

impl<E> Hold for InFlight<E> {
    fn tell(&self, refusal: &Refusal) {
        self.set.sink.tell(&refusal.event(None));
    }
}

impl<E> Drop for InFlight<E> {
    fn drop(&mut self) {
        self.made().load.end(self.stripe);
    }
}

pin_project! {
    /// The future of [`Balance`].
    pub struct BalanceFuture<F, H> {
        #[pin]
        state: State<F, H>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, H> {
        Sending { #[pin] sending: Sending<F, H> },
        Refused { refusal: Option<Refusal>, to: ReplyTo },
    }
}

impl<F, B, H> Future for BalanceFuture<F, H>
where
    F: Future<Output = Result<Response<B>, crate::balance::Reset>>,
    B: ReplyBody,
    B::Out: http_body::Body,
    H: Hold,
{
    type Output = Result<Response<Guarded<B::Out, H>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sending { sending } => sending.poll_answer(cx).map(Ok),
            StateProjection::Refused { refusal, to } => match refusal.take() {
                Some(refusal) => Poll::Ready(Ok(refusal.into_response::<Guarded<B, H>>(*to))),
                // Polled after it was ready, which a future need not survive.
                None => Poll::Pending,
            },
        }
    }
}

impl<M: MakeEndpoint> Clone for Balance<M> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<M: MakeEndpoint> fmt::Debug for Balance<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance")
            .field("layer", &self.shared.layer)
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for InFlight<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").finish_non_exhaustive()
    }
}

impl<F, H> fmt::Debug for BalanceFuture<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalanceFuture").finish_non_exhaustive()
    }
}

use crate::event::Event;
use crate::gate::{Decision, Gate as _, TrustedHops};
use crate::live::Pinned;
use crate::mesh::running::Running;
use crate::mesh::serve::{Serve, Served};
use crate::mesh::{self, Mesh};
use crate::reply::{Guarded, Refusal, ReplyBody};
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A server stack of a [`Mesh`]: what the policy puts under `services.<service>.inbound`.
///
/// It holds nothing of its own, so it may be laid anew for every connection, as `axum::serve`
/// does.
#[derive(Clone, Debug)]
pub struct ServerLayer {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
struct Shared {
    mesh: Mesh,
    service: Arc<str>,
    trusted_hops: Option<TrustedHops>,
    trusts_timeout: bool,
}

impl ServerLayer {
    pub(super) fn new(mesh: Mesh, service: Arc<str>) -> Self {
        let shared = Shared {
            trusted_hops: mesh.shared.trusted_hops,
            mesh,
            service,
            trusts_timeout: false,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// So many trusted proxies stand in front of this server, whatever the policy and the mesh
    /// say. [`TrustedHops`] says how they are counted.
    #[must_use]
    pub fn trusted_hops(mut self, hops: u32) -> Self {
        Arc::make_mut(&mut self.shared).trusted_hops = Some(TrustedHops(hops));
        self
    }

    /// Believes `x-envoy-expected-rq-timeout-ms`, in which an Envoy in front says how long it
    /// waits: it becomes the [deadline](mesh::Context::deadline) of the calls that the handler
    /// makes. Without this the header is not looked at, since any client could have written it.
    #[must_use]
    pub fn trust_expected_timeout(mut self) -> Self {
        Arc::make_mut(&mut self.shared).trusts_timeout = true;
        self
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        Server {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// The service made by [`ServerLayer`].
///
/// Readiness is the inner service's; its errors are passed on.
#[derive(Clone, Debug)]
pub struct Server<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, Q, B> Service<Request<Q>> for Server<S>
where
    S: Service<Request<Q>, Response = Response<B>> + Clone,
    B: ReplyBody,
    B::Out: http_body::Body,
{
    type Response = Response<Guarded<B::Out, Served>>;
    type Error = S::Error;
    type Future = Serve<S, Request<Q>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let mesh = &self.shared.mesh.shared;
        let served = Served::new(mesh.live.pin(), &self.shared.service);
        let mut decision = Decision::new(mesh.rng.chance());
        let in_policy = || TrustedHops(served.running.plan.policy().mesh.trusted_hops);
        decision.trusted_hops = self.shared.trusted_hops.unwrap_or_else(in_policy);
        if let Some(refusal) = mesh.counters.begin() {
            return Serve::refuse(served, refusal, &request);
        }
        // Before any delay: the caller is waiting already.
        let context = mesh::Context::receive(
            &mut request,
            decision.trusted_hops,
            self.shared.trusts_timeout,
        );
        if let Some(inbound) = served.inbound() {
            // A delay refuses nothing.
            let _ = inbound.fault.delay.admit(&mut request, &mut decision);
        }
        if let Some(pause) = decision.delay {
            served.tell_delay(pause);
            // What waits is the instance that was polled ready; the clone stays and is polled
            // anew.
            let clone = self.inner.clone();
            let ready = std::mem::replace(&mut self.inner, clone);
            return Serve::paused(pause, ready, request, decision, served, context);
        }
        Serve::proceed(&mut self.inner, request, decision, served, context)
    }
}

impl Served {
    fn new(running: Pinned<Running>, service: &str) -> Self {
        let inbound = running.plan.inbound_of.get(service).copied();
        Self { running, inbound }
    }

    fn tell_delay(&self, pause: std::time::Duration) {
        self.running.counters.tell(&Event::Delay {
            rule: self.label(),
            pause,
        });
    }

    pub(super) fn inbound(&self) -> Option<&crate::plan::Inbound> {
        self.running.plan.inbound.get(self.inbound? as usize)
    }

    fn label(&self) -> Option<&str> {
        self.inbound().map(|inbound| &*inbound.label)
    }

    pub(super) fn tell(&self, refusal: &Refusal) {
        let event = refusal.event(self.label());
        self.running.counters.tell(&event);
    }
}

//! Every layer keeps the contract. That the probes see a layer which does not is shown beside them.
//!
//! To add a layer, add a line to `layers!` and, if it counts requests, one to `limits!`.

use http::{Request, Response, StatusCode};
use std::future::{Pending, Ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::util::{MapRequestLayer, MapResultLayer};
use tower::{Layer, Service};
use tower_mesh::Mesh;
use tower_mesh::balance::{Balance, BalanceLayer, ServiceEndpoint, Target};
use tower_mesh::cors::CorsLayer;
use tower_mesh::fault::FaultLayer;
use tower_mesh::gate::{Decision, Gate, GateLayer};
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::mesh::{Client, Server};
use tower_mesh::mirror::MirrorLayer;
use tower_mesh::policy::{self, Cookie, Key, Limit, Match, Percent, Policy, Rate, Status, Ttl};
use tower_mesh::reply::{Flags, MeshBodyLayer, Refusal};
use tower_mesh::retry::RetryLayer;
use tower_mesh::route::RouteLayer;
use tower_mesh::split::SplitLayer;
use tower_mesh::tee::CopyBody;
use tower_mesh::testing::contract::{self, Failure, Scripted, ScriptedBody, Sent, Violation};
use tower_mesh::timeout::TimeoutLayer;

/// `name: kind layer, held;` where the kind is
/// - `wraps`: has one inner service and passes its readiness through,
/// - `chooses`: is always ready, and readies the chosen service in its future,
/// - `answers`: as `chooses`, and makes the inner service's errors responses,
///
/// and `held`, if the layer holds anything, says how much: a closure that takes the layer.
macro_rules! layers {
    ($($name:ident: $kind:ident $layer:expr $(, $held:expr)?;)*) => {$(
        mod $name {
            use super::*;

            layers!(@always $layer $(, $held)?);
            layers!(@$kind $layer);
        }
    )*};
    (@always $layer:expr) => { layers!(@always $layer, |_| 0); };
    (@always $layer:expr, $held:expr) => {
        #[tokio::test]
        async fn the_readied_instance_is_called() -> Result<(), Violation> {
            let layer = $layer;
            contract::the_readied_instance_is_called(|inner| layer.layer(inner))
        }

        #[tokio::test]
        async fn pending_registers_a_waker() -> Result<(), Violation> {
            let layer = $layer;
            contract::pending_registers_a_waker(|inner| layer.layer(inner))
        }

        #[tokio::test]
        async fn dropping_at_any_poll_frees_what_it_held() -> Result<(), Violation> {
            let layer = $layer;
            let held = of(&layer, $held);
            contract::dropping_at_any_poll_frees_what_it_held(|inner| layer.layer(inner), held)
        }

        #[tokio::test]
        async fn reading_to_the_end_frees_what_it_held() -> Result<(), Violation> {
            let layer = $layer;
            let held = of(&layer, $held);
            contract::reading_to_the_end_frees_what_it_held(|inner| layer.layer(inner), held)
        }

        #[tokio::test]
        async fn the_layer_fits_a_server() {
            contract::the_layer_fits_a_server(&$layer);
        }
    };
    (@wraps $layer:expr) => {
        layers!(@chooses $layer);

        #[tokio::test]
        async fn readiness_is_passed_through() -> Result<(), Violation> {
            let layer = $layer;
            contract::readiness_is_passed_through(|inner| layer.layer(inner))
        }
    };
    (@chooses $layer:expr) => {
        #[tokio::test]
        async fn an_error_of_the_inner_service_is_preserved() -> Result<(), Violation> {
            let layer = $layer;
            contract::an_error_of_the_inner_service_is_preserved(|inner| layer.layer(inner))
        }
    };
    (@answers $layer:expr) => {};
}

/// `name: capacity, layer;` for layers that answer 429 or 503 beyond a number of requests.
macro_rules! limits {
    ($($name:ident: $capacity:expr, $layer:expr;)*) => {
        mod clones_and_layers_share_state {
            use super::*;

            $(#[tokio::test]
            async fn $name() -> Result<(), Violation> {
                contract::clones_and_layers_share_state(&$layer, $capacity, refused)
            })*
        }
    };
}

/// What a layer holds, by a closure that takes the layer.
fn of<'a, L>(layer: &'a L, held: impl Fn(&L) -> usize + 'a) -> impl Fn() -> usize + 'a {
    move || held(layer)
}

fn refused<B, E>(answer: &Result<Response<B>, E>) -> bool {
    let status = answer.as_ref().map(Response::status);
    matches!(
        status,
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    )
}

/// A gate that lets so many pass in its life.
#[derive(Debug)]
struct Quota {
    left: AtomicUsize,
}

impl Quota {
    fn of(left: usize) -> Self {
        let left = AtomicUsize::new(left);
        Self { left }
    }
}

impl Gate for Quota {
    fn admit<B>(&self, _: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let refusal = |_| Refusal::new(StatusCode::TOO_MANY_REQUESTS, Flags::RL, "no_quota");
        taken.map_err(refusal).err()
    }
}

/// An arm to which no request goes.
#[derive(Clone, Debug)]
struct Nobody;

impl Service<Sent> for Nobody {
    type Response = Response<ScriptedBody>;
    type Error = Failure;
    type Future = Ready<Result<Self::Response, Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        panic!("an arm that is not chosen was readied")
    }

    fn call(&mut self, _: Sent) -> Self::Future {
        panic!("an arm that is not chosen was called")
    }
}

/// Where copies go.
#[derive(Clone, Debug)]
struct Elsewhere;

impl Service<Request<CopyBody>> for Elsewhere {
    type Response = Response<ScriptedBody>;
    type Error = Failure;
    type Future = Pending<Result<Self::Response, Failure>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<CopyBody>) -> Self::Future {
        std::future::pending()
    }
}

/// Every endpoint is the inner service.
type Maker = Box<dyn Fn(&Target) -> Scripted + Send + Sync>;

fn maker(inner: Scripted) -> Maker {
    Box::new(move |_| inner.clone())
}

/// Balances over one endpoint.
#[derive(Clone, Debug)]
struct BalanceOver(BalanceLayer);

impl BalanceOver {
    fn one(balance: policy::Balance) -> Self {
        let endpoint = policy::Endpoint::new("10.0.0.1:80".parse::<policy::Address>().unwrap());
        Self(BalanceLayer::new(balance, [endpoint]))
    }
}

impl Layer<Scripted> for BalanceOver {
    type Service = Balance<Maker>;

    fn layer(&self, inner: Scripted) -> Balance<Maker> {
        self.0.layer(maker(inner))
    }
}

/// The whole server stack.
#[derive(Clone, Debug)]
struct ServerOf(Mesh);

impl<S> Layer<S> for ServerOf {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        self.0.server("reviews").layer(inner)
    }
}

/// The whole client stack.
#[derive(Clone, Debug)]
struct ClientOf(Mesh);

impl Layer<Scripted> for ClientOf {
    type Service = Client<ServiceEndpoint<Scripted>>;

    fn layer(&self, inner: Scripted) -> Self::Service {
        self.0.client(maker(inner))
    }
}

fn mesh() -> Mesh {
    limited(1_000_000)
}

/// So many requests pass, whatever host they address.
fn limited(requests: u32) -> Mesh {
    let quota = Limit::new(Rate::per(requests, Duration::from_secs(3600)));
    let endpoint = policy::Endpoint::new("10.0.0.1:80".parse::<policy::Address>().unwrap());
    let mut service = policy::Service::new([endpoint]);
    service.inbound.limits.push(quota.clone());
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service);
    let rule = policy::Rule::to([policy::Destination::new("reviews")]).limit(quota);
    let timeout = policy::Span::from(Duration::from_secs(5));
    let route = policy::Route::new("all", ["*".parse().unwrap()]);
    policy.routes.push(route.rule(rule.timeout(timeout)));
    Mesh::new(&policy).unwrap()
}

layers! {
    gate: wraps GateLayer::new(Quota::of(usize::MAX)), |_| 0;
    no_gate: wraps GateLayer::new(None::<Quota>);
    mesh_body: wraps MeshBodyLayer;
    map_request: wraps MapRequestLayer::new(|request: Sent| request);
    route: chooses RouteLayer::new().rule(Match::prefix("/elsewhere"), Nobody);
    split: chooses SplitLayer::keep(1).divert(0, Nobody);
    sticky_split: chooses SplitLayer::keep(1).divert(0, Nobody).sticky_by(Cookie::new("uid").ttl(Ttl::SESSION));
    fault: wraps FaultLayer::new().abort(Status::try_from(503).unwrap(), Percent::try_from(0.0).unwrap());
    cors: wraps CorsLayer::compile(&policy::Cors::default());
    mirror: wraps MirrorLayer::to(Elsewhere);
    mirror_of_none: wraps MirrorLayer::to(Elsewhere).percent(Percent::try_from(0.0).unwrap()), |layer: &MirrorLayer<Elsewhere>| layer.room().under_way();
    retry: wraps RetryLayer::new(&policy::Retries::default());
    retry_of_none: wraps RetryLayer::new(&policy::Retries::new(0));
    timeout: wraps TimeoutLayer::new(Duration::from_secs(1));
    limit: wraps RateLimitLayer::new(Rate::per_second(1_000_000));
    keyed_limit: wraps RateLimitLayer::new(Rate::per_second(1_000_000)).keyed_by(Key::SourceIp);
    server: wraps ServerOf(mesh()), |layer: &ServerOf| layer.0.stats().in_flight as usize;
    round_robin: answers BalanceOver::one(policy::Balance::RoundRobin), |layer: &BalanceOver| layer.0.in_flight() as usize;
    random: answers BalanceOver::one(policy::Balance::Random), |layer: &BalanceOver| layer.0.in_flight() as usize;
    weighted: answers BalanceOver::one(policy::Balance::Weighted), |layer: &BalanceOver| layer.0.in_flight() as usize;
    least_request: answers BalanceOver::one(policy::Balance::LeastRequest), |layer: &BalanceOver| layer.0.in_flight() as usize;
    client: answers ClientOf(mesh()), |layer: &ClientOf| layer.0.stats().in_flight as usize;
    answering: answers MapResultLayer::new(|answer: Result<Response<ScriptedBody>, Failure>| answer);
}

limits! {
    limit: 3, RateLimitLayer::new(Rate::per_minute(3));
    keyed_limit: 3, RateLimitLayer::new(Rate::per_minute(3)).keyed_by(Key::SourceIp);
    server: 3, ServerOf(limited(3));
    client: 3, ClientOf(limited(3));
    gate_for_nobody: 0, GateLayer::new(Quota::of(0));
    gate_for_one: 1, GateLayer::new(Quota::of(1));
    gate_for_ten: 10, GateLayer::new(Quota::of(10));
}

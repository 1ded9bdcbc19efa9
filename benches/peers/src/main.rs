//! Layers beside tower-resilience's and tower_governor's, each as the difference to the same inner
//! service, which is ready at once, in one run. Each is asked for a right answer first.

#[path = "../../common/mod.rs"]
mod common;

use common::{AtOnce, Body, ask, get, uri};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderValue, Request, Response, Uri};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service, ServiceBuilder};
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};
use tower_mesh::fault::FaultLayer;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::policy::{Key, Percent, Rate};
use tower_mesh::timeout::TimeoutLayer;
use tower_resilience::chaos::ChaosLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::timelimiter::TimeLimiterLayer;

fn one<S>(mut service: S, uri: &Uri) -> impl FnMut()
where
    S: Service<Request<Body>>,
{
    move || drop(black_box(ask(&mut service, get(uri))))
}

const SECOND: Duration = Duration::from_secs(1);

fn rate() -> Rate {
    Rate::per_second(1_000_000_000).burst(u32::MAX)
}

fn their_limit() -> RateLimiterLayer {
    RateLimiterLayer::builder()
        .limit_for_period(1_000_000_000)
        .refresh_period(SECOND)
        .build()
        .unwrap()
}

fn their_chaos() -> ChaosLayer {
    ChaosLayer::builder().latency_rate(0.0).seed(1).build()
}

fn their_timeout() -> TimeLimiterLayer {
    TimeLimiterLayer::builder().timeout_duration(SECOND).build()
}

fn our_fault() -> FaultLayer {
    FaultLayer::new().delay(SECOND, Percent::default())
}

/// What refuses, refuses; or the comparison is with something that does not do its work.
fn check(uri: &Uri) {
    let asks = |service: &mut dyn FnMut() -> bool| (0..3).map(|_| service()).collect::<Vec<_>>();
    let mut ours = RateLimitLayer::new(Rate::per_second(1).burst(2)).layer(AtOnce);
    let told = asks(&mut || ask(&mut ours, get(uri)).status() == 200);
    assert_eq!(told, [true, true, false]);
    let theirs = RateLimiterLayer::builder()
        .limit_for_period(2)
        .refresh_period(SECOND)
        .timeout_duration(Duration::ZERO);
    let mut theirs = theirs.build().unwrap().layer(AtOnce);
    let told = asks(&mut || common::poll_once(theirs.call(get(uri))).is_ok());
    assert_eq!(told, [true, true, false]);
    let mut governor = GovernorConfigBuilder::default().key_extractor(ByHeader);
    let config = governor.per_second(1).burst_size(2).finish().unwrap();
    let mut theirs = GovernorLayer::new(config).layer(Boxed);
    let told = asks(&mut || ask(&mut theirs, with_key(uri)).status() == 200);
    assert_eq!(told, [true, true, false]);
}

/// As tower_governor has it: no answer for bodies other than axum's.
#[derive(Clone)]
struct Boxed;

impl Service<Request<Body>> for Boxed {
    type Response = Response<axum::body::Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(axum::body::Body::empty())))
    }
}

/// The key as ours reads it: a header's value.
#[derive(Clone, Debug, Eq, PartialEq)]
struct ByHeader;

impl KeyExtractor for ByHeader {
    type Key = HeaderValue;

    fn extract<T>(&self, request: &Request<T>) -> Result<HeaderValue, GovernorError> {
        let key = request.headers().get("x-key").cloned();
        key.ok_or(GovernorError::UnableToExtractKey)
    }
}

fn with_key(uri: &Uri) -> Request<Body> {
    let mut request = get(uri);
    let key = HeaderValue::from_static("some client");
    request.headers_mut().insert("x-key", key);
    request
}

fn peers(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let uri = uri("http://reviews/api".into());
    check(&uri);
    let mut group = c.benchmark_group("peers");
    macro_rules! beside {
        ($($name:literal: $service:expr;)*) => {$(
            group.bench_function($name, |b| {
                common::bench_difference(b, one($service, &uri), one(AtOnce, &uri));
            });
        )*};
    }
    beside! {
        "idle fault/tower-mesh": our_fault().layer(AtOnce);
        "idle fault/tower-resilience": their_chaos().layer(AtOnce);
        "limit/tower-mesh": RateLimitLayer::new(rate()).layer(AtOnce);
        "limit/tower-resilience": their_limit().layer(AtOnce);
        "timeout/tower-mesh": TimeoutLayer::new(SECOND).layer(AtOnce);
        "timeout/tower-resilience": their_timeout().layer(AtOnce);
        "the three/tower-mesh": ServiceBuilder::new()
            .layer(our_fault())
            .layer(RateLimitLayer::new(rate()))
            .layer(TimeoutLayer::new(SECOND))
            .service(AtOnce);
        "the three/tower-resilience": ServiceBuilder::new()
            .layer(their_chaos())
            .layer(their_limit())
            .layer(their_timeout())
            .service(AtOnce);
    }
    let keyed = |service: &mut dyn FnMut(Request<Body>)| service(with_key(&uri));
    let alone = || {
        let mut service = Boxed;
        move || keyed(&mut |request| drop(black_box(ask(&mut service, request))))
    };
    let mut ours = RateLimitLayer::new(rate())
        .keyed_by(Key::header("x-key"))
        .layer(Boxed);
    group.bench_function("keyed limit/tower-mesh", |b| {
        let step = || keyed(&mut |request| drop(black_box(ask(&mut ours, request))));
        common::bench_difference(b, step, alone());
    });
    let mut governor = GovernorConfigBuilder::default().key_extractor(ByHeader);
    let config = governor.per_nanosecond(1).burst_size(u32::MAX).finish();
    let mut theirs = GovernorLayer::new(config.unwrap()).layer(Boxed);
    group.bench_function("keyed limit/tower_governor", |b| {
        let step = || keyed(&mut |request| drop(black_box(ask(&mut theirs, request))));
        common::bench_difference(b, step, alone());
    });
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = peers }
criterion_main!(benches);

//! What passes costs no allocation: each layer alone, and both stacks, over an inner service that
//! allocates nothing.
//!
//! Counted for each thread on its own, so tests that run beside this one change nothing.
// A counting allocator cannot be written without.
#![allow(unsafe_code)]

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::convert::Infallible;
use std::future::Ready;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Layer, Service};
use tower_mesh::balance::{BalanceLayer, Endpoint, MakeEndpoint, Reset, Target};
use tower_mesh::connect::AnyBody;
use tower_mesh::cors::CorsLayer;
use tower_mesh::fault::FaultLayer;
use tower_mesh::gate::{Decision, Gate, GateLayer, Source};
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::mirror::MirrorLayer;
use tower_mesh::policy::{
    self, Balance, Cookie, Key, Match, PathMatch, Percent, Policy, Rate, StickyKey, Ttl, ValueMatch,
};
use tower_mesh::reply::Refusal;
use tower_mesh::retry::RetryLayer;
use tower_mesh::route::{Asked, Found, RouteLayer, Rules, Table};
use tower_mesh::split::SplitLayer;
use tower_mesh::timeout::TimeoutLayer;
use tower_mesh::{Mesh, mesh};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends frees and allocates when its count may be gone already.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: everything is handed to the system's allocator as it comes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Body = Empty<Bytes>;

/// An inner service, and an endpoint, that allocates nothing.
#[derive(Clone, Debug)]
struct AtOnce;

fn answer() -> Response<Full<Bytes>> {
    // Not empty: what counts requests has to count this one to the answer's end.
    Response::new(Full::new(Bytes::from_static(b"at once")))
}

impl<B> Service<Request<B>> for AtOnce {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(answer()))
    }
}

impl Endpoint<Body> for AtOnce {
    type Body = Full<Bytes>;
    type Future = Ready<Result<Response<Full<Bytes>>, Reset>>;

    fn send(&self, _: Request<Body>) -> Self::Future {
        std::future::ready(Ok(answer()))
    }
}

struct AllAtOnce;

impl MakeEndpoint for AllAtOnce {
    type Endpoint = AtOnce;

    fn make(&self, _: &Target) -> AtOnce {
        AtOnce
    }
}

fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an inner service that is ready at once is waited for"),
    }
}

/// Requests that differ in whatever limits and rules look at, some with a user, a port or capitals
/// in their authority.
fn requests() -> impl Iterator<Item = Request<Body>> {
    (0..1_000_u16).map(|number| {
        let host = ["reviews", "reviews:9080", "Reviews", "me@reviews"][usize::from(number % 4)];
        Request::get(format!("http://{host}/api/v{number}/x?key={number}"))
            .header("x-key", number)
            .header("x-lines", number)
            .header("x-lines", number)
            .header("cookie", format!("a=b; uid={number}"))
            .header("x-forwarded-for", "10.0.0.1, 10.0.0.2")
            .extension(Source(IpAddr::from(Ipv6Addr::from_bits(number.into()))))
            .body(Body::new())
            .unwrap()
    })
}

/// Says that a thousand requests are answered by the inner service, without an allocation.
fn allocates_nothing<S, B>(name: &str, mut service: S)
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    let mut ask = |request| {
        let mut context = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut context).is_ready(), "{name}");
        poll_once(service.call(request)).is_ok_and(|response| response.status() == 200)
    };
    // A thread's own generator and number are made at its first request.
    assert!(requests().take(4).all(&mut ask), "{name}");
    // Dropping a request frees and never allocates, but making one does: all are made before.
    let requests: Vec<_> = requests().collect();
    let before = COUNT.get();
    let passed = requests.into_iter().map(&mut ask).filter(|ok| *ok).count();
    let allocations = COUNT.get() - before;
    assert_eq!((passed, allocations), (1_000, 0), "{name}");
}

#[test]
fn the_allocator_counts() {
    let before = COUNT.get();
    drop(Box::new([1_u8; 100]));
    assert_eq!(COUNT.get(), before + 1);
}

#[test]
fn route() {
    let wants = Match::default().header("x-beta", ValueMatch::Exact("1".into()));
    let layer = RouteLayer::new().rule(wants, AtOnce);
    allocates_nothing("nothing matches", layer.layer(AtOnce));
    let layer = RouteLayer::new().rule(Match::prefix("/api"), AtOnce);
    allocates_nothing("a prefix matches", layer.layer(AtOnce));
}

#[test]
fn table() {
    let pattern = |text: &str| text.parse::<policy::Pattern>().unwrap();
    let matches = [
        Match::path(PathMatch::Exact("/api/v1/x".parse().unwrap())),
        Match::prefix("/none").query("key", ValueMatch::Present),
        Match::default()
            .header("x-key", ValueMatch::Regex(pattern("none|[a-f]+")))
            .query("key", ValueMatch::Regex(pattern("[0-9]{1,3}"))),
        Match::path(PathMatch::Regex(pattern("/v[0-9]+/.*"))),
        // Too large for an automaton of which each state is known beforehand.
        Match::path(PathMatch::Regex(pattern(r"/(?:\pL{1,4}-){2}x"))),
        Match::default()
            .header("x-lines", ValueMatch::Prefix("9".into()))
            .query("other", ValueMatch::Absent)
            .method(http::Method::GET),
        Match::default().header("x-absent", ValueMatch::Absent),
    ];
    let mut rules = Rules::default();
    for (number, matching) in matches.iter().enumerate() {
        rules.add(std::slice::from_ref(matching), number as u32);
    }
    let mut table = Table::default();
    let hosts = ["reviews", "*.example.com"].map(|host| host.parse().unwrap());
    table.add(&hosts, rules);
    let requests: Vec<_> = requests().collect();
    let find = |request| table.find(&Asked::of(request));
    // From the first request on: nothing is left to be built when one comes.
    let before = COUNT.get();
    let found = requests.iter().map(find);
    let missed = found.filter(|f| !matches!(f, Found::Rule { .. })).count();
    assert_eq!((missed, COUNT.get() - before), (0, 0));
}

/// Nothing is built by the first request that meets a new policy, whichever engine its pattern
/// needs.
#[test]
fn first_request_after_a_reload() {
    let regex = |text: &str| {
        let mut policy = policy(Balance::default());
        let path = PathMatch::Regex(text.parse().unwrap());
        policy.routes[0].rules[0].matches = vec![Match::path(path)];
        policy
    };
    let mesh = Mesh::new(&regex("/api/v[0-9]+/x")).unwrap();
    let mut client: mesh::Client<AtOnce> = mesh.client(AllAtOnce);
    let mut requests = requests();
    let mut ask = || {
        let request = requests.next().unwrap();
        let before = COUNT.get();
        let response = poll_once(client.call(request)).unwrap();
        assert_eq!(response.status(), 200);
        COUNT.get() - before
    };
    // What a thread has of its own is made at its first request.
    ask();
    for text in [
        "/api/.*",
        r"/api/(?:v[0-9]+|\pL{1,9})/x",
        "/api/(?:[v0-9/]*v[v0-9/]{2,14})x",
    ] {
        mesh.reload(&regex(text)).unwrap();
        assert_eq!(ask(), 0, "{text}");
    }
}

#[test]
fn split() {
    let layer = SplitLayer::keep(90).divert(10, AtOnce).divert(1, AtOnce);
    allocates_nothing("split", layer.layer(AtOnce));
}

#[test]
fn sticky_split() {
    for key in [
        StickyKey::header("x-key"),
        StickyKey::header("x-lines"),
        StickyKey::header("x-absent"),
        StickyKey::cookie("uid"),
        StickyKey::cookie("absent"),
        StickyKey::SourceIp,
        // Who has the cookie gets no other.
        Cookie::new("uid").ttl(Ttl::SESSION).into(),
    ] {
        let name = format!("{key:?}");
        let layer = SplitLayer::keep(90).divert(10, AtOnce).divert(1, AtOnce);
        let layer = layer.sticky_by(key);
        allocates_nothing(&name, layer.layer(AtOnce));
        let name = format!("{name} behind a proxy");
        allocates_nothing(&name, layer.trusted_hops(2).layer(AtOnce));
    }
}

#[test]
fn fault() {
    let layer = FaultLayer::new()
        .delay(Duration::from_secs(1), Percent::default())
        .abort(503.try_into().unwrap(), Percent::default());
    allocates_nothing("idle", layer.layer(AtOnce));
    // One in a million: with this seed none of the thousand is drawn.
    let rare = Percent::try_from(0.0001).unwrap();
    let layer = FaultLayer::new()
        .abort(503.try_into().unwrap(), rare)
        .rng(tower_mesh::rng::Rng::seeded(1));
    allocates_nothing("drawn", layer.layer(AtOnce));
}

#[test]
fn cors() {
    let layer = CorsLayer::compile(&pages());
    allocates_nothing("no origin", layer.layer(AtOnce));
}

#[test]
fn mirror() {
    let layer = MirrorLayer::to(AtOnce).percent(Percent::default());
    allocates_nothing("nothing copied", layer.layer(AtOnce));
}

/// Pages that may use the answers; none of the requests is from one.
fn pages() -> policy::Cors {
    policy::Cors {
        allow_origins: vec![policy::TextMatch::exact("*")],
        ..Default::default()
    }
}

#[test]
fn timeout() {
    let layer = TimeoutLayer::new(Duration::from_secs(1));
    allocates_nothing("timeout", layer.layer(AtOnce));
}

#[test]
fn retry() {
    let layer = RetryLayer::new(&policy::Retries::new(0));
    allocates_nothing("retry of none", layer.layer(AtOnce));
}

/// What a rule with retries costs a request without a body that is answered at once: the head is
/// copied, and a place for it made. Nothing is kept of a body that is not there.
#[test]
fn a_request_that_may_be_tried_again() {
    let mut policy = policy(Balance::default());
    policy.routes[0].rules[0].retries = Some(policy::Retries::default());
    let mesh = Mesh::new(&policy).unwrap();
    allocates_nothing("an endpoint that cannot", {
        let mut without = policy.clone();
        without.routes[0].rules[0].retries = None;
        Mesh::new(&without).unwrap().client(AllAtOnce)
    });
    let mut client = mesh.client(AnyBody(|_: &Target| AtOnce));
    let mut ask = |request| poll_once(client.call(request)).unwrap().status();
    assert_eq!(ask(requests().next().unwrap()), 200);
    let copied = |request: &Request<Body>| {
        let mut request = request.clone();
        request
            .headers_mut()
            .insert("x-envoy-attempt-count", 1.into());
        let before = COUNT.get();
        drop(request.clone());
        COUNT.get() - before
    };
    for request in requests().take(20) {
        let copy = copied(&request);
        let before = COUNT.get();
        assert_eq!(ask(request), 200);
        let allocations = COUNT.get() - before;
        // The map of headers may grow for one more, and the rule's own changes count with it.
        assert!(
            allocations <= copy + 6,
            "{allocations}, {copy} of them the copy"
        );
    }
}

#[test]
fn limit() {
    for key in [
        None,
        Some(Key::header("x-key")),
        Some(Key::header("x-lines")),
        Some(Key::header("x-absent")),
        Some(Key::Query("key".into())),
        Some(Key::SourceIp),
    ] {
        let name = format!("{key:?}");
        let layer = RateLimitLayer::new(Rate::per_second(1_000_000));
        let layer = match key {
            Some(key) => layer.keyed_by(key),
            None => layer,
        };
        allocates_nothing(&name, layer.layer(AtOnce));
        let name = format!("{name} behind a proxy");
        allocates_nothing(&name, layer.trusted_hops(2).layer(AtOnce));
    }
}

fn endpoints(number: u8) -> impl Iterator<Item = policy::Endpoint> {
    (0..number).map(|last| {
        let address: policy::Address = format!("10.0.0.{last}:80").parse().unwrap();
        policy::Endpoint::new(address).weight(1 + u32::from(last))
    })
}

const ALGORITHMS: [Balance; 4] = [
    Balance::RoundRobin,
    Balance::Random,
    Balance::Weighted,
    Balance::LeastRequest,
];

#[test]
fn balance() {
    for algorithm in ALGORITHMS {
        for number in [1, 4, 100] {
            let layer = BalanceLayer::new(algorithm, endpoints(number));
            let name = format!("{algorithm:?} of {number}");
            allocates_nothing(&name, layer.layer(AllAtOnce));
        }
    }
}

struct Open;

impl Gate for Open {
    fn admit<B>(&self, _: &mut Request<B>, _: &mut Decision) -> Option<Refusal> {
        None
    }
}

#[test]
fn gate() {
    allocates_nothing("gate", GateLayer::new(Open).layer(AtOnce));
}

/// Every feature in use, with faults that no request meets.
fn policy(balance: Balance) -> Policy {
    let limits = [
        policy::Limit::new(Rate::per_second(1_000_000)),
        policy::Limit::new(Rate::per_second(1_000_000)).keyed_by(Key::header("x-key")),
    ];
    let fault = policy::Fault {
        delay: Some(policy::Delay {
            fixed: Duration::from_secs(1).into(),
            percent: Percent::default(),
        }),
        abort: Some(policy::Abort {
            status: 503.try_into().unwrap(),
            percent: Percent::default(),
        }),
    };
    let endpoints = endpoints(8).enumerate().map(|(number, endpoint)| {
        endpoint.label("version", if number % 2 == 0 { "v1" } else { "v2" })
    });
    let mut service = policy::Service::new(endpoints)
        .balance(balance)
        .subset("v1", "version", "v1")
        .subset("v2", "version", "v2");
    service.inbound = policy::Inbound {
        limits: limits.to_vec(),
        fault: fault.clone(),
    };
    let mut rule = policy::Rule::to([
        policy::Destination::new("reviews").subset("v1").weight(90),
        policy::Destination::new("reviews").subset("v2").weight(10),
    ])
    .when(Match::path(PathMatch::Regex(
        "/api/v[0-9]+/.*".parse().unwrap(),
    )))
    .fault(fault)
    .timeout(Duration::from_secs(1).into())
    .sticky(Cookie::new("uid").ttl(Ttl::SESSION));
    rule.cors = Some(pages());
    rule.mirrors = vec![policy::Mirror {
        service: "reviews".into(),
        subset: None,
        percent: Percent::default(),
    }];
    for limit in limits {
        rule = rule.limit(limit);
    }
    let hosts = ["reviews".parse().unwrap(), "reviews:9080".parse().unwrap()];
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service);
    policy
        .routes
        .push(policy::Route::new("reviews", hosts).rule(rule));
    policy
}

#[test]
fn client_stack() {
    for algorithm in ALGORITHMS {
        let mesh = Mesh::new(&policy(algorithm)).unwrap();
        let client: mesh::Client<AtOnce> = mesh.client(AllAtOnce);
        allocates_nothing(&format!("{algorithm:?}"), client.clone());
        // A client for every request costs a reference count.
        let fresh = tower::service_fn(move |request| {
            let mut client = client.clone();
            client.call(request)
        });
        allocates_nothing("cloned for each request", fresh);
        let client = mesh.client(AllAtOnce);
        let soon = tower_mesh::clock::now() + Duration::from_secs(3_600);
        let context = mesh::Context::default().with_deadline(soon);
        let scoped = tower::service_fn(move |request| {
            let mut client = client.clone();
            let call = async move { client.call(request).await };
            context.clone().scope(call)
        });
        allocates_nothing("in a scope with a deadline", scoped);
        assert!(mesh.stats().local_replies.is_empty());
    }
}

#[test]
fn server_stack() {
    let mesh = Mesh::new(&policy(Balance::default())).unwrap();
    allocates_nothing("named by the policy", mesh.server("reviews").layer(AtOnce));
    allocates_nothing("not named", mesh.server("others").layer(AtOnce));
    let trusting = mesh.server("reviews").trusted_hops(1);
    let trusting = trusting.trust_expected_timeout();
    allocates_nothing("trusting", trusting.layer(AtOnce));
    assert!(mesh.stats().local_replies.is_empty());
}

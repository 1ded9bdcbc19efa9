//! What a server learns of a request reaches the clients that its handler calls.

mod support;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{Empty, Full};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use support::{Backend, text};
use tokio::sync::{Barrier, mpsc};
use tower::{ServiceExt as _, service_fn};
use tower_mesh::Mesh;
use tower_mesh::balance::Target;
use tower_mesh::clock;
use tower_mesh::connect::Hyper;
use tower_mesh::gate::Source;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::mesh::{Context, ServerLayer};
use tower_mesh::policy::{self, Key, Limit, Policy, Rate, Service};

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

fn call(headers: &[(&str, &str)]) -> http::Request<Empty<Bytes>> {
    let request = headers.iter().fold(
        http::Request::get("http://ratings/"),
        |request, (name, value)| request.header(*name, *value),
    );
    request.body(Empty::new()).unwrap()
}

/// What the far server saw, one header a line.
fn seen(headers: &HeaderMap) -> String {
    let ours = ["x-request-id", "traceparent", "tracestate", "grpc-timeout"];
    let told = ours.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().unwrap();
        Some(format!("{name}={value}"))
    });
    told.collect::<Vec<_>>().join(" ")
}

/// A server that answers with the headers that it saw.
async fn ratings() -> Backend {
    Backend::serve(|_| Router::new().fallback(async |headers: HeaderMap| seen(&headers))).await
}

/// A mesh that knows `ratings`.
fn mesh(ratings: SocketAddr) -> Mesh {
    let mut policy = Policy::default();
    let service = Service::new([support::endpoint(ratings)]);
    policy.services.insert("ratings".into(), service);
    Mesh::new(&policy).unwrap()
}

/// A server on loopback with a mesh client in its handlers, and a client to ask it with.
struct Reviews {
    address: SocketAddr,
    outside: tower_mesh::mesh::Client<tower_mesh::connect::HttpEndpoint>,
}

impl Reviews {
    async fn start(app: Router) -> Self {
        let backend = Backend::serve(|_| app).await;
        let outside = Mesh::new(&Policy::default()).unwrap();
        Self {
            address: backend.address,
            outside: outside.client(Hyper::new()),
        }
    }

    async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let mut request = call(headers);
        *request.uri_mut() = format!("http://{}{path}", self.address).parse().unwrap();
        let reply = self.outside.clone().oneshot(request).await.unwrap();
        text(reply).await
    }
}

const TRACE: [(&str, &str); 3] = [
    ("x-request-id", "id-1"),
    ("traceparent", "00-1-2-01"),
    ("tracestate", "a=1"),
];
const TRACED: &str = "x-request-id=id-1 traceparent=00-1-2-01 tracestate=a=1";

#[tokio::test]
async fn a_trace_passes_by_scope_and_by_handle_and_not_to_a_spawned_task() {
    let mesh = mesh(ratings().await.address);
    let client = mesh.client(Hyper::new());
    let ask = async move |request| text(client.oneshot(request).await.unwrap()).await;
    let plain = {
        let ask = ask.clone();
        async move || ask(call(&[])).await
    };
    let own_span = {
        let ask = ask.clone();
        async move || ask(call(&[("traceparent", "00-1-3-01")])).await
    };
    let spawned = {
        let ask = ask.clone();
        async move || {
            tokio::spawn(async move { ask(call(&[])).await })
                .await
                .unwrap()
        }
    };
    let by_extractor = {
        let ask = ask.clone();
        async move |context: Context| {
            let mut request = call(&[]);
            request.extensions_mut().insert(context);
            tokio::spawn(async move { ask(request).await })
                .await
                .unwrap()
        }
    };
    let by_extension = {
        let ask = ask.clone();
        async move |request: Request| {
            let context = request.extensions().get::<Context>().cloned().unwrap();
            let task = context.scope(async move { ask(call(&[])).await });
            tokio::spawn(task).await.unwrap()
        }
    };
    let alone = async move || {
        let mut request = call(&[]);
        request.extensions_mut().insert(Context::default());
        ask(request).await
    };
    let outside_of_all = {
        let client = mesh.client(Hyper::new()).without_scope();
        async move || text(client.oneshot(call(&[])).await.unwrap()).await
    };
    let app = Router::new()
        .route("/plain", get(plain))
        .route("/own", get(own_span))
        .route("/spawned", get(spawned))
        .route("/extractor", get(by_extractor))
        .route("/extension", get(by_extension))
        .route("/alone", get(alone))
        .route("/without", get(outside_of_all))
        .layer(mesh.server("reviews"));
    let reviews = Reviews::start(app).await;
    for (path, expected) in [
        ("/plain", TRACED),
        // Its own span, and nobody else's state; the rest is added.
        ("/own", "x-request-id=id-1 traceparent=00-1-3-01"),
        ("/spawned", ""),
        ("/extractor", TRACED),
        ("/extension", TRACED),
        ("/alone", ""),
        ("/without", ""),
    ] {
        assert_eq!(reviews.ask(path, &TRACE).await, expected, "{path}");
    }
    // The same thread and the same connection, and nothing of the requests before.
    assert_eq!(reviews.ask("/plain", &[]).await, "");
    assert_eq!(reviews.ask("/extractor", &[]).await, "");
}

#[tokio::test]
async fn two_requests_at_a_time_do_not_mix() {
    let mesh = mesh(ratings().await.address);
    let client = mesh.client(Hyper::new());
    // Both have begun, on this one thread, before either calls; and again in the middle.
    let (begun, midway) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let handler = async move || {
        let ask = async || text(client.clone().oneshot(call(&[])).await.unwrap()).await;
        begun.wait().await;
        let first = ask().await;
        midway.wait().await;
        format!("{first} {}", ask().await)
    };
    let app = Router::new().route("/", get(handler));
    let reviews = Reviews::start(app.layer(mesh.server("reviews"))).await;
    let one = [("x-request-id", "one")];
    let two = [("x-request-id", "two")];
    let (one, two) = tokio::join!(reviews.ask("/", &one), reviews.ask("/", &two));
    assert_eq!(one, "x-request-id=one x-request-id=one");
    assert_eq!(two, "x-request-id=two x-request-id=two");
}

#[tokio::test]
async fn a_handler_that_panics_leaves_nothing_behind() {
    let failing = get(async || {
        if Context::current().trace().count() > 0 {
            panic!("on purpose");
        }
    });
    let app = Router::new().route("/", failing);
    let mesh = Mesh::new(&Policy::default()).unwrap();
    let app = app.layer(mesh.server("reviews"));
    let mut request = Request::new(axum::body::Body::empty());
    let id = "id-1".parse().unwrap();
    request.headers_mut().insert("x-request-id", id);
    let mut answer = std::pin::pin!(app.oneshot(request));
    let polled = std::future::poll_fn(|cx| {
        let poll = || answer.as_mut().poll(cx).is_ready();
        std::task::Poll::Ready(std::panic::catch_unwind(AssertUnwindSafe(poll)))
    });
    assert!(polled.await.is_err());
    assert_eq!(Context::current().trace().count(), 0);
}

/// A policy for `ratings`, with a timeout for it.
fn timed(timeout: Option<Duration>) -> Policy {
    let endpoint = support::endpoint("127.0.0.1:9".parse().unwrap());
    let mut policy = Policy::default();
    let service = Service::new([endpoint]);
    policy.services.insert("ratings".into(), service);
    let mut rule = policy::Rule::to([policy::Destination::new("ratings")]);
    rule.timeout = timeout.map(policy::Span::from);
    let hosts = ["ratings".parse().unwrap()];
    policy
        .routes
        .push(policy::Route::new("ratings", hosts).rule(rule));
    policy
}

/// Asks a server whose handler works for a while and then calls who never answers. Says the
/// status that the handler saw, when, and what was sent.
async fn deadline(
    policy: &Policy,
    layer: impl Fn(ServerLayer) -> ServerLayer,
    work: Duration,
    headers: &[(&str, &str)],
    own: &'static [(&str, &str)],
) -> (u16, Duration, Option<String>) {
    let mesh = Mesh::new(policy).unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let client = mesh.client(move |_: &Target| {
        let tell = tell.clone();
        service_fn(move |request: http::Request<Empty<Bytes>>| {
            tell.send(seen(request.headers())).unwrap();
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>()
        })
    });
    let handler = service_fn(move |_: Request| {
        let client = client.clone();
        async move {
            tokio::time::sleep(work).await;
            let answer = client.oneshot(call(own));
            // Far beyond all: without a deadline nobody gives up.
            let answer = tokio::time::timeout(MILLIS(60_000), answer).await;
            let status = answer.map_or(0, |answer| answer.unwrap().status().as_u16());
            let answer = Response::new(Full::<Bytes>::from(status.to_string()));
            Ok::<_, Infallible>(answer)
        }
    });
    let server = tower::ServiceBuilder::new()
        .layer(layer(mesh.server("reviews")))
        .service(handler);
    let request = call(headers).map(axum::body::Body::new);
    let begun = clock::now();
    let answer = server.oneshot(request).await.unwrap();
    let took = clock::now() - begun;
    let status = text(answer).await.parse().unwrap();
    (status, took, told.try_recv().ok())
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

#[tokio::test(start_paused = true)]
async fn what_is_left_of_the_deadline_caps_the_timeout() {
    let grpc = [GRPC, ("grpc-timeout", "1S")];
    for (timeout, work, ends) in [
        (None, 0, 1000),
        (None, 400, 1000),
        (Some(5000), 400, 1000),
        (Some(300), 400, 700),
    ] {
        let policy = timed(timeout.map(MILLIS));
        let (status, took, sent) = deadline(&policy, |l| l, MILLIS(work), &grpc, &[]).await;
        assert_eq!(status, 504);
        // tokio's timers count whole milliseconds and never end early.
        let late = took.checked_sub(MILLIS(ends)).expect("not early");
        assert!(late <= MILLIS(2), "{timeout:?} {work}: {took:?}");
        assert_eq!(sent.as_deref(), Some(""), "an HTTP request is told nothing");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_nothing_is_left() {
    let grpc = [GRPC, ("grpc-timeout", "100m")];
    let policy = timed(None);
    let (status, took, sent) = deadline(&policy, |l| l, MILLIS(150), &grpc, &[]).await;
    assert_eq!((status, sent), (504, None));
    assert!(took < MILLIS(160), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_grpc_request_is_told_how_long_is_left() {
    let came = [GRPC, ("grpc-timeout", "1S")];
    let told = async |timeout: Option<u64>, came: &[(&str, &str)], own| {
        let policy = timed(timeout.map(MILLIS));
        let (_, _, sent) = deadline(&policy, |l| l, MILLIS(400), came, own).await;
        sent.unwrap()
    };
    let millis = |told: &str| -> u64 {
        let told = told.strip_prefix("grpc-timeout=").unwrap();
        told.strip_suffix('m').unwrap().parse().unwrap()
    };
    let left = millis(&told(None, &came, &[GRPC]).await);
    assert!((595..=600).contains(&left), "{left}");
    // The rule's is shorter.
    assert_eq!(millis(&told(Some(300), &came, &[GRPC]).await), 300);
    // The caller's own is shorter, and longer.
    let shorter: &[_] = &[GRPC, ("grpc-timeout", "200m")];
    assert_eq!(millis(&told(None, &came, shorter).await), 200);
    let longer: &[_] = &[GRPC, ("grpc-timeout", "9S")];
    let left = millis(&told(None, &came, longer).await);
    assert!((595..=600).contains(&left), "{left}");
    // Without a deadline it is between the caller and the rule.
    assert_eq!(millis(&told(Some(300), &[], longer).await), 300);
    assert_eq!(told(None, &[], longer).await, "grpc-timeout=9S");
}

#[tokio::test(start_paused = true)]
async fn envoys_header_is_believed_only_from_who_is_trusted() {
    let headers = [("x-envoy-expected-rq-timeout-ms", "1000")];
    let trusts = ServerLayer::trust_expected_timeout;
    let policy = timed(None);
    let (status, took, _) = deadline(&policy, trusts, MILLIS(0), &headers, &[]).await;
    assert_eq!(status, 504);
    assert!(took < MILLIS(1010), "{took:?}");
    let (status, took, _) = deadline(&policy, |l| l, MILLIS(0), &headers, &[]).await;
    assert_eq!(status, 0, "nobody gave up in {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delay_on_purpose_takes_from_the_time() {
    let mut policy = timed(None);
    let reviews = policy.services.entry("reviews".into()).or_default();
    reviews.inbound.fault.delay = Some(policy::Delay {
        fixed: MILLIS(400).into(),
        percent: policy::Percent::HUNDRED,
    });
    let grpc = [GRPC, ("grpc-timeout", "1S")];
    let (status, took, _) = deadline(&policy, |l| l, MILLIS(0), &grpc, &[]).await;
    assert_eq!(status, 504);
    assert!(took >= MILLIS(1000) && took < MILLIS(1010), "{took:?}");
}

#[tokio::test]
async fn limits_by_address_see_the_client_behind_trusted_proxies() {
    let one = Rate::per(1, Duration::from_secs(3600));
    let hello = || Router::new().route("/", get(async || "hello"));
    let mut service = Service::default();
    let limit = Limit::new(one).keyed_by(Key::SourceIp);
    service.inbound.limits.push(limit);
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service);
    let mesh = |hops: Option<u32>, in_policy| {
        let mut policy = policy.clone();
        policy.mesh.trusted_hops = in_policy;
        let builder = Mesh::builder();
        let builder = match hops {
            Some(hops) => builder.trusted_hops(hops),
            None => builder,
        };
        builder.build(&policy).unwrap().server("reviews")
    };
    let keyed = || RateLimitLayer::new(one).keyed_by(Key::SourceIp);
    let behind_one = [200, 429, 200, 200, 429];
    let behind_none = [200, 429, 429, 429, 429];
    for (app, expected) in [
        (hello().layer(mesh(None, 0)), behind_none),
        (hello().layer(mesh(None, 1)), behind_one),
        (hello().layer(mesh(Some(1), 0)), behind_one),
        (hello().layer(mesh(Some(0), 1)), behind_none),
        (hello().layer(mesh(Some(7), 7).trusted_hops(1)), behind_one),
        (hello().layer(keyed()), behind_none),
        (hello().layer(keyed().trusted_hops(1)), behind_one),
        (
            hello().layer(
                RateLimitLayer::new(one)
                    .trusted_hops(1)
                    .keyed_by(Key::SourceIp),
            ),
            behind_one,
        ),
    ] {
        let mut statuses = Vec::new();
        for forwarded in [
            Some("1.1.1.1"),
            // The same client, which makes up where it comes from.
            Some("6.6.6.6, 1.1.1.1"),
            Some("2.2.2.2"),
            // Past the proxy: as the peer that it is.
            None,
            Some("nonsense"),
        ] {
            let request = http::Request::get("/").extension(Source([10, 0, 0, 1].into()));
            let request = match forwarded {
                Some(forwarded) => request.header("x-forwarded-for", forwarded),
                None => request,
            };
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            statuses.push(answer.status().as_u16());
        }
        assert_eq!(statuses, expected);
    }
}

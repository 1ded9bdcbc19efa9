//! Layers under axum, over real sockets.

mod support;

use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::Empty;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Backend, text};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use tower_mesh::Mesh;
use tower_mesh::balance::{BalanceLayer, Target};
use tower_mesh::connect::Hyper;
use tower_mesh::fault::FaultLayer;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::policy::{
    Abort, Balance, Delay, Key, Limit, Match, Percent, Policy, Rate, Service, Span, Status,
};
use tower_mesh::route::RouteLayer;
use tower_mesh::split::SplitLayer;
use tower_mesh::timeout::TimeoutLayer;

/// Serves a router in the way that lays its layers anew for every connection.
async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// One request over a connection of its own.
async fn fresh(address: SocketAddr, request: Request<Empty<bytes::Bytes>>) -> StatusCode {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap().status()
}

fn request(path: &str) -> Request<Empty<bytes::Bytes>> {
    let request = Request::get(path).header("host", "localhost");
    request.body(Empty::new()).unwrap()
}

/// tower's own limits count for each connection here: `axum::serve` calls `Layer::layer` anew for
/// every one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_held_exactly_over_many_connections() {
    let limit = RateLimitLayer::new(Rate::per(10, Duration::from_secs(3600)));
    let handlers = Router::new()
        .route("/a", get(async || "a"))
        .route("/b", get(async || "b"));
    let address = serve(handlers.layer(limit)).await;
    // All at once, each over a connection of its own.
    let calls: Vec<_> = (0..40)
        .map(|round| {
            let path = if round % 2 == 0 { "/a" } else { "/b" };
            tokio::spawn(fresh(address, request(path)))
        })
        .collect();
    let mut passed = 0;
    for call in calls {
        match call.await.unwrap() {
            StatusCode::OK => passed += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn clients_are_told_apart_by_the_address_that_axum_knows() {
    let limit = RateLimitLayer::new(Rate::per(2, Duration::from_secs(3600)));
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(limit.keyed_by(Key::SourceIp));
    let mut statuses = Vec::new();
    for client in ["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.2:1"] {
        let from: SocketAddr = client.parse().unwrap();
        let mut forged = request("/").map(|_| axum::body::Body::empty());
        let header = client.parse().unwrap();
        forged.headers_mut().insert("x-forwarded-for", header);
        // What `into_make_service_with_connect_info` does.
        forged.extensions_mut().insert(ConnectInfo(from));
        let response = app.clone().oneshot(forged).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429, 200]);
}

#[tokio::test]
async fn every_layer_works_in_one_router() {
    let beta = Router::new().fallback(async || "beta");
    let canary = Router::new().fallback(async || "canary");
    let app = Router::new()
        .route("/", get(async || "hello"))
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .layer(SplitLayer::keep(0).divert(1, canary))
        .layer(RouteLayer::new().rule(Match::prefix("/beta"), beta))
        .layer(FaultLayer::new().abort(
            Status::try_from(503).unwrap(),
            Percent::try_from(0.0).unwrap(),
        ))
        .layer(RateLimitLayer::new(Rate::per_second(1000)));
    let address = serve(app).await;
    let client = Mesh::new(&Policy::default()).unwrap().client(Hyper::new());
    for (path, expected) in [("/", "canary"), ("/beta/x", "beta")] {
        let uri = format!("http://{address}{path}");
        let response = client.clone().oneshot(support::get(&uri)).await.unwrap();
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn a_router_balances_its_fallback() {
    let (one, two) = (Backend::start("one").await, Backend::start("two").await);
    let endpoints = [one.endpoint(), two.endpoint()];
    let balance = ServiceBuilder::new()
        .layer(BalanceLayer::new(Balance::RoundRobin, endpoints))
        .service(Hyper::new());
    let address = serve(Router::new().fallback_service(balance)).await;
    let statuses = [
        fresh(address, request("/")).await,
        fresh(address, request("/")).await,
    ];
    assert_eq!(statuses, [StatusCode::OK; 2]);
    assert_eq!((one.requests(), two.requests()), (1, 1));
}

#[tokio::test]
async fn layers_work_around_a_hyper_client() {
    let backend = Backend::start("one").await;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http::<Empty<bytes::Bytes>>();
    let service = ServiceBuilder::new()
        .layer(RateLimitLayer::new(Rate::per(1, Duration::from_secs(3600))))
        .layer(FaultLayer::new())
        .layer(TimeoutLayer::new(Duration::from_secs(5)))
        .service(client);
    let uri = format!("http://{}/", backend.address);
    let passed = service.clone().oneshot(support::get(&uri)).await.unwrap();
    assert_eq!(text(passed).await, "one");
    let refused = service.oneshot(support::get(&uri)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(text(refused).await, "local_rate_limited");
}

#[tokio::test]
async fn the_server_stack_faults_then_limits() {
    let mut service = Service::default();
    let quota = Limit::new(Rate::per(3, Duration::from_secs(3600)));
    service
        .inbound
        .limits
        .push(quota.keyed_by(Key::header("x-client")));
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service.clone());
    let mesh = Mesh::new(&policy).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let handler = async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        "hello"
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(mesh.server("reviews"));
    let address = serve(app).await;
    let send = |client: &'static str| {
        let mut request = request("/");
        request
            .headers_mut()
            .insert("x-client", client.parse().unwrap());
        fresh(address, request)
    };
    for expected in [200, 200, 200, 429, 429] {
        assert_eq!(send("alice").await.as_u16(), expected);
    }
    assert_eq!(send("bob").await.as_u16(), 200);
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    assert_eq!(mesh.stats().local_replies["RL"], 2);

    // An abort spends no token: faults come first.
    service.inbound.fault.abort = Some(Abort {
        status: Status::try_from(418).unwrap(),
        percent: Percent::HUNDRED,
    });
    service.inbound.fault.delay = Some(Delay {
        fixed: Span::from(Duration::from_millis(1)),
        percent: Percent::HUNDRED,
    });
    policy.services.insert("reviews".into(), service.clone());
    mesh.reload(&policy).unwrap();
    for _ in 0..5 {
        assert_eq!(send("bob").await.as_u16(), 418);
    }
    service.inbound.fault = tower_mesh::policy::Fault::default();
    policy.services.insert("reviews".into(), service);
    mesh.reload(&policy).unwrap();
    for expected in [200, 200, 429] {
        assert_eq!(send("bob").await.as_u16(), expected);
    }
    assert_eq!(mesh.stats().delays, 5);
    assert_eq!(mesh.stats().local_replies["FI"], 5);
}

#[tokio::test]
async fn a_request_that_is_dropped_while_a_server_holds_it_back_is_over() {
    let mut service = Service::default();
    service.inbound.fault.delay = Some(Delay {
        fixed: Span::from(Duration::from_secs(3600)),
        percent: Percent::HUNDRED,
    });
    let mut policy = Policy::default();
    policy.services.insert("reviews".into(), service);
    let mesh = Mesh::new(&policy).unwrap();
    let app = Router::new().route("/", get(async || "hello"));
    let app = app.layer(mesh.server("reviews"));
    let request = request("/").map(|_| axum::body::Body::empty());
    let waiting = tokio::time::timeout(Duration::from_millis(20), app.oneshot(request));
    assert!(waiting.await.is_err());
    let stats = mesh.stats();
    assert_eq!((stats.requests, stats.delays, stats.in_flight), (1, 1, 0));
}

#[tokio::test]
async fn any_service_is_an_endpoint() {
    let endpoint = support::endpoint("127.0.0.1:9".parse().unwrap());
    let balance = ServiceBuilder::new()
        .layer(BalanceLayer::new(Balance::Random, [endpoint]))
        .service(|_: &Target| {
            service_fn(async |_: axum::extract::Request| {
                Ok::<_, std::io::Error>(http::Response::new(axum::body::Body::from("made up")))
            })
        });
    let address = serve(Router::new().fallback_service(balance)).await;
    assert_eq!(fresh(address, request("/")).await, StatusCode::OK);
}

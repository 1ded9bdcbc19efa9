//! A gateway stack behind a real server, in front of real backends.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod support;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::net::SocketAddr;
use support::{Backend, text};
use tokio::net::TcpListener;
use tower_mesh::connect::Hyper;
use tower_mesh::{Mesh, Policy};

/// `a` and `b` behind a gateway with an HTTP and an HTTPS port.
async fn mesh(a: &Backend, b: &Backend) -> Mesh {
    let policy = format!(
        r#"
services:
  a: {{ endpoints: [{{ address: "{}" }}] }}
  b: {{ endpoints: [{{ address: "{}" }}] }}
gateways:
  edge:
    listeners:
      - {{ name: http, port: 80, hosts: ["*.shop.com"] }}
      - {{ name: https, port: 443, protocol: https }}
routes:
  - name: shop
    hosts: ["*.shop.com"]
    gateways: ["edge#http"]
    rules:
      - match: [{{ path: {{ prefix: /b }} }}]
        to: [{{ service: b }}]
        headers: {{ response: {{ set: {{ x-rule: b }} }} }}
      - match: [{{ path: {{ prefix: /a }} }}]
        to: [{{ service: a }}]
  - name: safe
    hosts: ["*"]
    gateways: ["edge#https"]
    rules:
      - match: [{{ scheme: https }}]
        to: [{{ service: a }}]
"#,
        a.address, b.address
    );
    Mesh::new(&policy.parse::<Policy>().unwrap()).unwrap()
}

/// Serves an app that knows who connects, and gives its address.
async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ask(at: SocketAddr, host: &str, path: &str) -> http::Response<hyper::body::Incoming> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<bytes::Bytes>>();
    let request = http::Request::get(format!("http://{at}{path}"))
        .header("host", host)
        .header("x-forwarded-for", "1.2.3.4")
        .header("x-forwarded-proto", "gopher")
        .body(Empty::new())
        .unwrap();
    client.request(request).await.unwrap()
}

/// A backend that answers with what it was told of where the request came from.
async fn witness() -> Backend {
    Backend::serve(|_| {
        Router::new().fallback(async |request: Request| {
            let header = |name: &str| match request.headers().get(name) {
                Some(value) => value.to_str().unwrap().to_owned(),
                None => "none".to_owned(),
            };
            format!(
                "{} {} {}",
                header("host"),
                header("x-forwarded-for"),
                header("x-forwarded-proto")
            )
        })
    })
    .await
}

#[tokio::test]
async fn a_gateway_routes_what_comes_in_by_its_host_header() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let mesh = mesh(&a, &b).await;
    let gateway = mesh.gateway("edge", Hyper::new()).on_port(80);
    let at = serve(Router::new().fallback_service(gateway)).await;

    let reply = ask(at, "cart.shop.com", "/b/1?q=1").await;
    assert_eq!(reply.headers()["x-seen"], "GET /b/1?q=1");
    assert_eq!(reply.headers()["x-rule"], "b");
    assert_eq!(text(reply).await, "b");
    assert_eq!(text(ask(at, "cart.shop.com:80", "/a").await).await, "a");
    assert_eq!(ask(at, "cart.shop.com", "/").await.status(), 404);
    assert_eq!(ask(at, "shop.com", "/a").await.status(), 404);
    assert_eq!((a.requests(), b.requests()), (1, 1));
}

#[tokio::test]
async fn a_gateway_says_where_requests_came_from() {
    let (a, b) = (witness().await, Backend::start("b").await);
    let mesh = mesh(&a, &b).await;
    let http = mesh.gateway("edge", Hyper::new());
    // The lowest port is the default.
    let at = serve(Router::new().fallback_service(http.clone())).await;
    let reply = text(ask(at, "x.shop.com", "/a").await).await;
    assert_eq!(reply, "x.shop.com 1.2.3.4,127.0.0.1 http");
    // What comes to this port has come over TLS, though it says so nowhere.
    let at = serve(Router::new().fallback_service(http.on_port(443))).await;
    let reply = text(ask(at, "any.org", "/").await).await;
    assert_eq!(reply, "any.org 1.2.3.4,127.0.0.1 https");
}

#[tokio::test]
async fn a_gateway_that_nobody_names_answers_404_until_somebody_does() {
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let full = mesh(&a, &b).await.policy();
    let mesh = Mesh::new(&Policy::default()).unwrap();
    let gateway = mesh.gateway("edge", Hyper::new());
    let at = serve(Router::new().fallback_service(gateway)).await;
    assert_eq!(ask(at, "x.shop.com", "/a").await.status(), 404);
    mesh.reload(&full).unwrap();
    assert_eq!(ask(at, "x.shop.com", "/a").await.status(), 200);
}

#[tokio::test]
async fn one_file_for_both_ends_injects_each_fault_and_spends_each_token_once() {
    // The route acts where requests are sent, and what the policy has for the service where they
    // arrive: the same policy at both ends of a connection does neither twice.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let policy = format!(
        r#"
services:
  a:
    endpoints: [{{ address: "{}" }}]
    inbound:
      limits: [{{ name: in, rate: {{ requests: 4, per: 1h }} }}]
routes:
  - name: a
    hosts: [a]
    rules:
      - name: out
        match: [{{ path: {{ exact: /limited }} }}]
        limits: [{{ name: out, rate: {{ requests: 2, per: 1h }} }}]
        to: [{{ service: a }}]
      - name: broken
        match: [{{ path: {{ exact: /broken }} }}]
        fault: {{ abort: {{ status: 418, percent: 100 }} }}
        to: [{{ service: a }}]
      - to: [{{ service: a }}]
"#,
        listener.local_addr().unwrap()
    );
    let mesh = Mesh::new(&policy.parse::<Policy>().unwrap()).unwrap();
    let app = Router::new()
        .fallback(async |_: ConnectInfo<SocketAddr>| "here")
        .layer(mesh.server("a"));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = mesh.client(Hyper::new());
    let ask = async |path: &str| {
        use tower::ServiceExt as _;
        let request = support::get(&format!("http://a{path}"));
        let reply = client.clone().oneshot(request).await.unwrap();
        let status = reply.status().as_u16();
        reply.into_body().collect().await.unwrap();
        status
    };
    // Once, where it is sent: it costs the server no token.
    for _ in 0..5 {
        assert_eq!(ask("/broken").await, 418);
    }
    // Two of the client's tokens and two of the server's.
    let limited = [
        ask("/limited").await,
        ask("/limited").await,
        ask("/limited").await,
    ];
    assert_eq!(limited, [200, 200, 429]);
    // And the server's other two.
    let rest = [ask("/").await, ask("/").await, ask("/").await];
    assert_eq!(rest, [200, 200, 429]);
}

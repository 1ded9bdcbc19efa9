//! Endpoints over real sockets: pooled, kept over reloads, drained, and what their failures become.

mod support;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use std::time::Duration;
use support::{Backend, endpoint, get, text};
use tower::ServiceExt as _;
use tower_mesh::Mesh;
use tower_mesh::connect::{HttpEndpoint, Hyper};
use tower_mesh::mesh::Client;
use tower_mesh::policy::{
    Balance, Destination, Endpoint, OutboundTrafficPolicy, Policy, Protocol, Route, Rule, Service,
    Span,
};
use tower_mesh::reply::{Flags, LocalReply};

/// One service, `reviews`, over these endpoints.
fn reviews(endpoints: impl IntoIterator<Item = Endpoint>) -> Policy {
    let mut policy = Policy::default();
    let service = Service::new(endpoints).balance(Balance::RoundRobin);
    policy.services.insert("reviews".into(), service);
    policy
}

fn client(policy: &Policy) -> (Mesh, Client<HttpEndpoint>) {
    let mesh = Mesh::new(policy).unwrap();
    let client = mesh.client(Hyper::new().connect_timeout(Duration::from_secs(2)));
    (mesh, client)
}

/// The local reply to a request for `http://reviews/`.
async fn refusal(policy: &Policy) -> (StatusCode, LocalReply, String) {
    let (_mesh, client) = client(policy);
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    let reply = response.extensions().get::<LocalReply>().unwrap().clone();
    (response.status(), reply, text(response).await)
}

#[tokio::test]
async fn the_far_side_sees_the_logical_host() {
    let backend = Backend::start("one").await;
    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    let request = Request::get("http://reviews:9080/a%2Fb//c/../d?q=1")
        .header("host", "somebody-else")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-seen-host"], "reviews:9080");
    assert_eq!(response.headers()["x-seen"], "GET /a%2Fb//d?q=1");
    assert!(response.extensions().get::<LocalReply>().is_none());
}

#[tokio::test]
async fn a_port_that_is_written_is_sent_though_it_is_the_default() {
    let backend = Backend::start("one").await;
    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    let uri = "http://me:secret@reviews:80/";
    let response = client.oneshot(get(uri)).await.unwrap();
    assert_eq!(response.headers()["x-seen-host"], "reviews:80");
}

#[tokio::test]
async fn a_request_with_a_host_header_and_a_bare_path_is_sent_there() {
    let backend = Backend::start("one").await;
    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    let request = Request::get("/path")
        .header("host", "reviews")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-seen-host"], "reviews");
    assert_eq!(response.headers()["x-seen"], "GET /path");
}

#[tokio::test]
async fn http2_keeps_the_logical_authority_and_passes_bodies() {
    let backend = Backend::start("one").await;
    let mut policy = reviews([backend.endpoint()]);
    policy.services.get_mut("reviews").unwrap().protocol = Protocol::Http2;
    let (mesh, client) = client(&policy);
    for _ in 0..3 {
        let request = Request::post("http://reviews/x")
            .header("host", "reviews")
            .body(Full::new(Bytes::from_static(b"body")))
            .unwrap();
        let response = client.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-seen-authority"], "reviews");
        assert_eq!(text(response).await, "one");
    }
    assert_eq!(backend.connections(), 1);
    assert_eq!(mesh.stats().in_flight, 0);
}

#[tokio::test]
async fn an_endpoint_of_many_hosts_has_one_pool() {
    let backend = Backend::start("one").await;
    let mut policy = reviews([backend.endpoint()]);
    let hosts = ["*.example.com".parse().unwrap()];
    let rule = Rule::to([Destination::new("reviews")]);
    policy.routes.push(Route::new("tenants", hosts).rule(rule));
    let (_mesh, client) = client(&policy);
    for host in ["a.example.com", "b.example.com:80", "c.example.com:81"] {
        let request = get(&format!("http://{host}/"));
        let response = client.clone().oneshot(request).await.unwrap();
        let seen = &response.headers()["x-seen-host"];
        assert_eq!(seen, host);
        text(response).await;
    }
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn who_asks_is_not_told_to_the_far_side() {
    let backend = Backend::start("one").await;
    for (protocol, seen) in [
        (Protocol::Http1, "x-seen-host"),
        (Protocol::Http2, "x-seen-authority"),
    ] {
        let mut policy = reviews([backend.endpoint()]);
        policy.services.get_mut("reviews").unwrap().protocol = protocol;
        let (_mesh, client) = client(&policy);
        let response = client.oneshot(get("http://me:secret@reviews/")).await;
        assert_eq!(response.unwrap().headers()[seen], "reviews");
    }
}

#[tokio::test]
async fn a_target_without_scheme_is_plain_http() {
    let backend = Backend::start("one").await;
    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    for (method, seen) in [("GET", "GET /"), ("CONNECT", "CONNECT reviews:81")] {
        let mut request = get("reviews:81");
        *request.method_mut() = method.parse().unwrap();
        let response = client.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-seen"], seen);
    }
}

#[tokio::test]
async fn the_bodys_own_length_is_told() {
    let backend = Backend::serve(|_| {
        axum::Router::new().fallback(async |request: axum::extract::Request| {
            let told = request.headers().get("content-length").cloned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            format!("{told:?} {}", body.len())
        })
    })
    .await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut policy = reviews([backend.endpoint()]);
        policy.services.get_mut("reviews").unwrap().protocol = protocol;
        let (_mesh, client) = client(&policy);
        let ask = async |told: &str, body: &'static str| {
            let request = Request::post("http://reviews/")
                .header("content-length", told)
                .body(Full::new(Bytes::from(body)))
                .unwrap();
            text(client.clone().oneshot(request).await.unwrap()).await
        };
        // Somebody has read the body and passes the head on.
        assert!(!ask("5", "").await.contains("\"5\""));
        assert_eq!(ask("5", "body").await, "Some(\"4\") 4");
        assert_eq!(ask("4", "body").await, "Some(\"4\") 4");
    }
}

#[tokio::test]
async fn what_a_request_says_of_another_connection_stays_behind() {
    let backend = Backend::serve(|_| {
        axum::Router::new().fallback(async |request: axum::extract::Request| {
            let names = request.headers().keys().map(|name| name.as_str());
            let told = ["connection", "keep-alive", "te", "upgrade", "x-user"];
            let names: Vec<_> = names.filter(|name| told.contains(name)).collect();
            format!("{names:?}")
        })
    })
    .await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut policy = reviews([backend.endpoint()]);
        policy.services.get_mut("reviews").unwrap().protocol = protocol;
        let (_mesh, client) = client(&policy);
        for _ in 0..2 {
            let request = Request::get("http://reviews/")
                .header("connection", "close, x-user, te")
                .header("keep-alive", "timeout=5")
                .header("te", "gzip")
                .header("x-user", "alice")
                .body(Empty::<Bytes>::new())
                .unwrap();
            let response = client.clone().oneshot(request).await.unwrap();
            assert_eq!(text(response).await, "[\"x-user\"]");
        }
    }
    assert_eq!(backend.connections(), 2);

    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    let request = Request::get("http://reviews/")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("te", "trailers")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let seen = text(client.oneshot(request).await.unwrap()).await;
    for name in ["connection", "upgrade", "te"] {
        assert!(seen.contains(name), "{seen}");
    }
}

#[tokio::test]
async fn connections_are_kept_while_the_set_changes_around_them() {
    let (stays, comes) = (Backend::start("stays").await, Backend::start("comes").await);
    let (mesh, client) = client(&reviews([stays.endpoint()]));
    for round in 0..20 {
        let more = (round % 2 == 1).then(|| comes.endpoint());
        let policy = reviews([stays.endpoint()].into_iter().chain(more));
        mesh.reload(&policy).unwrap();
        for _ in 0..4 {
            let response = client
                .clone()
                .oneshot(get("http://reviews/"))
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
            text(response).await;
        }
    }
    assert_eq!(stays.connections(), 1);
    assert_eq!(stays.requests() + comes.requests(), 80);
    assert!(comes.requests() > 0);
}

#[tokio::test]
async fn an_endpoint_that_goes_finishes_what_it_has_begun_and_closes() {
    let slow = Backend::serve(|_| {
        axum::Router::new().fallback(async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "late"
        })
    })
    .await;
    let next = Backend::start("next").await;
    let (mesh, client) = client(&reviews([slow.endpoint()]));
    let begun = tokio::spawn(client.clone().oneshot(get("http://reviews/")));
    while slow.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    mesh.reload(&reviews([next.endpoint()])).unwrap();
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!(text(response).await, "next");
    assert_eq!(text(begun.await.unwrap().unwrap()).await, "late");
    assert_eq!(mesh.stats().in_flight, 0);
}

#[tokio::test]
async fn nobody_listening_is_a_connection_failure() {
    let policy = reviews([endpoint(support::nobody().await)]);
    let (status, reply, body) = refusal(&policy).await;
    assert_eq!(
        (status, reply.flags),
        (StatusCode::SERVICE_UNAVAILABLE, Flags::UF)
    );
    assert_eq!(
        body,
        "upstream connect error or disconnect/reset before headers. \
         reset reason: remote connection failure"
    );
    assert_eq!(
        reply.details,
        "upstream_reset_before_response_started{remote_connection_failure|\
         delayed_connect_error:_Connection_refused}"
    );
    // The error behind it is there to be logged.
    assert!(format!("{:?}", reply.source.unwrap()).contains("ConnectionRefused"));
}

#[tokio::test]
async fn closing_after_the_request_is_a_termination() {
    for policy in [
        reviews([endpoint(support::says(Some(b"")).await)]),
        reviews([endpoint(support::says(None).await)]),
    ] {
        let (status, reply, body) = refusal(&policy).await;
        assert_eq!(
            (status, reply.flags),
            (StatusCode::SERVICE_UNAVAILABLE, Flags::UC)
        );
        assert!(
            body.ends_with("reset reason: connection termination"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_protocol_error() {
    let policy = reviews([endpoint(support::says(Some(b"SSH-2.0-x\r\n\r\n")).await)]);
    let (status, reply, body) = refusal(&policy).await;
    assert_eq!((status, reply.flags), (StatusCode::BAD_GATEWAY, Flags::UPE));
    assert!(body.ends_with("reset reason: protocol error"), "{body}");
}

#[tokio::test]
async fn http2_spoken_to_who_speaks_http1_is_a_protocol_error() {
    let answer: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let mut policy = reviews([endpoint(support::says(Some(answer)).await)]);
    policy.services.get_mut("reviews").unwrap().protocol = Protocol::Http2;
    let (status, reply, _) = refusal(&policy).await;
    let seen = (status, reply.flags);
    assert_eq!(
        seen,
        (StatusCode::BAD_GATEWAY, Flags::UPE),
        "{:?}",
        reply.source
    );
}

#[tokio::test]
async fn no_endpoint_is_no_healthy_upstream() {
    let (status, reply, body) = refusal(&reviews([])).await;
    assert_eq!(
        (status, reply.flags),
        (StatusCode::SERVICE_UNAVAILABLE, Flags::UH)
    );
    assert_eq!(body, "no healthy upstream");
}

#[tokio::test]
async fn who_never_answers_is_given_up_at_the_timeout() {
    let mut policy = reviews([endpoint(support::silent().await)]);
    let rule = Rule::to([Destination::new("reviews")]);
    let timeout = Span::from(Duration::from_millis(50));
    policy
        .routes
        .push(Route::new("reviews", ["reviews".parse().unwrap()]).rule(rule.timeout(timeout)));
    let (status, reply, body) = refusal(&policy).await;
    assert_eq!(
        (status, reply.flags),
        (StatusCode::GATEWAY_TIMEOUT, Flags::UT)
    );
    assert_eq!(body, "upstream request timeout");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_connection_failure() {
    let unknown = Endpoint::new(
        "no-such-host.invalid:80"
            .parse::<tower_mesh::policy::Address>()
            .unwrap(),
    );
    let (status, reply, _) = refusal(&reviews([unknown])).await;
    assert_eq!(
        (status, reply.flags),
        (StatusCode::SERVICE_UNAVAILABLE, Flags::UF)
    );
}

#[tokio::test]
async fn what_an_answer_says_of_its_connection_is_left_behind() {
    let answer: &[u8] =
        b"HTTP/1.1 200 OK\r\nconnection: close\r\nkeep-alive: timeout=5\r\ncontent-length: 2\r\n\r\nok";
    let policy = reviews([endpoint(support::says(Some(answer)).await)]);
    let (_mesh, client) = client(&policy);
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    for name in ["connection", "keep-alive"] {
        assert!(response.headers().get(name).is_none(), "{name}");
    }
    assert_eq!(text(response).await, "ok");
}

#[tokio::test]
async fn https_is_refused_rather_than_spoken_in_plain_text() {
    let backend = Backend::start("one").await;
    let (_mesh, client) = client(&reviews([backend.endpoint()]));
    let response = client.oneshot(get("https://reviews/")).await.unwrap();
    assert_eq!(response.status(), 503);
    let reply = response.extensions().get::<LocalReply>().unwrap();
    assert_eq!(reply.flags, Flags::LR);
    assert_eq!(backend.connections(), 0);
}

#[tokio::test]
async fn a_request_without_a_host_is_a_bad_request() {
    let (_mesh, client) = client(&reviews([]));
    let response = client.oneshot(get("/path")).await.unwrap();
    assert_eq!(response.status(), 400);
    let reply = response.extensions().get::<LocalReply>().unwrap();
    assert_eq!(reply.details, "missing_host_header");
}

#[tokio::test]
async fn an_unknown_host_is_reached_as_if_there_were_no_mesh() {
    let backend = Backend::start("one").await;
    let (mesh, client) = client(&reviews([]));
    let uri = format!("http://{}/", backend.address);
    let response = client.clone().oneshot(get(&uri)).await.unwrap();
    assert_eq!(response.headers()["x-backend"], "one");

    let mut policy = reviews([]);
    policy.mesh.outbound_traffic_policy = OutboundTrafficPolicy::RegistryOnly;
    mesh.reload(&policy).unwrap();
    let response = client.oneshot(get(&uri)).await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn a_request_counts_until_its_body_is_read() {
    let backend = Backend::start("one").await;
    let (mesh, client) = client(&reviews([backend.endpoint()]));
    let response = client
        .clone()
        .oneshot(get("http://reviews/"))
        .await
        .unwrap();
    assert_eq!(mesh.stats().in_flight, 1);
    response.into_body().collect().await.unwrap();
    assert_eq!(mesh.stats().in_flight, 0);
    drop(client.oneshot(get("http://reviews/")).await.unwrap());
    assert_eq!(mesh.stats().in_flight, 0);
}

#[tokio::test]
async fn shutdown_waits_for_the_bodies_and_refuses_what_comes() {
    let backend = Backend::start("one").await;
    let (mesh, client) = client(&reviews([backend.endpoint()]));
    let response = client
        .clone()
        .oneshot(get("http://reviews/"))
        .await
        .unwrap();
    let shutdown = tokio::spawn({
        let mesh = mesh.clone();
        async move { mesh.shutdown().await }
    });
    while client
        .clone()
        .oneshot(get("http://reviews/"))
        .await
        .unwrap()
        .status()
        != 503
    {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    assert_eq!(text(response).await, "one");
    shutdown.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_closes_when_its_endpoint_goes() {
    let (address, mut closed) = support::keeps_open().await;
    let (mesh, client) = client(&reviews([endpoint(address)]));
    let call = async || {
        let response = client
            .clone()
            .oneshot(get("http://reviews/"))
            .await
            .unwrap();
        text(response).await
    };
    assert_eq!(call().await, "ok");
    // A reload that keeps the endpoint keeps the connection.
    mesh.reload(&reviews([endpoint(address)])).unwrap();
    assert_eq!(call().await, "ok");
    assert!(closed.try_recv().is_err());
    mesh.reload(&reviews([])).unwrap();
    closed.recv().await.unwrap();
}

#[tokio::test]
async fn everything_ends_with_the_last_handle() {
    let (address, mut closed) = support::keeps_open().await;
    let (mesh, client) = client(&reviews([endpoint(address)]));
    let response = client
        .clone()
        .oneshot(get("http://reviews/"))
        .await
        .unwrap();
    text(response).await;
    drop(mesh);
    // The client still works without its mesh.
    let response = client
        .clone()
        .oneshot(get("http://reviews/"))
        .await
        .unwrap();
    text(response).await;
    assert!(closed.try_recv().is_err());
    drop(client);
    closed.recv().await.unwrap();
}

//! Upgraded connections: each stack alone, and all of them in a row.

use crate::support::{Backend, endpoint, get, text};
use crate::world::{eventually, policy, serve, serve_gateway, within};
use axum::Router;
use axum::body::Body;
use axum::extract::Request as Served;
use http::{Request, Response, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use tower_mesh::connect::Hyper;
use tower_mesh::policy::{Policy, Protocol};
use tower_mesh::reply::{Flags, LocalReply};
use tower_mesh::{Mesh, mesh};

/// The example of RFC 6455.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Agrees to every upgrade, in either version of HTTP, and echoes what comes until there is no
/// more; then it says `bye`. Counts who is connected.
pub(crate) fn echo(open: Arc<AtomicUsize>) -> Router {
    Router::new().fallback(async move |mut request: Served| {
        let agreed = match request.version() {
            Version::HTTP_2 => Response::builder().status(200),
            _ => Response::builder()
                .status(101)
                .header("connection", "Upgrade")
                .header("upgrade", request.headers()["upgrade"].clone())
                .header("sec-websocket-accept", ACCEPT),
        };
        let upgrade = hyper::upgrade::on(&mut request);
        open.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            if let Ok(upgraded) = upgrade.await {
                let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.write_all(b"bye").await;
                let _ = write.shutdown().await;
            }
            open.fetch_sub(1, Ordering::SeqCst);
        });
        agreed
            .header("sec-websocket-protocol", "chat")
            .body(Body::empty())
            .unwrap()
    })
}

/// An echo behind a server stack, and what is open there.
pub(crate) async fn backend() -> (Backend, Arc<AtomicUsize>) {
    let open = Arc::new(AtomicUsize::new(0));
    let server = Mesh::new(&Policy::default()).unwrap().server("app");
    let backend = Backend::serve(|_| echo(open.clone()).layer(server)).await;
    (backend, open)
}

/// A gateway in front of a backend.
pub(crate) async fn gateway(backend: SocketAddr, back: Protocol) -> (Mesh, SocketAddr) {
    let mesh = Mesh::new(&policy(backend, back, false).await).unwrap();
    let at = serve_gateway(&mesh).await;
    (mesh, at)
}

/// Sends a head by hand, and reads the head of the answer.
pub(crate) async fn ask(at: SocketAddr, head: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let answer = ask_on(&mut stream, head).await;
    (stream, answer)
}

async fn ask_on(stream: &mut TcpStream, head: &str) -> String {
    let head = head.replace('\n', "\r\n") + "\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    within(async {
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
    })
    .await;
    String::from_utf8(answer).unwrap()
}

pub(crate) fn websocket(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\nHost: app\nConnection: keep-alive, Upgrade\nUpgrade: websocket\n\
         Sec-WebSocket-Version: 13\nSec-WebSocket-Key: {KEY}"
    )
}

/// Bytes both ways, then one direction ends before the other.
pub(crate) async fn is_echoed<S>(stream: &mut S)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for _ in 0..3 {
        stream.write_all(b"\x00\xffhello").await.unwrap();
        let mut echoed = [0; 7];
        within(stream.read_exact(&mut echoed)).await.unwrap();
        assert_eq!(&echoed, b"\x00\xffhello");
    }
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"bye");
}

#[tokio::test]
async fn a_client_stack_leaves_the_upgrade_to_its_caller() {
    for back in [Protocol::Http1, Protocol::Http2] {
        let (backend, open) = backend().await;
        let mesh = Mesh::new(&policy(backend.address, back, false).await).unwrap();
        let mut request = get("http://app/chat");
        for (name, value) in [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-key", KEY),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let client = mesh.client(Hyper::new());
        let response = client.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 101, "{back:?}");
        for (name, value) in [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-accept", ACCEPT),
            ("sec-websocket-protocol", "chat"),
        ] {
            let said = response.headers()[name].to_str().unwrap();
            assert!(
                said.eq_ignore_ascii_case(value) || said == value,
                "{name}: {said}"
            );
        }
        // It counts to its 101.
        assert_eq!(mesh.stats().in_flight, 0);
        let upgraded = within(hyper::upgrade::on(response)).await.unwrap();
        is_echoed(&mut TokioIo::new(upgraded)).await;
        eventually(|| open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_server_stack_lets_its_handler_upgrade() {
    let (backend, open) = backend().await;
    let (mut stream, answer) = ask(backend.address, &websocket("/chat")).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert_eq!(open.load(Ordering::SeqCst), 1);
    is_echoed(&mut stream).await;
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_gateway_joins_both_connections() {
    let (backend, open) = backend().await;
    let (mesh, at) = gateway(backend.address, Protocol::Http1).await;
    for _ in 0..3 {
        let (mut stream, answer) = ask(at, &websocket("/chat")).await;
        assert!(
            answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{answer}"
        );
        let lines: Vec<_> = answer.split("\r\n").collect();
        for line in [
            "connection: Upgrade",
            "upgrade: websocket",
            &format!("sec-websocket-accept: {ACCEPT}"),
            "sec-websocket-protocol: chat",
        ] {
            assert!(lines.contains(&line), "{line}\n{answer}");
        }
        assert_eq!(mesh.stats().in_flight, 0);
        is_echoed(&mut stream).await;
    }
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn bytes_that_come_with_the_heads_are_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_mesh, at) = gateway(listener.local_addr().unwrap(), Protocol::Http1).await;
    let backend = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 101 Switching Protocols\r\n\
            connection: upgrade\r\nupgrade: websocket\r\n\r\nalso ahead";
        stream.write_all(answer).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let (mut stream, answer) = ask(at, &format!("{}\n\nahead", websocket("/"))).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"also ahead");
    assert_eq!(within(backend).await.unwrap(), b"ahead\r\n\r\n");
}

#[tokio::test]
async fn who_goes_away_takes_the_other_along() {
    let (backend, open) = backend().await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let mut streams = Vec::new();
    for number in 0..50 {
        let (stream, answer) = ask(at, &websocket("/")).await;
        assert!(answer.starts_with("HTTP/1.1 101"));
        if number % 2 == 0 {
            // Without so much as an end.
            stream.set_zero_linger().unwrap();
        }
        streams.push(stream);
    }
    assert_eq!(open.load(Ordering::SeqCst), 50);
    drop(streams);
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
    eventually(|| tasks() <= before).await;

    // And the other way round.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_mesh, at) = gateway(listener.local_addr().unwrap(), Protocol::Http1).await;
    for resets in [false, true] {
        let leaves = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                upgrade: websocket\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            if resets {
                stream.set_zero_linger().unwrap();
            }
        };
        let ((mut stream, answer), ()) = {
            let head = websocket("/");
            tokio::join!(ask(at, &head), leaves)
        };
        assert!(answer.starts_with("HTTP/1.1 101"));
        let mut rest = Vec::new();
        let _ = within(stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty());
    }
}

#[tokio::test]
async fn who_does_not_read_is_not_written_for() {
    let (backend, open) = backend().await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let (stream, answer) = ask(at, &websocket("/")).await;
    assert!(answer.starts_with("HTTP/1.1 101"));
    let (mut read, mut write) = stream.into_split();
    let block = vec![7; 64 * 1024];
    let mut taken = 0;
    // Nobody reads what is echoed, so at some time nothing more is taken.
    let pause = Duration::from_millis(500);
    while let Ok(written) = tokio::time::timeout(pause, write.write(&block)).await {
        taken += written.unwrap();
        assert!(taken < 64 * 1024 * 1024, "somebody takes it all");
    }
    drop(write);
    let mut rest = Vec::new();
    within(read.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest.len(), taken + 3);
    assert!(rest[..taken].iter().all(|byte| *byte == 7));
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_refusal_passes_as_it_is_and_the_connection_is_good_for_more() {
    let backend = Backend::serve(|_| {
        Router::new().fallback(async |request: Served| {
            let status = request.uri().path()[1..].parse::<u16>().unwrap();
            let refused = Response::builder()
                .status(status)
                .header("x-why", "because");
            let refused = match status {
                426 => refused
                    .header("connection", "upgrade")
                    .header("upgrade", "foo/2"),
                _ => refused,
            };
            refused.body(Body::from("no")).unwrap()
        })
    })
    .await;
    let (mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    for status in [200, 403, 426, 503] {
        let answer = ask_on(&mut stream, &websocket(&format!("/{status}"))).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("x-why: because\r\n"));
        // What would have been taken.
        let offers = answer.contains("connection: upgrade\r\n") && answer.contains("foo/2");
        assert_eq!(offers, status == 426, "{answer}");
        assert!(answer.contains("content-length: 2\r\n"));
        let mut no = [0; 2];
        within(stream.read_exact(&mut no)).await.unwrap();
        assert_eq!(&no, b"no");
    }
    eventually(|| mesh.stats().in_flight == 0).await;
    assert_eq!(backend.connections(), 1);
}

/// A backend that says what a request tells of upgrades.
async fn tells() -> Backend {
    Backend::serve(|count| {
        Router::new().fallback(async move |request: Served| {
            count.fetch_add(1, Ordering::SeqCst);
            let names = request.headers().keys().map(|name| name.as_str());
            let told = ["connection", "upgrade", "http2-settings", "te"];
            let names: Vec<_> = names.filter(|name| told.contains(name)).collect();
            let answer = Response::builder().header("x-told", names.join(" "));
            // As some servers say to everybody.
            let answer = answer.header("connection", "upgrade");
            answer
                .header("upgrade", "h2,h2c")
                .body(Body::empty())
                .unwrap()
        })
    })
    .await
}

#[tokio::test]
async fn what_is_no_upgrade_is_none() {
    let backend = tells().await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let (_mesh, at) = gateway(backend.address, back).await;
        for asks in [
            "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk",
            "Connection: keep-alive\nUpgrade: websocket",
            "Upgrade: websocket",
        ] {
            let (_, answer) = ask(at, &format!("GET / HTTP/1.1\nHost: app\n{asks}")).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(answer.contains("x-told: \r\n"), "{answer}");
            assert!(!answer.contains("h2c"), "{answer}");
        }
    }
    // Nor has HTTP/1.0 any.
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let (_, answer) = ask(at, &websocket("/").replace("HTTP/1.1", "HTTP/1.0")).await;
    assert!(answer.contains("x-told: \r\n"), "{answer}");
    // HTTP/2 knows the one upgrade alone. Any other is a wish.
    let (_mesh, at) = gateway(backend.address, Protocol::Http2).await;
    let head = "GET / HTTP/1.1\nHost: app\nConnection: upgrade\nUpgrade: foo";
    let (_, answer) = ask(at, head).await;
    assert!(answer.contains("x-told: \r\n"), "{answer}");
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_a_protocol_error() {
    let answer: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\n\r\n";
    let at = crate::support::says(Some(answer)).await;
    let mesh = Mesh::new(&policy(at, Protocol::Http1, false).await).unwrap();
    let response = mesh.client(Hyper::new()).oneshot(get("http://app/")).await;
    let response = response.unwrap();
    assert_eq!(response.status(), 502);
    let reply = response.extensions().get::<LocalReply>().unwrap();
    assert_eq!(reply.flags, Flags::UPE);
    assert!(response.extensions().get::<OnUpgrade>().is_none());
}

#[tokio::test]
async fn the_timeout_of_a_rule_is_for_the_answer_not_for_the_tunnel() {
    let (backend, _open) = backend().await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let (mut stream, answer) = ask(at, &websocket("/hurry")).await;
    assert!(answer.starts_with("HTTP/1.1 101"));
    tokio::time::sleep(Duration::from_millis(700)).await;
    is_echoed(&mut stream).await;

    let (_mesh, at) = gateway(crate::support::silent().await, Protocol::Http1).await;
    let (_, answer) = ask(at, &websocket("/hurry")).await;
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
}

#[tokio::test]
async fn a_tunnel_outlives_a_reload_and_the_mesh() {
    let (backend, open) = backend().await;
    let mesh = Mesh::new(&policy(backend.address, Protocol::Http1, false).await).unwrap();
    let client = mesh.client(Hyper::new());
    let at = serve(proxy(client)).await;
    let (mut stream, answer) = ask(at, &websocket("/")).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    mesh.reload(&Policy::default()).unwrap();
    within(mesh.shutdown()).await;
    is_echoed(&mut stream).await;
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

/// A handler that passes its requests on, by a client stack.
fn proxy(client: mesh::Client<tower_mesh::connect::HttpEndpoint>) -> Router {
    Router::new().fallback(async move |request: Served| client.oneshot(request).await.unwrap())
}

#[tokio::test]
async fn upgrades_are_not_mirrored_and_what_is_none_is() {
    let (backend, _open) = backend().await;
    let shadow = tells().await;
    let mut policy = policy(backend.address, Protocol::Http1, true).await;
    let mirror = policy.services.get_mut("shadow").unwrap();
    mirror.endpoints = vec![endpoint(shadow.address)];
    let mesh = Mesh::new(&policy).unwrap();
    let at = serve_gateway(&mesh).await;
    let (mut stream, answer) = ask(at, &websocket("/")).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    is_echoed(&mut stream).await;
    let stats = mesh.stats();
    assert_eq!((stats.mirrored, stats.mirrors_shed), (0, 0));
    assert_eq!(shadow.requests(), 0);

    let plain = tells().await;
    policy.services.get_mut("app").unwrap().endpoints = vec![endpoint(plain.address)];
    mesh.reload(&policy).unwrap();
    let head = "GET / HTTP/1.1\nHost: app\nConnection: Upgrade\nUpgrade: h2c";
    let (_, answer) = ask(at, head).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    eventually(|| shadow.requests() == 1).await;
}

#[tokio::test]
async fn connect_is_a_tunnel_too() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let backend = Backend::serve(|_| {
        Router::new().fallback(async move |mut request: Served| {
            if *request.uri() != "app:81" {
                return StatusCode::FORBIDDEN;
            }
            let upgrade = hyper::upgrade::on(&mut request);
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.write_all(b"bye").await;
                let _ = write.shutdown().await;
                counted.fetch_sub(1, Ordering::SeqCst);
            });
            StatusCode::OK
        })
    })
    .await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let mesh = Mesh::new(&policy(backend.address, back, false).await).unwrap();
        let client = mesh.client(Hyper::new());
        let connect = |to: &str| Request::connect(to).body(crate::world::empty()).unwrap();
        let response = client.clone().oneshot(connect("app:81")).await.unwrap();
        assert_eq!(response.status(), 200, "{back:?}");
        assert_eq!(mesh.stats().in_flight, 0);
        let upgraded = within(hyper::upgrade::on(response)).await.unwrap();
        is_echoed(&mut TokioIo::new(upgraded)).await;
        let response = client.clone().oneshot(connect("app:82")).await.unwrap();
        assert_eq!(response.status(), 403, "{back:?}");
        assert_eq!(text(response).await, "");

        // Passed on for somebody, who is joined.
        let at = serve(proxy(client)).await;
        let (mut stream, answer) = ask(at, "CONNECT app:81 HTTP/1.1\nHost: app:81").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        is_echoed(&mut stream).await;
        eventually(|| open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_a_service_upgrades_by_itself() {
    // In the same process: the server's own end goes along with the request.
    let open = Arc::new(AtomicUsize::new(0));
    let app = echo(open.clone());
    let at = crate::support::nobody().await;
    let mesh = Mesh::new(&policy(at, Protocol::Http1, false).await).unwrap();
    let gateway = mesh.gateway("edge", move |_: &tower_mesh::balance::Target| app.clone());
    let at = serve(Router::new().fallback_service(gateway)).await;
    let (mut stream, answer) = ask(at, &websocket("/")).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    is_echoed(&mut stream).await;
}

#[tokio::test]
async fn whole_answers_are_for_who_asked_for_one() {
    // An upgrade that is refused is a request like any other: it counts to its body's end.
    let backend = Backend::start("plain").await;
    let (mesh, _) = gateway(backend.address, Protocol::Http1).await;
    let mut request = get("http://app/");
    let headers = request.headers_mut();
    headers.insert("connection", "upgrade".parse().unwrap());
    headers.insert("upgrade", "websocket".parse().unwrap());
    let response = mesh.client(Hyper::new()).oneshot(request).await.unwrap();
    assert_eq!(mesh.stats().in_flight, 1);
    let whole = response.into_body().collect().await.unwrap();
    assert_eq!(whole.to_bytes(), "plain");
    assert_eq!(mesh.stats().in_flight, 0);
}

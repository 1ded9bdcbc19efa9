//! WebSockets where HTTP/2 is spoken at one end or at both: there they are extended `CONNECT`s.

use crate::tunnels::{ACCEPT, ask, backend, gateway, is_echoed, websocket};
use crate::world::{eventually, policy, serve_gateway, within};
use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol as Extended;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower_mesh::Mesh;
use tower_mesh::policy::Protocol;

use crate::support::Backend;

/// One connection of HTTP/2.
async fn connect(at: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(at).await.unwrap());
    let (send, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    send
}

fn extended(path: &str) -> Request<Empty<Bytes>> {
    Request::connect(format!("http://app{path}"))
        .extension(Extended::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .body(Empty::new())
        .unwrap()
}

async fn is_a_tunnel(response: Response<Incoming>) {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    for name in ["connection", "upgrade", "sec-websocket-accept"] {
        assert!(response.headers().get(name).is_none(), "{name}");
    }
    let mut stream = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    is_echoed(&mut stream).await;
}

#[tokio::test]
async fn a_browser_that_speaks_http2_reaches_backends_of_either_version() {
    for back in [Protocol::Http1, Protocol::Http2] {
        let (backend, open) = backend().await;
        let (mesh, at) = gateway(backend.address, back).await;
        let mut browser = connect(at).await;
        // The second by a rule for the method GET, which this is.
        for path in ["/", "/got"] {
            let response = within(browser.send_request(extended(path))).await.unwrap();
            is_a_tunnel(response).await;
        }
        assert_eq!(mesh.stats().in_flight, 0);
        eventually(|| open.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_backend_of_http1_is_asked_as_a_browser_would() {
    let backend = Backend::serve(|_| {
        Router::new().fallback(async |request: Served| {
            let headers = request.headers();
            assert_eq!(request.method(), Method::GET);
            assert_eq!(headers["connection"], "upgrade");
            assert_eq!(headers["upgrade"], "websocket");
            assert_eq!(headers["sec-websocket-version"], "13");
            // Sixteen bytes, and nobody's before.
            assert_eq!(headers["sec-websocket-key"].len(), 24);
            let key = headers["sec-websocket-key"].clone();
            (StatusCode::FORBIDDEN, [("x-key", key)])
        })
    })
    .await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let mut browser = connect(at).await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let response = within(browser.send_request(extended("/"))).await.unwrap();
        // A refusal is passed on as such.
        assert_eq!(response.status(), 403);
        keys.push(response.headers()["x-key"].clone());
    }
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_backend_that_knows_nothing_of_upgrades_agrees_to_none() {
    // It answers 200, which would open the tunnel where HTTP/2 is spoken.
    let backend = Backend::start("plain").await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let mut browser = connect(at).await;
    let response = within(browser.send_request(extended("/"))).await.unwrap();
    assert_eq!(response.status(), 502);
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(text.ends_with(b"reset reason: protocol error"), "{text:?}");
}

#[tokio::test]
async fn a_browser_that_speaks_http1_reaches_a_backend_of_http2() {
    let (backend, open) = backend().await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http2).await;
    let (mut stream, answer) = ask(at, &websocket("/")).await;
    assert!(
        answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{answer}"
    );
    for line in [
        "connection: upgrade",
        "upgrade: websocket",
        &format!("sec-websocket-accept: {ACCEPT}"),
        "sec-websocket-protocol: chat",
    ] {
        assert!(
            answer.split("\r\n").any(|said| said == line),
            "{line}\n{answer}"
        );
    }
    stream.write_all(b"hello").await.unwrap();
    let mut echoed = [0; 5];
    within(stream.read_exact(&mut echoed)).await.unwrap();
    assert_eq!(&echoed, b"hello");
    drop(stream);
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_backend_that_has_no_extended_connect_is_no_reason_to_hang() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Without `enable_connect_protocol`.
            let service = hyper::service::service_fn(async |_: Request<Incoming>| {
                Ok::<_, std::convert::Infallible>(Response::new(Empty::<Bytes>::new()))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    let mesh = Mesh::new(&policy(at, Protocol::Http2, false).await).unwrap();
    let at = serve_gateway(&mesh).await;
    let (_, answer) = ask(at, &websocket("/")).await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let mut browser = connect(at).await;
    let response = within(browser.send_request(extended("/"))).await.unwrap();
    assert_eq!(response.status(), 502);
    eventually(|| mesh.stats().in_flight == 0).await;
}

#[tokio::test]
async fn tunnels_on_one_connection_end_each_on_its_own() {
    let (backend, open) = backend().await;
    let (_mesh, at) = gateway(backend.address, Protocol::Http1).await;
    let mut browser = connect(at).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let response = within(browser.send_request(extended("/"))).await.unwrap();
        streams.push(TokioIo::new(hyper::upgrade::on(response).await.unwrap()));
    }
    assert_eq!(open.load(Ordering::SeqCst), 20);
    streams.truncate(5);
    eventually(|| open.load(Ordering::SeqCst) == 5).await;
    for stream in &mut streams {
        stream.write_all(b"still").await.unwrap();
        let mut echoed = [0; 5];
        within(stream.read_exact(&mut echoed)).await.unwrap();
    }
    drop(streams);
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
}

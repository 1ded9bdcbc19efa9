//! Servers on loopback, for tests about sockets.
#![allow(dead_code, unreachable_pub)] // Each test uses some of it, as a module of its own.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower_mesh::policy::{Address, Endpoint};

pub type Body = Full<Bytes>;

pub fn get(uri: &str) -> http::Request<Empty<Bytes>> {
    http::Request::get(uri).body(Empty::new()).unwrap()
}

/// An endpoint of a policy at this address.
pub fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(Address::from(address))
}

pub async fn text<B>(response: http::Response<B>) -> String
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server that counts its connections and answers with its name and the request as it came.
#[derive(Clone)]
pub struct Backend {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    pub requests: Arc<AtomicUsize>,
}

impl Backend {
    pub async fn start(name: &'static str) -> Self {
        Self::serve(move |requests| {
            Router::new().fallback(async move |request: Request| {
                requests.fetch_add(1, Ordering::SeqCst);
                echo(name, &request)
            })
        })
        .await
    }

    pub async fn serve(app: impl FnOnce(Arc<AtomicUsize>) -> Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let app = app(backend.requests.clone());
        let counting = Counting {
            listener,
            connections: backend.connections.clone(),
        };
        tokio::spawn(async move { axum::serve(counting, app).await });
        backend
    }

    pub fn endpoint(&self) -> Endpoint {
        endpoint(self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// What a backend answers: itself and what it saw, in headers.
pub fn echo(name: &'static str, request: &Request) -> Response {
    let mut seen = http::HeaderMap::new();
    let line = format!("{} {}", request.method(), request.uri());
    seen.insert("x-backend", name.parse().unwrap());
    seen.insert("x-seen", line.parse().unwrap());
    for name in ["host", "x-version"] {
        if let Some(value) = request.headers().get(name) {
            let name = http::HeaderName::try_from(format!("x-seen-{name}")).unwrap();
            seen.insert(name, value.clone());
        }
    }
    if let Some(authority) = request.uri().authority() {
        seen.insert("x-seen-authority", authority.as_str().parse().unwrap());
    }
    (seen, name).into_response()
}

struct Counting {
    listener: TcpListener,
    connections: Arc<AtomicUsize>,
}

impl axum::serve::Listener for Counting {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let accepted = axum::serve::Listener::accept(&mut self.listener).await;
        self.connections.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A server that reads the head of each request and then says these bytes and closes; without
/// bytes it resets the connection.
pub async fn says(bytes: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            match bytes {
                Some(bytes) => {
                    let _ = stream.write_all(bytes).await;
                    let _ = stream.shutdown().await;
                    // Closing with something unread would reset what was said.
                    while matches!(stream.read(&mut head).await, Ok(1..)) {}
                }
                None => {
                    let _ = stream.set_zero_linger();
                }
            }
        }
    });
    address
}

/// An address at which nobody listens.
pub async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A server that takes connections and never answers.
pub async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    address
}

/// A server of one connection at a time that answers each request with 200 and keeps the
/// connection open. The receiver hears of each connection that was closed by its client.
pub async fn keeps_open() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, hears) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            while matches!(stream.read(&mut head).await, Ok(1..)) {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                let _ = stream.write_all(answer).await;
            }
            let _ = closed.send(());
        }
    });
    (address, hears)
}

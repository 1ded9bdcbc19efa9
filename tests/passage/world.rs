//! Whoever asks, whatever is in between, and a backend behind the server stack.

use crate::support::{Backend, silent};
use axum::Router;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tower::{Service, ServiceExt as _};
use tower_mesh::Mesh;
use tower_mesh::connect::{HttpEndpoint, Hyper};
use tower_mesh::mesh::Client;
use tower_mesh::policy::{Policy, Protocol};

pub(crate) type Fault = std::io::Error;
pub(crate) type Body = UnsyncBoxBody<Bytes, Fault>;
/// Whatever goes wrong, as it came.
pub(crate) type Answer = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Front {
    /// The process itself, by a client stack.
    Client,
    /// A client outside, through a gateway stack.
    Http1,
    Http2,
}

/// A way from who asks to the backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) front: Front,
    /// What the backend is spoken to in.
    pub(crate) back: Protocol,
    /// Whether somebody gets copies who takes connections and says nothing.
    pub(crate) mirrored: bool,
}

/// Every way that there is.
pub(crate) fn ways() -> impl Iterator<Item = Way> {
    let fronts = [Front::Client, Front::Http1, Front::Http2];
    fronts.into_iter().flat_map(|front| {
        [Protocol::Http1, Protocol::Http2]
            .into_iter()
            .flat_map(move |back| {
                [false, true].map(|mirrored| Way {
                    front,
                    back,
                    mirrored,
                })
            })
    })
}

impl Way {
    /// Whether every hop speaks HTTP/2.
    pub(crate) fn is_http2(self) -> bool {
        self.back == Protocol::Http2 && self.front != Front::Http1
    }
}

pub(crate) struct World {
    pub(crate) mesh: Mesh,
    pub(crate) backend: Backend,
    /// Where the gateway listens.
    pub(crate) at: SocketAddr,
    caller: Caller,
}

enum Caller {
    Stack(Client<HttpEndpoint>),
    Outside(Box<hyper_util::client::legacy::Client<Dial, Body>>),
}

/// Dials one address, whatever is asked for.
#[derive(Clone)]
pub(crate) struct Dial(pub(crate) SocketAddr);

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<TokioIo<TcpStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let at = self.0;
        Box::pin(async move { Ok(TokioIo::new(TcpStream::connect(at).await?)) })
    }
}

/// A policy in which `app` is at this address, for clients and at the gateway `edge`.
pub(crate) async fn policy(at: SocketAddr, back: Protocol, mirrored: bool) -> Policy {
    let protocol = match back {
        Protocol::Http1 => "http1",
        Protocol::Http2 => "http2",
    };
    let mirrors = match mirrored {
        true => "mirrors: [{ service: shadow, percent: 100 }]",
        false => "",
    };
    let shadow = silent().await;
    format!(
        r#"
services:
  app: {{ protocol: {protocol}, endpoints: [{{ address: "{at}" }}] }}
  shadow: {{ protocol: {protocol}, endpoints: [{{ address: "{shadow}" }}] }}
gateways:
  edge: {{ listeners: [{{ name: http, port: 80 }}] }}
routes:
  - name: app
    hosts: [app]
    gateways: [mesh, edge]
    rules:
      - match: [{{ path: {{ prefix: /got }}, method: GET }}]
        to: [{{ service: app }}]
      - match: [{{ path: {{ prefix: /crumbs }}, headers: {{ cookie: {{ exact: "a=1; b=2" }} }} }}]
        to: [{{ service: app }}]
        headers: {{ response: {{ set: {{ x-rule: crumbs }} }} }}
      - match: [{{ path: {{ prefix: /hurry }} }}]
        timeout: 300ms
        to: [{{ service: app }}]
      - to: [{{ service: app }}]
        {mirrors}
"#
    )
    .parse()
    .unwrap()
}

/// Serves a gateway of the mesh.
pub(crate) async fn serve_gateway(mesh: &Mesh) -> SocketAddr {
    serve(Router::new().fallback_service(mesh.gateway("edge", Hyper::new()))).await
}

/// Serves an app that knows who connects.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

impl World {
    pub(crate) async fn new(way: Way, app: Router) -> Self {
        let server = Mesh::new(&Policy::default()).unwrap().server("app");
        let backend = Backend::serve(|_| app.layer(server)).await;
        Self::around(way, backend).await
    }

    /// With a backend that is there already.
    pub(crate) async fn around(way: Way, backend: Backend) -> Self {
        let policy = policy(backend.address, way.back, way.mirrored).await;
        let mesh = Mesh::new(&policy).unwrap();
        let at = serve_gateway(&mesh).await;
        let outside = |http2| {
            let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
            // Room for all that a test leaves unread.
            builder.http2_initial_connection_window_size(64 * 1024 * 1024);
            Caller::Outside(Box::new(builder.http2_only(http2).build(Dial(at))))
        };
        let caller = match way.front {
            Front::Client => Caller::Stack(mesh.client(Hyper::new())),
            Front::Http1 => outside(false),
            Front::Http2 => outside(true),
        };
        Self {
            mesh,
            backend,
            at,
            caller,
        }
    }

    /// Sends a request for this path at `app`.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Answer> {
        self.try_send(request).await.unwrap()
    }

    /// As [`send`](Self::send), for a request at which the caller's own client may fail.
    pub(crate) async fn try_send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Answer>, hyper_util::client::legacy::Error> {
        let path = request.uri().path_and_query().unwrap().clone();
        *request.uri_mut() = format!("http://app{path}").parse().unwrap();
        match &self.caller {
            Caller::Stack(client) => {
                let response = client.clone().oneshot(request).await;
                let response = response.unwrap_or_else(|never| match never {});
                Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
            }
            Caller::Outside(client) => {
                let response = client.request(request).await?;
                Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
            }
        }
    }

    /// Waits until nothing is under way.
    pub(crate) async fn is_quiet(&self) {
        eventually(|| self.mesh.stats().in_flight == 0).await;
    }
}

/// Waits for something that comes about soon.
pub(crate) async fn eventually(mut is: impl FnMut() -> bool) {
    let soon = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(soon).await;
}

/// Nothing here takes long, unless it never ends.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    let time = Duration::from_secs(10);
    tokio::time::timeout(time, future).await.expect("it hangs")
}

pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) type Frames = mpsc::Sender<Result<Frame<Bytes>, Fault>>;

/// A body that is written while it is read.
pub(crate) fn stream() -> (Frames, Body) {
    let (send, frames) = mpsc::channel(1);
    let body = StreamBody::new(ReceiverStream::new(frames));
    (send, body.boxed_unsync())
}

pub(crate) fn data(bytes: impl Into<Bytes>) -> Result<Frame<Bytes>, Fault> {
    Ok(Frame::data(bytes.into()))
}

pub(crate) fn trailers(name: &'static str, value: &'static str) -> Result<Frame<Bytes>, Fault> {
    let mut trailers = http::HeaderMap::new();
    trailers.insert(name, value.parse().unwrap());
    Ok(Frame::trailers(trailers))
}

/// The next bytes of a body.
pub(crate) async fn next<B>(body: &mut B) -> Bytes
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    let frame = within(body.frame()).await.unwrap().unwrap();
    frame.into_data().unwrap()
}

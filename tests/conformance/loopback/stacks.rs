//! Stacks of a mesh, and how requests get to them: through a socket to a gateway, by a call to a
//! client stack.

use crate::loopback::pods::Seen;
use crate::proxy::{Proxy, Together};
use axum::Router;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use tower_mesh::connect::Hyper;
use tower_mesh::explain::Question;
use tower_mesh::policy::Workload;
use tower_mesh::rng::Rng;
use tower_mesh::{Mesh, Policy, mesh};

type Body = Full<Bytes>;

/// A policy at work as one client, or in all its gateways.
pub(crate) struct Stacks {
    pub(crate) mesh: Mesh,
    client: mesh::Client<<Hyper as tower_mesh::balance::MakeEndpoint>::Endpoint>,
    doors: HashMap<(String, u16), SocketAddr>,
    /// Who takes the place of the mesh, if it is not the mesh.
    envoy: Option<Instead>,
    lines: HashMap<(SocketAddr, bool), Line>,
}

/// A connection.
enum Line {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// An answer with all of its body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) grpc_status: Option<String>,
    /// What the pod that answered has received; `None` for what no pod answered.
    pub(crate) seen: Option<Seen>,
}

/// An Envoy with the policy's exported configuration.
struct Instead {
    ports: BTreeMap<String, SocketAddr>,
    _proxy: Proxy,
}

/// Who is tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Front {
    Mesh,
    Envoy,
}

impl Stacks {
    pub(crate) fn new(policy: &Policy, workload: Workload, front: Front) -> Self {
        let envoy = (front == Front::Envoy).then(|| Instead::new(policy, &workload));
        let builder = Mesh::builder().workload(workload).rng(Rng::seeded(7));
        // What a route refers to in vain is answered with 500; that is some cases' point.
        let builder = builder.lenient();
        let mesh = builder.build(policy).unwrap();
        Self {
            client: mesh.client(Hyper::new()),
            mesh,
            doors: HashMap::new(),
            envoy,
            lines: HashMap::new(),
        }
    }

    /// Sends a request to where the question says that it arrives.
    pub(crate) async fn ask(&mut self, question: &Question, http2: bool) -> Reply {
        let Some(gateway) = &question.gateway else {
            if let Some(envoy) = &self.envoy {
                let port = { question.authority.rsplit_once(':') }.map_or("80", |(_, port)| port);
                let at = envoy.ports[&format!("mesh:{port}")];
                return self.over(at, question, http2).await;
            }
            let request = request(question, &format!("http://{}", question.authority));
            let answer = self.client.clone().oneshot(request).await.unwrap();
            return Reply::read(answer).await;
        };
        let at = self.door(gateway, question.port.unwrap()).await;
        self.over(at, question, http2).await
    }

    /// Sends a request over a connection to this address.
    async fn over(&mut self, at: SocketAddr, question: &Question, http2: bool) -> Reply {
        // Whoever answers before it has read a request may close the connection.
        self.lines.retain(|_, line| !line.is_closed());
        let line = match self.lines.entry((at, http2)) {
            std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => new.insert(Line::to(at, http2).await),
        };
        match line {
            Line::One(line) => {
                line.ready().await.unwrap();
                let mut request = request(question, "");
                let host = question.authority.parse().unwrap();
                request.headers_mut().insert("host", host);
                Reply::read(line.send_request(request).await.unwrap()).await
            }
            Line::Two(line) => {
                line.ready().await.unwrap();
                let request = request(question, &format!("http://{}", question.authority));
                Reply::read(line.send_request(request).await.unwrap()).await
            }
        }
    }

    /// The socket at which a gateway's port is served.
    async fn door(&mut self, gateway: &str, port: u16) -> SocketAddr {
        if let Some(envoy) = &self.envoy {
            return envoy.ports[&format!("{gateway}:{port}")];
        }
        let door = (gateway.to_owned(), port);
        if let Some(at) = self.doors.get(&door) {
            return *at;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let gateway = self.mesh.gateway(gateway, Hyper::new()).on_port(port);
        let app = Router::new().fallback_service(gateway);
        let listener = listener.tap_io(|io| io.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        self.doors.insert(door, at);
        at
    }
}

impl Instead {
    #[cfg(feature = "export")]
    fn new(policy: &Policy, workload: &Workload) -> Self {
        use tower_mesh::export::Envoy;
        let plan = tower_mesh::Plan::lenient(policy, workload, None);
        let mut together = Together::default();
        let mut ports = together.add(&Envoy::mesh().export(&plan).bootstrap);
        for gateway in policy.gateways.keys() {
            ports.extend(together.add(&Envoy::gateway(gateway).export(&plan).bootstrap));
        }
        Self {
            ports,
            _proxy: together.start(),
        }
    }

    #[cfg(not(feature = "export"))]
    fn new(_: &Policy, _: &Workload) -> Self {
        panic!("it needs the feature `export`")
    }
}

impl Line {
    fn is_closed(&self) -> bool {
        match self {
            Self::One(line) => line.is_closed(),
            Self::Two(line) => line.is_closed(),
        }
    }

    async fn to(at: SocketAddr, http2: bool) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let io = TokioIo::new(stream);
        match http2 {
            false => {
                let (line, driver) = http1::handshake(io).await.unwrap();
                tokio::spawn(driver);
                Self::One(line)
            }
            true => {
                let executor = TokioExecutor::new();
                let (line, driver) = http2::handshake(executor, io).await.unwrap();
                tokio::spawn(driver);
                Self::Two(line)
            }
        }
    }
}

fn request(question: &Question, origin: &str) -> Request<Body> {
    let uri: Uri = format!("{origin}{}", question.path).parse().unwrap();
    let method = question.method.as_deref().unwrap_or("GET");
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in &question.headers {
        request = request.header(name, value);
    }
    // So that it shows whether bodies get through.
    let body = match method {
        "POST" | "PUT" | "PATCH" => Full::from("what is sent"),
        _ => Full::default(),
    };
    request.body(body).unwrap()
}

impl Reply {
    async fn read<B>(response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap();
        let none = HeaderMap::new();
        let trailers = body.trailers().unwrap_or(&none);
        let grpc_status = { trailers.get("grpc-status") }
            .or_else(|| head.headers.get("grpc-status"))
            .map(|status| status.to_str().unwrap().to_owned());
        let body = body.to_bytes();
        // A gRPC message has five bytes in front.
        let json = body
            .strip_prefix(b"\0")
            .map_or(&*body, |message| &message[4..]);
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        Self {
            status: head.status,
            headers: { head.headers.iter() }
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            grpc_status,
            seen: serde_json::from_slice(json).ok(),
        }
    }
}

//! A policy whose rules fail in every way, at work in a gateway and in a client.

use crate::causes::{self, Cause};
use crate::{far, support};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use tower_mesh::connect::Hyper;
use tower_mesh::import::Documents;
use tower_mesh::reply::LocalReply;
use tower_mesh::{Mesh, Policy, policy};

/// A reply, without its date.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) flags: String,
    pub(crate) details: String,
}

pub(crate) struct Lab {
    mesh: Mesh,
    doors: BTreeMap<u16, SocketAddr>,
    /// Why the gateway has answered itself, the last time.
    told: Arc<Mutex<Option<LocalReply>>>,
    _kept: Box<dyn Any>,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let (full, kept) = far::full().await;
        let mut services = json!({ "empty": {} });
        let mut serve = |name: &str, at: SocketAddr, protocol: &str| {
            services[name] = json!({ "protocol": protocol, "endpoints": [{ "address": at }] });
        };
        let bad_request: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        serve("full", full, "http1");
        serve("refused", support::nobody().await, "http1");
        serve("closes", support::says(Some(b"")).await, "http1");
        serve("resets", support::says(None).await, "http1");
        serve(
            "garbage",
            support::says(Some(b"SSH-2.0-x\r\n\r\n")).await,
            "http1",
        );
        serve("http1", support::says(Some(bad_request)).await, "http2");
        serve("silent", support::silent().await, "http1");
        for code in [0, 1, 2, 7, 8] {
            serve(
                &format!("code-{code}"),
                far::resets_with(code).await,
                "http2",
            );
        }
        let native = json!({
            "services": services,
            "gateways": { "default/edge": { "listeners": [
                { "name": "plain", "port": 80 },
                { "name": "tls", "port": 81, "hosts": ["tls.test"], "httpsRedirect": true },
            ] } },
            "routes": [{
                "name": "causes", "hosts": ["a.test"], "gateways": ["mesh", "default/edge#plain"],
                "rules": causes::rules(),
            }],
        });
        let mesh = mesh(&[native, grpc_fault()]);
        let told = Arc::default();
        let mut doors = BTreeMap::new();
        for port in [80, 81] {
            doors.insert(port, serve_gateway(&mesh, port, &told).await);
        }
        Self {
            mesh,
            doors,
            told,
            _kept: Box::new(kept),
        }
    }

    /// The reply as it stands on the wire.
    pub(crate) async fn through_gateway(&self, cause: &Cause) -> Reply {
        let request = &cause.request;
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
        let lines = { request.host.map(|host| ("host", host)).into_iter() }
            .chain(request.headers.iter().copied())
            .chain([("connection", "close")]);
        for (name, value) in lines {
            text += &format!("{name}: {value}\r\n");
        }
        // The token is taken by whoever comes first.
        let rounds = if cause.rule == "RL" { 2 } else { 1 };
        let mut reply = Reply::default();
        for _ in 0..rounds {
            self.told.lock().take();
            reply = said(self.doors[&request.port], &(text.clone() + "\r\n")).await;
        }
        let told = self.told.lock().take();
        reply.tells(told.as_ref())
    }

    /// The reply as the client stack gives it; `None` for what only comes to gateways.
    pub(crate) async fn through_client(&self, cause: &Cause) -> Option<Reply> {
        let request = &cause.request;
        if request.at_gateway {
            return None;
        }
        let uri = match request.host {
            Some(host) => format!("http://{host}{}", request.path),
            None => request.path.clone(),
        };
        let mut asked = http::Request::builder().method(request.method).uri(uri);
        for (name, value) in &request.headers {
            asked = asked.header(*name, *value);
        }
        let asked = asked.body(Empty::<Bytes>::new()).unwrap();
        Some(answer(&self.mesh, asked).await)
    }
}

/// Lets a client stack answer as a rule says, to a gRPC call.
pub(crate) async fn respond(status: u16, body: &str) -> Reply {
    let respond = policy::Respond {
        status: status.try_into().unwrap(),
        body: body.into(),
    };
    let route = policy::Route::new("r", ["a.test".parse().unwrap()]);
    let mut policy = Policy::default();
    policy
        .routes
        .push(route.rule(policy::Rule::respond(respond)));
    let request =
        http::Request::post("http://a.test/s/M").header("content-type", "application/grpc");
    answer(
        &Mesh::new(&policy).unwrap(),
        request.body(Empty::new()).unwrap(),
    )
    .await
}

fn mesh(documents: &[Value]) -> Mesh {
    let mut all = Documents::new();
    for (number, document) in documents.iter().enumerate() {
        all = all.add_text(format!("{number}.json"), document.to_string());
    }
    // Some routes refer to what is not there.
    Mesh::builder().lenient().build(&all.read().policy).unwrap()
}

/// What native policies do not say: a fault with a status of gRPC.
fn grpc_fault() -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": { "name": "fault", "namespace": "default" },
        "spec": {
            "hosts": ["fi.test"], "gateways": ["mesh", "default/edge"],
            "http": [{
                "fault": { "abort": { "grpcStatus": "UNAVAILABLE", "percentage": { "value": 100 } } },
                "route": [{ "destination": { "host": "silent" } }],
            }],
        },
    })
}

fn connector() -> Hyper {
    Hyper::new().connect_timeout(Duration::from_millis(100))
}

async fn serve_gateway(
    mesh: &Mesh,
    port: u16,
    told: &Arc<Mutex<Option<LocalReply>>>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = mesh.gateway("default/edge", connector()).on_port(port);
    let told = told.clone();
    let service = tower::service_fn(move |request: http::Request<Incoming>| {
        let (gateway, told) = (gateway.clone(), told.clone());
        async move {
            let answered = gateway.oneshot(request).await;
            answered.inspect(|response| {
                *told.lock() = response.extensions().get::<LocalReply>().cloned();
            })
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let serving = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    address
}

/// Sends a request as it is and reads what is answered, up to the end of the connection.
async fn said(at: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap();
    let headers = { lines.map(|line| line.split_once(": ").unwrap()) }
        .filter(|(name, _)| !["date", "connection"].contains(name));
    Reply {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: { headers }
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
        ..Reply::default()
    }
}

async fn answer(mesh: &Mesh, request: http::Request<Empty<Bytes>>) -> Reply {
    let client = mesh.client(connector());
    let rounds = if request.uri().path() == "/RL" { 2 } else { 1 };
    let mut reply = Reply::default();
    for _ in 0..rounds {
        let asked = http::Request::from_parts(request.clone().into_parts().0, Empty::new());
        let response = client.clone().oneshot(asked).await.unwrap();
        let told = response.extensions().get::<LocalReply>().cloned();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap();
            (name.to_string(), value.to_owned())
        });
        reply = Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            ..Reply::default()
        }
        .tells(told.as_ref());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        reply.body = String::from_utf8(body.to_vec()).unwrap();
    }
    reply
}

impl Reply {
    fn tells(mut self, told: Option<&LocalReply>) -> Self {
        if let Some(told) = told {
            self.flags = told.flags.to_string();
            self.details = told.details.to_string();
        }
        self
    }
}

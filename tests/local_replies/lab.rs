//! A policy whose rules fail in every way, at work in a gateway and in a client.

use crate::causes::{self, Cause};
use crate::{far, support, wire};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
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
        serve("says-no", support::says(Some(NO)).await, "http1");
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
        // Whoever comes first takes the one token there is.
        let first = http::Request::get("http://a.test/RL")
            .body(Empty::new())
            .unwrap();
        assert_eq!(answer(&mesh, first).await.status, 200);
        Self {
            mesh,
            doors,
            told,
            _kept: Box::new(kept),
        }
    }

    /// The reply as a gateway gives it over HTTP/1.1.
    pub(crate) async fn over_http1(&self, cause: &Cause) -> Reply {
        self.told.lock().take();
        let reply = wire::http1(self.doors[&cause.request.port], &cause.request).await;
        let told = self.told.lock().take();
        reply.tells(told.as_ref())
    }

    /// And over HTTP/2; `None` for what cannot be said in it.
    pub(crate) async fn over_http2(&self, cause: &Cause) -> Option<Reply> {
        self.told.lock().take();
        let reply = wire::http2(self.doors[&cause.request.port], &cause.request).await;
        let told = self.told.lock().take();
        reply.map(|reply| reply.tells(told.as_ref()))
    }

    /// The reply as the client stack gives it; `None` for what only comes to gateways.
    pub(crate) async fn through_client(&self, cause: &Cause) -> Option<Reply> {
        let request = &cause.request;
        let asked = match request.host {
            Some(host) => request.build(host),
            None => request.build(""),
        };
        match request.at_gateway {
            true => None,
            false => Some(answer(&self.mesh, asked).await),
        }
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

const NO: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 16\r\n\r\nupstream says no";

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
            // HTTP/1.1 or HTTP/2, whichever it is spoken to in.
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                server.serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    address
}

async fn answer(mesh: &Mesh, request: http::Request<Empty<Bytes>>) -> Reply {
    let response = mesh.client(connector()).oneshot(request).await.unwrap();
    let told = response.extensions().get::<LocalReply>().cloned();
    let mut reply = Reply::of(&response).tells(told.as_ref());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    reply.body = String::from_utf8(body.to_vec()).unwrap();
    reply
}

impl Reply {
    /// The head of a response.
    pub(crate) fn of<B>(response: &http::Response<B>) -> Self {
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap();
            (name.to_string(), value.to_owned())
        });
        Self {
            status: response.status().as_u16(),
            headers: headers.collect(),
            ..Self::default()
        }
    }

    fn tells(mut self, told: Option<&LocalReply>) -> Self {
        if let Some(told) = told {
            self.flags = told.flags.to_string();
            self.details = told.details.to_string();
        }
        self
    }
}

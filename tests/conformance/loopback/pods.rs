//! The servers of the documents' Services: each pod is a socket of its own that answers with what
//! it received, as JSON.

use crate::case::{Deployment, Suite};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::ListenerExt as _;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A request as a pod received it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) pod: String,
    pub(crate) namespace: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) http2: bool,
}

/// All pods of a suite.
pub(crate) struct Pods {
    /// The documents that say where the pods are.
    pub(crate) slices: Vec<Value>,
    /// Every request that any of them received, copies included.
    pub(crate) log: UnboundedReceiver<Seen>,
    pub(crate) script: Arc<Script>,
}

/// What the pods do beside answering.
#[derive(Default)]
pub(crate) struct Script {
    /// The headers of their answers.
    pub(crate) sets: Mutex<Vec<(String, String)>>,
    /// How many tries of each `uuid` have failed.
    failed: Mutex<HashMap<String, u32>>,
}

struct Pod {
    name: String,
    namespace: String,
    log: UnboundedSender<Seen>,
    script: Arc<Script>,
}

impl Pods {
    pub(crate) async fn start(suite: &Suite<'_>) -> Self {
        let (send, log) = unbounded_channel();
        let script = Arc::new(Script::default());
        let mut slices = Vec::new();
        let start = async |name: String, namespace: &str| {
            let namespace = namespace.to_owned();
            Pod {
                name,
                namespace,
                log: send.clone(),
                script: script.clone(),
            }
            .listen()
            .await
        };
        let mut replicas = Vec::new();
        for deployment in suite.deployments() {
            for number in 0..deployment.replicas {
                let name = format!("{}-{number}", deployment.name);
                let port = start(name, deployment.namespace).await;
                replicas.push((replica_of(&deployment), port));
            }
        }
        for service in suite.manifests().filter(|each| each["kind"] == "Service") {
            let name = service["metadata"]["name"].as_str().unwrap();
            let namespace = { service["metadata"]["namespace"].as_str() }.unwrap_or("default");
            let mut ports: Vec<u16> = { replicas.iter() }
                .filter(|((home, name, labels), _)| {
                    *home == namespace && selects(service, labels, name)
                })
                .map(|(_, port)| *port)
                .collect();
            if ports.is_empty() {
                ports.push(start(format!("{name}-0"), namespace).await);
            }
            for (number, port) in ports.into_iter().enumerate() {
                slices.push(slice(service, (namespace, name), number, port));
            }
        }
        Self {
            slices,
            log,
            script,
        }
    }
}

type Replica = (String, String, Value);

fn replica_of(deployment: &Deployment<'_>) -> Replica {
    let [namespace, name] = [deployment.namespace, deployment.name].map(str::to_owned);
    (namespace, name, deployment.labels.clone())
}

/// The Services whose endpoints somebody else keeps have those of the first backend.
fn selects(service: &Value, labels: &Value, deployment: &str) -> bool {
    match service["spec"]["selector"].as_object() {
        Some(wanted) => wanted.iter().all(|(key, value)| labels[key] == *value),
        None => deployment == "infra-backend-v1",
    }
}

fn slice(service: &Value, (namespace, name): (&str, &str), number: usize, port: u16) -> Value {
    let named = |at: &Value| json!({ "name": at["name"].as_str().unwrap_or(""), "port": port });
    let ports = service["spec"]["ports"].as_array().unwrap().iter();
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{name}-{number}"), "namespace": namespace,
            "labels": { "kubernetes.io/service-name": name },
        },
        "addressType": "IPv4",
        "endpoints": [{ "addresses": ["127.0.0.1"] }],
        "ports": ports.map(named).collect::<Vec<_>>(),
    })
}

impl Pod {
    /// Serves HTTP/1.1 and HTTP/2 on a port of its own.
    async fn listen(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let pod = Arc::new(self);
        let app = Router::new().fallback(move |request: Request| {
            let pod = pod.clone();
            async move { pod.answer(request).await }
        });
        let listener = listener.tap_io(|io| io.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        port
    }

    async fn answer(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let host = head.uri.authority().map(|host| host.as_str().to_owned());
        let seen = Seen {
            pod: self.name.clone(),
            namespace: self.namespace.clone(),
            method: head.method.to_string(),
            path: head.uri.path_and_query().unwrap().to_string(),
            host: host
                .or_else(|| head.headers.get("host").map(value))
                .unwrap(),
            headers: { head.headers.iter() }
                .map(|(name, line)| (name.to_string(), value(line)))
                .collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
            http2: head.version == Version::HTTP_2,
        };
        let text = serde_json::to_vec(&seen).unwrap();
        self.log.send(seen).unwrap();
        let query = head.uri.query().unwrap_or_default();
        if let Some(delay) = asked(query, "delay") {
            let seconds = delay.trim_end_matches('s').parse().unwrap();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        let mut response = match head.headers.get("content-type") {
            Some(kind) if kind == "application/grpc" => called(&text),
            _ => Response::new(Body::from(text)),
        };
        *response.status_mut() = self.status(query);
        for (name, value) in self.script.sets.lock().iter() {
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    }

    /// The first tries of a `uuid` fail, if the request says how.
    fn status(&self, query: &str) -> StatusCode {
        let (Some(status), Some(after)) =
            (asked(query, "responseCode"), asked(query, "succeedAfter"))
        else {
            return StatusCode::OK;
        };
        let mut failed = self.script.failed.lock();
        let tries = failed.entry(asked(query, "uuid").unwrap().to_owned());
        let tries = tries.or_default();
        *tries += 1;
        match *tries > after.parse().unwrap() {
            true => StatusCode::OK,
            false => status.parse().unwrap(),
        }
    }
}

fn asked<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The answer to a gRPC call: one message, and its status in the trailers.
fn called(text: &[u8]) -> Response {
    let mut message = BytesMut::new();
    message.put_u8(0);
    message.put_u32(text.len().try_into().unwrap());
    message.put_slice(text);
    let trailers = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))]);
    let body = Full::<Bytes>::new(message.freeze());
    let body = body.with_trailers(async { Some(Ok::<_, Infallible>(trailers)) });
    let mut response = Response::new(Body::new(body));
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    response
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

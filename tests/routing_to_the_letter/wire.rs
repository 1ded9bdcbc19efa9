//! Policies of each kind of document, and what comes out of them over a stack.

use crate::{get, with_errors};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, request};
use http_body_util::{BodyExt as _, Empty, Full};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt as _;
use tower_mesh::balance::{Copying, Endpoint, MakeEndpoint, Reason, Reset, Target};
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::Workload;
use tower_mesh::reply::LocalReply;
use tower_mesh::tee::{CopyBody, Tee, Teed};
use tower_mesh::{Mesh, Plan, Policy};

/// A policy, and whether its requests come in at the gateway `web/front`.
pub(crate) struct Setup {
    pub(crate) policy: Policy,
    at_gateway: bool,
}

const SERVICES: &str = "
services:
  a: { endpoints: [{ address: '10.0.0.1:80' }] }
  b: { endpoints: [{ address: '10.0.0.2:80' }] }
  none: { endpoints: [] }
";

/// One route for every host, with these rules.
pub(crate) fn native(rules: &str) -> Setup {
    setup(&format!(
        "{SERVICES}routes:\n- name: r\n  hosts: ['*']\n  rules:\n{rules}"
    ))
}

/// The VirtualService `default/r` for `h.example`, with these routes.
pub(crate) fn istio(routes: &str) -> Setup {
    setup(&format!(
        "{SERVICES}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: r, namespace: default }}
spec:
  hosts: [h.example]
  http:
{routes}"
    ))
}

/// The HTTPRoute `web/r` for every host at the gateway `web/front`, with these rules.
pub(crate) fn gateway(rules: &str) -> Setup {
    let service = |name: &str, endpoints: &str| {
        format!(
            "apiVersion: v1
kind: Service
metadata: {{ name: {name}, namespace: web }}
spec: {{ ports: [{{ name: http, port: 80 }}] }}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{ name: {name}, namespace: web, labels: {{ kubernetes.io/service-name: {name} }} }}
addressType: IPv4
ports: [{{ name: http, port: 80 }}]
endpoints: [{endpoints}]
---
"
        )
    };
    let a = service("a", "{ addresses: [10.0.0.1] }");
    let b = service("b", "{ addresses: [10.0.0.2] }");
    let none = service("none", "");
    let mut setup = setup(&format!(
        "{a}{b}{none}apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{ name: front, namespace: web }}
spec: {{ gatewayClassName: any, listeners: [{{ name: http, port: 80, protocol: HTTP }}] }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{ name: r, namespace: web }}
spec:
  parentRefs: [{{ name: front }}]
  rules:
{rules}"
    ));
    setup.at_gateway = true;
    setup
}

fn setup(text: &str) -> Setup {
    Setup {
        policy: with_errors(text),
        at_gateway: false,
    }
}

/// What came back, and what was sent for it.
pub(crate) struct Came {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) local: Option<LocalReply>,
    /// Requests that endpoints got, each with the endpoint's address; copies last.
    pub(crate) sent: Vec<(String, request::Parts)>,
}

impl Came {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    /// The lines of a header that the only endpoint got.
    pub(crate) fn told(&self, name: &str) -> Vec<&str> {
        let lines = self.sent[0].1.headers.get_all(name).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }
}

impl Setup {
    pub(crate) fn decide(&self, request: &Request<()>) -> Answer {
        let plan = Plan::lenient(&self.policy, &Workload::default(), None);
        if !self.at_gateway {
            return plan.decide(request);
        }
        let mut question = Question::of(request);
        question.gateway = Some("web/front".into());
        question.port = Some(80);
        plan.answer(&question).unwrap()
    }

    /// The rule that takes a request for a path.
    pub(crate) fn rule(&self, path: &str) -> Option<String> {
        self.decide(&get(&format!("http://h.example{path}"))).rule
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Came {
        let mesh = Mesh::new(&self.policy).unwrap();
        let echo = Echo::default();
        let seen = echo.seen.clone();
        let request = request.map(|()| Empty::new());
        let response = match self.at_gateway {
            true => {
                let gateway = mesh.gateway("web/front", echo).on_port(80);
                gateway.oneshot(request).await.unwrap()
            }
            false => mesh.client(echo).oneshot(request).await.unwrap(),
        };
        // Copies go in tasks of their own.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (head, body) = response.into_parts();
        let sent = seen.lock().unwrap().drain(..).collect();
        let body = body.collect().await.unwrap().to_bytes();
        Came {
            status: head.status.as_u16(),
            local: head.extensions.get().cloned(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
            sent,
        }
    }
}

/// Answers at once, notes what it gets, and fails in the way that a request asks for in `fail`.
#[derive(Clone, Default)]
struct Echo {
    at: String,
    seen: Arc<Mutex<Vec<(String, request::Parts)>>>,
}

impl Echo {
    fn note<B>(&self, request: Request<B>) -> request::Parts {
        let head = request.into_parts().0;
        self.seen
            .lock()
            .unwrap()
            .push((self.at.clone(), head.clone()));
        head
    }
}

impl MakeEndpoint for Echo {
    type Endpoint = Self;

    fn make(&self, at: &Target) -> Self {
        Self {
            at: at.to_string(),
            seen: self.seen.clone(),
        }
    }
}

impl Endpoint<Empty<Bytes>> for Echo {
    type Body = Full<Bytes>;
    type Future = std::future::Ready<Result<Response<Full<Bytes>>, Reset>>;

    fn send(&self, request: Request<Empty<Bytes>>) -> Self::Future {
        let head = self.note(request);
        let reason = match head.headers.get("fail").map(|value| value.as_bytes()) {
            Some(b"connect") => Reason::RemoteConnectionFailure,
            Some(b"close") => Reason::ConnectionTermination,
            Some(b"reset") => Reason::RemoteReset,
            Some(b"nonsense") => Reason::ProtocolError,
            _ => {
                let mut answer = Response::new(Full::from("hello"));
                *answer.status_mut() = StatusCode::ACCEPTED;
                let headers = answer.headers_mut();
                headers.insert("x-served", self.at.parse().unwrap());
                headers.insert("access-control-allow-origin", "own".parse().unwrap());
                return std::future::ready(Ok(answer));
            }
        };
        let source = std::io::Error::other("asked for");
        std::future::ready(Err(Reset {
            reason,
            source: Arc::new(source),
        }))
    }

    fn send_teed(&self, request: Request<Empty<Bytes>>, tee: Tee) -> Self::Future {
        drop(Teed::new(Empty::<Bytes>::new(), tee));
        self.send(request)
    }

    fn send_copy(&self, copy: Request<CopyBody>) -> Option<Copying> {
        self.note(copy);
        Some(Box::pin(std::future::ready(())))
    }
}

//! The two who get the same requests.

use crate::asks::Shape;
use crate::backends::without_transport;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tower::ServiceExt as _;
use tower_mesh::Mesh;
use tower_mesh::connect::Hyper;

/// A reply as the client has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: String,
}

pub(crate) enum Side {
    Envoy(Box<Client<HttpConnector, Body>>, SocketAddr),
    Mesh(tower_mesh::mesh::Client<tower_mesh::connect::HttpEndpoint>),
    Gateway(tower_mesh::mesh::Gateway<tower_mesh::connect::HttpEndpoint>),
}

impl Side {
    pub(crate) fn envoy(at: SocketAddr) -> Self {
        Self::Envoy(
            Box::new(Client::builder(TokioExecutor::new()).build_http()),
            at,
        )
    }

    pub(crate) fn mesh(mesh: &Mesh, gateway: Option<(&str, u16)>) -> Self {
        match gateway {
            Some((name, port)) => {
                Self::Gateway(mesh.gateway(name.to_owned(), Hyper::new()).on_port(port))
            }
            None => Self::Mesh(mesh.client(Hyper::new())),
        }
    }

    /// Sends a request; it is known by its case to the servers.
    pub(crate) async fn send(&self, shape: &Shape, case: &str) -> Reply {
        let mut request = Request::builder().method(shape.method.as_str());
        let host = shape.host.as_str();
        let target = shape.target();
        request = match self {
            Self::Envoy(_, at) => request
                .uri(format!("http://{at}{target}"))
                .header("host", host),
            Self::Mesh(_) => request.uri(format!("http://{host}{target}")),
            // As a server hands it on.
            Self::Gateway(_) => request.uri(target).header("host", host),
        };
        request = request.header("x-case", case);
        for (name, value) in &shape.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Body::from(shape.body))
            .unwrap_or_else(|error| panic!("{error}: {shape:?}"));
        match self {
            Self::Envoy(client, _) => reply(client.request(request).await.unwrap()).await,
            Self::Mesh(client) => reply(client.clone().oneshot(request).await.unwrap()).await,
            Self::Gateway(gateway) => reply(gateway.clone().oneshot(request).await.unwrap()).await,
        }
    }
}

async fn reply<B>(response: http::Response<B>) -> Reply
where
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut headers = without_transport(&head.headers);
    // How long a body is that is not there, not every stack says.
    headers.remove("content-length");
    Reply {
        status: head.status.as_u16(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

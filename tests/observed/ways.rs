//! Two ways of finding out what becomes of a request: a plan is asked, or bytes are sent to a
//! gateway's socket, in front of a server.

use crate::trial::{Fate, Group, Trial};
use axum::Router;
use axum::extract::Request;
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower_mesh::connect::Hyper;
use tower_mesh::explain::Question;
use tower_mesh::policy::Workload;
use tower_mesh::{Mesh, Plan};

/// Asks a plan.
pub(crate) fn decided(group: &Group, trial: &Trial) -> Fate {
    // Envoy takes some things that no policy of ours should say.
    let plan = Plan::lenient(&group.policy("10.0.0.1:80"), &Workload::default(), None);
    let path = str::from_utf8(&trial.path).unwrap();
    let mut question = Question::new(&trial.host, path);
    question.headers = trial.headers.clone();
    question.scheme = trial.https.then(|| "https".to_owned());
    question.gateway = Some("edge".to_owned());
    question.port = Some(if trial.https { 443 } else { 80 });
    let Ok(answer) = plan.answer(&question) else {
        // As a server answers what is no request.
        return Fate {
            status: Some(400),
            ..Fate::default()
        };
    };
    let backend = answer.backends.first();
    let request = backend.and_then(|backend| backend.request.as_ref());
    let location = answer.headers.into_iter();
    let location = { location }.find(|(name, _)| name == "location");
    let sets = backend.and_then(|backend| backend.response_headers.as_ref());
    let told = |request: &tower_mesh::explain::Received| {
        let mut headers = request.headers.iter();
        let told = headers.find(|(name, _)| name == "x-envoy-original-path");
        told.map(|(_, path)| path.clone())
    };
    Fate {
        status: answer.status.map(u64::from),
        location: location.map(|(_, location)| location),
        path: request.map(|request| request.path.clone()),
        original_path: request.map(told),
        taken_by: sets.and_then(|sets| {
            let mut set = sets.set.iter();
            set.find(|(name, _)| name == "x-taken-by")
                .map(|(_, label)| label.clone())
        }),
    }
}

/// A server that answers with the path it was asked for, and the one it was told of.
pub(crate) async fn server() -> SocketAddr {
    let app = Router::new().fallback(async |request: Request| {
        let headers = request.headers();
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        let path = request.uri().path_and_query().unwrap().as_str();
        let told = header("x-envoy-original-path");
        // As the request asks the server to say, for the tests of what is done to answers.
        let sets = header("x-b").and_then(|sets| sets.strip_prefix("hdr="));
        let mut reply = http::Response::new(serde_json::json!([path, told]).to_string());
        for set in sets.into_iter().flat_map(|sets| sets.split('|')) {
            let (name, value) = set.split_once(':').unwrap();
            let name: http::HeaderName = name.parse().unwrap();
            reply.headers_mut().append(name, value.parse().unwrap());
        }
        reply.map(axum::body::Body::from)
    });
    serve(app).await
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// The sockets of a policy's gateway `edge`, by port.
pub(crate) struct Doors(HashMap<u16, SocketAddr>);

impl Doors {
    pub(crate) async fn of(mesh: &Mesh) -> Self {
        let mut doors = HashMap::new();
        for port in [80, 443] {
            let gateway = mesh.gateway("edge", Hyper::new()).on_port(port);
            doors.insert(port, serve(Router::new().fallback_service(gateway)).await);
        }
        Self(doors)
    }

    /// Sends the bytes of a request and gives the status, the headers, and the body.
    pub(crate) async fn said(&self, port: u16, request: &[u8]) -> Said {
        let mut stream = TcpStream::connect(self.0[&port]).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap_or((line, "")));
        Said {
            status: status.parse().unwrap(),
            headers: { headers }
                .map(|(name, value)| (name.trim_end_matches(':').to_owned(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }
}

pub(crate) struct Said {
    pub(crate) status: u64,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }
}

/// The bytes of a request. The connection closes with the answer.
pub(crate) fn bytes(
    method: &str,
    path: &[u8],
    host: &str,
    headers: &[(String, String)],
) -> Vec<u8> {
    let mut bytes = [method.as_bytes(), b" ", path, b" HTTP/1.1\r\n"].concat();
    let mut line = |name: &str, value: &str| {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    };
    line("host", host);
    line("connection", "close");
    for (name, value) in headers {
        line(name, value);
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Sends the requests of a group to its gateway.
pub(crate) async fn happened(group: &Group, server: SocketAddr) -> Vec<Fate> {
    let policy = group.policy(&server.to_string());
    let mesh = Mesh::builder().lenient().build(&policy).unwrap();
    let doors = Doors::of(&mesh).await;
    let mut fates = Vec::new();
    for trial in &group.trials {
        let request = bytes("GET", &trial.path, &trial.host, &trial.headers);
        let said = doors
            .said(if trial.https { 443 } else { 80 }, &request)
            .await;
        let seen: Option<(String, Option<String>)> = serde_json::from_str(&said.body).ok();
        let taken_by = said.header("x-taken-by");
        fates.push(Fate {
            status: seen.is_none().then_some(said.status),
            location: said.header("location"),
            path: seen.as_ref().map(|(path, _)| path.clone()),
            original_path: seen.map(|(_, told)| told),
            taken_by,
        });
    }
    fates
}

//! Servers that write down what they receive.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap};
use http_body_util::BodyExt as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// A request as a server received it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Received {
    /// The service and the subset whose server it is: `a/v1`.
    pub(crate) by: &'static str,
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) target: String,
    /// By name; the lines of a name in their order.
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) body: String,
}

impl Received {
    /// Copies say so in their host.
    pub(crate) fn is_copy(&self) -> bool {
        let name = self.host.split(':').next().unwrap_or_default();
        name.ends_with("-shadow")
    }
}

/// What all servers received, by the header `x-case`.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<BTreeMap<String, Vec<Received>>>>);

impl Book {
    fn write(&self, case: String, received: Received) {
        self.0
            .lock()
            .unwrap()
            .entry(case)
            .or_default()
            .push(received);
    }

    pub(crate) fn of(&self, case: &str) -> Vec<Received> {
        let book = self.0.lock().unwrap();
        book.get(case).cloned().unwrap_or_default()
    }
}

#[derive(Clone)]
struct Server {
    by: &'static str,
    book: Book,
}

/// Starts a server for each name, and tells their addresses.
pub(crate) async fn start(names: &[&'static str], book: &Book) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for by in names {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let server = Server {
            by,
            book: book.clone(),
        };
        let app = Router::new().fallback(answer).with_state(server);
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    addresses
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| {
        let value = head.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let received = Received {
        by: server.by,
        method: head.method.to_string(),
        host: header(HOST.as_str()),
        target: head.uri.path_and_query().unwrap().to_string(),
        headers: without_transport(&head.headers),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    // The first tries of a request fail, as many as it says.
    let fails = header("x-fail").parse().unwrap_or(0);
    let case = header("x-case");
    let before = server.book.of(&case).into_iter();
    let before = before.filter(|before| !before.is_copy()).count();
    let failing = before < fails && !received.is_copy();
    let mut received = received;
    if before > 0 && !received.is_copy() {
        // What is left of it then, which neither can know beforehand.
        for name in ["grpc-timeout", "x-envoy-expected-rq-timeout-ms"] {
            received.headers.remove(name);
        }
    }
    server.book.write(case, received);
    if server.by == "slow" {
        // Longer than any timeout of the policies.
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let mut response = Response::builder()
        .status(match head.uri.path().contains("teapot") {
            _ if failing => 503,
            true => 418,
            false => 200,
        })
        .header("x-backend", server.by)
        .header("x-up", "one")
        .header("x-up", "two")
        .header("x-gone", "soon")
        .header("access-control-allow-origin", "https://far.side");
    if failing {
        response = response.header("x-again", "1");
    }
    response.body(Body::from(server.by)).unwrap()
}

/// The headers that are compared. The others are said by each hop for itself.
pub(crate) fn without_transport(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        // Whether nothing is said to be nothing is the clients' matter.
        let nothing = *name == CONTENT_LENGTH && value == "0";
        if !TRANSPORT.contains(&name.as_str()) && !nothing {
            // Blanks at its ends are no part of a value; only what came over a socket lacks them.
            let value = String::from_utf8_lossy(value.as_bytes().trim_ascii()).into_owned();
            kept.entry(name.to_string()).or_default().push(value);
        }
    }
    kept
}

/// What only the transport adds, with why it differs.
const TRANSPORT: &[&str] = &[
    "host",                          // compared apart
    "x-case",                        // tells requests apart
    "connection",                    // of one hop
    "transfer-encoding",             // of one hop
    "date",                          // the time
    "server",                        // Envoy's own name
    "x-envoy-upstream-service-time", // how long it took
    "x-envoy-attempt-count",         // Envoy writes it where it is told to
    "x-request-id",                  // Envoy makes one for each request
    "x-forwarded-proto",             // of the connection to the proxy; here there is none
    "x-forwarded-for",               // likewise
    "x-envoy-internal",              // likewise
    "x-envoy-external-address",      // likewise
];

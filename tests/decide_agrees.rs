//! What `decide` says is what happens: the same requests, asked of the plan and sent through the
//! mesh over loopback, with the same seed.
#![cfg(feature = "http")]

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use tower_mesh::explain::{Answer, Outcome, Received, ResponseHeaders};
use tower_mesh::rng::Rng;
use tower_mesh::testing::requests_for;
use tower_mesh::{Mesh, Policy, connect};

const SEED: u64 = 20;
const REQUESTS: usize = 1_000;

/// The ports stand for servers that are told apart by them. Hosts that it does not know are shut
/// out, or the test would call strangers.
const MESH: &str = r#"
mesh: { outboundTrafficPolicy: registryOnly }
services:
  reviews:
    balance: roundRobin
    endpoints:
      - { address: "127.0.0.1:7001", labels: { version: v1 } }
      - { address: "127.0.0.1:7002", labels: { version: v1 } }
      - { address: "127.0.0.1:7003", labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
      v3: { labels: { version: v3 } }
  ratings: { endpoints: [{ address: "127.0.0.1:7004" }] }
  empty: { endpoints: [] }
routes:
  - name: reviews
    hosts: [reviews, "*.shop.example", "reviews.example:8080"]
    rules:
      - name: beta
        match: [{ headers: { x-beta: { exact: "1" } } }]
        to: [{ service: reviews, subset: v2 }]
      - match: [{ path: { exact: /exact }, method: POST }]
        to: [{ service: ratings }]
      - match: [{ path: { prefix: /broken } }]
        fault: { abort: { status: 418, percent: 40 } }
        to: [{ service: reviews, subset: v1 }, { service: reviews, subset: v2 }]
      - match: [{ path: { regex: '/v\d+/.*' }, query: { page: { regex: '[0-9]+' } } }]
        to: [{ service: ratings, weight: 2 }, { service: reviews, weight: 1 }, { service: empty, weight: 1 }]
      - match: [{ path: { prefix: /gone } }]
        to: [{ service: reviews, subset: v3 }]
      - match: [{ path: { prefix: /api }, headers: { x-user: present } }, { query: { all: { prefix: y } } }]
        headers:
          request: { remove: [x-user], set: { x-beta: canary }, add: { x-via: mesh } }
          response: { remove: [x-server], set: { x-kind: canary }, add: { x-via: mesh } }
        to:
          - { service: reviews, subset: v1, weight: 70 }
          - { service: reviews, subset: v2, weight: 25 }
          - { service: ratings, weight: 5 }
      - name: kept
        match: [{ path: { prefix: /kept } }]
        sticky: { by: { cookie: { name: uid, ttl: 1h } } }
        to:
          - { service: reviews, subset: v1 }
          - { service: reviews, subset: v2 }
          - { service: ratings }
      - match: [{ path: { prefix: /old }, withoutHeaders: { x-user: present } }]
        redirect: { host: new.example, path: { prefix: /new } }
        headers: { response: { set: { x-kind: moved } } }
      - match: [{ path: { startsWith: /Teapot }, ignorePathCase: true }]
        respond: { status: 418, body: short and stout }
        headers: { response: { add: { x-via: mesh } } }
      - name: changed
        match: [{ path: { prefix: /shop } }]
        rewrite: { authority: "ratings.example:81", path: { prefix: / } }
        headers:
          request: { set: { x-level: rule, x-was: "%REQ(:path)% %REQ(x-user?x-level):5%, %UPSTREAM_CLUSTER%" } }
          response: { add: { x-via: rule }, set: { x-asked: "%REQ(:path)% %REQ(x-was)%" } }
        to:
          - service: ratings
            headers: { request: { set: { x-level: to } }, response: { remove: [x-server] } }
          - service: reviews
            subset: v2
            rewrite: { path: { regex: { match: "/s([a-z]+)", substitution: "/\\1?s" } } }
"#;

/// The headers of every server's reply.
const SERVERS_OWN: [(&str, &str); 2] = [("x-server", "1"), ("x-via", "server")];

/// Which server answered last, and what it received.
type Seen = Arc<Mutex<Option<(u16, Received)>>>;

/// The service and the subset that a server stands for.
fn place(port: u16) -> (&'static str, &'static str) {
    match port {
        7001 | 7002 => ("reviews", "v1"),
        7003 => ("reviews", "v2"),
        _ => ("ratings", ""),
    }
}

/// Starts the servers, and gives the policy their real ports.
async fn serve(seen: &Seen) -> Policy {
    let mut policy = MESH.to_owned();
    for port in 7001..=7004 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let real = listener.local_addr().unwrap();
        policy = policy.replace(&format!("127.0.0.1:{port}"), &real.to_string());
        let app = Router::new()
            .fallback(note)
            .with_state((port, seen.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    policy.parse().unwrap()
}

async fn note(State((port, seen)): State<(u16, Seen)>, request: Request) -> impl IntoResponse {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    // What only HTTP/1.1 adds.
    let transport = ["host", "content-length"];
    let headers = request.headers().iter();
    let received = Received {
        method: request.method().to_string(),
        scheme: "http".to_owned(),
        authority: text(&request.headers()["host"]),
        path: request.uri().path_and_query().unwrap().to_string(),
        headers: headers
            .filter(|(name, _)| !transport.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
    };
    *seen.lock().unwrap() = Some((port, received));
    (SERVERS_OWN, "hello")
}

fn draw(policy: &Policy) -> Vec<http::Request<()>> {
    let strategy = requests_for(policy);
    let mut runner = TestRunner::deterministic();
    let one = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..REQUESTS).map(one).collect()
}

#[tokio::test]
async fn what_is_decided_is_what_happens() {
    let seen = Seen::default();
    let policy = serve(&seen).await;
    let plan = policy.compile().unwrap();
    let mesh = Mesh::builder()
        .rng(Rng::seeded(SEED))
        .build(&policy)
        .unwrap();
    let client = mesh.client(connect::Hyper::new());
    let rng = Rng::seeded(SEED);
    let mut fates = BTreeMap::<String, u32>::new();
    for request in draw(&policy) {
        let answer = plan.decide_by(&request, rng.chance());
        let sent = request.clone().map(|()| Empty::<Bytes>::new());
        let response = client.clone().oneshot(sent).await.unwrap();
        let (head, body) = response.into_parts();
        // Read to its end, so that the next request finds nothing under way.
        let body = body.collect().await.map(|body| body.to_bytes());
        if let (true, Ok(body)) = (is_answer(&answer), body) {
            assert_eq!(answer.body.as_deref().unwrap_or_default().as_bytes(), body);
        }
        let seen = seen.lock().unwrap().take();
        agree(&request, &answer, &head, seen.as_ref());
        let fate = match answer.backends.first() {
            Some(backend) => format!("{:?} {:?}", backend.service(), backend.subset()),
            None => format!("{:?} {}", answer.outcome, head.status.as_u16()),
        };
        let rule = format!("rule {:?}", answer.rule.as_deref());
        for met in [fate, rule] {
            *fates.entry(met).or_default() += 1;
        }
    }
    // A test that met few fates would say little.
    let met = |fate: &str| fates.get(fate).copied().unwrap_or(0) >= 10;
    for fate in [
        r#"Some("reviews") Some("v1")"#,
        r#"Some("reviews") Some("v2")"#,
        r#"Some("ratings") None"#,
        r#"Some("reviews") Some("v3")"#,
        r#"Some("empty") None"#,
        r#"rule Some("5")"#,
        r#"rule Some("changed")"#,
        r#"rule Some("kept")"#,
        "Redirect 301",
        "Respond 418",
        "Reject 418",
        "NoRoute 404",
        "NoRoute 502",
    ] {
        assert!(met(fate), "{fate} among {fates:?}");
    }
}

#[track_caller]
fn agree(
    request: &http::Request<()>,
    answer: &Answer,
    reply: &http::response::Parts,
    seen: Option<&(u16, Received)>,
) {
    match (&answer.backends[..], seen) {
        ([backend], Some((port, received))) => {
            assert!(answer.forwards());
            let (service, subset) = place(*port);
            assert_eq!(backend.service(), Some(service), "{request:?} {answer:?}");
            let decided = backend.subset().unwrap_or(subset);
            assert_eq!(decided, subset, "{request:?} {answer:?}");
            let mut told = backend.request.clone().unwrap();
            // A name that was taken out moves another into its place; values of a name keep theirs.
            let (mut received, by_name) =
                (received.clone(), |pair: &(String, String)| pair.0.clone());
            told.headers.sort_by_key(by_name);
            received.headers.sort_by_key(by_name);
            assert_eq!(told, received, "{request:?} {answer:?}");
            assert_eq!(reply.status, 200);
            let changes = backend.response_headers.clone().unwrap_or_default();
            assert_eq!(
                own(&reply.headers),
                changed(&changes),
                "{request:?} {answer:?}"
            );
        }
        // Endpoints are not asked when it is decided; these have none.
        ([backend], None) => {
            let nobody = backend.service() == Some("empty") || backend.subset() == Some("v3");
            assert!(answer.forwards() && nobody, "{request:?} {answer:?}");
            assert_eq!(reply.status, 503);
        }
        ([], None) => {
            assert!(!answer.forwards());
            for (name, value) in &answer.headers {
                let mut lines = reply.headers.get_all(name).iter();
                assert!(lines.any(|line| line == value), "{name} {reply:?}");
            }
            let told = answer.headers.len();
            assert!(
                !is_answer(answer) || reply.headers.len() <= told + 1,
                "{reply:?}"
            );
            assert_eq!(
                answer.status,
                Some(reply.status.as_u16()),
                "{request:?} {answer:?}"
            );
        }
        _ => panic!("{request:?} was to {answer:?}, but reached {seen:?}"),
    }
}

/// Whether the policy itself says the reply. It is told in full, but for its length.
fn is_answer(answer: &Answer) -> bool {
    matches!(answer.outcome, Outcome::Redirect | Outcome::Respond)
}

type Pairs = BTreeSet<(String, String)>;

/// The headers of a reply that are not HTTP's.
fn own(headers: &http::HeaderMap) -> Pairs {
    let own = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-") || *name == "set-cookie");
    own.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

/// The servers' headers after the changes that are told.
fn changed(changes: &ResponseHeaders) -> Pairs {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut headers: Pairs = SERVERS_OWN.map(own).into();
    headers.retain(|(name, _)| !changes.remove.contains(name));
    for set in &changes.set {
        headers.retain(|(name, _)| *name != set.0);
        headers.insert(set.clone());
    }
    headers.extend(changes.add.iter().cloned());
    headers
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_called_where_decide_says() {
    let seen = Seen::default();
    let reviews = serve(&seen).await.services["reviews"].endpoints[0]
        .address
        .to_string();
    let policy = Policy::default();
    let client = Mesh::new(&policy).unwrap().client(connect::Hyper::new());
    let request = http::Request::get(format!("http://{reviews}/a?b=c"))
        .header("x-beta", "1")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = policy.compile().unwrap().decide(&request);
    assert_eq!(client.oneshot(request).await.unwrap().status(), 200);
    let backend = &answer.backends[0];
    let called = format!("{}:{}", backend.service().unwrap(), backend.port.unwrap());
    assert_eq!(called, reviews);
    let seen = seen.lock().unwrap().take().unwrap();
    assert_eq!(backend.request, Some(seen.1));
}

/// The command has the same plan, the same seed and the same draws.
#[cfg(feature = "cli")]
#[test]
fn the_command_says_what_the_plan_says() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    use tower_mesh::explain::Question;

    let policy: Policy = MESH.parse().unwrap();
    let plan = policy.compile().unwrap();
    let rng = Rng::seeded(SEED);
    let requests = draw(&policy);
    let mut questions = String::new();
    for request in &requests {
        questions += &serde_json::to_string(&Question::of(request)).unwrap();
        questions.push('\n');
    }
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("agrees.yaml");
    std::fs::write(&file, policy.to_yaml()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tower-mesh"))
        .args(["decide", "--seed", &SEED.to_string()])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), requests.len());
    for (request, answer) in requests.iter().zip(answers.lines()) {
        let answer: Answer = serde_json::from_str(answer).unwrap();
        assert_eq!(answer, plan.decide_by(request, rng.chance()), "{request:?}");
    }
}

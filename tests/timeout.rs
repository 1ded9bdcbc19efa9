//! When a timeout's clock starts and what it covers, through the client stack.
#![cfg(all(feature = "http", feature = "yaml"))]

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_stream::StreamExt as _;
use tower::ServiceExt as _;
use tower_mesh::balance::{Endpoint, MakeEndpoint, Reset, Target};
use tower_mesh::tee::{Tee, Teed, Upload};
use tower_mesh::timeout::BodyError;
use tower_mesh::{Mesh, clock, connect, mesh};

const MILLIS: fn(u64) -> Duration = Duration::from_millis;

type Bodies = UnsyncBoxBody<Bytes, Infallible>;

/// What an endpoint does with each request.
#[derive(Clone, Default)]
struct Habits {
    /// Whether it reads the request's body before it answers, after, or not at all.
    reads: Reads,
    /// How long it takes to answer.
    thinks: Duration,
    /// How long the parts of its answer's body take to come.
    says: Vec<Duration>,
    /// What it was told.
    told: Arc<Mutex<HeaderMap>>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Reads {
    #[default]
    Before,
    After,
    Never,
}

impl MakeEndpoint for Habits {
    type Endpoint = Self;

    fn make(&self, _: &Target) -> Self {
        self.clone()
    }
}

impl<B> Endpoint<B> for Habits
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Body = Bodies;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bodies>, Reset>> + Send>>;

    fn send(&self, request: Request<B>) -> Self::Future {
        self.send_seen(request, &mut Upload::default())
    }

    fn send_seen(&self, request: Request<B>, upload: &mut Upload) -> Self::Future {
        let habits = self.clone();
        let (head, body) = request.into_parts();
        *habits.told.lock().unwrap() = head.headers;
        let mut body = Some(match body.is_end_stream() {
            true => Teed::plain(body),
            false => Teed::new(body, Tee::default().seen_by(upload)),
        });
        Box::pin(async move {
            if habits.reads == Reads::Before {
                let _ = body.take().unwrap().collect().await;
            }
            tokio::time::sleep(habits.thinks).await;
            let says = tokio_stream::iter(habits.says).then(async |pause| {
                tokio::time::sleep(pause).await;
                Ok(Frame::data(Bytes::from_static(b"part")))
            });
            if habits.reads == Reads::After {
                tokio::spawn(body.take().unwrap().collect());
            }
            let says = StreamBody::new(Box::pin(says));
            // A body that nobody reads stays where it is.
            tokio::spawn(async move {
                let _kept = body;
                std::future::pending::<()>().await;
            });
            Ok(Response::new(says.boxed_unsync()))
        })
    }
}

fn timed(timeout: &str) -> Mesh {
    let policy = format!(
        "services: {{ a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }} }}
routes: [{{ name: r, hosts: [a], rules: [{{ to: [{{ service: a }}], {timeout} }}] }}]"
    );
    Mesh::new(&policy.parse().unwrap()).unwrap()
}

/// A body whose parts come so late, each after the one before.
fn slow(parts: &[u64]) -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let parts = tokio_stream::iter(parts.to_vec()).then(async |pause| {
        tokio::time::sleep(MILLIS(pause)).await;
        Ok(Frame::data(Bytes::from_static(b"part")))
    });
    StreamBody::new(Box::pin(parts))
}

fn post<B>(headers: &[(&str, &str)], body: B) -> Request<B> {
    let request = Request::post("http://a/");
    let with = |request: http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    headers.iter().fold(request, with).body(body).unwrap()
}

/// What was answered, how it ended, and after how many milliseconds.
struct Ended {
    status: u16,
    headers: HeaderMap,
    body: Result<Bytes, String>,
    after: u128,
}

async fn ended<B>(client: mesh::Client<Habits>, request: Request<B>) -> Ended
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    let begun = clock::now();
    let answer = client.oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await;
    Ended {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| error.to_string()),
        after: (clock::now() - begun).as_millis(),
    }
}

/// tokio's timers count whole milliseconds and never end early.
#[track_caller]
fn assert_after(ended: &Ended, millis: u128) {
    assert!(
        (millis..millis + 5).contains(&ended.after),
        "after {}",
        ended.after
    );
}

const LATE: &str = "upstream request timeout";

#[tokio::test(start_paused = true)]
async fn the_clock_starts_when_the_request_is_complete() {
    let mesh = timed("timeout: 500ms");
    let thinks = |millis| {
        mesh.client(Habits {
            thinks: MILLIS(millis),
            ..Habits::default()
        })
    };
    // Three parts in 1.2 s, and 300 ms of thinking.
    let answer = ended(thinks(300), post(&[], slow(&[400, 400, 400]))).await;
    assert_eq!(answer.status, 200);
    assert_after(&answer, 1_500);
    let answer = ended(thinks(700), post(&[], slow(&[400, 400, 400]))).await;
    assert_eq!((answer.status, answer.body), (504, Ok(LATE.into())));
    let answer = ended(thinks(700), post(&[], slow(&[400, 400, 400]))).await;
    assert_after(&answer, 1_700);
    // One part alone may take longer than the timeout.
    let answer = ended(thinks(0), post(&[], slow(&[2_000, 10]))).await;
    assert_eq!(answer.status, 200);
    // A request without a body is complete at once, and so is one that is all there.
    let answer = ended(thinks(700), post(&[], Empty::<Bytes>::new())).await;
    assert_eq!(answer.status, 504);
    assert_after(&answer, 500);
    let answer = ended(thinks(700), post(&[], Full::new(Bytes::from("all")))).await;
    assert_eq!(answer.status, 504);
    assert_after(&answer, 500);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_take_the_request_is_not_waited_for() {
    let mesh = timed("timeout: 500ms");
    let client = mesh.client(Habits {
        reads: Reads::Never,
        thinks: MILLIS(60_000),
        ..Habits::default()
    });
    let answer = ended(client, post(&[], slow(&[10]))).await;
    assert_eq!(answer.status, 504);
    assert_after(&answer, 500);
}

#[tokio::test(start_paused = true)]
async fn the_whole_answer_has_to_be_there_in_time() {
    let mesh = timed("timeout: 500ms");
    let says = |parts: &[u64]| {
        mesh.client(Habits {
            says: parts.iter().copied().map(MILLIS).collect(),
            ..Habits::default()
        })
    };
    let answer = ended(says(&[200, 200]), post(&[], Empty::<Bytes>::new())).await;
    assert_eq!(answer.body.unwrap(), "partpart");
    for body in [slow(&[]), slow(&[300])] {
        let answer = ended(says(&[200, 200, 200, 200]), post(&[], body)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            Err("the answer was not complete in time".into())
        );
    }
    let answer = ended(says(&[200, 9_000]), post(&[], slow(&[300]))).await;
    assert_after(&answer, 800);
    // The request is over then, whether its reader stays or not.
    let answer = says(&[9_000])
        .oneshot(post(&[], Empty::<Bytes>::new()))
        .await;
    let mut body = answer.unwrap().into_body();
    assert_eq!(mesh.stats().in_flight, 1);
    let frame = body.frame().await.unwrap();
    assert!(matches!(frame, Err(BodyError::Late)));
    assert_eq!(mesh.stats().in_flight, 0);
    assert!(body.frame().await.is_none() && body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_begins_before_the_request_is_complete_has_its_time_after() {
    let mesh = timed("timeout: 500ms");
    let client = mesh.client(Habits {
        reads: Reads::After,
        says: vec![MILLIS(1_200), MILLIS(9_000)],
        ..Habits::default()
    });
    let answer = ended(client, post(&[], slow(&[400, 400, 400]))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.is_err());
    assert_after(&answer, 1_700);
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_an_answer_may_take_as_long_as_it_likes() {
    let mesh = timed("name: untimed");
    let client = mesh.client(Habits {
        thinks: MILLIS(3_600_000),
        says: vec![MILLIS(3_600_000)],
        ..Habits::default()
    });
    let told = post(&[("grpc-timeout", "1S")], slow(&[3_600_000]));
    let answer = ended(client, told).await;
    assert_eq!(
        (answer.status, answer.body.unwrap().as_ref()),
        (200, &b"part"[..])
    );
}

#[tokio::test(start_paused = true)]
async fn a_grpc_request_says_itself_how_long_it_waits() {
    const GRPC: (&str, &str) = ("content-type", "application/grpc");
    for (timeout, header, after, told) in [
        ("timeout: 500ms", Some("200m"), Some(200), "200m"),
        ("timeout: 500ms", Some("5S"), Some(500), "500m"),
        ("timeout: 500ms", Some("soon"), Some(500), "500m"),
        ("timeout: 500ms", None, Some(500), "500m"),
        ("name: untimed", Some("200m"), Some(200), "200m"),
        ("name: untimed", Some("soon"), None, "soon"),
        ("name: untimed", None, None, ""),
    ] {
        let mesh = timed(timeout);
        let habits = Habits {
            thinks: MILLIS(60_000),
            ..Habits::default()
        };
        let client = mesh.client(habits.clone());
        let mut headers = vec![GRPC];
        headers.extend(header.map(|header| ("grpc-timeout", header)));
        let answer = ended(client, post(&headers, Empty::<Bytes>::new())).await;
        let status = answer
            .headers
            .get("grpc-status")
            .map(|status| status.to_str().unwrap());
        assert_eq!(status, after.map(|_| "14"), "{timeout} {header:?}");
        assert_eq!(answer.status, 200);
        assert_after(&answer, after.unwrap_or(60_000));
        let got = habits.told.lock().unwrap();
        let text = |name: &str| got.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(text("grpc-timeout"), told, "{timeout} {header:?}");
        let expected = after.map(|after| after.to_string()).unwrap_or_default();
        assert_eq!(text("x-envoy-expected-rq-timeout-ms"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_is_told_the_timeout_unless_a_rule_takes_that_out() {
    const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";
    let header = |op: &str| format!("timeout: 500ms, headers: {{ request: {{ {op} }} }}");
    for (rule, told) in [
        ("timeout: 500ms".to_owned(), Some("500")),
        ("name: untimed".to_owned(), None),
        (header(&format!("remove: [{EXPECTED}]")), None),
        (header(&format!("set: {{ {EXPECTED}: '7' }}")), Some("7")),
        (
            header(&format!("set: {{ x: '%REQ({EXPECTED})%' }}, remove: []")),
            Some("500"),
        ),
    ] {
        let habits = Habits::default();
        let client = timed(&rule).client(habits.clone());
        ended(client, post(&[], Empty::<Bytes>::new())).await;
        let got = habits.told.lock().unwrap();
        let got = got.get(EXPECTED).map(|value| value.to_str().unwrap());
        assert_eq!(got, told, "{rule}");
    }
}

/// A deadline is a point in time, whoever is slow.
#[tokio::test(start_paused = true)]
async fn a_deadline_does_not_wait_for_the_request() {
    for (timeout, deadline, after) in [
        ("timeout: 500ms", 300, 300),
        ("timeout: 500ms", 2_000, 1_900),
        ("name: untimed", 1_000, 1_000),
    ] {
        let client = timed(timeout).client(Habits {
            thinks: MILLIS(60_000),
            ..Habits::default()
        });
        let context = mesh::Context::default().with_deadline(clock::now() + MILLIS(deadline));
        let mut request = post(&[], slow(&[700, 700]));
        request.extensions_mut().insert(context);
        let answer = ended(client, request).await;
        assert_eq!(answer.status, 504);
        assert_after(&answer, after);
    }
}

/// Over sockets: hyper reads the body, and the mesh sees it.
#[tokio::test]
async fn a_slow_upload_over_http_is_not_counted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new()
        .route("/", axum::routing::post(async |body: Bytes| body))
        .route(
            "/stuck",
            axum::routing::post(async |body: Bytes| {
                drop(body);
                std::future::pending::<()>().await;
            }),
        );
    tokio::spawn(async move { axum::serve(listener, app).await });
    let policy = format!(
        "services: {{ a: {{ endpoints: [{{ address: '{address}' }}] }} }}
routes: [{{ name: r, hosts: [a], rules: [{{ to: [{{ service: a }}], timeout: 250ms }}] }}]"
    );
    let mesh = Mesh::new(&policy.parse().unwrap()).unwrap();
    let client = mesh.client(connect::Hyper::new());
    let answer = client.clone().oneshot(post(&[], slow(&[150, 150, 150])));
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "partpartpart");
    let mut stuck = post(&[], slow(&[150, 150, 150]));
    *stuck.uri_mut() = "http://a/stuck".parse().unwrap();
    let begun = clock::now();
    assert_eq!(client.oneshot(stuck).await.unwrap().status(), 504);
    assert!(clock::now() - begun >= MILLIS(700));
}

//! Further tries, through the client stack.
#![cfg(all(feature = "http", feature = "yaml"))]

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use proptest::prelude::*;
use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt as _, service_fn};
use tower_mesh::balance::Target;
use tower_mesh::connect::{AnyBody, RequestBody};
use tower_mesh::event::{Event, Sink};
use tower_mesh::mesh::{Client, Stats};
use tower_mesh::policy::Policy;
use tower_mesh::reply::{Flags, LocalReply};
use tower_mesh::rng::Rng;
use tower_mesh::{Mesh, clock, connect};

const MS: Duration = Duration::from_millis(1);

/// What an endpoint does with a try.
#[derive(Clone, Copy, Debug)]
enum Does {
    Says(u16),
    Refuses,
    Closes,
    /// Says nothing for so many milliseconds, and 200 then.
    Waits(u64),
    /// Answers at once, without having read the body.
    SaysUnread(u16),
}

/// A try as the endpoint saw it.
#[derive(Clone, Debug)]
struct Try {
    at: String,
    when: Instant,
    headers: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

#[derive(Clone)]
struct Lab {
    mesh: Mesh,
    client: Client<connect::AnyBodyEndpoint<Service>>,
    seen: Arc<Mutex<Vec<Try>>>,
    told: Arc<Mutex<Vec<String>>>,
}

type Service = BoxCloneSyncService<Request<RequestBody>, Response<Full<Bytes>>, Error>;

impl Lab {
    /// Endpoints that do this with the tries, one after the other, and say 200 when there is
    /// nothing left to do.
    fn new(rule: &str, does: impl IntoIterator<Item = Does>) -> Self {
        Self::with(3, rule, does)
    }

    fn with(endpoints: usize, rule: &str, does: impl IntoIterator<Item = Does>) -> Self {
        let list: Vec<_> = (1..=endpoints)
            .map(|number| format!("{{ address: \"10.0.0.{number}:80\" }}"))
            .collect();
        let yaml = format!(
            "services: {{ copies: {{ endpoints: [{{ address: \"10.0.0.9:80\" }}] }}, reviews: {{ balance: random, endpoints: [{}] }} }}\n\
             routes: [{{ name: reviews, hosts: [reviews], rules: [{{ to: [{{ service: reviews }}], {rule} }}] }}]\n",
            list.join(", ")
        );
        let policy: Policy = yaml
            .parse()
            .unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        let told = Arc::<Mutex<Vec<String>>>::default();
        let log = told.clone();
        let sink = Sink::new(move |event| {
            log.lock().unwrap().push(match event {
                Event::Retry { made, .. } => format!("retry {made}"),
                Event::RetriesExhausted { made, .. } => format!("exhausted {made}"),
                Event::LocalReply { flags, .. } => format!("reply {flags}"),
                other => format!("{other:?}"),
            });
        });
        let mesh = Mesh::builder()
            .events(sink)
            .rng(Rng::seeded(7))
            .build(&policy)
            .unwrap();
        let seen = Arc::<Mutex<Vec<Try>>>::default();
        let left = Arc::new(Mutex::new(
            does.into_iter().collect::<std::collections::VecDeque<_>>(),
        ));
        let tries = seen.clone();
        let client = mesh.client(AnyBody(move |at: &Target| {
            let (tries, left, at) = (tries.clone(), left.clone(), at.to_string());
            BoxCloneSyncService::new(service_fn(move |request: Request<RequestBody>| {
                // Copies are not what is tried.
                let does = match at.starts_with("10.0.0.9") {
                    true => None,
                    false => left.lock().unwrap().pop_front(),
                };
                let does = does.unwrap_or(Does::Says(200));
                let (tries, at) = (tries.clone(), at.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let mut seen = Try {
                        at,
                        when: clock::now(),
                        headers: head.headers,
                        body: Bytes::new(),
                        trailers: None,
                    };
                    if matches!(does, Does::SaysUnread(_)) {
                        tries.lock().unwrap().push(seen);
                    } else {
                        let body = body.collect().await.map_err(Error::other)?;
                        seen.trailers = body.trailers().cloned();
                        seen.body = body.to_bytes();
                        tries.lock().unwrap().push(seen);
                    }
                    let status = match does {
                        Does::Says(status) | Does::SaysUnread(status) => status,
                        Does::Refuses => return Err(ErrorKind::ConnectionRefused.into()),
                        Does::Closes => return Err(ErrorKind::ConnectionReset.into()),
                        Does::Waits(millis) => {
                            sleep(millis as u32 * MS).await;
                            200
                        }
                    };
                    let text = Full::new(Bytes::from(format!("said {status}")));
                    Ok(Response::builder().status(status).body(text).unwrap())
                }
            }))
        }));
        Self {
            mesh,
            client,
            seen,
            told,
        }
    }

    async fn ask<B>(&self, request: Request<B>) -> (u16, String, Option<LocalReply>)
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let reply = self.client.clone().oneshot(request).await.unwrap();
        let local = reply.extensions().get().cloned();
        let status = reply.status().as_u16();
        let text = reply.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(text.to_vec()).unwrap(), local)
    }

    async fn get(&self) -> (u16, String, Option<LocalReply>) {
        self.ask(Request::get("http://reviews/").body(Empty::new()).unwrap())
            .await
    }

    fn tries(&self) -> Vec<Try> {
        self.seen.lock().unwrap().clone()
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn stats(&self) -> Stats {
        self.mesh.stats()
    }
}

const TWICE: &str = "retries: { attempts: 2, on: [5xx] }";

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_elsewhere() {
    let lab = Lab::new(TWICE, [Does::Says(503), Does::Closes]);
    let (status, text, local) = lab.get().await;
    assert_eq!(
        (status, text.as_str(), local.is_none()),
        (200, "said 200", true)
    );
    let tries = lab.tries();
    let places: std::collections::BTreeSet<_> = tries.iter().map(|seen| &seen.at).collect();
    assert_eq!((tries.len(), places.len()), (3, 3));
    for (number, seen) in (1..).zip(&tries) {
        assert_eq!(seen.headers["x-envoy-attempt-count"], number.to_string());
    }
    assert_eq!(lab.told(), ["retry 1", "retry 2"]);
    assert_eq!((lab.stats().retries, lab.stats().in_flight), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_failure_is_sent_once() {
    let lab = Lab::new(TWICE, [Does::Says(404)]);
    assert_eq!(lab.get().await.0, 404);
    assert_eq!(lab.tries().len(), 1);
    assert!(lab.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_without_retries_sends_once_and_says_nothing_of_tries() {
    let lab = Lab::new("timeout: 1s", [Does::Says(503)]);
    assert_eq!(lab.get().await.0, 503);
    let tries = lab.tries();
    assert_eq!(tries.len(), 1);
    assert!(!tries[0].headers.contains_key("x-envoy-attempt-count"));
}

#[tokio::test(start_paused = true)]
async fn point_19_the_last_answer_is_passed_through() {
    let lab = Lab::new(TWICE, [Does::Says(500), Does::Says(501), Does::Says(502)]);
    let (status, text, local) = lab.get().await;
    assert_eq!(
        (status, text.as_str(), local.is_none()),
        (502, "said 502", true)
    );
    assert_eq!(lab.told(), ["retry 1", "retry 2", "exhausted 3"]);
    assert_eq!(lab.stats().retries_exhausted, 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_reset_says_that_it_was_retried() {
    let lab = Lab::new("retries: {}", [Does::Refuses; 3]);
    let (status, text, local) = lab.get().await;
    assert_eq!(status, 503);
    assert!(
        text.ends_with("retried and the latest reset reason: remote connection failure"),
        "{text}"
    );
    assert!(local.unwrap().flags.contains(Flags::URX | Flags::UF));
    assert_eq!(lab.told().last().unwrap(), "reply URX,UF");
}

#[tokio::test(start_paused = true)]
async fn another_endpoint_is_only_asked_where_that_is_wanted() {
    let lab = Lab::with(1, TWICE, [Does::Says(503); 2]);
    assert_eq!(lab.get().await.0, 200);
    // There is one alone: it is asked again.
    assert_eq!(lab.tries().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn point_15_each_try_has_its_time_and_all_have_theirs() {
    let rule = "timeout: 250ms, retries: { attempts: 9, on: [5xx], perTryTimeout: 100ms, backoff: { base: 1ms } }";
    let lab = Lab::new(rule, [Does::Waits(1_000); 9]);
    let begun = clock::now();
    let (status, text, local) = lab.get().await;
    assert_eq!((status, text.as_str()), (504, "upstream request timeout"));
    assert_eq!(local.unwrap().details, "response_timeout");
    assert_eq!((clock::now() - begun), 250 * MS);
    let tries = lab.tries();
    assert_eq!(tries.len(), 3);
    // What is told is the time of the try, or what is left of the whole.
    let told = |seen: &Try| {
        seen.headers["x-envoy-expected-rq-timeout-ms"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(told(&tries[0]), "100");
    assert_eq!(told(&tries[1]), "100");
    assert!(told(&tries[2]).parse::<u64>().unwrap() < 50);
}

#[tokio::test(start_paused = true)]
async fn a_late_try_that_is_not_tried_again_says_so() {
    let rule = "retries: { on: [connect-failure], perTryTimeout: 100ms }";
    let lab = Lab::new(rule, [Does::Waits(1_000)]);
    let begun = clock::now();
    let (status, _, local) = lab.get().await;
    let local = local.unwrap();
    assert_eq!((status, (clock::now() - begun)), (504, 100 * MS));
    assert_eq!(local.details, "upstream_per_try_timeout");
    assert_eq!(local.flags, Flags::UT);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_once_the_time_of_all_is_over() {
    let rule = "timeout: 40ms, retries: { attempts: 50, on: [5xx], backoff: { base: 100ms } }";
    let lab = Lab::new(rule, [Does::Says(503); 60]);
    let begun = clock::now();
    let (status, _, local) = lab.get().await;
    let late = clock::now();
    assert_eq!((status, (clock::now() - begun)), (504, 40 * MS));
    assert!(local.unwrap().flags.contains(Flags::UT));
    sleep(1_000 * MS).await;
    assert!(lab.tries().iter().all(|seen| seen.when <= late));
    assert_eq!(lab.stats().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_is_tried_no_more() {
    let rule = "retries: { attempts: 50, on: [5xx], backoff: { base: 100ms } }";
    let lab = Lab::new(rule, [Does::Says(503); 60]);
    let asked = tokio::time::timeout(30 * MS, lab.get()).await;
    assert!(asked.is_err());
    let made = lab.tries().len();
    sleep(1_000 * MS).await;
    assert_eq!((lab.tries().len(), lab.stats().in_flight), (made, 0));
}

#[tokio::test(start_paused = true)]
async fn local_replies_are_not_tried_again() {
    for (what, status) in [
        ("fault: { abort: { status: 503, percent: 100 } }", 503),
        ("limits: [{ rate: { requests: 1, per: 1h } }]", 429),
    ] {
        let lab = Lab::new(
            &format!("{what}, retries: {{ on: [5xx], codes: [429] }}"),
            [],
        );
        // A limit lets one pass.
        let first = lab.get().await.0;
        let before = lab.tries().len();
        assert_eq!(lab.get().await.0, status, "{first}");
        assert_eq!(lab.tries().len(), before);
        assert!(!lab.told().iter().any(|told| told.starts_with("retry")));
    }
}

/// A body in parts, with trailers, each part after a pause.
fn slow(
    parts: &[&'static str],
    pause: Duration,
) -> impl http_body::Body<Data = Bytes, Error = Infallible> + Send + use<> {
    let mut frames: Vec<_> = parts
        .iter()
        .map(|part| Frame::data(Bytes::from(*part)))
        .collect();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", "1".parse().unwrap());
    frames.push(Frame::trailers(trailers));
    let stream =
        tokio_stream::StreamExt::then(tokio_stream::iter(frames), move |frame| async move {
            sleep(pause).await;
            Ok(frame)
        });
    StreamBody::new(stream)
}

#[tokio::test(start_paused = true)]
async fn every_try_has_the_whole_body_and_its_trailers() {
    // The first two are answered before there is any of the body.
    let does = [Does::SaysUnread(503), Does::Says(503)];
    let lab = Lab::new(TWICE, does);
    let request = Request::post("http://reviews/").body(slow(&["one ", "two ", "three"], 20 * MS));
    assert_eq!(lab.ask(request.unwrap()).await.0, 200);
    let tries = lab.tries();
    assert_eq!(tries.len(), 3);
    for seen in &tries[1..] {
        assert_eq!(seen.body, "one two three");
        assert_eq!(seen.trailers.as_ref().unwrap()["x-end"], "1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_goes_once() {
    let lab = Lab::new(TWICE, [Does::Says(503)]);
    let long = vec![7; (1 << 20) + 1];
    let body = Full::new(Bytes::from(long.clone()));
    assert_eq!(
        lab.ask(Request::post("http://reviews/").body(body).unwrap())
            .await
            .0,
        503
    );
    let tries = lab.tries();
    assert_eq!(tries.len(), 1);
    assert_eq!(tries[0].body, long);
    assert!(lab.told().is_empty());
    let just = Full::new(Bytes::from(vec![7; 1 << 20]));
    let lab = Lab::new(TWICE, [Does::Says(503)]);
    assert_eq!(
        lab.ask(Request::post("http://reviews/").body(just).unwrap())
            .await
            .0,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_mirror_gets_one_copy_however_often_it_is_tried() {
    // The first try is answered before all of the body is there.
    let does = [Does::SaysUnread(503), Does::Says(503)];
    let lab = Lab::new(&format!("mirrors: [{{ service: copies }}], {TWICE}"), does);
    let request = Request::post("http://reviews/").body(slow(&["one ", "two ", "three"], 20 * MS));
    assert_eq!(lab.ask(request.unwrap()).await.0, 200);
    sleep(1_000 * MS).await;
    let (copies, tries): (Vec<_>, Vec<_>) =
        { lab.tries().into_iter() }.partition(|seen| seen.at.starts_with("10.0.0.9"));
    assert_eq!((copies.len(), tries.len(), lab.stats().mirrored), (1, 3, 1));
    assert_eq!(copies[0].body, "one two three");
    assert!(copies[0].trailers.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the endpoints do, there is at most one try more than allowed, all are the same
    /// request, they end with what is no failure, and all is over within the time.
    #[test]
    fn tries_keep_their_bounds(
        attempts in 1_u32..6,
        does in prop::collection::vec(prop_oneof![
            (200_u16..600).prop_map(Does::Says),
            Just(Does::Refuses),
            Just(Does::Closes),
            (0_u64..200).prop_map(Does::Waits),
        ], 0..8),
        body in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let rule = format!("timeout: 500ms, retries: {{ attempts: {attempts}, on: [5xx], perTryTimeout: 100ms }}");
            let lab = Lab::new(&rule, does.clone());
            let begun = clock::now();
            let request = Request::post("http://reviews/").body(Full::new(Bytes::from(body.clone())));
            let (status, ..) = lab.ask(request.unwrap()).await;
            prop_assert!((clock::now() - begun) <= 500 * MS);
            let tries = lab.tries();
            prop_assert!(tries.len() <= attempts as usize + 1);
            for seen in &tries {
                prop_assert_eq!(&seen.body[..], &body[..]);
            }
            let failed = |does: &Does| match does {
                Does::Says(status) | Does::SaysUnread(status) => *status >= 500,
                Does::Refuses | Does::Closes => true,
                Does::Waits(millis) => *millis >= 100,
            };
            let failures = does.iter().take_while(|does| failed(does)).count();
            // All tries and waits that fail fast take less than the whole time.
            if does.iter().all(|does| !matches!(does, Does::Waits(_))) && attempts <= 3 {
                prop_assert_eq!(tries.len(), failures.min(attempts as usize) + 1);
                prop_assert_eq!(status < 500, failures <= attempts as usize);
            }
            prop_assert_eq!(lab.stats().in_flight, 0);
            Ok(())
        })?;
    }
}

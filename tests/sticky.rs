//! Callers stay at one destination of a split: through the mesh, over processes and reloads.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod support;

use axum::Router;
use bytes::Bytes;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Request, Response};
use http_body_util::{Empty, Full};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use support::{Backend, echo};
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceExt as _};
use tower_mesh::balance::{Endpoint, MakeEndpoint, Reset, Target};
use tower_mesh::connect::Hyper;
use tower_mesh::explain::{self, Answer, Question};
use tower_mesh::gate::Source;
use tower_mesh::mesh::Client;
use tower_mesh::policy::{Cookie, StickyKey, Ttl};
use tower_mesh::rng::{Chance, Rng};
use tower_mesh::split::SplitLayer;
use tower_mesh::testing::plausible;
use tower_mesh::{Mesh, Policy};

/// Two versions at 10.0.0.1 and 10.0.0.2, by these weights.
fn policy(sticky: &str, v1: u32, v2: u32) -> Policy {
    let text = format!(
        r#"
services:
  reviews:
    endpoints:
      - {{ address: "10.0.0.1:80", labels: {{ version: v1 }} }}
      - {{ address: "10.0.0.2:80", labels: {{ version: v2 }} }}
    subsets: {{ v1: {{ labels: {{ version: v1 }} }}, v2: {{ labels: {{ version: v2 }} }} }}
routes:
  - name: reviews
    hosts: [reviews]
    rules:
      - to:
          - {{ service: reviews, subset: v1, weight: {v1} }}
          - {{ service: reviews, subset: v2, weight: {v2} }}
        sticky: {sticky}
"#
    );
    text.parse().unwrap()
}

/// Endpoints that answer with their version.
struct Versions;

#[derive(Debug)]
struct Version(&'static str);

impl MakeEndpoint for Versions {
    type Endpoint = Version;

    fn make(&self, target: &Target) -> Version {
        Version(match target.to_string().as_str() {
            "10.0.0.1:80" => "v1",
            "10.0.0.2:80" => "v2",
            // For hosts that the policy does not know.
            _ => "elsewhere",
        })
    }
}

impl Endpoint<()> for Version {
    type Body = Full<Bytes>;
    type Future = Ready<Result<Response<Full<Bytes>>, Reset>>;

    fn send(&self, _: Request<()>) -> Self::Future {
        let response = Response::builder().header("x-version", self.0);
        ready(Ok(response.body(Full::default()).unwrap()))
    }
}

async fn ask(client: &Client<Version>, user: Option<u32>) -> String {
    let mut request = Request::get("http://reviews/");
    if let Some(user) = user {
        request = request.header("x-user", format!("user-{user}"));
    }
    let request = request.body(()).unwrap();
    version(client.clone().oneshot(request).await.unwrap().headers())
}

fn version(headers: &HeaderMap) -> String {
    headers["x-version"].to_str().unwrap().to_owned()
}

async fn versions(client: &Client<Version>, users: u32) -> Vec<String> {
    let mut versions = Vec::new();
    for user in 0..users {
        versions.push(ask(client, Some(user)).await);
    }
    versions
}

const BY_USER: &str = "{ by: { header: x-user } }";

#[tokio::test]
async fn a_caller_is_at_one_version_in_every_process_and_over_reloads() {
    const USERS: u32 = 1_000;
    let fifty = policy(BY_USER, 50, 50);
    let mesh = Mesh::new(&fifty).unwrap();
    let client = mesh.client(Versions);
    let before = versions(&client, USERS).await;
    for version in ["v1", "v2"] {
        let there = before.iter().filter(|there| *there == version).count();
        assert!(plausible(there as u64, USERS.into(), 0.5, 1e-9), "{there}");
    }
    assert_eq!(versions(&client, USERS).await, before);
    let elsewhere = Mesh::builder().rng(Rng::seeded(7)).build(&fifty).unwrap();
    assert_eq!(versions(&elsewhere.client(Versions), USERS).await, before);
    // What route and rule are called, how the weights are written, in which order: all the same.
    let mut renamed = fifty.clone();
    let route = &mut renamed.routes[0];
    route.name = "other".into();
    route.rules[0].name = Some("other".into());
    route.rules[0].to.reverse();
    route.rules[0].to.iter_mut().for_each(|to| to.weight = 7);
    mesh.reload(&renamed).unwrap();
    assert_eq!(versions(&client, USERS).await, before);
}

#[tokio::test]
async fn from_ninety_to_eighty_a_tenth_moves_and_comes_back() {
    const USERS: u32 = 10_000;
    let mesh = Mesh::new(&policy(BY_USER, 90, 10)).unwrap();
    let client = mesh.client(Versions);
    let ninety = versions(&client, USERS).await;
    mesh.reload(&policy(BY_USER, 80, 20)).unwrap();
    let eighty = versions(&client, USERS).await;
    let mut moved = 0;
    for (before, after) in ninety.iter().zip(&eighty) {
        if before != after {
            // Nobody goes the other way, so no fewer could move.
            assert_eq!((before.as_str(), after.as_str()), ("v1", "v2"));
            moved += 1;
        }
    }
    assert!(plausible(moved, USERS.into(), 0.1, 1e-9), "{moved}");
    mesh.reload(&policy(BY_USER, 90, 10)).unwrap();
    assert_eq!(versions(&client, USERS).await, ninety);
    mesh.reload(&policy(BY_USER, 0, 1)).unwrap();
    let all = versions(&client, USERS).await;
    assert!(all.iter().all(|version| version == "v2"));
}

#[tokio::test]
async fn who_is_not_known_is_drawn_for() {
    const REQUESTS: u64 = 2_000;
    let rng = Rng::seeded(1);
    let policy = policy(BY_USER, 70, 30);
    let client = Mesh::builder().rng(rng).build(&policy).unwrap();
    let client = client.client(Versions);
    let mut second = 0;
    for _ in 0..REQUESTS {
        second += u64::from(ask(&client, None).await == "v2");
    }
    assert!(plausible(second, REQUESTS, 0.3, 1e-9), "{second}");
}

/// A gateway in front of two real backends, and what the policy decides of requests to it.
struct Edge {
    policy: Policy,
    at: SocketAddr,
}

const SEED: u64 = 3;

impl Edge {
    async fn start(sticky: &str) -> Self {
        let mut text = policy(sticky, 50, 50).to_yaml();
        for (number, version) in ["v1", "v2"].into_iter().enumerate() {
            let app = Router::new().fallback(async move |request: axum::extract::Request| {
                let cookie = request.headers().get(COOKIE).cloned();
                let mut response = echo(version, &request);
                if let Some(cookie) = cookie {
                    response.headers_mut().insert("x-seen-cookie", cookie);
                }
                response
            });
            let backend = Backend::serve(|_| app).await;
            let stands = format!("10.0.0.{}:80", number + 1);
            text = text.replace(&stands, &backend.address.to_string());
        }
        let mut policy: Policy = text.parse().unwrap();
        let edge = "gateways: { edge: { listeners: [{ name: http, port: 80 }] } }";
        policy.gateways = edge.parse::<Policy>().unwrap().gateways;
        policy.mesh.trusted_hops = 1;
        policy.routes[0].gateways = vec!["mesh".parse().unwrap(), "edge".parse().unwrap()];
        let mesh = Mesh::builder()
            .rng(Rng::seeded(SEED))
            .build(&policy)
            .unwrap();
        let gateway = mesh.gateway("edge", Hyper::new()).on_port(80);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let app = Router::new().fallback_service(gateway);
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { policy, at }
    }

    async fn ask(&self, headers: &[(&str, &str)]) -> HeaderMap {
        let request = Request::get(format!("http://{}/", self.at)).header("host", "reviews");
        let add = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        let request = headers.iter().fold(request, add);
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
        let client = client.build_http::<Empty<Bytes>>();
        let reply = client.request(request.body(Empty::new()).unwrap()).await;
        reply.unwrap().headers().clone()
    }

    fn question(headers: &[(&str, &str)]) -> Question {
        let mut question = Question::of(&Request::get("http://reviews/").body(()).unwrap());
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        question.headers = headers.iter().map(pair).collect();
        question
    }
}

fn backend(headers: &HeaderMap) -> &str {
    headers["x-backend"].to_str().unwrap()
}

/// The one backend of an answer.
fn decided(answer: &Answer) -> &explain::Backend {
    match &answer.backends[..] {
        [backend] => backend,
        backends => panic!("{backends:?}"),
    }
}

/// One row for each way to know a caller: the gateway's server, the client and `decide`.
#[tokio::test]
async fn gateway_client_and_decide_agree() {
    for (sticky, name, value) in [
        (BY_USER, "x-user", "user-"),
        (
            "{ by: { cookie: { name: uid } } }",
            "cookie",
            "a=b; uid=user-",
        ),
        (
            "{ by: { cookie: { name: uid, ttl: 1h } }, group: g }",
            "cookie",
            "uid=user-",
        ),
        ("{ by: sourceIp }", "x-forwarded-for", "10.1.2."),
    ] {
        let edge = Edge::start(sticky).await;
        let plan = edge.policy.compile().unwrap();
        let client = Mesh::new(&edge.policy).unwrap().client(Hyper::new());
        let mut seen = HashMap::<String, u32>::new();
        for user in 0..40_u32 {
            let value = format!("{value}{user}");
            let headers = [(name, value.as_str())];
            let at_gateway = edge.ask(&headers).await;
            let version = backend(&at_gateway).to_owned();
            let mut question = Edge::question(&headers);
            let mut request = Request::get("http://reviews/").header(name, &value);
            if name == "x-forwarded-for" {
                // In the mesh nobody stands in front.
                let address = value.parse().unwrap();
                request = request.extension(Source(address));
                question.source =
                    serde_json::from_value(serde_json::json!({ "ip": value })).unwrap();
            }
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let by_client = client.clone().oneshot(request).await.unwrap();
            assert_eq!(backend(by_client.headers()), version, "{sticky} {value}");
            assert!(!at_gateway.contains_key(SET_COOKIE), "{at_gateway:?}");
            assert!(!by_client.headers().contains_key(SET_COOKIE));
            for gateway in [None, Some("edge".to_owned())] {
                question.port = gateway.is_some().then_some(80);
                question.gateway = gateway;
                for answer in [
                    plan.answer(&question).unwrap(),
                    plan.answer_by(&question, Chance::new(u64::from(user)))
                        .unwrap(),
                ] {
                    let backend = decided(&answer);
                    assert_eq!((backend.subset(), backend.share()), (Some(&*version), 1.0));
                    assert_eq!(backend.response_headers, None);
                }
            }
            *seen.entry(version).or_default() += 1;
        }
        assert_eq!(seen.len(), 2, "{sticky} {seen:?}");
    }
}

#[tokio::test]
async fn who_has_no_cookie_gets_one_and_comes_back() {
    let edge = Edge::start("{ by: { cookie: { name: uid, ttl: 0s } } }").await;
    let plan = edge.policy.compile().unwrap();
    let rng = Rng::seeded(SEED);
    let mut seen = HashMap::<String, u32>::new();
    for _ in 0..20 {
        let first = edge.ask(&[("cookie", "other=1")]).await;
        // The destination sees what the caller has sent, and no more.
        assert_eq!(first["x-seen-cookie"], "other=1");
        let set: Vec<_> = first.get_all(SET_COOKIE).iter().collect();
        let [line] = set[..] else {
            panic!("{first:?}");
        };
        let line = line.to_str().unwrap();
        let (pair, rest) = line.split_once(';').unwrap();
        assert_eq!(rest, " Path=/; HttpOnly");
        // With the seed, `decide` tells the very cookie; without one, whatever is drawn.
        let mut question = Edge::question(&[("cookie", "other=1")]);
        question.gateway = Some("edge".to_owned());
        let answer = plan.answer_by(&question, rng.chance()).unwrap();
        let told = decided(&answer);
        assert_eq!(told.subset(), Some(backend(&first)));
        let added = &told.response_headers.as_ref().unwrap().add;
        assert_eq!(added[..], [("set-cookie".to_owned(), line.to_owned())]);
        let open = plan.answer(&question).unwrap();
        let shares: Vec<_> = open.backends().map(|backend| backend.share()).collect();
        assert_eq!(shares, [0.5, 0.5]);
        assert!(
            open.backends()
                .all(|backend| backend.response_headers.is_none())
        );
        let cookie = format!("other=1; {pair}");
        let again = edge.ask(&[("cookie", &cookie)]).await;
        let _ = rng.chance();
        assert_eq!(backend(&again), backend(&first));
        assert!(!again.contains_key(SET_COOKIE), "{again:?}");
        *seen.entry(backend(&first).to_owned()).or_default() += 1;
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

/// A destination that cannot answer keeps nobody.
#[tokio::test]
async fn a_local_reply_sets_no_cookie() {
    let mut policy = policy("{ by: { cookie: { name: uid, ttl: 1h } } }", 1, 1);
    policy
        .services
        .get_mut("reviews")
        .unwrap()
        .endpoints
        .clear();
    let client = Mesh::new(&policy).unwrap().client(Versions);
    let request = Request::get("http://reviews/").body(()).unwrap();
    let reply = client.oneshot(request).await.unwrap();
    assert_eq!(reply.status(), 503);
    assert!(!reply.headers().contains_key(SET_COOKIE));
}

/// Where there is nothing to choose, nobody need be known.
#[tokio::test]
async fn one_destination_alone_sets_no_cookie() {
    let policy = policy("{ by: { cookie: { name: uid, ttl: 1h } } }", 1, 0);
    let client = Mesh::new(&policy).unwrap().client(Versions);
    let request = Request::get("http://reviews/").body(()).unwrap();
    let reply = client.oneshot(request).await.unwrap();
    assert_eq!(version(reply.headers()), "v1");
    assert!(!reply.headers().contains_key(SET_COOKIE));
}

/// One layer alone keeps callers as the mesh does, and sets its cookie on what a service answers.
#[tokio::test]
async fn a_layer_alone_keeps_callers() {
    let answers = |name: &'static str| {
        tower::service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(Response::new(name))))
    };
    let ask = async |layer: &SplitLayer<_>, name: &str, value: &str| {
        let request = Request::get("/").header(name, value).body(()).unwrap();
        let reply = layer.layer(answers("v1")).oneshot(request).await.unwrap();
        let cookie = reply.headers().get(SET_COOKIE).cloned();
        (*reply.body(), cookie)
    };
    let split = |weight| SplitLayer::keep(90).divert(weight, answers("v2"));
    let (small, large) = (
        split(10).sticky_by(StickyKey::header("x-user")),
        split(60).sticky_by(StickyKey::header("x-user")),
    );
    let mut seen = HashMap::<_, u32>::new();
    for user in 0..500 {
        let user = format!("user-{user}");
        let (before, _) = ask(&small, "x-user", &user).await;
        assert_eq!(ask(&small.clone(), "x-user", &user).await, (before, None));
        let (after, _) = ask(&large, "x-user", &user).await;
        *seen.entry((before, after)).or_default() += 1;
    }
    assert!(!seen.contains_key(&("v2", "v1")), "{seen:?}");
    assert_eq!(seen.len(), 3, "{seen:?}");

    let cookie = Cookie::new("uid").ttl(Ttl::SESSION);
    let layer = split(90)
        .sticky_by(StickyKey::from(cookie))
        .rng(Rng::seeded(1));
    for _ in 0..20 {
        let (first, cookie) = ask(&layer, "x-a", "b").await;
        let cookie = cookie.unwrap();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(ask(&layer, "cookie", pair).await, (first, None));
    }
}

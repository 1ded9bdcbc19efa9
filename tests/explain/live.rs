//! What is said of a running mesh is what happens in it, and saying it changes nothing.

use crate::question;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use std::convert::Infallible;
use tower::{ServiceExt as _, service_fn};
use tower_mesh::balance::Target;
use tower_mesh::explain::Explanation;
use tower_mesh::explain::explanation::Pick;
use tower_mesh::gate::Source;
use tower_mesh::rng::{Chance, Rng};
use tower_mesh::{Mesh, Policy};

const MESH: &str = r#"
services:
  least: { endpoints: &three [{ address: "10.0.0.1:80" }, { address: "10.0.0.2:80" }, { address: "10.0.0.3:80" }] }
  turns: { balance: roundRobin, endpoints: *three }
  any: { balance: random, endpoints: *three }
  weighted: { balance: weighted, endpoints: [{ address: "10.0.0.4:80", weight: 3 }, { address: "10.0.0.5:80" }] }
  heavy: { endpoints: [{ address: "10.0.0.6:80", weight: 3 }, { address: "10.0.0.7:80" }] }
gateways:
  prod/edge: { namespace: prod, listeners: [{ name: http, port: 80 }] }
routes:
  - name: r
    hosts: [r]
    gateways: [mesh, prod/edge]
    rules:
      - name: limited
        match: [{ path: { prefix: /limited } }]
        limits: [{ name: five, rate: { requests: 5, per: 100h } }]
        to: [{ service: least }]
      - name: split
        fault: { abort: { status: 418, percent: 10 } }
        to:
          - { service: least, weight: 3 }
          - { service: turns, weight: 2 }
          - { service: any }
          - { service: weighted }
          - { service: heavy, weight: 2 }
"#;

type Reply = Response<Full<Bytes>>;

/// A service that says where it is.
fn at(
    target: &Target,
) -> impl tower::Service<
    Request<Empty<Bytes>>,
    Response = Reply,
    Error = Infallible,
    Future = impl Future<Output = Result<Reply, Infallible>> + Send + use<>,
> + Clone
+ Send
+ Sync
+ use<> {
    let address = target.to_string();
    service_fn(move |_| {
        let reply = Response::builder().header("x-endpoint", address.clone());
        // A body that lasts until it is read: so long the request is under way.
        std::future::ready(Ok(reply.body(Full::new(Bytes::from("hello"))).unwrap()))
    })
}

fn mesh(seed: u64) -> Mesh {
    let policy: Policy = MESH.parse().unwrap();
    Mesh::builder()
        .rng(Rng::seeded(seed))
        .build(&policy)
        .unwrap()
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://r{path}"))
        .body(Empty::new())
        .unwrap()
}

/// The endpoint that an explanation names.
fn named(explanation: &Explanation) -> Option<String> {
    let endpoints = &explanation.passages.first()?.endpoints;
    match &endpoints.pick {
        Pick::Picked { endpoint, .. } => endpoints.considered[*endpoint].address.clone(),
        other => panic!("{other:?}: {explanation}"),
    }
}

fn went_to<B>(reply: &Response<B>) -> Option<String> {
    let at = reply.headers().get("x-endpoint")?;
    Some(at.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_request_goes_where_its_explanation_says() {
    for seed in 0..20 {
        let (mesh, chances) = (mesh(seed), Rng::seeded(seed));
        let client = mesh.client(at);
        let mut under_way = Vec::new();
        let mut looked_at = 0;
        for number in 0..100 {
            let explanation = mesh.explain_by(&get("/"), chances.chance());
            let reply = client.clone().oneshot(get("/")).await.unwrap();
            assert_eq!(
                named(&explanation),
                went_to(&reply),
                "{seed}, {number}: {explanation}"
            );
            let status = explanation.answer.status.unwrap_or(200);
            assert_eq!(reply.status(), status);
            if let Some(passage) = explanation.passages.first()
                && let Pick::Picked { candidates, .. } = &passage.endpoints.pick
            {
                for candidate in candidates {
                    let considered = &passage.endpoints.considered[candidate.endpoint];
                    assert_eq!(considered.under_way, Some(candidate.under_way));
                    looked_at += candidate.under_way;
                }
            }
            // Some stay under way for a while, so that loads differ.
            if number % 3 != 0 {
                under_way.push(reply);
            }
            if number % 7 == 0 {
                under_way.drain(..under_way.len() / 2);
            }
        }
        assert!(looked_at > 0, "{seed}: no load was ever looked at");
    }
}

#[tokio::test]
async fn explaining_spends_nothing_counts_nothing_and_takes_no_turn() {
    let (asked, left_alone) = (mesh(3), mesh(3));
    let (client, other) = (asked.client(at), left_alone.client(at));
    let edge = question(r#"{"authority":"r","path":"/limited","gateway":"prod/edge"}"#);
    let stats = asked.stats();
    for number in 0..1_000 {
        let explanation = asked.explain(&get("/limited"));
        let limit = &explanation.limits[0];
        assert_eq!((limit.left, limit.capacity, limit.wait_ms), (5, 5, None));
        asked.explain_by(&get("/"), Chance::new(number));
        asked
            .explain_question(&edge, Some(Chance::new(number)))
            .unwrap();
    }
    assert_eq!(asked.stats(), stats);
    let (mut one, mut another) = (Vec::new(), Vec::new());
    for path in std::iter::repeat_n("/", 200).chain(std::iter::repeat_n("/limited", 7)) {
        one.push(client.clone().oneshot(get(path)).await.unwrap());
        another.push(other.clone().oneshot(get(path)).await.unwrap());
    }
    for (one, another) in one.iter().zip(&another) {
        assert_eq!(
            (one.status(), went_to(one)),
            (another.status(), went_to(another))
        );
    }
    assert_eq!(one[204].status(), 200);
    assert_eq!(one[205].status(), 429);
    let explanation = asked.explain(&get("/limited"));
    let limit = &explanation.limits[0];
    assert_eq!((limit.left, limit.allowed), (0, false));
    assert!(
        limit
            .wait_ms
            .is_some_and(|wait| wait > 71_000_000 && wait <= 72_000_000)
    );
    assert!(
        explanation
            .summary
            .ends_with("Now it would get 429, as the limit `r/limited/five` is used up.")
    );
}

#[tokio::test]
async fn whoever_asks_sees_the_same_loads() {
    let mesh = mesh(1);
    let client = mesh.client(at);
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(client.clone().oneshot(get("/limited")).await.unwrap());
    }
    let served = held.iter().filter(|reply| reply.status() == 200).count() as u64;
    assert_eq!(served, 5);
    for asked in [
        r#"{"authority":"r","path":"/limited"}"#,
        r#"{"authority":"r","path":"/limited","source":{"namespace":"far"}}"#,
        r#"{"authority":"r","path":"/limited","gateway":"prod/edge"}"#,
    ] {
        let explanation = mesh.explain_question(&question(asked), None).unwrap();
        let considered = &explanation.passages[0].endpoints.considered;
        let loads: Vec<_> = considered
            .iter()
            .map(|one| one.under_way.unwrap())
            .collect();
        assert_eq!(loads.iter().sum::<u64>(), served, "{asked}");
        assert!(!explanation.limits[0].allowed, "{asked}");
        let text = explanation.to_string();
        assert!(text.contains(" under way"), "{text}");
    }
}

/// Behind proxies that are trusted, the limit that is told is that of the client, not the proxy's.
#[tokio::test]
async fn a_limit_is_looked_at_for_the_client_that_trusted_proxies_tell() {
    let policy = r#"
mesh: { trustedHops: 1 }
services: { a: { endpoints: [{ address: "10.0.0.1:80" }] } }
gateways:
  prod/edge: { listeners: [{ name: http, port: 80 }] }
routes:
  - name: r
    hosts: [r]
    gateways: [prod/edge]
    rules:
      - limits: [{ rate: { requests: 1, per: 100h }, key: sourceIp }]
        to: [{ service: a }]
"#;
    let mesh = Mesh::new(&policy.parse().unwrap()).unwrap();
    let mut request = get("/");
    let client = "9.9.9.9, 8.8.8.8".parse().unwrap();
    request.headers_mut().insert("x-forwarded-for", client);
    let proxy: std::net::IpAddr = [10, 1, 1, 1].into();
    request.extensions_mut().insert(Source(proxy));
    let gateway = mesh.gateway("prod/edge", at);
    assert_eq!(gateway.oneshot(request).await.unwrap().status(), 200);
    let left = |forwarded: &str| {
        let asked = question(&format!(
            r#"{{"authority":"r","path":"/","headers":[["x-forwarded-for","{forwarded}"]],
                "source":{{"ip":"10.1.1.1"}},"gateway":"prod/edge"}}"#
        ));
        let explanation = mesh.explain_question(&asked, None).unwrap();
        let limit = explanation.limits[0].clone();
        assert_eq!(explanation.answer.limits[0].key, limit.key);
        (limit.key.unwrap(), limit.left)
    };
    assert_eq!(left("9.9.9.9, 8.8.8.8"), ("8.8.8.8".to_owned(), 0));
    assert_eq!(left("9.9.9.9, 7.7.7.7"), ("7.7.7.7".to_owned(), 1));
}

/// The turns of a thread are told to that thread.
#[tokio::test]
async fn whose_turn_it_is_needs_no_chance() {
    let mesh = Mesh::new(&MESH.replace("hosts: [r]", "hosts: [x]").parse().unwrap()).unwrap();
    let client = mesh.client(at);
    let request = || Request::get("http://turns/").body(Empty::new()).unwrap();
    for _ in 0..7 {
        let explanation = mesh.explain(&request());
        let reply = client.clone().oneshot(request()).await.unwrap();
        assert_eq!(named(&explanation), went_to(&reply));
    }
}

#[test]
fn a_mesh_that_has_read_files_knows_their_lines() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("explain-live");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("mesh.yaml");
    std::fs::write(&file, MESH).unwrap();
    let line = |mesh: &Mesh| {
        let explanation = mesh.explain(&get("/"));
        let at = explanation.chosen.unwrap().at;
        at.map(|at| (at.file.unwrap(), at.line.unwrap()))
    };
    let name = file.display().to_string();
    let loaded = Mesh::load(&file).unwrap();
    assert_eq!(line(&loaded), Some((name.clone(), 19)));
    std::fs::write(&file, format!("# One line more.\n{MESH}")).unwrap();
    loaded.reload_from(&file).unwrap();
    assert_eq!(line(&loaded), Some((name, 20)));
    // What is made in code stands nowhere.
    loaded.reload(&MESH.parse().unwrap()).unwrap();
    assert_eq!(line(&loaded), None);
}

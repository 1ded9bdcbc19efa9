//! What a plan says of preflights, of pages of other origins, and of who gets copies.

use http::Request;
use tower_mesh::explain::{Answer, Outcome};
use tower_mesh::rng::{Chance, Rng};
use tower_mesh::testing::plausible;
use tower_mesh::{Plan, Policy};

const MESH: &str = r#"
services:
  reviews:
    endpoints: [{ address: "10.0.0.1:80", labels: { version: v1 } }]
    subsets: { v1: { labels: { version: v1 } } }
  empty: { endpoints: [] }
  shadow.prod.svc.cluster.local: { port: 8080, endpoints: [{ address: "10.0.0.2:80" }] }
routes:
  - name: reviews
    hosts: [reviews]
    rules:
      - match: [{ path: { prefix: /aborted } }]
        fault: { abort: { status: 418, percent: 50 } }
        cors:
          allowOrigins: ["http://ok.test"]
          allowMethods: [GET, PUT]
          exposeHeaders: [x-e]
          unmatchedPreflights: ignore
        to: [{ service: reviews }]
      - cors:
          allowOrigins: ["http://ok.test"]
          allowMethods: [GET, PUT]
          exposeHeaders: [x-e]
          unmatchedPreflights: ignore
        headers:
          response:
            set: { access-control-expose-headers: own, x-set: "1" }
            add: { access-control-allow-origin: own }
            remove: [access-control-allow-origin, x-gone]
        mirrors:
          - { service: shadow.prod.svc.cluster.local, percent: 25 }
          - { service: reviews, subset: v1 }
          - { service: empty, percent: 0 }
        to: [{ service: reviews }]
"#;

fn plan() -> Plan {
    MESH.parse::<Policy>().unwrap().compile().unwrap()
}

fn request(method: &str, path: &str, lines: &[(&str, &str)]) -> Request<()> {
    let uri = format!("http://reviews{path}");
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn preflight(path: &str, origin: &str) -> Request<()> {
    let lines = [("origin", origin), ("access-control-request-method", "PUT")];
    request("OPTIONS", path, &lines)
}

fn pairs(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    lines.iter().map(own).collect()
}

#[test]
fn a_preflight_that_is_answered_is_a_respond() {
    let answer = plan().decide(&preflight("/", "http://ok.test"));
    assert_eq!(
        (answer.outcome, answer.status),
        (Outcome::Respond, Some(200))
    );
    let mut headers = answer.headers;
    headers.sort_unstable();
    let expected = pairs(&[
        ("access-control-allow-methods", "GET,PUT"),
        ("access-control-allow-origin", "http://ok.test"),
        ("access-control-expose-headers", "x-e"),
    ]);
    assert_eq!(headers, expected);
    assert!(answer.backends.is_empty() && answer.mirrors.is_empty());
    assert_eq!(answer.rule.as_deref(), Some("1"));
    let ignored = plan().decide(&preflight("/", "http://no.test"));
    assert_eq!(
        (ignored.outcome, ignored.status),
        (Outcome::Respond, Some(200))
    );
    assert!(ignored.headers.is_empty());
}

#[test]
fn an_abort_that_is_drawn_comes_before_a_preflight() {
    let plan = plan();
    let request = preflight("/aborted", "http://ok.test");
    let answer = plan.decide(&request);
    assert_eq!(answer.outcome, Outcome::Respond);
    assert_eq!(answer.fault.unwrap().abort_share, Some(0.5));
    let outcomes: Vec<_> = (0..64)
        .map(|number| plan.decide_by(&request, Chance::new(number)).outcome)
        .collect();
    assert!(outcomes.contains(&Outcome::Reject) && outcomes.contains(&Outcome::Respond));
}

#[test]
fn what_a_page_may_read_stands_over_all_other_changes() {
    let answer = plan().decide(&request("GET", "/", &[("origin", "http://ok.test")]));
    let changes = answer.backends[0].response_headers.clone().unwrap();
    assert_eq!(changes.remove, ["x-gone"]);
    assert!(changes.add.is_empty());
    let mut set = changes.set;
    set.sort_unstable();
    let expected = pairs(&[
        ("access-control-allow-origin", "http://ok.test"),
        ("access-control-expose-headers", "x-e"),
        ("x-set", "1"),
    ]);
    assert_eq!(set, expected);
    // Without it, and for others, the rule's own changes are all.
    for lines in [&[][..], &[("origin", "http://no.test")]] {
        let answer = plan().decide(&request("GET", "/", lines));
        let changes = answer.backends[0].response_headers.clone().unwrap();
        assert_eq!(
            changes.add,
            pairs(&[("access-control-allow-origin", "own")])
        );
    }
}

fn mirrors(answer: &Answer) -> Vec<(&str, Option<&str>, u16, f64)> {
    let mirrors = answer.mirrors.iter();
    mirrors
        .map(|mirror| {
            let namespace = mirror.namespace.as_deref();
            (
                mirror.service.as_str(),
                namespace,
                mirror.port,
                mirror.share,
            )
        })
        .collect()
}

#[test]
fn there_is_one_tunnel_and_it_is_the_originals() {
    let upgrade = |to| request("GET", "/", &[("connection", "upgrade"), ("upgrade", to)]);
    let answer = plan().decide(&upgrade("websocket"));
    assert!(answer.forwards() && answer.mirrors.is_empty());
    // Nobody asks for that one.
    assert_eq!(plan().decide(&upgrade("h2c")).mirrors.len(), 2);
}

#[test]
fn mirrors_are_listed_with_their_shares() {
    let answer = plan().decide(&request("GET", "/", &[]));
    let expected = [
        ("shadow", Some("prod"), 8080, 0.25),
        ("reviews", None, 80, 1.0),
    ];
    assert_eq!(mirrors(&answer), expected);
    assert!(
        plan()
            .decide(&request("CONNECT", "/", &[]))
            .mirrors
            .is_empty()
    );
    assert!(
        plan()
            .decide(&request("GET", "/aborted", &[]))
            .mirrors
            .is_empty()
    );
}

#[test]
fn a_chance_draws_mirrors_by_their_shares() {
    let (plan, rng) = (plan(), Rng::seeded(7));
    let request = request("GET", "/", &[]);
    let mut quarter = 0;
    for _ in 0..2_000 {
        let answer = plan.decide_by(&request, rng.chance());
        let drawn = mirrors(&answer);
        assert_eq!(drawn.last(), Some(&("reviews", None, 80, 1.0)));
        quarter += u64::from(drawn.len() == 2);
    }
    assert!(plausible(quarter, 2_000, 0.25, 1e-9));
}

//! What a plan says it does with requests: laws of `decide`, and each kind of answer once.

use http::Request;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::sync::LazyLock;
use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::policy::Workload;
use tower_mesh::rng::{Chance, Rng};
use tower_mesh::testing::{plausible, requests, requests_for};
use tower_mesh::{Plan, Policy};

const MESH: &str = r#"
services:
  reviews:
    port: 9080
    endpoints:
      - { address: "10.0.0.1:9080", labels: { version: v1 } }
      - { address: "10.0.0.2:9080", labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
      v3: { labels: { version: v3 } }
  ratings.prod.svc.cluster.local: { endpoints: [{ address: "10.0.0.3:80" }] }
  empty: { endpoints: [] }
routes:
  - name: reviews
    hosts: [reviews, "*.reviews.example"]
    rules:
      - name: beta
        match: [{ headers: { x-beta: { exact: "1" } } }]
        timeout: 1500ms
        limits: [{ name: each, rate: { requests: 1, per: 1h }, key: { header: x-user } }]
        fault:
          delay: { fixed: 50ms, percent: 10 }
          abort: { status: 418, percent: 25 }
        to: [{ service: reviews, subset: v2 }]
      - match: [{ path: { prefix: /third } }]
        to: [{ service: reviews, subset: v3, weight: 1 }, { service: ratings.prod.svc.cluster.local, weight: 3 }]
      - match: [{ path: { prefix: /lost } }]
        to: [{ service: reviews, subset: v3 }, { service: empty }]
      - match: [{ path: { prefix: /api } }]
        to:
          - { service: reviews, subset: v1, weight: 70 }
          - { service: reviews, subset: v2, weight: 20 }
          - { service: reviews, weight: 10 }
          - { service: empty, weight: 0 }
"#;

fn policy() -> Policy {
    MESH.parse().unwrap()
}

/// Compiled once: asking changes nothing.
fn plan() -> &'static Plan {
    static PLAN: LazyLock<Plan> = LazyLock::new(|| policy().compile().unwrap());
    &PLAN
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::to_value(answer).unwrap()
}

proptest! {
    #[test]
    fn shares_sum_to_one_and_the_same_question_gets_the_same_answer(
        request in requests_for(&policy()),
        other in requests_for(&policy()),
    ) {
        let plan = plan();
        let answer = plan.decide(&request);
        if answer.forwards() {
            let sum: f64 = answer.backends().map(|backend| backend.share()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{answer:?}");
        } else {
            prop_assert!(answer.status.is_some() && answer.backends.is_empty());
        }
        let _ = plan.decide(&other);
        let _ = plan.decide_by(&request, Chance::new(7));
        prop_assert_eq!(plan.decide(&request), answer);
    }

    /// Whatever is drawn was among what may be drawn.
    #[test]
    fn a_chance_picks_what_decide_lists(request in requests_for(&policy()), chance: u64) {
        let plan = plan();
        let all = plan.decide(&request);
        let one = plan.decide_by(&request, Chance::new(chance));
        prop_assert_eq!(&one, &plan.decide_by(&request, Chance::new(chance)));
        prop_assert_eq!((&one.route, &one.rule, &one.fault), (&all.route, &all.rule, &all.fault));
        if let [drawn] = &one.backends[..] {
            prop_assert_eq!(drawn.share(), 1.0);
            let mut drawn = drawn.clone();
            let listed = all.backends().any(|listed| {
                drawn.share = listed.share;
                *listed == drawn
            });
            prop_assert!(listed, "not among {:?}", all.backends);
        } else {
            let failing = all.backends().map(|backend| backend.status);
            let aborted = all.fault.map(|fault| fault.abort_status);
            let mut possible = failing.chain(aborted).chain([all.status]);
            prop_assert!(!one.forwards() && one.status.is_some());
            prop_assert!(possible.any(|status| status == one.status));
        }
    }

    #[test]
    fn an_answer_reads_back_equal(request in requests_for(&policy())) {
        let answer = plan().decide(&request);
        let text = serde_json::to_string(&answer).unwrap();
        prop_assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
    }

    #[test]
    fn asking_with_a_question_is_asking_with_the_request(request in requests()) {
        let plan = plan();
        let answer = plan.answer(&Question::of(&request)).unwrap();
        prop_assert_eq!(answer, plan.decide(&request));
    }
}

#[test]
fn chances_draw_by_the_shares() {
    let (plan, rng) = (plan(), Rng::seeded(1));
    let request = get("http://reviews/api");
    let mut seen = [0; 3];
    for _ in 0..2_000 {
        let answer = plan.decide_by(&request, rng.chance());
        let place = match answer.backends[0].subset() {
            Some("v1") => 0,
            Some(_) => 1,
            None => 2,
        };
        seen[place] += 1;
    }
    for (seen, listed) in seen.into_iter().zip(plan.decide(&request).backends()) {
        assert!(
            plausible(seen, 2_000, listed.share(), 1e-9),
            "{seen} {listed:?}"
        );
    }
    let beta = Request::get("http://reviews/")
        .header("x-beta", "1")
        .body(())
        .unwrap();
    let aborts = (0..2_000)
        .map(|_| plan.decide_by(&beta, rng.chance()))
        .filter(|answer| answer.status == Some(418));
    assert!(plausible(aborts.count() as u64, 2_000, 0.25, 1e-9));
}

#[test]
fn an_answer_is_written_as_tools_expect_it() {
    let request = Request::post("http://reviews:9080/a?b=c")
        .header("X-Beta", "1")
        .header("x-user", "ann")
        .header("host", "elsewhere")
        .header("x-many", "1")
        .header("x-many", "2")
        .body("text")
        .unwrap();
    let expected = serde_json::json!({
        "outcome": "forward", "route": "reviews", "rule": "beta",
        "backends": [{
            "service": "reviews", "port": 9080, "subset": "v2", "share": 1.0,
            "request": {
                "method": "POST", "scheme": "http", "authority": "reviews:9080", "path": "/a?b=c",
                "headers": [["x-beta", "1"], ["x-user", "ann"], ["x-many", "1"], ["x-many", "2"]]
            }
        }],
        "timeout_ms": 1500,
        "fault": { "delay_ms": 50, "delay_share": 0.1, "abort_status": 418, "abort_share": 0.25 },
        "limits": [{ "name": "reviews/beta/each", "key": "ann", "allowed": true }]
    });
    assert_eq!(json(&plan().decide(&request)), expected);
}

#[test]
fn a_share_that_nobody_can_serve_has_a_status_and_no_service() {
    let mut lost = policy();
    let rules = lost.routes.iter_mut().flat_map(|route| &mut route.rules);
    for destination in rules.flat_map(|rule| &mut rule.to) {
        if destination.subset.as_deref() == Some("v3") {
            destination.subset = Some("gone".into());
        }
    }
    let plan = Plan::lenient(&lost, &Workload::default(), None);
    let answer = plan.decide(&get("http://a.reviews.example/third"));
    let expected = serde_json::json!([
        { "status": 500, "share": 0.25 },
        {
            "service": "ratings", "namespace": "prod", "port": 80, "share": 0.75,
            "request": {
                "method": "GET", "scheme": "http", "authority": "a.reviews.example",
                "path": "/third", "headers": []
            }
        }
    ]);
    assert_eq!(json(&answer)["backends"], expected);
    assert_eq!(answer.rule.as_deref(), Some("1"));
}

#[test]
fn what_nobody_can_serve_at_all_is_rejected() {
    // Endpoints come and go: a service without one is a destination all the same.
    for uri in ["http://reviews/lost", "http://empty/"] {
        assert!(plan().decide(&get(uri)).forwards(), "{uri}");
    }
    // A policy that would not compile is still decided by.
    let broken: Policy = serde_json::from_value(serde_json::json!({ "routes": [{
        "name": "r", "hosts": ["*"],
        "rules": [
            { "match": [{ "path": { "prefix": "/a" } }], "to": [{ "service": "nobody" }] },
            { "to": [] }
        ]
    }]}))
    .unwrap();
    let plan = Plan::lenient(&broken, &Workload::default(), None);
    for uri in ["http://x/a", "http://x/b"] {
        for answer in [
            plan.decide(&get(uri)),
            plan.decide_by(&get(uri), Chance::new(1)),
        ] {
            assert_eq!(
                (answer.outcome, answer.status),
                (Outcome::Reject, Some(500)),
                "{uri}"
            );
        }
    }
}

#[test]
fn what_nothing_takes_has_no_route() {
    let expected = serde_json::json!({ "outcome": "no_route", "status": 404 });
    assert_eq!(json(&plan().decide(&get("http://reviews/other"))), expected);
    let mut at_gateway = Question::new("reviews", "/api");
    at_gateway.gateway = Some("prod/edge".into());
    assert_eq!(json(&plan().answer(&at_gateway).unwrap()), expected);
}

#[test]
fn a_host_that_nobody_knows_is_itself_or_shut_out() {
    for (uri, host, port) in [
        ("http://other.example/x", "other.example", 80),
        ("https://other.example/x", "other.example", 443),
        ("http://[::1]:81/x", "[::1]", 81),
        (
            "http://a.b.svc.cluster.local/x",
            "a.b.svc.cluster.local",
            80,
        ),
    ] {
        let answer = plan().decide(&get(uri));
        assert!(answer.forwards() && answer.route.is_none() && answer.rule.is_none());
        let backend = &answer.backends[0];
        assert_eq!((backend.service(), backend.port), (Some(host), Some(port)));
        assert_eq!(backend.namespace, None);
    }
    let strict = format!("mesh: {{ outboundTrafficPolicy: registryOnly }}\n{MESH}");
    let plan = strict.parse::<Policy>().unwrap().compile().unwrap();
    let expected = serde_json::json!({ "outcome": "no_route", "status": 502 });
    assert_eq!(json(&plan.decide(&get("http://other.example/"))), expected);
}

#[test]
fn a_request_that_names_no_host_is_rejected() {
    let expected = serde_json::json!({ "outcome": "reject", "status": 400 });
    assert_eq!(json(&plan().decide(&get("/"))), expected);
    assert_eq!(
        json(&plan().answer(&Question::new("", "/")).unwrap()),
        expected
    );
}

#[test]
fn asking_takes_nothing_from_a_limit() {
    let plan = plan();
    let request = Request::get("http://reviews/")
        .header("x-beta", "1")
        .body(())
        .unwrap();
    for _ in 0..10 {
        assert!(plan.decide(&request).limits[0].allowed);
        let one = plan.decide_by(&request, Chance::new(3));
        assert!(one.limits.iter().all(|limit| limit.allowed));
    }
}

#[test]
fn generated_requests_meet_every_rule() {
    let (plan, strategy) = (plan(), requests_for(&policy()));
    let mut runner = TestRunner::deterministic();
    let rules: std::collections::BTreeSet<_> = (0..300)
        .filter_map(|_| {
            plan.decide(&strategy.new_tree(&mut runner).unwrap().current())
                .rule
        })
        .collect();
    assert!(rules.into_iter().eq(["1", "2", "3", "beta"]));
}

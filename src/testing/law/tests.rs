use super::*;
use crate::policy::Policy;

/// A split, a beta, a service without a route, a redirect, a rule that answers, a dead share.
const MESH: &str = "
services:
  reviews:
    port: 9080
    endpoints:
      - { address: '10.0.0.1:80', labels: { version: v1 } }
      - { address: '10.0.0.2:80', labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
  ratings: { endpoints: [{ address: '10.0.0.3:80' }] }
  shadow: { endpoints: [{ address: '10.0.0.4:80' }] }
routes:
  - name: reviews
    hosts: [reviews]
    rules:
      - name: beta
        match: [{ headers: { x-beta: { exact: '1' } } }]
        to: [{ service: reviews, subset: v2 }]
      - name: copied
        match: [{ path: { prefix: /copied } }]
        to: [{ service: reviews, subset: v1 }]
        mirrors: [{ service: shadow }]
      - name: canary
        to:
          - { service: reviews, subset: v1, weight: 90 }
          - { service: reviews, subset: v2, weight: 10 }
";

const CANARY: &str = "
services:
  reviews:
    endpoints:
      - { address: '10.0.0.1:80', labels: { version: v1 } }
      - { address: '10.0.0.2:80', labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
routes:
  - name: reviews
    hosts: [reviews]
    rules:
      - to:
          - { service: reviews, subset: v1, weight: 90 }
          - { service: reviews, subset: v2, weight: 10 }
";

const EDGE: &str = "
routes:
  - name: edge
    hosts: [edge.example.com]
    rules:
      - { name: old, match: [{ path: { prefix: /old } }], redirect: { path: { full: /new } } }
      - { name: robots, match: [{ path: { exact: /robots.txt } }], respond: { status: 200, body: none } }
      - { name: api, match: [{ path: { prefix: /api } }], to: [{ service: ratings }] }
services:
  ratings: { endpoints: [{ address: '10.0.0.3:80' }] }
";

fn subject(policy: &str) -> Subject {
    let policy: Policy = policy.parse().unwrap();
    Subject::new(&policy).unwrap()
}

fn law(yaml: &str) -> Law {
    serde_json::from_str(yaml).unwrap()
}

fn check(policy: &str, yaml: &str) -> Verdict {
    law(yaml).check(&subject(policy)).unwrap()
}

/// The smallest request that breaks the law, and why.
fn broken(policy: &str, yaml: &str) -> (String, String) {
    let verdict = check(policy, yaml);
    let Some(witness) = verdict.witness() else {
        panic!("{verdict}");
    };
    assert!(!verdict.holds());
    (brief::question(&witness.question), witness.why.clone())
}

fn vacuous(policy: &str, yaml: &str) -> String {
    let verdict = check(policy, yaml);
    assert_eq!(
        (verdict.holds(), verdict.exercised),
        (false, 0),
        "{verdict}"
    );
    match verdict.fate {
        Fate::Vacuous { why } => why,
        _ => panic!("{verdict}"),
    }
}

fn holds(policy: &str, yaml: &str) -> Verdict {
    let verdict = check(policy, yaml);
    assert!(verdict.holds() && verdict.exercised > 0, "{verdict}");
    verdict
}

#[test]
fn what_is_so_holds() {
    for law in [
        r#"{ "forwards": true }"#,
        r#"{ "answered": true }"#,
        r#"{ "within": ["reviews", "ratings", "shadow"] }"#,
        r#"{ "requests": { "host": "ratings" }, "never": ["reviews", "shadow"] }"#,
        r#"{ "only": ["reviews/v1", "reviews/v2", "ratings", "shadow"] }"#,
        r#"{ "requests": { "host": "reviews", "headers": { "x-beta": "1" } }, "only": ["reviews/v2"] }"#,
        r#"{ "requests": { "host": "reviews", "headers": { "x-beta": "1" } }, "never": ["reviews/v1"] }"#,
        // Copies are nothing that a request reaches.
        r#"{ "requests": { "host": "reviews", "prefix": "/copied" }, "only": ["reviews"] }"#,
        r#"{ "requests": { "match": [{ "headers": { "x-beta": "absent" } }] },
             "share": { "of": "reviews/v2", "to": "10%" } }"#,
        r#"{ "requests": { "match": [{ "headers": { "x-beta": { "regex": "[2-9]" } } }] },
             "share": { "of": "reviews/v1", "from": 90 } }"#,
    ] {
        holds(MESH, law);
    }
    for law in [
        r#"{ "answered": true, "requests": { "match": [{ "path": { "prefix": "/api" } }, { "path": { "prefix": "/old" } }] } }"#,
        r#"{ "forwards": false, "requests": { "host": "edge.example.com", "prefix": "/old" } }"#,
        r#"{ "forwards": false, "requests": { "host": "edge.example.com", "path": "/robots.txt" } }"#,
        r#"{ "forwards": true, "requests": { "host": "edge.example.com", "prefix": "/api/" } }"#,
    ] {
        holds(EDGE, law);
    }
}

#[test]
fn what_is_not_so_is_broken_by_a_small_request() {
    let broken = |law: &str| broken(MESH, law);
    let pair = |request: &str, why: &str| (request.to_owned(), why.to_owned());
    assert_eq!(
        broken(r#"{ "requests": { "host": "reviews" }, "only": ["reviews/v2"] }"#),
        pair(
            "GET http://reviews/",
            "it may go to reviews:9080/v1 (90 %), not of reviews/v2"
        )
    );
    assert_eq!(
        broken(
            r#"{ "requests": { "host": "reviews", "headers": { "x-beta": "1" } }, "only": ["reviews/v1"] }"#
        ),
        pair(
            "GET http://reviews/ -H 'x-beta: 1'",
            "it may go to reviews:9080/v2 (100 %), not of reviews/v1"
        )
    );
    assert_eq!(
        broken(r#"{ "within": ["reviews"], "requests": { "host": "reviews" } }"#),
        pair(
            "GET http://reviews/copied",
            "copies of it go to shadow:80 (100 %)"
        )
    );
    assert_eq!(
        broken(r#"{ "never": ["reviews/v2"], "requests": { "method": "PUT" } }"#),
        pair(
            "PUT http://reviews/",
            "it may go to reviews:9080/v2 (10 %), where none may go"
        )
    );
    assert_eq!(
        broken(
            r#"{ "share": { "of": "reviews/v2", "from": "5%", "to": "15%" }, "requests": { "prefix": "/copied/x" } }"#
        ),
        pair(
            "GET http://reviews/copied/x",
            "0 % of it goes to reviews/v2"
        )
    );
    assert_eq!(
        broken(r#"{ "forwards": false, "requests": { "host": "ratings" } }"#),
        pair(
            "GET http://ratings/",
            "it is forwarded to ratings:80 (100 %)"
        )
    );
}

#[test]
fn a_redirect_or_an_answer_is_no_destination() {
    let broken = |law: &str| broken(EDGE, law).1;
    let forwards = |which: &str| broken(&format!(r#"{{ "forwards": true, "requests": {which} }}"#));
    assert_eq!(
        forwards(r#"{ "prefix": "/old" }"#),
        "it is redirected to http://edge.example.com/new with 301"
    );
    assert_eq!(
        forwards(r#"{ "path": "/robots.txt" }"#),
        "the policy itself answers it with 200"
    );
    let nothing = "nothing takes it, so it is answered with 404";
    assert_eq!(forwards(r#"{ "path": "/other" }"#), nothing);
    assert_eq!(broken(r#"{ "answered": true }"#), nothing);
}

#[test]
fn the_bounds_of_a_share_are_its_own_and_no_more() {
    let of = |bounds: &str| {
        let law = format!(
            r#"{{ "requests": {{ "host": "reviews" }}, "share": {{ "of": "reviews/v2", {bounds} }} }}"#
        );
        check(CANARY, &law).holds()
    };
    assert!(of(r#""from": "10%", "to": "10%""#));
    assert!(!of(r#""to": "9.99%""#));
    assert!(!of(r#""from": "10.01%""#));
}

#[test]
fn a_share_that_nobody_serves_has_no_destination() {
    let policy = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] }, b: {} }
routes:
  - name: a
    hosts: [a]
    rules:
      - { match: [{ path: { prefix: /gone } }], to: [{ service: b, permitted: false }] }
      - { to: [{ service: a, weight: 3 }, { service: b, permitted: false }] }
";
    let part = "a share of it is an error: nobody, with 500 (25 %)";
    for law in [r#"{ "forwards": true }"#, r#"{ "answered": true }"#] {
        let law = format!(
            r#"{}, "requests": {{ "path": "/" }} }}"#,
            law.trim_end_matches('}')
        );
        assert_eq!(broken(policy, &law), ("GET http://a/".into(), part.into()));
    }
    let law = r#"{ "answered": true, "requests": { "path": "/gone" } }"#;
    assert_eq!(broken(policy, law).1, "it is rejected with 500");
    // Only what reaches somebody can reach the wrong one.
    holds(policy, r#"{ "only": ["a"], "requests": { "host": "a" } }"#);
}

#[test]
fn a_law_that_nothing_exercises_is_vacuous() {
    for (policy, law, why) in [
        (
            EDGE,
            r#"{ "requests": { "host": "edge.example.com", "prefix": "/old" }, "only": ["ratings"] }"#,
            "none is forwarded to a service",
        ),
        (
            EDGE,
            r#"{ "requests": { "host": "edge.example.com", "path": "/" }, "within": ["ratings"] }"#,
            "none is forwarded to a service",
        ),
        (
            MESH,
            r#"{ "requests": { "host": "ratings" }, "share": { "of": "reviews/v2", "to": "90%" } }"#,
            "none comes to reviews",
        ),
        (
            MESH,
            r#"{ "requests": { "host": "ratings", "match": [{ "authority": { "exact": "reviews" } }] }, "forwards": true }"#,
            "none could be drawn that is as `requests` says; ask less of them",
        ),
        (
            "services: {}",
            r#"{ "forwards": true }"#,
            "the policy knows none of the hosts that they address",
        ),
    ] {
        assert_eq!(vacuous(policy, law), why);
    }
}

#[test]
fn strangers_are_asked_only_where_they_are_meant() {
    let law =
        r#"{ "within": ["reviews"], "requests": { "strangers": true, "host": "x.example.com" } }"#;
    let why = "it may go to x.example.com:80 (100 %), outside the set";
    assert_eq!(broken(MESH, law).1, why);
    let subject = subject(MESH);
    let verdict = subject.requests().and_strangers().check(Claim::Within(vec![
        "reviews".parse().unwrap(),
        "ratings".parse().unwrap(),
        "shadow".parse().unwrap(),
    ]));
    assert!(verdict.unwrap().witness().is_some());
}

#[test]
fn who_is_shut_out_as_a_stranger_is_no_concern_of_a_law() {
    let closed = format!(
        "mesh: {{ outboundTrafficPolicy: registryOnly }}\n{}",
        MESH.trim_start()
    );
    let verdict = holds(&closed, r#"{ "forwards": true }"#);
    assert_eq!(verdict.exercised, verdict.cases);
    let strangers = r#"{ "forwards": true, "requests": { "strangers": true } }"#;
    let why = "nothing takes it, so it is answered with 502";
    assert_eq!(broken(&closed, strangers).1, why);
    // But a host that is known and has no rule for a request is the policy's own doing.
    let other = r#"{ "answered": true, "requests": { "host": "edge.example.com", "path": "/x" } }"#;
    assert_eq!(broken(EDGE, other).0, "GET http://edge.example.com/x");
}

#[test]
fn who_is_kept_at_one_destination_has_no_share() {
    let policy = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] }, b: { endpoints: [{ address: '10.0.0.2:80' }] } }
routes:
  - name: a
    hosts: [a]
    rules: [{ sticky: { by: { header: x-user } }, to: [{ service: a }, { service: b }] }]
";
    let of = r#""share": { "of": "a", "from": 50, "to": 50 }"#;
    let all = format!(r#"{{ "requests": {{ "host": "a" }}, {of} }}"#);
    let verdict = holds(policy, &all);
    assert!(verdict.exercised < verdict.cases, "{verdict}");
    let kept =
        format!(r#"{{ "requests": {{ "host": "a", "headers": {{ "x-user": "me" }} }}, {of} }}"#);
    let why = "those that come to a are kept at one destination each";
    assert_eq!(vacuous(policy, &kept), why);
}

#[test]
fn only_what_a_law_says_something_of_is_covered() {
    let mesh = subject(MESH);
    let law = law(
        r#"{ "requests": { "prefix": "/copied" }, "share": { "of": "reviews/v1", "from": 90 } }"#,
    );
    let verdict = law.check(&mesh).unwrap();
    assert!(verdict.witness().is_some(), "beta users get v2");
    let law = self::law(
        r#"{ "requests": { "prefix": "/copied", "match": [{ "headers": { "x-beta": "absent" } }] },
            "share": { "of": "reviews/v1", "from": 90 } }"#,
    );
    let mesh = subject(MESH);
    assert!(law.check(&mesh).unwrap().holds());
    let rules = mesh.covered().rules;
    assert_eq!(rules.covered, 1);
    mesh.requests().have_a_destination();
    assert_eq!(mesh.covered().rules.percent(), 100.0);
}

#[test]
fn a_verdict_can_be_read_and_sent() {
    let verdict = check(
        MESH,
        r#"{ "name": "one", "requests": { "host": "reviews" }, "within": ["reviews"] }"#,
    );
    let text = verdict.to_string();
    for line in [
        "broken: one: requests to reviews stay within reviews",
        "  found     copies of it go to shadow:80 (100 %)",
        r#"  question  {"authority":"reviews","path":"/copied"}"#,
    ] {
        assert!(text.lines().any(|there| there == line), "{line} in {text}");
    }
    let explanation = verdict.witness().unwrap().explanation.as_ref().unwrap();
    let explanation = explanation.to_string();
    for line in explanation.lines().filter(|line| !line.is_empty()) {
        assert!(text.contains(&format!("\n    {line}")), "{line} in {text}");
    }
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    let mut witness = verdict.witness().unwrap().clone();
    witness.explanation = None;
    let text = witness.to_string();
    for line in [
        "  request   GET http://reviews/copied",
        "  fate      it is forwarded to reviews:9080/v1 (100 %), and copies go to shadow:80 (100 %)",
        "  rule      reviews/copied",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} in {text}");
    }
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["verdict"], "broken");
    assert_eq!(json["question"]["path"], "/copied");
    assert_eq!(json["rule"], "reviews/copied");
    let held = serde_json::to_value(holds(MESH, r#"{ "forwards": true, "cases": 20 }"#)).unwrap();
    assert_eq!(
        (&held["verdict"], &held["cases"]),
        (&"held".into(), &20.into())
    );
    let vacuous = check("services: {}", r#"{ "forwards": true }"#);
    assert_eq!(serde_json::to_value(vacuous).unwrap()["verdict"], "vacuous");
}

#[test]
fn the_same_seed_draws_the_same() {
    let mesh = subject(MESH);
    let drawn = |seed| {
        let asked = std::cell::RefCell::new(Vec::new());
        let seeing = mesh.requests().seed(seed).cases(20).except_if(|question| {
            asked.borrow_mut().push(question.clone());
            false
        });
        assert!(seeing.check(Claim::Forwards).unwrap().holds());
        drop(seeing);
        asked.into_inner()
    };
    assert_eq!(drawn(0), drawn(0));
    assert_ne!(drawn(0), drawn(1));
}

mod agreement;
mod nasty;
mod reading;

//! What is said of a request, piece by piece.

use crate::{explain, question, sound};
use proptest::prelude::*;
use tower_mesh::explain::explanation::{
    Because, Criterion, FaultKind, How, Pick, Sharing, Unmet, Verdict,
};
use tower_mesh::explain::{Explanation, Outcome, Question};
use tower_mesh::rng::{Chance, Rng};

const SERVICES: &str = r#"
services:
  a:
    endpoints:
      - { address: "10.0.0.1:80", labels: { version: v1 } }
      - { address: "10.0.0.2:80", labels: { version: v2 }, locality: eu/a }
      - { address: "10.0.0.3:80", locality: us }
    subsets:
      v1: { labels: { version: v1 } }
      eu: { locality: eu }
      none: { labels: { version: v9 } }
"#;

fn with(rest: &str) -> tower_mesh::Plan {
    sound(&format!("{SERVICES}{rest}"))
}

fn unmet(explanation: &Explanation) -> Vec<(String, String, Vec<String>)> {
    let all = explanation
        .rules
        .iter()
        .filter_map(|tried| tried.unmet.as_ref());
    let parts = |unmet: &Unmet| {
        (
            unmet.predicate.clone(),
            unmet.wanted.clone(),
            unmet.has.clone(),
        )
    };
    all.map(parts).collect()
}

#[test]
fn the_first_predicate_that_failed_is_told_with_what_there_is() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - match:
          - { path: { exact: /x }, method: POST }
          - { path: { prefix: /b }, ignorePathCase: true }
          - { path: { startsWith: /b } }
          - { path: { regex: "/b+" } }
          - { method: { regex: "P.*" } }
          - { headers: { x-a: { exact: "1" } } }
          - { headers: { x-b: { prefix: "1" } } }
          - { headers: { x-c: present } }
          - { headers: { x-a: absent } }
          - { headers: { host: { exact: b } } }
          - { query: { q: { exact: "1" } } }
          - { query: { z: { regex: "[0-9]" } } }
          - { scheme: https }
          - { authority: { prefix: "b" } }
          - { withoutHeaders: { x-a: { exact: "3" } } }
        to: [{ service: a }]
"#,
    );
    let asked = r#"{"authority":"a","path":"/y?q=2&q=3","headers":[["x-a","2"],["x-a","3"]]}"#;
    let explanation = explain(&plan, asked);
    let expected = [
        ("path", "exact /x", vec!["/y"]),
        ("path", "prefix /b (any case)", vec!["/y"]),
        ("path", "startsWith /b", vec!["/y"]),
        ("path", "regex /b+", vec!["/y"]),
        ("method", "regex P.*", vec!["GET"]),
        ("header x-a", "exact \"1\"", vec!["2", "3"]),
        ("header x-b", "prefix \"1\"", vec![]),
        ("header x-c", "present", vec![]),
        ("header x-a", "absent", vec!["2", "3"]),
        ("header host", "exact \"b\"", vec!["a"]),
        ("query q", "exact \"1\"", vec!["2", "3"]),
        ("query z", "regex [0-9]", vec![]),
        ("scheme", "exact \"https\"", vec!["http"]),
        ("authority", "prefix \"b\"", vec!["a"]),
        ("without header x-a", "exact \"3\"", vec!["2", "3"]),
    ];
    let expected = expected.map(|(predicate, wanted, has)| {
        let has: Vec<_> = has.into_iter().map(str::to_owned).collect();
        (predicate.to_owned(), wanted.to_owned(), has)
    });
    assert_eq!(unmet(&explanation), expected);
    assert_eq!(explanation.answer.outcome, Outcome::NoRoute);
    assert_eq!(
        explanation.summary,
        "Answered with 404: `r` has the host, but none of 15 matches takes it."
    );
    let at = explanation.rules[5].at.as_ref().unwrap();
    assert_eq!(
        (at.line, at.path.as_str()),
        (Some(23), "routes[0].rules[0].match[5]")
    );
}

/// Two routes of which the more specific match takes the request.
#[test]
fn what_decided_between_two_is_told() {
    for (one, other, criterion) in [
        (
            "path: { exact: /a }",
            "path: { prefix: /a }",
            Criterion::PathKind,
        ),
        (
            "path: { prefix: /a }",
            "path: { prefix: / }",
            Criterion::PathLength,
        ),
        ("method: GET", "{}", Criterion::Method),
        ("headers: { x: present }", "{}", Criterion::Headers),
        ("query: { q: present }", "{}", Criterion::Query),
        ("scheme: http", "{}", Criterion::Order),
    ] {
        let other = match other {
            "{}" => "{}".to_owned(),
            other => format!("{{ {other} }}"),
        };
        for both in [[0, 1], [1, 0]] {
            let rules = [format!("{{ {one} }}"), other.clone()];
            let names = ["one", "other"];
            let rule = |at: usize| {
                format!(
                    "      - {{ name: {}, match: [{}], to: [{{ service: a }}] }}\n",
                    names[at], rules[at]
                )
            };
            let rules: String = both.map(rule).concat();
            let plan = with(&format!(
                "routes:\n  - name: r\n    precedence: specific\n    hosts: [a]\n    rules:\n{rules}"
            ));
            let asked = r#"{"authority":"a","path":"/a?q=1","headers":[["x","1"]]}"#;
            let explanation = explain(&plan, asked);
            let chosen = explanation.chosen.as_ref().unwrap();
            assert_eq!(chosen.because, criterion, "{one}");
            if criterion != Criterion::Order {
                assert_eq!(chosen.rule, "one");
                assert_eq!(chosen.over.as_deref(), Some("r/other"));
            }
            let verdicts: Vec<_> = explanation
                .rules
                .iter()
                .map(|tried| tried.verdict)
                .collect();
            assert_eq!(verdicts, [Verdict::Takes, Verdict::TooLate]);
        }
    }
}

#[test]
fn why_a_route_does_nothing_is_told() {
    let plan = sound(
        r#"
services:
  a: { endpoints: [{ address: "10.0.0.1:80" }] }
  a.b.example: { endpoints: [{ address: "10.0.0.1:80" }] }
sidecars:
  - { name: narrow, from: { namespaces: [narrow] }, hosts: ["*/a.b.example", "*/x"] }
gateways:
  prod/edge: { listeners: [{ name: http, port: 80 }] }
routes:
  - { name: star, hosts: ["*"], rules: [{ to: [{ service: a }] }] }
  - { name: below, hosts: ["*.example"], rules: [{ to: [{ service: a }] }] }
  - { name: elsewhere, hosts: [a.b.example], gateways: [prod/edge], rules: [{ to: [{ service: a }] }] }
  - { name: secret, hosts: [a.b.example], visibleTo: [other], rules: [{ to: [{ service: a }] }] }
  - { name: port, hosts: ["a.b.example:81"], rules: [{ to: [{ service: a }] }] }
  - { name: nobody, hosts: ["*.b.example"], rules: [{ match: [{ from: { namespaces: [x] } }], to: [{ service: a }] }] }
  - { name: it, hosts: [a.b.example], rules: [{ to: [{ service: a }] }] }
"#,
    );
    let explanation = explain(&plan, r#"{"authority":"a.b.example","path":"/"}"#);
    assert_eq!(explanation.host.as_ref().unwrap().routes[0].route, "it");
    let because: Vec<_> = { explanation.passed_over.iter() }
        .map(|passed| (passed.claim.route.as_str(), passed.because.clone()))
        .collect();
    let it = || "a.b.example".to_owned();
    let expected = [
        ("star", Because::LessSpecific(it())),
        ("below", Because::LessSpecific(it())),
        (
            "elsewhere",
            Because::OtherDoors(vec!["prod/edge".to_owned()]),
        ),
        ("secret", Because::NotVisible(vec!["other".to_owned()])),
        ("port", Because::OtherPort(81)),
        ("nobody", Because::NobodyHere),
    ];
    assert_eq!(because, expected);
    let narrow = explain(
        &plan,
        r#"{"authority":"a.b.example","path":"/","source":{"namespace":"narrow"}}"#,
    );
    let star = &narrow.passed_over[0];
    assert_eq!(star.because, Because::NotShown("narrow".to_owned()));
    // Who asks at the gateway finds the other one.
    let outside = explain(
        &plan,
        r#"{"authority":"a.b.example","path":"/","gateway":"prod/edge"}"#,
    );
    assert_eq!(outside.host.as_ref().unwrap().routes[0].route, "elsewhere");
    let mesh = vec!["mesh".to_owned()];
    assert_eq!(outside.passed_over[0].because, Because::OtherDoors(mesh));
}

#[test]
fn a_port_that_the_service_lacks_is_why_its_route_is_not_asked() {
    let plan = sound(
        r#"
services: { "a:80": { endpoints: [{ address: "10.0.0.1:80" }] }, "a:81": { endpoints: [{ address: "10.0.0.1:81" }] } }
routes: [{ name: r, hosts: [a], rules: [{ to: [{ service: a }] }] }]
"#,
    );
    let explanation = explain(&plan, r#"{"authority":"a:90","path":"/"}"#);
    let because = &explanation.passed_over[0].because;
    assert_eq!(*because, Because::NoSuchPort(vec![80, 81]));
    let text = explanation.to_string();
    assert!(
        text.contains("its service has only the ports 80, 81"),
        "{text}"
    );
}

#[test]
fn a_subset_that_other_clients_have_is_said_to_be_theirs() {
    let plan = sound(
        r#"
services:
  a:
    endpoints: [{ address: "10.0.0.1:80", labels: { version: v1 } }]
    clients: [{ from: { labels: { app: x } }, subsets: { v1: { labels: { version: v1 } } } }]
routes: [{ name: r, hosts: [a], rules: [{ to: [{ service: a, subset: v1 }] }] }]
"#,
    );
    let explanation = explain(&plan, r#"{"authority":"a","path":"/"}"#);
    assert!(
        explanation
            .summary
            .ends_with(": `a` has a subset `v1` for other clients only."),
        "{}",
        explanation.summary
    );
    let theirs = r#"{"authority":"a","path":"/","source":{"labels":{"app":"x"}}}"#;
    assert!(explain(&plan, theirs).answer.forwards());
}

#[test]
fn a_fault_that_was_not_drawn_is_in_the_sentence() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules: [{ fault: { abort: { percent: 100, status: 500 } }, to: [{ service: a }] }]
"#,
    );
    let explanation = explain(&plan, r#"{"authority":"a","path":"/"}"#);
    let (said, fault) = explanation.summary.split_once(". ").unwrap();
    assert!(said.starts_with("Forwarded to a:80"), "{said}");
    assert_eq!(
        fault,
        "Of such requests a fault answers 100 % with 500 before."
    );
    let chance = Some(Rng::seeded(1).chance());
    let asked = question(r#"{"authority":"a","path":"/"}"#);
    let drawn = plan.explain_question(&asked, chance).unwrap();
    assert_eq!(
        drawn.summary,
        "Answered with 500 on purpose: the fault of rule `0` of route `r` was drawn."
    );
}

#[test]
fn a_listener_that_sends_all_to_https_asks_no_route() {
    let plan = sound(
        r#"
services: { a: { endpoints: [{ address: "10.0.0.1:80" }] } }
gateways:
  edge: { listeners: [{ name: http, port: 80, httpsRedirect: true }] }
routes: [{ name: r, hosts: [a.example], gateways: [edge], rules: [{ to: [{ service: a }] }] }]
"#,
    );
    let explanation = explain(
        &plan,
        r#"{"authority":"a.example","path":"/","gateway":"edge"}"#,
    );
    assert_eq!(explanation.answer.status, Some(301));
    assert_eq!(explanation.passed_over, []);
    assert!(
        !explanation.to_string().contains("nobody has it"),
        "{explanation}"
    );
}

#[test]
fn a_secret_is_hidden_in_the_headers_to_which_it_is_copied() {
    let plan = sound(
        r#"
services: { a: { endpoints: [{ address: "10.0.0.1:80" }] } }
routes:
  - name: r
    hosts: [a]
    rules:
      - headers: { request: { set: { x-copy: "token %REQ(authorization)%" } } }
        to: [{ service: a }]
"#,
    );
    let question = r#"{"authority":"a","path":"/","headers":[["authorization","Bearer s3cret"]]}"#;
    let explanation = explain(&plan, question);
    let (hidden, shown) = (
        explanation.to_string(),
        explanation.with_secrets().to_string(),
    );
    assert!(hidden.contains("header x-copy: added …"), "{hidden}");
    assert!(!hidden.contains("s3cret"), "{hidden}");
    assert!(
        shown.contains(r#"header x-copy: added "token Bearer s3cret""#),
        "{shown}"
    );
}

#[test]
fn what_a_route_may_not_name_is_not_quoted_as_nothing() {
    let documents = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: prod }
spec:
  gatewayClassName: c
  listeners: [{ name: http, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: other }
spec:
  parentRefs: [{ name: edge, namespace: prod }]
  rules: [{ backendRefs: [{ name: web, namespace: prod, port: 80 }] }]
"#;
    let read = tower_mesh::import::Documents::new();
    let read = read.add_text("r.yaml", documents).read();
    let plan = tower_mesh::Plan::lenient(&read.policy, &Default::default(), None);
    let question = r#"{"authority":"a.example","path":"/","gateway":"prod/edge"}"#;
    let text = explain(&plan, question).to_string();
    assert!(
        text.contains("may not send requests there: no ReferenceGrant"),
        "{text}"
    );
    assert!(
        !text.contains("``") && !text.contains("destination:  "),
        "{text}"
    );
}

#[test]
fn a_consumers_route_hides_the_producers() {
    let plan = sound(
        r#"
services: { a: { endpoints: [{ address: "10.0.0.1:80" }] } }
routes:
  - { name: own, hosts: [a], precedence: specific, visibleTo: [default], rules: [{ to: [{ service: a }] }] }
  - { name: producers, hosts: [a], precedence: specific, rules: [{ to: [{ service: a }] }] }
"#,
    );
    let explanation = explain(&plan, r#"{"authority":"a","path":"/"}"#);
    assert_eq!(
        explanation.passed_over[0].because,
        Because::Hidden("own".to_owned())
    );
}

#[test]
fn matches_that_do_not_stand_here_are_told_with_what_keeps_them_away() {
    let plan = sound(
        r#"
services: { a: { endpoints: [{ address: "10.0.0.1:80" }] } }
gateways:
  prod/edge: { listeners: [{ name: http, port: 80 }] }
routes:
  - name: r
    hosts: [a]
    gateways: [mesh, prod/edge]
    rules:
      - match:
          - { from: { namespaces: [x, y], labels: { app: z } } }
          - { gateways: [prod/edge] }
          - { port: 81 }
          - {}
        to: [{ service: a }]
"#,
    );
    let excluded = |asked: &str| -> Vec<String> {
        let explanation = explain(&plan, asked);
        let said = |unmet: &Unmet| {
            format!(
                "{}: {} / {}",
                unmet.predicate,
                unmet.wanted,
                unmet.has.join(", ")
            )
        };
        explanation
            .excluded
            .iter()
            .map(|one| said(&one.unmet))
            .collect()
    };
    let mesh =
        excluded(r#"{"authority":"a","path":"/","source":{"namespace":"x","labels":{"app":"w"}}}"#);
    let expected = [
        "from: namespace x or y, label app=z / namespace x, label app=w",
        "gateways: prod/edge / mesh",
        "port: 81 / 80",
    ];
    assert_eq!(mesh, expected);
    let gateway = excluded(r#"{"authority":"a","path":"/","gateway":"prod/edge"}"#);
    let expected = [
        "from: namespace x or y, label app=z / namespace default",
        "port: 81 / 80",
    ];
    assert_eq!(gateway, expected);
    // On its port it stands.
    let there = excluded(r#"{"authority":"a:81","path":"/"}"#);
    assert!(
        there.iter().all(|one| !one.starts_with("port")),
        "{there:?}"
    );
}

#[test]
fn limits_tell_what_is_left_and_take_nothing() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - limits:
          - { name: all, rate: { requests: 5, per: 1h } }
          - { name: each, rate: { requests: 2, per: 1h, burst: 3 }, key: { header: authorization } }
        to: [{ service: a }]
"#,
    );
    let asked = r#"{"authority":"a","path":"/","headers":[["authorization","me"]]}"#;
    for _ in 0..3 {
        let explanation = explain(&plan, asked);
        let limits: Vec<_> = { explanation.limits.iter() }
            .map(|limit| {
                (
                    limit.name.as_str(),
                    limit.by.as_deref(),
                    limit.left,
                    limit.capacity,
                )
            })
            .collect();
        let expected = [
            ("r/0/each", Some("header authorization"), 3, 3),
            ("r/0/all", None, 5, 5),
        ];
        assert_eq!(limits, expected);
        // A key can be a secret, too.
        assert!(!explanation.to_string().contains("me\""), "{explanation}");
        assert!(
            explanation
                .with_secrets()
                .to_string()
                .contains("\"me\": 3 of 3 left")
        );
    }
}

#[test]
fn what_is_secret_is_not_shown_unless_asked_for() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - match: [{ headers: { authorization: { exact: hush } } }]
        to: [{ service: a }]
      - headers: { request: { set: { cookie: hush } }, response: { set: { set-cookie: hush } } }
        to: [{ service: a }]
"#,
    );
    let asked = r#"{"authority":"a","path":"/",
        "headers":[["Authorization","hush-hush"],["proxy-authorization","hush"],["x-a","open"]]}"#;
    let explanation = explain(&plan, asked);
    let shown = explanation.to_string();
    assert!(
        !shown.contains("hush") && shown.contains("x-a: open"),
        "{shown}"
    );
    assert_eq!(
        explanation
            .with_secrets()
            .to_string()
            .matches("hush")
            .count(),
        8
    );
}

#[test]
fn faults_and_shares_tell_what_was_drawn() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - fault:
          delay: { fixed: 1500ms, percent: 50 }
          abort: { status: 418, percent: 25 }
        mirrors: [{ service: a, subset: v1, percent: 50 }]
        to: [{ service: a, subset: v1, weight: 3 }, { service: a, subset: eu, weight: 1 }]
"#,
    );
    let asked = question(r#"{"authority":"a","path":"/"}"#);
    let rng = Rng::seeded(5);
    let mut aborted = 0;
    for _ in 0..200 {
        let chance = rng.chance();
        let explanation = plan.explain_question(&asked, Some(chance)).unwrap();
        for (fault, share) in explanation.faults.iter().zip([0.5, 0.25]) {
            let draw = fault.draw.unwrap();
            assert_eq!((fault.share, draw.met), (share, draw.point < share));
        }
        let hit = explanation.faults[1].draw.unwrap().met;
        assert_eq!(explanation.answer.status, hit.then_some(418));
        aborted += usize::from(hit);
        if hit {
            assert!(explanation.split.is_none() && explanation.passages.is_empty());
            assert!(
                explanation.summary.contains("on purpose"),
                "{}",
                explanation.summary
            );
            continue;
        }
        let split = explanation.split.as_ref().unwrap();
        assert_eq!(split.how, How::Drawn);
        let first = split.draw.unwrap() < 0.75;
        assert_eq!([split.arms[0].open, split.arms[1].open], [first, !first]);
        let copied = explanation.copies[0].drawn.unwrap();
        assert_eq!(copied, explanation.answer.mirrors.len() == 1);
    }
    // A quarter, the same in every run.
    assert!((30..70).contains(&aborted), "{aborted}");
    let without = plan.explain_question(&asked, None).unwrap();
    assert_eq!(without.faults[0].kind, FaultKind::Delay);
    assert_eq!(without.faults[0].delay_ms, Some(1_500));
    assert_eq!(without.split.unwrap().how, How::Shares);
    assert_eq!(without.passages.len(), 2);
}

#[test]
fn who_is_kept_is_told_by_what() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - match: [{ path: { prefix: /header } }]
        sticky: { by: { header: x-user } }
        to: [{ service: a, subset: v1 }, { service: a, subset: eu }]
      - sticky: { by: { cookie: { name: uid, ttl: 1h } } }
        to: [{ service: a, subset: v1 }, { service: a, subset: eu }]
"#,
    );
    let how = |asked: &str, chance: Option<Chance>| {
        let explanation = plan.explain_question(&question(asked), chance).unwrap();
        let split = explanation.split.unwrap();
        (split.how, split.by.unwrap(), explanation.passages.len())
    };
    let user = r#"{"authority":"a","path":"/header","headers":[["x-user","ann"]]}"#;
    let header = "header x-user".to_owned();
    assert_eq!(how(user, None), (How::Kept, header.clone(), 1));
    let stranger = r#"{"authority":"a","path":"/header"}"#;
    assert_eq!(how(stranger, None), (How::Shares, header.clone(), 2));
    assert_eq!(how(stranger, Some(Chance::new(1))), (How::Drawn, header, 1));
    let new = r#"{"authority":"a","path":"/"}"#;
    let cookie = "cookie uid".to_owned();
    assert_eq!(
        how(new, Some(Chance::new(1))),
        (How::Settled, cookie.clone(), 1)
    );
    let back = r#"{"authority":"a","path":"/","headers":[["cookie","uid=7"]]}"#;
    assert_eq!(how(back, Some(Chance::new(1))), (How::Kept, cookie, 1));
}

#[test]
fn endpoints_that_are_left_out_are_told_with_why() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - match: [{ path: { exact: /eu } }]
        to: [{ service: a, subset: eu }]
      - match: [{ path: { exact: /none } }]
        to: [{ service: a, subset: none }]
      - to: [{ service: a, subset: v1 }]
"#,
    );
    let endpoints = |path: &str| {
        let explanation = explain(&plan, &format!(r#"{{"authority":"a","path":"{path}"}}"#));
        let endpoints = &explanation.passages[0].endpoints;
        let left: Vec<_> = { endpoints.left_out.iter() }
            .map(|one| (one.predicate.clone(), one.wanted.clone(), one.has.clone()))
            .collect();
        (endpoints.considered.len(), left, endpoints.pick.clone())
    };
    let text = |text: &str| text.to_owned();
    let label = |has: Option<&str>, wants: &str| {
        (text("label version"), text(wants), has.map(str::to_owned))
    };
    let expected = vec![label(Some("v2"), "v1"), label(None, "v1")];
    assert_eq!(endpoints("/"), (1, expected, Pick::Only));
    let places = [None, Some(text("us"))].map(|has| (text("locality"), text("eu"), has));
    assert_eq!(endpoints("/eu"), (1, places.to_vec(), Pick::Only));
    let all = [Some("v1"), Some("v2"), None].map(|has| label(has, "v9"));
    assert_eq!(endpoints("/none"), (0, all.to_vec(), Pick::Nobody));
}

#[test]
fn offline_the_pick_is_that_of_a_mesh_at_rest_and_turns_are_left_to_it() {
    for (balance, drawn) in [
        ("leastRequest", true),
        ("random", true),
        ("weighted", true),
        ("roundRobin", false),
    ] {
        let plan = sound(&format!(
            "services:\n  a:\n    balance: {balance}\n    endpoints:\n      \
             - {{ address: '10.0.0.1:80', weight: 3 }}\n      \
             - {{ address: '10.0.0.2:80' }}\n      - {{ address: '10.0.0.3:80' }}\n"
        ));
        let asked = Question::new("a", "/");
        let pick = |chance| {
            let explanation = plan.explain_question(&asked, chance).unwrap();
            explanation.passages[0].endpoints.pick.clone()
        };
        match drawn {
            true => assert_eq!(pick(None), Pick::Drawn, "{balance}"),
            false => assert_eq!(pick(None), Pick::ByTurns),
        }
        let chance = Rng::seeded(1).chance();
        match pick(Some(chance)) {
            Pick::Picked { candidates, .. } => {
                assert!(drawn, "{balance}");
                assert_eq!(candidates.is_empty(), balance != "leastRequest");
            }
            other => assert_eq!((other, drawn), (Pick::ByTurns, false)),
        }
    }
}

#[test]
fn pages_of_other_origins_are_told_of() {
    let plan = with(
        r#"
routes:
  - name: r
    hosts: [a]
    rules:
      - match: [{ path: { exact: /deaf } }]
        cors: { allowOrigins: ["https://ok"], unmatchedPreflights: ignore }
        to: [{ service: a }]
      - cors: { allowOrigins: ["https://ok"], allowMethods: [GET] }
        to: [{ service: a }]
"#,
    );
    let sharing = |method: &str, path: &str, origin: Option<&str>| {
        let mut asked = Question::new("a", path);
        asked.method = Some(method.to_owned());
        asked
            .headers
            .extend(origin.map(|origin| ("origin".to_owned(), origin.to_owned())));
        asked
            .headers
            .push(("access-control-request-method".to_owned(), "GET".to_owned()));
        let explanation = plan.explain_question(&asked, None).unwrap();
        (
            explanation.cors.unwrap().sharing,
            explanation.passages.len(),
        )
    };
    let (ok, bad) = (Some("https://ok"), Some("https://bad"));
    assert_eq!(sharing("GET", "/", None), (Sharing::NoOrigin, 1));
    assert_eq!(sharing("GET", "/", ok), (Sharing::Marked, 1));
    assert_eq!(sharing("GET", "/", bad), (Sharing::NotAllowed, 1));
    assert_eq!(sharing("OPTIONS", "/", ok), (Sharing::Answered, 0));
    assert_eq!(sharing("OPTIONS", "/", bad), (Sharing::PassedOn, 1));
    assert_eq!(
        sharing("OPTIONS", "/deaf", bad),
        (Sharing::AnsweredEmpty, 0)
    );
}

#[test]
fn what_never_comes_to_a_rule_is_told_why() {
    let plan = sound("mesh: { outboundTrafficPolicy: registryOnly, pathNormalization: base }");
    for (asked, says) in [
        (
            r#"{"authority":"","path":"/"}"#,
            "Answered with 400: the request names no host.",
        ),
        (
            r#"{"authority":"a","path":"/%00"}"#,
            "Answered with 400: its path cannot be normalised.",
        ),
        (
            r#"{"authority":"a","path":"/#x"}"#,
            "Answered with 400: its path cannot stand in a request.",
        ),
        (
            r#"{"authority":"a","path":"/"}"#,
            "Answered with 502: the policy does not know the host, and shuts such requests out \
             (registryOnly).",
        ),
        (
            r#"{"authority":"a","path":"/","gateway":"b"}"#,
            "Answered with 404: the policy has no gateway `b`.",
        ),
    ] {
        let explanation = explain(&plan, asked);
        assert_eq!(explanation.summary, says);
        assert!(explanation.chosen.is_none() && explanation.rules.is_empty());
        assert_eq!(explanation.answer, plan.answer(&question(asked)).unwrap());
    }
}

#[test]
fn of_thousands_of_matches_the_first_and_the_last_are_shown() {
    let mut rules = String::new();
    for number in 0..1_000 {
        rules += &format!(
            "      - {{ match: [{{ path: {{ exact: /{number} }} }}], to: [{{ service: a }}] }}\n"
        );
    }
    let plan = with(&format!(
        "routes:\n  - name: r\n    hosts: [a]\n    rules:\n{rules}"
    ));
    let explanation = explain(&plan, r#"{"authority":"a","path":"/900"}"#);
    assert_eq!(explanation.rules.len(), 901);
    assert_eq!(explanation.not_asked, 99);
    let text = explanation.to_string();
    assert!(
        text.contains("… 861 matches that do not take it either"),
        "{text}"
    );
    assert!(text.contains("✓ rule 900") && text.contains("· 99 later matches would not take it"));
    assert!(text.lines().count() < 80, "{text}");
}

proptest! {
    /// Whatever people call things and however long that is.
    #[test]
    fn lines_are_not_wider_than_they_may_be(
        words in proptest::collection::vec("[a-z]{1,12}", 1..60),
        path in "/[a-z]{0,30}",
    ) {
        let value = words.join(" ");
        let plan = with(&format!(
            "routes:\n  - name: r\n    hosts: [a]\n    rules:\n      \
             - match: [{{ headers: {{ x-long: {{ exact: '{value}' }} }} }}]\n        \
               to: [{{ service: a }}]\n"
        ));
        let mut asked = Question::new("a", path);
        asked.headers.push(("x-long".to_owned(), format!("{value} {value}")));
        let text = plan.explain_question(&asked, None).unwrap().to_string();
        for line in text.lines() {
            prop_assert!(line.chars().count() <= 100, "{}", line);
        }
    }
}

//! Policies whose one wrong rule is hard to come to: a law that does not hold must not seem to.

use super::{broken, check, law, subject};
use crate::testing::law::Law;

const SERVICES: &str = "
services:
  a:
    endpoints:
      - { address: '10.0.0.1:80', labels: { version: v1 } }
      - { address: '10.0.0.2:80', labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
";

fn with(rest: &str) -> String {
    format!("{SERVICES}{rest}")
}

#[test]
fn behind_two_expressions() {
    let policy = with("
routes:
  - name: a
    hosts: [a]
    rules:
      - match: [{ path: { regex: '/(orders|carts)/[0-9a-f]{8}/items' }, headers: { x-trace: { regex: 'v[0-9]+-(on|off)' } } }]
        to: [{ service: a, subset: v1 }]
      - to: [{ service: a, subset: v2 }]
");
    broken(&policy, r#"{ "only": ["a/v2"] }"#);
    broken(
        &policy,
        r#"{ "requests": { "headers": { "x-beta": "1" } }, "only": ["a/v2"] }"#,
    );
    broken(
        &policy,
        r#"{ "requests": { "prefix": "/orders" }, "only": ["a/v2"] }"#,
    );
}

#[test]
fn at_one_port_of_a_gateway() {
    let policy = with(
        "
gateways:
  web/front: { listeners: [{ name: http, port: 80 }, { name: other, port: 8080 }] }
routes:
  - name: a
    hosts: [a]
    gateways: [mesh, web/front]
    rules:
      - match: [{ port: 8080, gateways: [web/front], path: { exact: /x } }]
        to: [{ service: a, subset: v1 }]
      - to: [{ service: a, subset: v2 }]
",
    );
    broken(&policy, r#"{ "only": ["a/v2"] }"#);
    broken(
        &policy,
        r#"{ "requests": { "gateway": "web/front", "port": 8080 }, "only": ["a/v2"] }"#,
    );
    assert!(
        check(
            &policy,
            r#"{ "requests": { "gateway": "mesh" }, "only": ["a/v2"] }"#
        )
        .holds()
    );
    broken(
        &policy,
        r#"{ "requests": { "gateway": "web/front" }, "only": ["a/v2"] }"#,
    );
}

#[test]
fn for_clients_with_a_label() {
    let policy = with(
        "
routes:
  - name: a
    hosts: [a]
    rules:
      - match: [{ from: { namespaces: [prod], labels: { app: batch } } }]
        to: [{ service: a, subset: v1 }]
      - to: [{ service: a, subset: v2 }]
",
    );
    broken(&policy, r#"{ "only": ["a/v2"] }"#);
    broken(
        &policy,
        r#"{ "requests": { "source": { "namespace": "prod" } }, "only": ["a/v2"] }"#,
    );
    broken(
        &policy,
        r#"{ "requests": { "source": { "labels": { "app": "batch" } } }, "only": ["a/v2"] }"#,
    );
    broken(
        &policy,
        r#"{ "requests": { "source": { "labels": { "tier": "x" } } }, "only": ["a/v2"] }"#,
    );
    broken(
        &policy,
        r#"{ "requests": { "source": { "namespace": "prod", "ip": "10.0.0.1" } }, "only": ["a/v2"] }"#,
    );
    assert!(
        check(
            &policy,
            r#"{ "requests": { "source": { "namespace": "other" } }, "only": ["a/v2"] }"#
        )
        .holds()
    );
}

const KEPT: &str = "
mesh: { trustedHops: 1 }
gateways: { web/front: { listeners: [{ name: http, port: 80 }] } }
routes:
  - name: a
    hosts: [a]
    gateways: [mesh, web/front]
    rules:
      - match: [ASKS]
        sticky: { by: KEY }
        to: [{ service: a, subset: v2, weight: 99 }, { service: a, subset: v1, weight: 1 }]
      - to: [{ service: a, subset: v2 }]
";

/// Each caller sees one destination only, and hardly anybody the other.
#[test]
fn for_the_few_callers_that_are_kept_elsewhere() {
    for (key, asks, about) in [
        ("{ header: x-user }", "{ headers: { x-user: present } }", ""),
        (
            "{ header: x-user }",
            "{ headers: { x-user: { regex: '[0-9]+' } } }",
            "",
        ),
        (
            "{ header: x-user }",
            "{ headers: { x-user: { regex: 'u[a-z]+' } } }",
            "",
        ),
        (
            "{ cookie: { name: uid } }",
            "{ headers: { cookie: { regex: '.*uid=.*' } } }",
            "",
        ),
        (
            "sourceIp",
            "{ path: { prefix: / } }",
            r#""source": { "namespace": "prod" }, "#,
        ),
        (
            "sourceIp",
            "{ headers: { x-forwarded-for: present } }",
            r#""gateway": "web/front", "#,
        ),
    ] {
        let policy = with(&KEPT.replace("KEY", key).replace("ASKS", asks));
        for seed in 0..3 {
            let yaml = format!(
                r#"{{ "requests": {{ {about}"strangers": true }}, "only": ["a/v2"], "seed": {seed} }}"#
            );
            broken(&policy, &yaml);
        }
    }
    // Who is one caller is kept at one place.
    let policy = with(
        &KEPT
            .replace("KEY", "{ header: x-user }")
            .replace("ASKS", "{}"),
    );
    let one = r#"{ "requests": { "headers": { "x-user": "alice" } }, "only": ["a/v2"] }"#;
    assert!(check(&policy, one).holds());
}

#[test]
fn for_callers_that_are_kept_elsewhere_than_before() {
    let asks = "{ headers: { x-user: present } }";
    let policy = with(
        &KEPT
            .replace("KEY", "{ header: x-user }")
            .replace("ASKS", asks),
    );
    let old = subject(
        &policy
            .replace("weight: 99", "weight: 95")
            .replace("weight: 1 ", "weight: 5 "),
    );
    let new = subject(&policy);
    for seed in 0..3 {
        let verdict = new.requests().seed(seed).compare(&old);
        assert!(verdict.witness().is_some(), "{verdict}");
        assert!(new.requests().seed(seed).compare(&new).holds());
    }
}

/// With each match hit once, none hides among many.
#[test]
fn in_one_of_many_rules() {
    let rule = |number: u32| {
        let subset = if number == 150 { "v1" } else { "v2" };
        format!(
            "{{ match: [{{ path: {{ exact: /{number} }} }}], to: [{{ service: a, subset: {subset} }}] }}"
        )
    };
    let rules: Vec<_> = (0..300).map(rule).collect();
    let rules = rules.join(", ");
    let policy = with(&format!(
        "routes: [{{ name: a, hosts: [a], rules: [{rules}] }}]"
    ));
    let subject = subject(&policy);
    for seed in 0..8 {
        let law = Law {
            seed,
            ..law(r#"{ "only": ["a/v2"] }"#)
        };
        let verdict = law.check(&subject).unwrap();
        assert!(verdict.witness().is_some(), "{seed}: {verdict}");
    }
}

#[test]
fn what_was_not_aimed_at_is_told() {
    let policy = with(
        "
routes:
  - name: a
    hosts: [a]
    rules:
      - { match: [{ path: { exact: /x } }], to: [{ service: a, subset: v1 }] }
      - { to: [{ service: a, subset: v1 }] }
",
    );
    let notes = |cases: u32| {
        let claim =
            format!(r#"{{ "requests": {{ "host": "a" }}, "only": ["a/v1"], "cases": {cases} }}"#);
        check(&policy, &claim).notes
    };
    assert_eq!(
        notes(1),
        ["of 2 matches 1 were aimed at; more `cases` reach the others"]
    );
    assert_eq!(notes(2), [""; 0]);
}

//! Which rules are there at all for a client, and whose hosts short names are.

use crate::*;

const TO: &str = "route: [{ destination: { host: a } }]";

/// The rules of a VirtualService for the mesh and the gateway `edge`, as a client asks for them.
fn asked(routes: &str, namespace: &str, labels: &[(&str, &str)], path: &str) -> Option<String> {
    let policy = with_errors(&format!(
        "services: {{ a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }} }}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{ name: edge, namespace: default }}
spec: {{ servers: [{{ port: {{ number: 80, name: http, protocol: HTTP }}, hosts: ['*'] }}] }}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: r, namespace: default }}
spec:
  hosts: [h.example]
  gateways: [mesh, edge]
  http:
{routes}"
    ));
    let labels = labels.iter();
    let workload = labels.fold(Workload::new(namespace), |workload, (name, value)| {
        workload.label(*name, *value)
    });
    let plan = Plan::lenient(&policy, &workload, None);
    plan.decide(&get(&format!("http://h.example{path}"))).rule
}

#[test]
fn point_6_gateways_of_a_match_stand_in_place_of_who_asks() {
    let routes = format!(
        "  - {{ name: both, match: [{{ gateways: [mesh], sourceLabels: {{ app: x }}, sourceNamespace: y, uri: {{ prefix: /both }} }}], {TO} }}
  - {{ name: edge, match: [{{ gateways: [edge], uri: {{ prefix: /edge }} }}], {TO} }}
  - {{ name: labels, match: [{{ sourceLabels: {{ app: x }} }}], {TO} }}
  - {{ name: namespace, match: [{{ sourceNamespace: y }}], {TO} }}\n"
    );
    for (namespace, labels, path, expected) in [
        // It names a gateway, so nobody asks for labels and namespace.
        ("default", &[][..], "/both", Some("both")),
        ("default", &[], "/edge", None),
        (
            "default",
            &[("app", "x"), ("more", "z")],
            "/edge",
            Some("labels"),
        ),
        ("default", &[("app", "z")], "/", None),
        ("y", &[], "/", Some("namespace")),
        ("y", &[("app", "x")], "/", Some("labels")),
    ] {
        let rule = asked(&routes, namespace, labels, path);
        assert_eq!(rule.as_deref(), expected, "{namespace} {labels:?} {path}");
    }
}

#[test]
fn point_6_a_route_without_any_entry_left_takes_nothing() {
    for dropped in [
        "sourceLabels: { app: x }",
        "sourceNamespace: y",
        "gateways: [edge]",
        "port: 81",
    ] {
        let routes = format!(
            "  - {{ name: dropped, match: [{{ {dropped} }}, {{ uri: {{ prefix: /x }}, {dropped} }}], {TO} }}
  - {{ name: some, match: [{{ {dropped} }}, {{ uri: {{ exact: /some }} }}], {TO} }}
  - {{ name: rest, {TO} }}\n"
        );
        let rule = |path: &str| asked(&routes, "default", &[], path);
        assert_eq!(rule("/").as_deref(), Some("rest"), "{dropped}");
        assert_eq!(rule("/x").as_deref(), Some("rest"), "{dropped}");
        assert_eq!(rule("/some").as_deref(), Some("some"), "{dropped}");
        let alone = format!("  - {{ match: [{{ {dropped} }}], {TO} }}\n");
        assert_eq!(asked(&alone, "default", &[], "/"), None, "{dropped}");
    }
}

/// What is for some gateways or ports only is a catch-all where it is there at all.
#[test]
fn at_a_gateway_no_catch_all_of_one_rule_hides_another_rule() {
    let route = |name: &str, created: &str, matching: &str| {
        format!(
            "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: {name}, namespace: default, creationTimestamp: '{created}-01-01T00:00:00Z' }}
spec:
  hosts: [h.example]
  gateways: [edge]
  http: [{{ match: [{{ {matching} }}], {TO} }}]
"
        )
    };
    for catch_all in ["gateways: [edge]", "port: 80", "uri: { prefix: / }"] {
        let policy = with_errors(&format!(
            "services: {{ a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }} }}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{ name: edge, namespace: default }}
spec: {{ servers: [{{ port: {{ number: 80, name: http, protocol: HTTP }}, hosts: ['*'] }}] }}
{}{}",
            route("old", "2020", catch_all),
            route("new", "2024", "uri: { prefix: /x }")
        ));
        let plan = Plan::lenient(&policy, &Workload::default(), None);
        let asked = |path: &str| {
            let mut question = Question::new("h.example", path);
            (question.gateway, question.port) = (Some("default/edge".into()), Some(80));
            plan.answer(&question).unwrap().route
        };
        assert_eq!(asked("/x").as_deref(), Some("default/new"), "{catch_all}");
        assert_eq!(asked("/").as_deref(), Some("default/old"), "{catch_all}");
    }
}

/// `reviews` in `prod` and in `test`, and a rule of `prod` for some hosts.
fn short(hosts: &str, to: &str) -> Policy {
    let service = |namespace: &str| {
        format!(
            "apiVersion: v1
kind: Service
metadata: {{ name: reviews, namespace: {namespace} }}
spec: {{ ports: [{{ name: http, port: 80 }}] }}
---
"
        )
    };
    with_errors(&format!(
        "{}{}apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: r, namespace: prod }}
spec:
  hosts: [{hosts}]
  http: [{{ name: own, route: [{{ destination: {{ host: {to} }} }}] }}]
",
        service("prod"),
        service("test")
    ))
}

#[test]
fn point_8_short_hosts_are_those_of_the_rules_namespace() {
    let policy = short("reviews", "reviews");
    for (namespace, host, of_prod) in [
        ("prod", "reviews", true),
        ("prod", "reviews.prod", true),
        ("prod", "reviews.prod.svc", true),
        ("prod", "reviews.prod.svc.cluster.local", true),
        ("test", "reviews", false),
        ("test", "reviews.prod", true),
        ("test", "reviews.prod.svc.cluster.local:80", true),
        ("prod", "reviews.test", false),
    ] {
        let plan = Plan::lenient(&policy, &Workload::new(namespace), None);
        let answer = plan.decide(&get(&format!("http://{host}/")));
        let expected = of_prod.then_some("own");
        assert_eq!(answer.rule.as_deref(), expected, "{namespace} {host}");
        let backend = &answer.backends[0];
        let own = if of_prod { "prod" } else { "test" };
        assert_eq!(
            backend.namespace.as_deref(),
            Some(own),
            "{namespace} {host}"
        );
    }
}

#[test]
fn point_8_a_host_with_a_dot_stays_what_it_is() {
    let asked = |policy: &Policy, host: &str| {
        let plan = Plan::lenient(policy, &Workload::new("prod"), None);
        plan.decide(&get(&format!("http://{host}/")))
    };
    // As a host the rule is for, it is no name of the service.
    let policy = short("reviews.prod", "reviews");
    let answer = asked(&policy, "reviews.prod.svc.cluster.local");
    assert_eq!((answer.rule, answer.outcome), (None, Outcome::Forward));
    // As a destination, it is nobody.
    let policy = short("reviews", "reviews.prod");
    let answer = asked(&policy, "reviews");
    assert_eq!(
        (answer.outcome, answer.status),
        (Outcome::Reject, Some(503))
    );
}

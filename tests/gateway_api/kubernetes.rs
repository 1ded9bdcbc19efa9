//! Services, and who serves them.

use crate::{addresses, assert_found, fate, found, from, plan, read};
use tower_mesh::policy::{Locality, Protocol};

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: prod }
spec:
  selector: { app: reviews }
  ports:
    - { name: http, port: 80, targetPort: web }
    - { name: grpc, port: 7070, targetPort: 9090 }
---
";

const HTTP: &str = "reviews.prod.svc.cluster.local:80";
const GRPC: &str = "reviews.prod.svc.cluster.local:7070";

fn slice(name: &str, endpoints: &str) -> String {
    format!(
        "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{ name: {name}, namespace: prod, labels: {{ kubernetes.io/service-name: reviews }} }}
addressType: IPv4
ports: [{{ name: http, port: 8080 }}, {{ name: grpc, port: 9090 }}]
endpoints: {endpoints}
---
"
    )
}

fn pod(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{ name: {name}, namespace: prod, labels: {{ app: reviews, version: v1 }} }}
spec: {{ containers: [{{ ports: [{{ name: web, containerPort: 8088 }}] }}] }}
status: {{ {more} }}
---
"
    )
}

#[test]
fn a_service_is_reached_by_all_its_names() {
    let plan = plan(SERVICE);
    for host in [
        "reviews",
        "reviews.prod",
        "reviews.prod.svc",
        "reviews.prod.svc.cluster.local",
        "reviews.prod.svc.cluster.local.",
        "reviews.prod.svc.cluster.local:80",
    ] {
        assert_eq!(
            fate(&from(&plan, "prod", host, "/")),
            "-> reviews",
            "{host}"
        );
    }
    let answer = from(&plan, "far", "reviews.prod:7070", "/");
    assert_eq!(answer.backends[0].port, Some(7070));
    assert_eq!(answer.backends[0].namespace.as_deref(), Some("prod"));
}

#[test]
fn slices_are_put_together_and_each_endpoint_is_there_once() {
    let one = slice("a", "[{ addresses: [10.0.0.1, 10.0.0.2] }]");
    let two = slice(
        "b",
        "[{ addresses: [10.0.0.2] }, { addresses: [10.0.0.3] }]",
    );
    let read = read(&format!("{SERVICE}{two}{one}"));
    let wanted = ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"];
    assert_eq!(addresses(&read, HTTP), wanted);
    assert_eq!(addresses(&read, GRPC)[0], "10.0.0.1:9090");
    assert_eq!(read.policy.services[GRPC].protocol, Protocol::Http2);
}

#[test]
fn only_what_is_ready_serves_unless_the_service_takes_others() {
    let slices = slice(
        "a",
        "[{ addresses: [10.0.0.1], conditions: { ready: false, serving: true, terminating: true } },
          { addresses: [10.0.0.2], conditions: {} }]",
    );
    let ready = read(&format!("{SERVICE}{slices}"));
    assert_eq!(addresses(&ready, HTTP), ["10.0.0.2:8080"]);
    let all = SERVICE.replace("spec:", "spec:\n  publishNotReadyAddresses: true");
    let all = read(&format!("{all}{slices}"));
    assert_eq!(addresses(&all, HTTP).len(), 2);
}

#[test]
fn an_endpoint_has_the_labels_and_the_place_of_its_pod() {
    let slices = slice(
        "a",
        "[{ addresses: [10.0.0.1], zone: z, targetRef: { kind: Pod, name: one } },
          { addresses: [10.0.0.2], zone: z }]",
    );
    let pod = pod("one", "podIP: 10.0.0.1").replace("app:", "istio-locality: eu.a.b, app:");
    let read = read(&format!("{SERVICE}{slices}{pod}"));
    let endpoints = &read.policy.services[HTTP].endpoints;
    assert_eq!(endpoints[0].labels["version"], "v1");
    assert_eq!(endpoints[0].locality, Some(Locality("eu/a/b".to_owned())));
    assert_eq!(endpoints[1].locality, Some(Locality("/z".to_owned())));
    assert!(endpoints[1].labels.is_empty());
}

#[test]
fn without_slices_the_pods_that_are_selected_serve() {
    let pods = [
        pod("one", "podIP: 10.0.0.1"),
        pod(
            "two",
            "podIP: 10.0.0.2, conditions: [{ type: Ready, status: 'False' }]",
        ),
        pod("three", "phase: Pending"),
        pod("four", "podIP: 10.0.0.4, phase: Succeeded"),
        pod(
            "five",
            "podIP: 'fd00::5', conditions: [{ type: Ready, status: 'True' }]",
        ),
        pod("six", "podIP: 10.0.0.6").replace("app: reviews", "app: other"),
    ];
    let read = read(&format!("{SERVICE}{}", pods.concat()));
    // By the container's port of that name, and by number.
    assert_eq!(addresses(&read, HTTP), ["[fd00::5]:8088", "10.0.0.1:8088"]);
    assert_eq!(addresses(&read, GRPC), ["[fd00::5]:9090", "10.0.0.1:9090"]);
}

#[test]
fn an_external_name_stands_for_another_host() {
    let text = format!(
        "{SERVICE}{}{}",
        slice("a", "[{ addresses: [10.0.0.1] }]"),
        "
apiVersion: v1
kind: Service
metadata: { name: alias, namespace: web }
spec: { type: ExternalName, externalName: reviews.prod.svc.cluster.local, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: far, namespace: web }
spec: { type: ExternalName, externalName: api.example.com., ports: [{ port: 443 }] }
"
    );
    let read = read(&text);
    let alias = addresses(&read, "alias.web.svc.cluster.local:80");
    assert_eq!(alias, ["10.0.0.1:8080"]);
    let far = addresses(&read, "far.web.svc.cluster.local:443");
    assert_eq!(far, ["api.example.com:443"]);
}

#[test]
fn an_annotation_hides_a_service_from_other_namespaces() {
    let hidden = SERVICE.replace(
        "namespace: prod }",
        "namespace: prod, annotations: { networking.istio.io/exportTo: '.' } }",
    );
    let plan = plan(&hidden);
    let near = from(&plan, "prod", "reviews.prod", "/");
    assert_eq!(near.backends[0].namespace.as_deref(), Some("prod"));
    let far = from(&plan, "far", "reviews.prod", "/");
    assert_eq!(far.backends[0].namespace, None);
}

#[test]
fn a_cluster_ip_is_a_name_of_the_service() {
    let plan = plan(&SERVICE.replace("spec:", "spec:\n  clusterIP: 10.9.9.9"));
    assert_eq!(fate(&from(&plan, "far", "10.9.9.9", "/")), "-> reviews");
}

#[test]
fn the_pods_of_a_headless_service_are_below_all_its_names() {
    let plan = plan(&SERVICE.replace("spec:", "spec:\n  clusterIP: None"));
    let reached = |namespace, host| fate(&from(&plan, namespace, host, "/")) == "-> reviews";
    for host in [
        "reviews-0.reviews.prod",
        "reviews-0.reviews.prod.svc",
        "reviews-0.reviews.prod.svc.cluster.local",
        "reviews-0.reviews.prod.svc.cluster.local.",
    ] {
        assert!(reached("prod", host) && reached("far", host), "{host}");
    }
    assert!(reached("prod", "reviews-0.reviews"));
    assert!(!reached("far", "reviews-0.reviews"));
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    let cases = [
        (
            "spec: { ports: [{ port: 80 }], prots: [] }",
            "unknown-field",
            "prots",
        ),
        ("spec: { ports: [{ port: 0 }] }", "out-of-range", "0 }"),
        (
            "spec: { ports: [{ name: a }] }",
            "missing-field",
            "{ name: a",
        ),
        (
            "spec: { ports: [{ port: 80, protocol: IP }] }",
            "unknown-variant",
            "IP",
        ),
        ("spec: { type: ExternalName }", "missing-field", "spec"),
        (
            "spec: { type: ExternalName, externalName: a/b }",
            "invalid-value",
            "a/b",
        ),
        ("spec: { clusterIP: here }", "invalid-value", "here"),
        ("spec: { selector: [a] }", "wrong-type", "selector"),
        ("specs: {}", "unknown-field", "specs"),
    ];
    for (spec, id, at) in cases {
        let text = format!("apiVersion: v1\nkind: Service\nmetadata: {{ name: a }}\n{spec}\n");
        let read = read(&text);
        let found = found(&read, &text);
        let mut found_at = found.iter();
        let there = found_at.any(|found| found.0 == id && found.1.starts_with(at));
        assert!(there, "{spec}: {found:?}");
    }
}

#[test]
fn a_slice_of_nobody_is_told() {
    let stray = slice("a", "[{ addresses: [10.0.0.1] }]");
    assert_found(&stray, &[("unused-endpoints", "apiVersion")]);
    let lost = slice("a", "[]").replace("kubernetes.io/service-name", "other");
    assert_found(&lost, &[("unused-endpoints", "apiVersion")]);
}

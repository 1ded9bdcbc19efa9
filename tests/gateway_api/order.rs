//! The order of documents does not matter, and neither do copies of them.

use crate::{at, fate, found, from, read};
use proptest::prelude::*;
use tower_mesh::Plan;
use tower_mesh::policy::{Severity, Workload};

const DOCUMENTS: &[&str] = &[
    "apiVersion: v1
kind: Service
metadata: { name: shop, namespace: web }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80 }] }
",
    "apiVersion: v1
kind: Service
metadata: { name: alias, namespace: web }
spec: { type: ExternalName, externalName: shop.web.svc.cluster.local, ports: [{ port: 80 }] }
",
    "apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: one, namespace: web, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.0.0.1], targetRef: { kind: Pod, name: p } }]
",
    "apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: two, namespace: web, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.0.0.2, 10.0.0.1] }]
",
    "apiVersion: v1
kind: Pod
metadata: { name: p, namespace: web, labels: { app: shop } }
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: web }
spec:
  gatewayClassName: any
  allowedListeners: { namespaces: { from: All } }
  listeners: [{ name: http, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }]
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: old, namespace: web, creationTimestamp: '2020-01-01T00:00:00Z' }
spec: { parentRef: { name: front }, listeners: [{ name: a, port: 81, protocol: HTTP }] }
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: new, namespace: web }
spec: { parentRef: { name: front }, listeners: [{ name: a, port: 81, protocol: HTTPS }] }
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: young, namespace: web, creationTimestamp: '2024-01-01T00:00:00Z' }
spec:
  parentRefs: [{ name: front }, { kind: Service, group: '', name: shop }, { kind: ListenerSet, name: old }]
  rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: zealous, namespace: web, creationTimestamp: '2023-01-01T00:00:00Z' }
spec:
  parentRefs: [{ name: front }, { kind: Service, group: '', name: shop }]
  rules: [{ backendRefs: [{ name: alias, port: 80 }] }]
",
    "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: consumer, namespace: far }
spec:
  parentRefs: [{ kind: Service, group: '', name: shop, namespace: web }]
  rules: [{ backendRefs: [{ name: shop, namespace: web, port: 80 }] }]
",
];

fn joined(documents: &[&str]) -> String {
    documents.join("---\n")
}

#[test]
fn the_oldest_of_routes_that_are_alike_has_the_requests() {
    let plan = crate::plan(&joined(DOCUMENTS));
    assert_eq!(
        fate(&at(&plan, "web/front", 80, "h", "/")),
        "web/zealous 0 -> alias"
    );
    assert_eq!(
        fate(&at(&plan, "web/front", 81, "h", "/")),
        "web/young 0 -> shop"
    );
    assert_eq!(
        fate(&from(&plan, "web", "shop", "/")),
        "web/zealous 0 -> alias"
    );
    assert_eq!(
        fate(&from(&plan, "far", "shop.web", "/")),
        "far/consumer 0 -> shop"
    );
}

#[test]
fn a_document_that_is_there_twice_changes_nothing_but_is_told() {
    let once = read(&joined(DOCUMENTS));
    for document in DOCUMENTS {
        let twice = read(&format!("{}---\n{document}", joined(DOCUMENTS)));
        assert_eq!(twice.policy, once.policy);
        let ids = twice.findings.iter().map(|finding| finding.id);
        assert_eq!(ids.filter(|id| *id == "duplicate-name").count(), 1);
    }
}

#[test]
fn a_field_that_nobody_knows_is_told_and_left_out() {
    for document in DOCUMENTS
        .iter()
        .filter(|document| !document.contains("kind: Pod\n"))
    {
        let more = format!("{document}sppec: {{ x: 1 }}\n");
        let read = read(&more);
        let found = found(&read, &more);
        assert!(
            found.contains(&("unknown-field", "sppec: { x: 1 }")),
            "{found:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_of_documents_does_not_matter(
        shuffled in Just(DOCUMENTS.to_vec()).prop_shuffle()
    ) {
        let (wanted, got) = (read(&joined(DOCUMENTS)), read(&joined(&shuffled)));
        prop_assert_eq!(&wanted.policy, &got.policy);
        let ids = |read: &crate::Read| {
            let mut ids: Vec<_> = read.findings.iter().map(|finding| {
                format!("{} {} {}", finding.id, finding.at.document, finding.at.path)
            }).collect();
            ids.sort();
            ids
        };
        prop_assert_eq!(ids(&wanted), ids(&got));
        Plan::lenient(&got.policy, &Workload::default(), None);
    }

    #[test]
    fn whatever_stands_in_a_field_is_told_rather_than_overlooked(
        which in 0..DOCUMENTS.len(),
        place in any::<prop::sample::Index>(),
        value in prop::sample::select(VALUES),
    ) {
        let mut documents: Vec<_> = DOCUMENTS.iter().map(|text| (*text).to_owned()).collect();
        // Behind the head, which says what the document is.
        let text = &documents[which];
        let colons: Vec<_> = text.match_indices(": ").map(|(at, _)| at + 2).skip(2).collect();
        let start = colons[place.index(colons.len())];
        let length = text[start..].find([',', '}', ']', '\n']).unwrap();
        documents[which].replace_range(start..start + length, value);
        let read = read(&documents.join("---\n"));
        let errors = read.findings.iter().any(|finding| finding.severity == Severity::Error);
        let overlooked = read.report.iter().find(|entry| entry.instead == "not read");
        prop_assert!(errors || overlooked.is_none(), "{overlooked:?}");
        Plan::lenient(&read.policy, &Workload::default(), None);
    }
}

const VALUES: &[&str] = &[
    "",
    "null",
    "[]",
    "{}",
    "[x",
    "{ a: b",
    "5",
    "-1",
    "99999999999",
    "true",
    "x",
    "X y",
    "'*'",
    "0",
];

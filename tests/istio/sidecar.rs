use crate::fates;
use crate::reading::*;
use tower_mesh::explain::Question;

#[test]
fn every_field_has_its_fate() {
    let all = include_str!("sidecar.yaml");
    let read = read(all);
    assert!(!read.findings.iter().any(is_error), "{:#?}", read.findings);
    assert_eq!(fates::check(all, &read), 13);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
}

#[test]
fn what_istio_refuses_is_an_error_at_its_place() {
    for (spec, wanted) in [
        ("workloadSelector: {labels: {a: b}}", "missing-field spec"),
        (
            "egress: [{port: {number: 80}}]",
            "missing-field spec.egress[0]",
        ),
        (
            "egress: [{hosts: []}]",
            "missing-field spec.egress[0].hosts",
        ),
        (
            "egress: [{hosts: [a.b]}]",
            "invalid-value spec.egress[0].hosts[0]",
        ),
        (
            "egress: [{hosts: ['a b/c']}]",
            "invalid-value spec.egress[0].hosts[0]",
        ),
        (
            "outboundTrafficPolicy: {mode: SOME}",
            "unknown-variant spec.outboundTrafficPolicy.mode",
        ),
    ] {
        assert_eq!(ids("Sidecar", spec), [wanted], "{spec}");
    }
}

fn sidecar(name: &str, namespace: &str, spec: &str) -> String {
    document("Sidecar", name, spec).replace("namespace: prod", &format!("namespace: {namespace}"))
}

const SERVICES: &[&str] = &[
    "a.prod.svc.cluster.local:80",
    "b.far.svc.cluster.local:80",
    "c.else.svc.cluster.local:80",
];

/// Which of the services a client knows, where others may not be reached.
fn known(text: &str, namespace: &str, app: &str) -> String {
    let plan = plan(text);
    let knows = |host: &&str| {
        let answer = ask_with(&plan, host, "/", |question: &mut Question| {
            let source = question.source.as_mut().unwrap();
            source.namespace = Some(namespace.to_owned());
            source.labels.insert("app".to_owned(), app.to_owned());
        });
        answer.forwards()
    };
    let hosts = [
        "a.prod.svc.cluster.local",
        "b.far.svc.cluster.local",
        "c.else.svc.cluster.local",
    ];
    hosts
        .iter()
        .filter(|host| knows(host))
        .map(|host| &host[..1])
        .collect()
}

#[test]
fn the_one_that_selects_a_workload_comes_before_the_namespace_s_and_that_before_the_root_s() {
    let text = "---\nmesh: { outboundTrafficPolicy: registryOnly }\n".to_owned()
        + &sidecar("root", "istio-system", "egress: [{hosts: ['else/*']}]")
        + &sidecar("whole", "prod", "egress: [{hosts: ['./*', 'far/*']}]")
        + &sidecar(
            "web",
            "prod",
            "workloadSelector: {labels: {app: web}}\negress: [{hosts: [far/b.far.svc.cluster.local]}]",
        )
        + &services(SERVICES);
    assert_eq!(known(&text, "prod", "web"), "b");
    assert_eq!(known(&text, "prod", "other"), "ab");
    assert_eq!(known(&text, "far", "web"), "c");
}

#[test]
fn one_that_lists_nothing_hides_nothing_and_may_close_the_rest_of_the_world() {
    let text = sidecar(
        "whole",
        "prod",
        "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    ) + &services(SERVICES);
    assert_eq!(known(&text, "prod", "x"), "abc");
    assert_eq!(fate(&ask(&plan(&text), "example.com", "/")), "NoRoute");
    let nobody = sidecar(
        "whole",
        "prod",
        "egress: [{hosts: ['~/*']}]\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    ) + &services(SERVICES);
    assert_eq!(known(&nobody, "prod", "x"), "");
}

#[test]
fn two_for_a_whole_namespace_are_one_too_many() {
    let text = sidecar("a", "prod", "egress: [{hosts: ['./*']}]")
        + &sidecar("b", "prod", "egress: [{hosts: ['*/*']}]");
    let read = read(&text);
    assert_eq!(found(&read), ["conflicting-sidecars 11:1 spec"]);
    assert_eq!(read.findings[0].because[0].document, "Sidecar prod/a");
    assert_eq!(read.policy.sidecars.len(), 1);
}

use crate::fates;
use crate::reading::*;
use std::net::SocketAddr;
use tower_mesh::policy::{Protocol, Service};

#[test]
fn every_field_has_its_fate() {
    let all = include_str!("service_entry.yaml");
    let read = read(all);
    assert!(!read.findings.iter().any(is_error), "{:#?}", read.findings);
    assert!(fates::check(all, &read) > 30);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
}

#[test]
fn what_istio_refuses_is_an_error_at_its_place() {
    let with = |more: &str| {
        format!(
            "hosts: [a.example.com]\nports: [{{number: 80, name: http, protocol: HTTP}}]\n{more}"
        )
    };
    for (spec, wanted) in [
        ("ports: []".to_owned(), "missing-field spec"),
        ("hosts: []".to_owned(), "invalid-value spec.hosts"),
        ("hosts: ['*']".to_owned(), "invalid-value spec.hosts[0]"),
        ("hosts: [a.*.b]".to_owned(), "invalid-value spec.hosts[0]"),
        (
            "hosts: ['*.a.b']\nresolution: DNS".to_owned(),
            "invalid-value spec.hosts[0]",
        ),
        (with("addresses: [x]"), "invalid-value spec.addresses[0]"),
        (
            with("addresses: [10.0.0.0/8]\nresolution: DNS"),
            "invalid-value spec.addresses[0]",
        ),
        (with("resolution: SOME"), "unknown-variant spec.resolution"),
        (with("resolution: STATIC"), "missing-field spec"),
        (
            with("endpoints: [{address: 10.0.0.1}]"),
            "invalid-value spec.endpoints",
        ),
        (
            with("resolution: STATIC\nendpoints: [{address: a.b}]"),
            "invalid-value spec.endpoints[0].address",
        ),
        (
            with("resolution: STATIC\nendpoints: [{labels: {a: b}}]"),
            "missing-field spec.endpoints[0]",
        ),
        (
            with("resolution: STATIC\nendpoints: [{address: 'unix://a'}]"),
            "invalid-value spec.endpoints[0].address",
        ),
        (
            with("resolution: STATIC\nendpoints: [{address: 10.0.0.1, weight: -1}]"),
            "out-of-range spec.endpoints[0].weight",
        ),
        (
            with("resolution: STATIC\nendpoints: [{address: 10.0.0.1, ports: {x: 1}}]"),
            "unknown-port spec.endpoints[0].ports.x",
        ),
        (
            with("resolution: STATIC\nendpoints: [{address: 10.0.0.1, ports: {http: 0}}]"),
            "out-of-range spec.endpoints[0].ports.http",
        ),
        (
            with(
                "resolution: STATIC\nendpoints: [{address: 10.0.0.1}]\nworkloadSelector: {labels: {a: b}}",
            ),
            "invalid-value spec.workloadSelector",
        ),
        (
            with("resolution: DNS_ROUND_ROBIN\nendpoints: [{address: a.b}, {address: c.d}]"),
            "invalid-value spec.endpoints",
        ),
        (with("exportTo: [., '~']"), "invalid-value spec.exportTo"),
        (with("location: MOON"), "unknown-variant spec.location"),
        (
            "hosts: [a.b]\nports: [{number: 80, name: a}, {number: 80, name: b}]".to_owned(),
            "duplicate-port spec.ports[1].number",
        ),
        (
            "hosts: [a.b]\nports: [{number: 80, name: a}, {number: 81, name: a}]".to_owned(),
            "duplicate-name spec.ports[1].name",
        ),
        (
            "hosts: [a.b]\nports: [{number: 80, name: a, protocol: X}]".to_owned(),
            "unknown-variant spec.ports[0].protocol",
        ),
        (
            "hosts: [a.b]\nports: [{number: 80, name: a, protocol: TCP}]".to_owned(),
            "no-address spec.ports[0]",
        ),
    ] {
        assert_eq!(ids("ServiceEntry", &spec), [wanted], "{spec}");
    }
    assert_eq!(ids("WorkloadEntry", "weight: 1"), ["missing-field spec"]);
}

fn entry(spec: &str) -> String {
    document("ServiceEntry", "x", spec)
}

fn addresses(service: &Service) -> Vec<String> {
    service
        .endpoints
        .iter()
        .map(|endpoint| endpoint.address.to_string())
        .collect()
}

#[test]
fn every_host_has_a_service_for_each_port() {
    let spec = "hosts: [a.example.com, b.example.com]\nresolution: STATIC\n\
        ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, {number: 81, name: grpc, protocol: GRPC}]\n\
        endpoints: [{address: 10.0.0.1, ports: {grpc: 9090}}, {address: '::1', weight: 0}]";
    let policy = read(&entry(spec)).policy;
    assert_eq!(
        policy.services.keys().collect::<Vec<_>>(),
        [
            "a.example.com:80",
            "a.example.com:81",
            "b.example.com:80",
            "b.example.com:81"
        ]
    );
    let http = &policy.services["a.example.com:80"];
    assert_eq!(addresses(http), ["10.0.0.1:8080", "[::1]:8080"]);
    assert_eq!(
        (http.port, http.protocol, http.endpoints[1].weight),
        (80, Protocol::Http1, 1)
    );
    let grpc = &policy.services["b.example.com:81"];
    assert_eq!(addresses(grpc), ["10.0.0.1:9090", "[::1]:81"]);
    assert_eq!(grpc.protocol, Protocol::Http2);
}

#[test]
fn names_are_resolved_by_whoever_connects() {
    let http = "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 81}]\nresolution: DNS";
    let named = read(&entry(&format!(
        "hosts: [a.example.com]\n{http}\nendpoints: [{{address: B.example.com}}]"
    )))
    .policy;
    assert_eq!(
        addresses(&named.services["a.example.com:80"]),
        ["b.example.com:81"]
    );
    let itself = read(&entry(&format!("hosts: [a.example.com]\n{http}"))).policy;
    assert_eq!(
        addresses(&itself.services["a.example.com:80"]),
        ["a.example.com:81"]
    );
}

#[test]
fn without_resolution_requests_go_where_they_are_addressed_even_if_only_known_hosts_may_be_reached()
{
    let text = entry(
        "hosts: ['*.example.com', other.org]\nports: [{number: 80, name: http, protocol: HTTP}]",
    ) + "---\nmesh: { outboundTrafficPolicy: registryOnly }\n";
    let read = read(&text);
    assert_eq!(found(&read), Vec::<String>::new());
    assert!(read.policy.services["other.org:80"].passthrough);
    let plan = plan(&text);
    assert_eq!(fate(&ask(&plan, "a.example.com", "/")), "a.example.com@-");
    assert_eq!(fate(&ask(&plan, "other.org", "/")), "other.org@-");
    assert_eq!(fate(&ask(&plan, "elsewhere.org", "/")), "NoRoute");
}

#[test]
fn a_selector_takes_workload_entries_and_pods_of_its_namespace() {
    let spec = "hosts: [a.example.com]\nports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]\n\
        resolution: STATIC\nworkloadSelector: {labels: {app: a}}";
    let workload = |name: &str, address: &str, labels: &str| {
        document(
            "WorkloadEntry",
            name,
            &format!("address: {address}\nlabels: {labels}"),
        )
    };
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: { name: p, namespace: prod, labels: { app: a, version: v9 } }\n\
        status: { podIP: 10.1.0.1, conditions: [{ type: Ready, status: \"True\" }] }\n";
    let text = workload("two", "10.0.0.2", "{app: a, version: v1}")
        + &workload("one", "10.0.0.1", "{app: a}")
        + &workload("other", "10.0.0.3", "{app: b}")
        + &workload("far", "10.0.0.4", "{app: a}").replace("namespace: prod", "namespace: far")
        + &entry(spec)
        + pod;
    let service = &read(&text).policy.services["a.example.com:80"];
    assert_eq!(
        addresses(service),
        ["10.0.0.1:8080", "10.0.0.2:8080", "10.1.0.1:8080"]
    );
    assert_eq!(service.endpoints[1].labels["version"], "v1");
    assert_eq!(service.endpoints[2].labels["version"], "v9");
}

#[test]
fn one_address_is_one_endpoint() {
    let spec = "hosts: [a.example.com]\nports: [{number: 80, name: http, protocol: HTTP}]\nresolution: STATIC\n\
        endpoints: [{address: 10.0.0.1, weight: 2}, {address: 10.0.0.1, weight: 3}]";
    let read = read(&entry(spec));
    let endpoints = &read.policy.services["a.example.com:80"].endpoints;
    assert_eq!((endpoints.len(), endpoints[0].weight), (1, 5));
    let socket: SocketAddr = ([10, 0, 0, 1], 80).into();
    assert_eq!(endpoints[0].address.socket(), Some(socket));
}

#[test]
fn who_sees_a_service_is_as_it_is_exported_and_its_addresses_lead_to_it() {
    let text = entry(
        "hosts: [a.example.com]\nports: [{number: 80, name: http, protocol: HTTP}]\nresolution: DNS\naddresses: [240.0.0.1]\nexportTo: [.]",
    ) + &document(
        "ServiceEntry",
        "hidden",
        "hosts: [b.example.com]\nports: [{number: 80, name: http, protocol: HTTP}]\nresolution: DNS\nexportTo: ['~']",
    ) + "---\nmesh: { outboundTrafficPolicy: registryOnly }\n";
    let plan = plan(&text);
    assert_eq!(fate(&ask(&plan, "240.0.0.1", "/")), "a.example.com@-");
    let far = ask_with(&plan, "a.example.com", "/", |question| {
        question.source.as_mut().unwrap().namespace = Some("far".into());
    });
    assert_eq!(fate(&far), "NoRoute");
    assert_eq!(fate(&ask(&plan, "b.example.com", "/")), "NoRoute");
}

#[test]
fn the_older_of_two_that_describe_a_host_has_it() {
    let spec = |address: &str| {
        format!(
            "hosts: [a.example.com]\nports: [{{number: 80, name: http, protocol: HTTP}}]\nresolution: STATIC\nendpoints: [{{address: {address}}}]"
        )
    };
    let text = document("ServiceEntry", "b", &spec("10.0.0.2"))
        + &document("ServiceEntry", "a", &spec("10.0.0.1"));
    let read = read(&text);
    assert_eq!(
        addresses(&read.policy.services["a.example.com:80"]),
        ["10.0.0.1:80"]
    );
    assert_eq!(found(&read), ["duplicate-service 6:11 spec.hosts[0]"]);
}

#[test]
fn routes_and_rules_find_the_services_of_entries() {
    let text = entry(
        "hosts: [a.example.com]\nports: [{number: 80, name: http, protocol: HTTP}]\nresolution: STATIC\nendpoints: [{address: 10.0.0.1, labels: {version: v1}}]",
    ) + &document(
        "DestinationRule",
        "x",
        "host: '*.example.com'\nsubsets: [{name: v1, labels: {version: v1}}]",
    ) + &document(
        "VirtualService",
        "x",
        "hosts: [a.example.com]\nhttp: [{route: [{destination: {host: a.example.com, subset: v1}}]}]",
    );
    assert_eq!(found(&read(&text)), Vec::<String>::new());
    assert_eq!(
        fate(&ask(&plan(&text), "a.example.com", "/")),
        "a.example.com/v1@0"
    );
}

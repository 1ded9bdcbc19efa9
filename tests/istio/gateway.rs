use crate::fates;
use crate::reading::*;

#[test]
fn every_field_has_its_fate() {
    let all = include_str!("gateway.yaml");
    let read = read(all);
    assert!(!read.findings.iter().any(is_error), "{:#?}", read.findings);
    assert!(fates::check(all, &read) > 20);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
}

#[test]
fn what_istio_refuses_is_an_error_at_its_place() {
    let port = "port: {number: 80, name: h, protocol: HTTP}";
    for (spec, wanted) in [
        ("selector: {a: b}".to_owned(), vec!["missing-field spec"]),
        ("servers: []".to_owned(), vec!["missing-field spec.servers"]),
        (
            format!("servers: [{{{port}}}]"),
            vec!["missing-field spec.servers[0]"],
        ),
        (
            format!("servers: [{{{port}, hosts: []}}]"),
            vec!["missing-field spec.servers[0].hosts"],
        ),
        (
            format!("servers: [{{{port}, hosts: ['a/b/c']}}]"),
            vec!["invalid-value spec.servers[0].hosts[0]"],
        ),
        (
            "servers: [{hosts: ['*']}]".to_owned(),
            vec!["missing-field spec.servers[0]"],
        ),
        (
            "servers: [{port: {number: 0, protocol: HTTP}, hosts: ['*']}]".to_owned(),
            vec!["out-of-range spec.servers[0].port.number"],
        ),
        (
            "servers: [{port: {number: 80, protocol: GOPHER}, hosts: ['*']}]".to_owned(),
            vec!["unknown-variant spec.servers[0].port.protocol"],
        ),
        (
            "servers: [{port: {number: 443, protocol: HTTPS}, hosts: ['*']}]".to_owned(),
            vec!["missing-field spec.servers[0]"],
        ),
        (
            format!(
                "servers: [{{{port}, hosts: [a.b], name: n}}, {{{port}, hosts: [c.d], name: n}}]"
            ),
            vec!["duplicate-name spec.servers[1].name"],
        ),
    ] {
        assert_eq!(ids("Gateway", &spec), wanted, "{spec}");
    }
}

fn bound(namespace: &str, hosts: &str, name: &str) -> String {
    document(
        "VirtualService",
        name,
        &format!("hosts: {hosts}\ngateways: [prod/front]\nhttp: [{{name: {name}, route: [{{destination: {{host: a.prod.svc.cluster.local}}}}]}}]"),
    )
    .replace("namespace: prod", &format!("namespace: {namespace}"))
}

fn at(text: &str, authority: &str, port: u16) -> String {
    let answer = ask_with(&plan(text), authority, "/", |question| {
        question.gateway = Some("prod/front".into());
        question.port = Some(port);
    });
    fate(&answer)
}

#[test]
fn virtual_services_bind_to_the_servers_that_let_their_namespace_in() {
    let text = document(
        "Gateway",
        "front",
        "servers:\n\
         - {port: {number: 80, name: h, protocol: HTTP}, hosts: [prod/a.example.com, './b.example.com', far/c.example.com, '*/d.example.com']}\n\
         - {port: {number: 81, name: i, protocol: HTTP2}, hosts: ['far/*']}",
    ) + &bound(
        "prod",
        "[a.example.com, b.example.com, c.example.com, d.example.com]",
        "mine",
    ) + &bound("far", "[c.example.com]", "theirs")
        + &services(&["a.prod.svc.cluster.local:80"]);
    assert_eq!(at(&text, "a.example.com", 80), "a@mine");
    assert_eq!(at(&text, "b.example.com", 80), "a@mine");
    assert_eq!(at(&text, "c.example.com", 80), "a@theirs");
    assert_eq!(at(&text, "d.example.com", 80), "a@mine");
    assert_eq!(at(&text, "a.example.com", 81), "NoRoute");
    assert_eq!(at(&text, "c.example.com", 81), "a@theirs");
    assert_eq!(at(&text, "c.example.com", 82), "NoRoute");
    // The mesh knows nothing of them.
    assert_eq!(ask(&plan(&text), "a.example.com", "/").route, None);
}

#[test]
fn routes_of_several_virtual_services_for_one_host_are_put_together() {
    let part = |name: &str, path: &str| {
        bound("prod", "[a.example.com]", name).replace(
            "route:",
            &format!("match: [{{uri: {{prefix: {path}}}}}], route:"),
        )
    };
    let text = document(
        "Gateway",
        "front",
        "servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]",
    ) + &part("all", "/")
        + &part("one", "/one")
        + &services(&["a.prod.svc.cluster.local:80"]);
    let asked = |path: &str| {
        fate(&ask_with(&plan(&text), "a.example.com", path, |question| {
            question.gateway = Some("prod/front".into());
        }))
    };
    assert_eq!([asked("/one"), asked("/two")], ["a@one", "a@all"]);
    assert!(!read(&text).findings.iter().any(is_error));
}

#[test]
fn a_gateway_that_is_not_there_is_an_error() {
    let text = document(
        "Gateway",
        "frond",
        "servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]",
    ) + &bound("prod", "[a.example.com]", "x")
        + &services(&["a.prod.svc.cluster.local:80"]);
    let read = read(&text);
    assert_eq!(found(&read), ["unknown-gateway 13:14 spec.gateways[0]"]);
    assert_eq!(read.findings[0].advice, "did you mean `prod/frond`?");
    assert!(read.policy.routes.is_empty());
    let refused = text
        .replace("name: frond", "name: front")
        .replace("protocol: HTTP", "protocol: NO");
    let told = found(&crate::reading::read(&refused));
    assert_eq!(told, ["unknown-variant 6:52 spec.servers[0].port.protocol"]);
}

#[test]
fn a_host_that_the_gateway_does_not_take_is_a_warning() {
    let text = document(
        "Gateway",
        "front",
        "servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*.example.com']}]",
    ) + &bound("prod", "[a.example.org]", "x")
        + &services(&["a.prod.svc.cluster.local:80"]);
    assert_eq!(
        found(&read(&text))[0],
        "host-not-found-in-gateway 13:14 spec.gateways[0]"
    );
}

//! Which routes are attached to which listeners and services.

use crate::{assert_found, at, fate, from, plan, read};

const BASE: &str = "
apiVersion: v1
kind: Namespace
metadata: { name: guest, labels: { team: a } }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: web }
spec: { ports: [{ name: http, port: 80 }, { name: alt, port: 8080 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: web }
spec:
  gatewayClassName: any
  allowedListeners: { namespaces: { from: All } }
  listeners:
    - { name: same, port: 80, protocol: HTTP }
    - { name: all, port: 81, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
    - { name: some, port: 82, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector, selector: { matchLabels: { team: a } } } } }
    - { name: named, port: 83, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector, selector: { matchExpressions: [{ key: kubernetes.io/metadata.name, operator: In, values: [other] }] } } } }
    - { name: calls, port: 84, protocol: HTTP, allowedRoutes: { kinds: [{ kind: GRPCRoute }] } }
    - { name: host, port: 85, protocol: HTTP, hostname: '*.example.com' }
    - { name: raw, port: 86, protocol: TCP }
    - { name: nobody, port: 87, protocol: HTTP, allowedRoutes: { namespaces: { from: Selector } } }
---
";

fn route(namespace: &str, parent: &str, more: &str) -> String {
    format!(
        "{BASE}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{ name: r, namespace: {namespace} }}
spec:
  parentRefs: [{parent}]
  {more}
  rules: [{{ backendRefs: [{{ name: shop, port: 80 }}] }}]
"
    )
}

/// The ports at which the route is reached.
fn ports(text: &str, host: &str) -> Vec<u16> {
    let plan = plan(text);
    let ports = 80..=87;
    ports
        .filter(|port| at(&plan, "web/front", *port, host, "/").route.is_some())
        .collect()
}

#[test]
fn a_listener_takes_routes_of_the_namespaces_that_it_allows() {
    let anywhere = |namespace| {
        let text = route(namespace, "{ name: front, namespace: web }", "");
        ports(&text, "a.example.com")
    };
    assert_eq!(anywhere("web"), [80, 81, 85]);
    assert_eq!(anywhere("guest"), [81, 82]);
    assert_eq!(anywhere("other"), [81, 83]);
    assert_eq!(anywhere("far"), [81]);
}

#[test]
fn a_parent_may_name_a_listener_or_a_port() {
    let one = route("web", "{ name: front, sectionName: all }", "");
    assert_eq!(ports(&one, "h"), [81]);
    let port = route("web", "{ name: front, port: 80 }", "");
    assert_eq!(ports(&port, "h"), [80]);
    let two = route(
        "web",
        "{ name: front, sectionName: all }, { name: front, port: 80 }",
        "",
    );
    assert_eq!(ports(&two, "h"), [80, 81]);
}

#[test]
fn hosts_are_those_of_both_route_and_listener() {
    let text = route(
        "web",
        "{ name: front, port: 85 }",
        "hostnames: [a.example.com, b.other.com]",
    );
    let plan = plan(&text);
    let asked = |host| fate(&at(&plan, "web/front", 85, host, "/"));
    assert_eq!(asked("a.example.com"), "web/r 0 -> shop");
    assert_eq!(asked("c.example.com"), "-> 404");
    assert_eq!(asked("b.other.com"), "-> 404");
}

#[test]
fn a_parent_that_does_not_take_the_route_is_told() {
    let cases = [
        (
            "{ name: front, sectionName: alll }",
            "",
            "no-matching-parent",
        ),
        ("{ name: front, port: 99 }", "", "no-matching-parent"),
        ("{ name: front, sectionName: calls }", "", "not-allowed"),
        ("{ name: front, sectionName: raw }", "", "not-allowed"),
        ("{ name: front, sectionName: named }", "", "not-allowed"),
        ("{ name: front, sectionName: nobody }", "", "not-allowed"),
        (
            "{ name: front, sectionName: host }",
            "hostnames: [example.com]",
            "no-matching-listener-hostname",
        ),
        ("{ name: back }", "", "unknown-gateway"),
        ("{ kind: ListenerSet, name: more }", "", "unknown-gateway"),
        (
            "{ kind: Service, group: '', name: shopp }",
            "",
            "unknown-service",
        ),
        (
            "{ kind: Service, group: '', name: shop, port: 81 }",
            "",
            "no-matching-parent",
        ),
        ("{ kind: Mesh, name: x }", "", "invalid-kind"),
    ];
    for (parent, more, id) in cases {
        let text = route("web", parent, more);
        assert_found(&text, &[NOBODY, (id, parent)]);
        let read = read(&text);
        assert!(read.policy.routes.is_empty());
        let rules = { read.report.iter() }
            .find(|entry| entry.at.path == "spec.rules" && entry.at.document == "HTTPRoute web/r");
        assert_eq!(rules.unwrap().status.as_str(), "refused", "{parent}");
    }
}

/// Of the listener that selects by nothing.
const NOBODY: (&str, &str) = ("missing-field", "namespaces: { from: Selector }");

#[test]
fn a_route_without_parents_is_told() {
    let text = route("web", "", "").replace("parentRefs: []", "");
    assert_found(&text, &[NOBODY, ("no-parents", "spec")]);
}

const SET: &str = "
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: more, namespace: guest }
spec:
  parentRef: { name: front, namespace: web }
  listeners:
    - { name: all, port: 8088, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }
    - { name: twice, port: 81, protocol: HTTP }
    - { name: other, port: 80, protocol: HTTPS }
";

#[test]
fn a_listener_set_adds_listeners_that_only_its_own_routes_reach() {
    let to_gateway = route(
        "web",
        "{ name: front, namespace: web, sectionName: all }",
        "",
    );
    let with_set = plan(&format!("{to_gateway}{SET}"));
    assert_eq!(fate(&at(&with_set, "web/front", 8088, "h", "/")), "-> 404");
    let to_set = route(
        "web",
        "{ kind: ListenerSet, name: more, namespace: guest }",
        "",
    );
    let plan = plan(&format!("{to_set}{SET}"));
    assert_eq!(
        fate(&at(&plan, "web/front", 8088, "h", "/")),
        "web/r 0 -> shop"
    );
    assert_eq!(fate(&at(&plan, "web/front", 81, "h", "/")), "-> 404");
}

#[test]
fn a_listener_that_another_contradicts_is_left_out() {
    let text = format!("{BASE}{SET}");
    let conflicts = [
        ("listener-conflict", "{ name: twice"),
        ("listener-conflict", "{ name: other"),
    ];
    assert_found(&text, &[NOBODY, conflicts[0], conflicts[1]]);
    let read = read(&text);
    let gateway = &read.policy.gateways["web/front"];
    assert_eq!(gateway.listeners.last().unwrap().name, "guest/more/all");
}

#[test]
fn a_gateway_may_take_no_listeners_of_others() {
    let closed = BASE.replace("allowedListeners: { namespaces: { from: All } }", "");
    let text = format!("{closed}{SET}");
    assert_found(&text, &[NOBODY, ("not-allowed", "parentRef")]);
}

#[test]
fn a_service_parent_is_for_the_mesh_on_its_port() {
    let one = plan(&route(
        "web",
        "{ kind: Service, group: '', name: shop, port: 80 }",
        "",
    ));
    assert_eq!(fate(&from(&one, "web", "shop", "/")), "web/r 0 -> shop");
    assert_eq!(fate(&from(&one, "web", "shop:8080", "/")), "-> shop");
    let named = "{ kind: Service, group: '', name: shop, sectionName: alt }";
    let named = plan(&route("web", named, ""));
    assert_eq!(
        fate(&from(&named, "web", "shop:8080", "/")),
        "web/r 0 -> shop"
    );
    assert_eq!(fate(&from(&named, "web", "shop:80", "/")), "-> shop");
    let any = plan(&route(
        "web",
        "{ kind: Service, group: '', name: shop }",
        "",
    ));
    assert_eq!(
        fate(&from(&any, "far", "shop.web:8080", "/")),
        "web/r 0 -> shop"
    );
}

#[test]
fn a_route_may_be_for_a_gateway_and_for_the_mesh() {
    let parents = "{ name: front, port: 80 }, { kind: Service, group: '', name: shop }";
    let text = route("web", parents, "hostnames: [shop.example]");
    let read = read(&text);
    assert_found(&text, &[NOBODY]);
    let plan = plan(&text);
    assert_eq!(
        fate(&at(&plan, "web/front", 80, "shop.example", "/")),
        "web/r 0 -> shop"
    );
    assert_eq!(fate(&from(&plan, "web", "shop", "/")), "web/r 0 -> shop");
    let hosts = read
        .report
        .iter()
        .find(|entry| entry.at.path == "spec.hostnames");
    assert_eq!(hosts.unwrap().status.as_str(), "approximated");
}

#[test]
fn who_names_a_listener_and_another_port_is_told_its_port() {
    let parent = "{ name: front, namespace: web, sectionName: same, port: 9 }";
    let read = read(&route("web", parent, ""));
    let told = { read.findings.iter() }.find(|finding| finding.id == "no-matching-parent");
    let told = told.unwrap().to_string();
    let wanted = "no listener `same` on port 9; it is on port 80: write that one, or none";
    assert!(told.contains(wanted), "{told}");
}

#[test]
fn a_question_without_a_scheme_comes_as_the_listener_takes_it() {
    let redirects = "rules: [{ filters: [{ type: RequestRedirect, requestRedirect: {} }] }]";
    let same = "{ name: same, port: 80, protocol: HTTP }";
    let http = route("web", "{ name: front, namespace: web }", "").replace(
        "rules: [{ backendRefs: [{ name: shop, port: 80 }] }]",
        redirects,
    );
    let https = http.replace(same, &same.replace("HTTP", "HTTPS"));
    for (text, location) in [(http, "http://h/"), (https, "https://h:80/")] {
        let answer = at(&plan(&text), "web/front", 80, "h", "/");
        assert_eq!(answer.headers[0].1, location, "{text}");
    }
}

//! What the rules of a route say.

use crate::{assert_found, at, fate, found, plan, read};
use tower_mesh::import::Status;
use tower_mesh::policy::{Percent, Severity, TextMatch};

const BASE: &str = "
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: bank, namespace: vault }
spec: { ports: [{ port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: web }
spec: { gatewayClassName: any, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: web }
spec:
  parentRefs: [{ name: front }]
  rules:
";

fn rule(rule: &str) -> String {
    format!("{BASE}    - {rule}\n")
}

fn asked(text: &str, path: &str) -> String {
    fate(&at(&plan(text), "web/front", 80, "h", path))
}

#[test]
fn what_the_api_refuses_is_told_at_its_place() {
    let to = "backendRefs: [{ name: shop, port: 80 }]";
    let path = |value: &str| format!("{{ matches: [{{ path: {{ value: {value} }} }}], {to} }}");
    let filter = |filter: &str| format!("{{ filters: [{filter}], {to} }}");
    let matching = |matching: &str| format!("{{ matches: [{matching}], {to} }}");
    let backend = |backend: &str| format!("{{ backendRefs: [{backend}] }}");
    let times = |times: &str| format!("{{ timeouts: {{ {times} }}, {to} }}");
    let mirror = |more: &str| {
        filter(&format!(
            "{{ type: RequestMirror, requestMirror: {{ {more} }} }}"
        ))
    };
    let header = |header: &str| {
        filter(&format!(
            "{{ type: RequestHeaderModifier, requestHeaderModifier: {header} }}"
        ))
    };
    let cases = [
        (path("a"), "invalid-value", "a }"),
        (path("/a//b"), "invalid-value", "/a//b"),
        (path("/a%2Fb"), "invalid-value", "/a%2Fb"),
        (matching("{ method: get }"), "unknown-variant", "get"),
        (
            matching("{ path: { type: Regex } }"),
            "unknown-variant",
            "Regex",
        ),
        (
            matching("{ headers: [{ name: a, type: RegularExpression, value: '(' }] }"),
            "invalid-value",
            "'('",
        ),
        (
            matching("{ headers: [{ name: 'a b', value: c }] }"),
            "invalid-value",
            "'a b'",
        ),
        (
            matching("{ headers: [{ name: a }] }"),
            "missing-field",
            "{ name: a }",
        ),
        (
            matching("{ queryParams: [{ name: a, value: '' }] }"),
            "invalid-value",
            "''",
        ),
        (backend("{ name: shop }"), "missing-field", "{ name: shop }"),
        (backend("{ port: 80 }"), "missing-field", "{ port: 80 }"),
        (
            backend("{ name: shop, port: 81 }"),
            "unknown-service",
            "{ name: shop",
        ),
        (
            backend("{ name: bank, namespace: vault, port: 80 }"),
            "ref-not-permitted",
            "{ name: bank",
        ),
        (
            backend("{ kind: Bucket, name: b }"),
            "invalid-kind",
            "{ kind: Bucket",
        ),
        (
            backend("{ name: shop, port: 80, weight: 1000001 }"),
            "out-of-range",
            "1000001",
        ),
        (times("request: 1.5s"), "invalid-value", "1.5s"),
        (
            times("request: 1s, backendRequest: 2s"),
            "invalid-value",
            "2s",
        ),
        (
            filter("{ type: RequestRedirect, requestRedirect: {} }"),
            "conflicting-fields",
            "backendRefs",
        ),
        (
            filter("{ type: RequestRedirect, requestRedirect: { statusCode: 304 } }")
                .replace(to, ""),
            "invalid-value",
            "304",
        ),
        (
            format!(
                "{{ matches: [{{ path: {{ type: Exact, value: /a }} }}], filters: [{{ type: \
                 URLRewrite, urlRewrite: {{ path: {{ type: ReplacePrefixMatch, \
                 replacePrefixMatch: /b }} }} }}], {to} }}"
            ),
            "conflicting-fields",
            "filters",
        ),
        (filter("{ type: Rewrite }"), "unknown-variant", "Rewrite"),
        (
            filter("{ type: URLRewrite }"),
            "missing-field",
            "{ type: URLRewrite }",
        ),
        (
            filter("{ type: URLRewrite, urlRewrite: {}, cors: {} }"),
            "conflicting-fields",
            "cors",
        ),
        (
            filter("{ type: CORS, cors: {} }, { type: CORS, cors: {} }"),
            "duplicate-filter",
            "{ type: CORS, cors: {} }]",
        ),
        (
            filter("{ type: CORS, cors: { allowOrigins: [a] } }"),
            "invalid-value",
            "a]",
        ),
        (
            filter("{ type: CORS, cors: { allowMethods: ['*', GET] } }"),
            "conflicting-fields",
            "allowMethods",
        ),
        (
            mirror("backendRef: { name: none, port: 80 }"),
            "unknown-service",
            "backendRef",
        ),
        (
            mirror("backendRef: { name: shop, port: 80 }, percent: 101"),
            "out-of-range",
            "101",
        ),
        (
            mirror(
                "backendRef: { name: shop, port: 80 }, fraction: { numerator: 2, denominator: 1 }",
            ),
            "invalid-value",
            "fraction",
        ),
        (
            filter("{ type: ExtensionRef, extensionRef: { group: g, kind: k, name: n } }"),
            "unsupported-filter",
            "ExtensionRef",
        ),
        (
            header("{ set: [{ name: connection, value: x }] }"),
            "invalid-value",
            "requestHeaderModifier",
        ),
        (header("{ remove: ['a b'] }"), "invalid-value", "'a b'"),
        ("{ name: Bad Name }".to_owned(), "invalid-name", "Bad"),
    ];
    for (written, id, at) in cases {
        let text = rule(&written);
        let read = read(&text);
        let found = found(&read, &text);
        // A rule that has nothing left to send to is told of as well.
        let found: Vec<_> = { found.iter() }
            .filter(|(id, _)| *id != "no-destination")
            .collect();
        let same = found.len() == 1 && found[0].0 == id && found[0].1.starts_with(at);
        assert!(same, "{written}: {found:?}");
    }
}

#[test]
fn a_rule_that_sends_nowhere_is_a_warning_as_the_api_allows_it() {
    let nowhere = [
        ("{ backendRefs: [] }", "no-destination"),
        (
            "{ backendRefs: [{ name: shop, port: 80, weight: 0 }] }",
            "no-weight",
        ),
    ];
    for (written, id) in nowhere {
        let read = read(&rule(written));
        let finding = read
            .findings
            .iter()
            .find(|finding| finding.id == id)
            .unwrap();
        assert_eq!(finding.severity, Severity::Warning);
        assert_eq!(asked(&rule(written), "/"), "web/r 0 -> 500");
    }
}

#[test]
fn a_match_that_is_wrong_takes_nothing_rather_than_everything() {
    let text = format!(
        "{}    - {{ name: good, matches: [{{ path: {{ value: /a }} }}], backendRefs: [{{ name: shop, \
         port: 80 }}] }}\n    - {{ backendRefs: [{{ name: none, port: 80 }}] }}\n",
        rule("{ matches: [{ path: { value: /a }, headers: [{ name: x }] }] }")
    );
    assert_eq!(asked(&text, "/a"), "web/r good -> shop");
    // Rules go by their place in the document, though one is left out.
    assert_eq!(asked(&text, "/b"), "web/r 2 -> 500");
}

#[test]
fn filters_that_cannot_be_applied_answer_500() {
    let text = rule(
        "{ filters: [{ type: ExternalAuth, externalAuth: {} }], backendRefs: [{ name: shop, port: 80 }] }",
    );
    assert_eq!(asked(&text, "/"), "web/r 0 -> 500");
    let share = rule(
        "{ backendRefs: [{ name: shop, port: 80 }, { name: shop, port: 80, filters: [{ type: \
         ExtensionRef, extensionRef: {} }] }] }",
    );
    assert_eq!(asked(&share, "/"), "web/r 0 -> shop 500");
}

#[test]
fn a_grant_permits_a_reference_and_nothing_else() {
    let grant = |from: &str, to: &str| {
        format!(
            "{}---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {{ name: g, namespace: vault }}
spec: {{ from: [{from}], to: [{to}] }}
",
            rule("{ backendRefs: [{ name: bank, namespace: vault, port: 80 }] }")
        )
    };
    let from = "{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: web }";
    let good = [
        "{ group: '', kind: Service, name: bank }",
        "{ group: '', kind: Service }",
    ];
    for to in good {
        assert_eq!(asked(&grant(from, to), "/"), "web/r 0 -> bank");
    }
    assert_eq!(
        asked(&grant(from, "{ group: '', kind: Service, name: b }"), "/"),
        "web/r 0 -> 500"
    );
    assert_eq!(
        asked(&grant(from, "{ group: '', kind: Secret }"), "/"),
        "web/r 0 -> 500"
    );
    let other = from.replace("web", "far");
    assert_eq!(asked(&grant(&other, good[0]), "/"), "web/r 0 -> 500");
    let calls = from.replace("HTTPRoute", "GRPCRoute");
    assert_eq!(asked(&grant(&calls, good[0]), "/"), "web/r 0 -> 500");
}

#[test]
fn the_timeout_of_a_try_is_that_of_the_request_as_there_is_one_try() {
    let timeout = |timeouts: &str| {
        let text = rule(&format!(
            "{{ timeouts: {timeouts}, backendRefs: [{{ name: shop, port: 80 }}] }}"
        ));
        at(&plan(&text), "web/front", 80, "h", "/").timeout_ms
    };
    assert_eq!(timeout("{ request: 2s }"), Some(2_000));
    assert_eq!(timeout("{ request: 2s, backendRequest: 500ms }"), Some(500));
    assert_eq!(timeout("{ backendRequest: 1m }"), Some(60_000));
    assert_eq!(timeout("{ request: 0s }"), None);
    assert_eq!(timeout("{ request: 3s, backendRequest: 0s }"), Some(3_000));
    assert_eq!(timeout("{ request: 0s, backendRequest: 3s }"), Some(3_000));
}

#[test]
fn native_services_may_be_referred_to() {
    let text = format!(
        "{}---\nservices: {{ local: {{ port: 9080, endpoints: [{{ address: '10.0.0.1:1' }}] }} }}\n",
        rule("{ backendRefs: [{ name: local, port: 9080 }] }")
    );
    assert_eq!(asked(&text, "/"), "web/r 0 -> local");
    assert_found(&text, &[]);
}

#[test]
fn mirrors_and_origins_are_kept_in_the_policy() {
    let text = rule(
        "{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: shop, port: 80 }, \
         fraction: { numerator: 1, denominator: 8 } } }, { type: CORS, cors: { allowOrigins: \
         ['https://*.a.example'] } }], backendRefs: [{ name: shop, port: 80 }] }",
    );
    let read = read(&text);
    let rule = &read.policy.routes[0].rules[0];
    assert_eq!(rule.mirrors[0].percent, Percent::try_from(12.5).unwrap());
    let TextMatch::Regex(pattern) = &rule.cors.as_ref().unwrap().allow_origins[0] else {
        panic!("{rule:?}");
    };
    assert_eq!(pattern.as_str(), r"https://[^/:]+\.a\.example");
}

#[test]
fn a_host_that_is_set_is_a_rewrite() {
    let text = rule(
        "{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: Host, \
         value: inside.example }] } }], backendRefs: [{ name: shop, port: 80 }] }",
    );
    assert_found(&text, &[]);
    let read = read(&text);
    let rule = &read.policy.routes[0].rules[0];
    assert_eq!(rule.rewrite.authority.as_deref(), Some("inside.example"));
}

#[test]
fn the_timeout_of_a_try_is_the_request_s_where_nothing_is_tried_again() {
    let to = "backendRefs: [{ name: shop, port: 80 }]";
    let times = "timeouts: { request: 9s, backendRequest: 2s }";
    let replaced = "spec.rules[0].timeouts.request: `backendRequest` is the timeout";
    for (more, timeout, of_a_try, ignored) in [
        ("", "2s", None, Some(replaced)),
        ("retry: { attempts: 2 }, ", "9s", Some("2s"), None),
    ] {
        let read = read(&rule(&format!("{{ {times}, {more}{to} }}")));
        let rule = &read.policy.routes[0].rules[0];
        let retries = rule.retries.as_ref().unwrap();
        let per_try = retries.per_try_timeout.map(|timeout| timeout.to_string());
        assert_eq!(per_try.as_deref(), of_a_try);
        let made = rule.timeout;
        assert_eq!(
            made.map(|timeout| timeout.to_string()).as_deref(),
            Some(timeout)
        );
        let told: Vec<_> = { read.report.iter() }
            .filter(|entry| entry.status == Status::Ignored && entry.at.path.contains("timeouts."))
            .map(|entry| format!("{}: {}", entry.at.path, entry.instead))
            .collect();
        assert_eq!(told, Vec::from_iter(ignored));
    }
}

/// Callers stay at one backend, by the annotation that VirtualServices have, too.
#[test]
fn an_annotation_keeps_callers_at_one_backend() {
    let annotated = |annotation: &str| {
        let text = rule(
            "backendRefs: [{ name: shop, port: 80, weight: 9 }, { name: shop, port: 81 }]\n    - \
             name: plain\n      backendRefs: [{ name: shop, port: 80 }, { name: shop, port: 81 }]",
        );
        let text = text.replace("[{ port: 80 }]", "[{ port: 80 }, { name: b, port: 81 }]");
        let named = "name: r, namespace: web";
        text.replace(named, &format!("{named}, annotations: {{ {annotation} }}"))
    };
    let both = "tower-mesh.io/sticky-split: '{ by: { header: x-user } }'";
    let first = "tower-mesh.io/sticky-split.0: '{ by: { header: x-user } }'";
    for (annotation, kept) in [(both, [true, true]), (first, [true, false])] {
        let text = annotated(annotation);
        assert_eq!(found(&read(&text), &text), []);
        let rules = read(&text).policy.routes[0].rules.clone();
        let there: Vec<_> = rules.iter().map(|rule| rule.sticky.is_some()).collect();
        assert_eq!(there, kept, "{annotation}");
    }
    let wrong = annotated("tower-mesh.io/sticky-split.1: '{ by: sourceIp }'");
    assert_found(&wrong, &[("unknown-rule", "tower-mesh.io")]);
    let wrong = annotated("tower-mesh.io/sticky-split: '{ by: { cookie: { name: \"\" } } }'");
    assert_found(&wrong, &[("invalid-value", "tower-mesh.io"); 2]);
}

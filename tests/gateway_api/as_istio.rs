//! What the API leaves open and Istio has its way with. `tests/twin` compares the two at large.

use crate::{assert_found, at, fate, from, plan, read};
use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::import::Status;

const BASE: &str = "
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: two, namespace: web }
spec: { ports: [{ name: a, port: 9080 }, { name: b, port: 9081 }] }
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

fn rules(rules: &[&str]) -> String {
    let rules = rules.iter().map(|rule| format!("    - {rule}\n"));
    format!("{BASE}{}", rules.collect::<String>())
}

/// What becomes of a GET request to the gateway.
fn asked(rule: &str) -> Answer {
    at(&plan(&rules(&[rule])), "web/front", 80, "h", "/")
}

fn preflight(rule: &str, origin: &str) -> Answer {
    let mut question = Question::new("h", "/");
    question.method = Some("OPTIONS".to_owned());
    (question.gateway, question.port) = (Some("web/front".to_owned()), Some(80));
    for (name, value) in [("origin", origin), ("access-control-request-method", "GET")] {
        question.headers.push((name.to_owned(), value.to_owned()));
    }
    plan(&rules(&[rule])).answer(&question).unwrap()
}

const SHOP: &str = "name: shop, port: 80";

fn sets(name: &str, value: &str) -> String {
    format!(
        "filters: [{{ type: RequestHeaderModifier, requestHeaderModifier: {{ set: [{{ name: {name}, \
         value: {value} }}] }} }}]"
    )
}

#[test]
fn a_slash_at_the_end_of_a_prefix_makes_it_no_longer() {
    let to = format!("backendRefs: [{{ {SHOP} }}]");
    let text = rules(&[
        &format!("{{ name: bare, matches: [{{ path: {{ value: /a }} }}], {to} }}"),
        &format!("{{ name: slash, matches: [{{ path: {{ value: /a/ }} }}], {to} }}"),
        &format!("{{ name: root, matches: [{{ method: GET }}], {to} }}"),
    ]);
    let plan = plan(&text);
    let fate = |path| fate(&at(&plan, "web/front", 80, "h", path));
    assert_eq!(fate("/a/b"), "web/r bare -> shop");
    assert_eq!(fate("/b"), "web/r root -> shop");
}

#[test]
fn every_origin_is_one_with_a_scheme_and_a_host() {
    let rule = format!(
        "{{ filters: [{{ type: CORS, cors: {{ allowOrigins: ['*'] }} }}], backendRefs: [{{ {SHOP} }}] }}"
    );
    for (origin, allowed) in [
        ("https://a.example", true),
        ("http://a:8080", true),
        ("null", false),
    ] {
        let answer = preflight(&rule, origin);
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Respond, Some(200))
        );
        let named = |(name, value): &(String, String)| {
            name == "access-control-allow-origin" && value == origin
        };
        assert_eq!(answer.headers.iter().any(named), allowed, "{origin}");
    }
}

#[test]
fn who_sends_requests_nowhere_answers_no_preflight() {
    let cors = "filters: [{ type: CORS, cors: { allowOrigins: ['*'] } }]";
    for backends in ["", ", backendRefs: [{ name: shop, port: 80, weight: 0 }]"] {
        let answer = preflight(&format!("{{ {cors}{backends} }}"), "https://a.example");
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Reject, Some(500))
        );
    }
}

#[test]
fn the_host_that_a_rule_sets_wins_over_a_backend_s() {
    let host = |rule: &str| {
        let answer = asked(rule);
        answer.backends[0].request.clone().unwrap().authority
    };
    let backend = format!(
        "backendRefs: [{{ {SHOP}, {} }}]",
        sets("Host", "backend.example")
    );
    assert_eq!(host(&format!("{{ {backend} }}")), "backend.example");
    let both = format!("{{ {}, {backend} }}", sets("host", "rule.example"));
    assert_eq!(host(&both), "rule.example");
    let rewritten = format!(
        "{{ filters: [{{ type: URLRewrite, urlRewrite: {{ hostname: new.example }} }}], {backend} }}"
    );
    assert_eq!(host(&rewritten), "new.example");
    let read = read(&rules(&[&both]));
    let told = read
        .report
        .iter()
        .find(|entry| entry.status == Status::Approximated);
    assert_eq!(
        told.unwrap().instead,
        "but for the host: the one that the rule sets is sent"
    );
}

#[test]
fn a_host_that_is_set_changes_nothing_of_a_redirect() {
    let redirect = "{ type: RequestRedirect, requestRedirect: { scheme: https } }";
    let rule = format!("{{ {} }}", sets("Host", "a.example"))
        .replace("}] } }]", &format!("}}] }} }}, {redirect}]"));
    assert_found(&rules(&[&rule]), &[]);
    let answer = asked(&rule);
    let location = ("location".to_owned(), "https://h/".to_owned());
    assert_eq!(
        (answer.outcome, answer.headers),
        (Outcome::Redirect, vec![location])
    );
}

#[test]
fn a_backend_of_weight_0_is_not_counted_but_looked_at() {
    let rule = format!(
        "{{ {}, backendRefs: [{{ {SHOP}, {} }}, {{ {SHOP}, weight: 0 }}, {{ name: none, port: 80, \
         weight: 0 }}] }}",
        sets("x-a", "rule"),
        sets("x-a", "backend"),
    );
    // Where one is alone, what it sets wins; among several the rule's would.
    let answer = asked(&rule);
    let request = answer.backends[0].request.clone().unwrap();
    assert_eq!(request.headers, [("x-a".to_owned(), "backend".to_owned())]);
    assert_found(&rules(&[&rule]), &[("unknown-service", "{ name: none")]);
}

#[test]
fn a_route_for_the_first_port_is_for_clients_that_write_none() {
    for (port, written, other) in [
        (9080, "two:9080", "two:9081"),
        (9081, "two:9081", "two:9080"),
    ] {
        let text = rules(&["{ backendRefs: [{ name: shop, port: 80 }] }"]).replace(
            "parentRefs: [{ name: front }]",
            &format!("parentRefs: [{{ kind: Service, group: '', name: two, port: {port} }}]"),
        );
        let plan = plan(&text);
        let routed = |host| from(&plan, "web", host, "/").route.is_some();
        assert!(routed(written) && !routed(other), "{port}");
        assert_eq!(routed("two"), port == 9080, "{port}");
    }
}

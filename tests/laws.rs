//! Laws over what teams have: Istio documents, a gateway, clients that are told apart.

use tower_mesh::explain::Change;
use tower_mesh::import::Documents;
use tower_mesh::policy::{Match, ValueMatch};
use tower_mesh::testing::Subject;
use tower_mesh::testing::law::{Claim, Law, Verdict};

const CLUSTER: &str = "
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: prod }
spec: { ports: [{ name: http, port: 9080 }], selector: { app: reviews } }
---
apiVersion: v1
kind: Service
metadata: { name: ratings, namespace: prod }
spec: { ports: [{ name: http, port: 9080 }], selector: { app: ratings } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: prod }
spec:
  host: reviews
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: prod }
spec:
  hosts: [reviews]
  http:
    - name: testers
      match: [{ sourceLabels: { role: tester } }]
      route: [{ destination: { host: reviews, subset: v2 } }]
    - name: all
      timeout: 2s
      route:
        - { destination: { host: reviews, subset: v1 }, weight: 95 }
        - { destination: { host: reviews, subset: v2 }, weight: 5 }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ingress, namespace: prod }
spec:
  servers:
    - { port: { number: 80, name: http, protocol: HTTP }, hosts: [shop.example.com] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: prod }
spec:
  hosts: [shop.example.com]
  gateways: [ingress]
  http:
    - match: [{ uri: { prefix: /reviews } }]
      route: [{ destination: { host: reviews, subset: v1 } }]
    - match: [{ uri: { exact: /admin } }]
      directResponse: { status: 403 }
    - redirect: { uri: /reviews }
";

fn subject(documents: &str) -> Subject {
    let mut read = Documents::new().add_text("mesh.yaml", documents).read();
    let places = std::mem::take(&mut read.places);
    let policy = read.into_policy().unwrap();
    Subject::of(policy.compile().unwrap().written_at(places))
}

fn broken(verdict: &Verdict) -> String {
    let witness = verdict.witness();
    let witness = witness.unwrap_or_else(|| panic!("{verdict}"));
    serde_json::to_string(&witness.question).unwrap()
}

#[test]
fn clients_are_told_apart_by_their_labels() {
    let mesh = subject(CLUSTER);
    let to_reviews = || mesh.requests().with_host("reviews").from_namespace("prod");
    to_reviews()
        .from_label("role", "tester")
        .only_reach(["reviews/v2"]);
    to_reviews()
        .from_label("role", "tester")
        .never_reach(["reviews.prod:9080/v1"]);
    to_reviews()
        .from_label("role", "other")
        .share("reviews/v2", 0.01..=0.05);
    // Testers of the namespace are among its clients, though the law names no label.
    let bounds = r#"{ "share": { "of": "reviews/v2", "from": "1%", "to": "5%" } }"#;
    let share: Law = serde_json::from_str(bounds).unwrap();
    let verdict = to_reviews().check(share.claim).unwrap();
    assert_eq!(
        broken(&verdict),
        r#"{"authority":"reviews","path":"/","source":{"namespace":"prod","labels":{"role":"tester"}}}"#
    );
    let testers = r#"{ "source": { "labels": { "role": "tester" } } }"#;
    to_reviews()
        .except(serde_json::from_str(testers).unwrap())
        .share("reviews/v2", 0.01..=0.05);

    let other = to_reviews().from_label("role", "other");
    let verdict = other
        .check(Claim::Only(vec!["reviews/v2".parse().unwrap()]))
        .unwrap();
    assert_eq!(
        broken(&verdict),
        r#"{"authority":"reviews","path":"/","source":{"namespace":"prod","labels":{"role":"other"}}}"#
    );
    let text = verdict.to_string();
    assert!(
        text.contains("✓ all      takes everything (mesh.yaml:30:7)\n"),
        "{text}"
    );
    // What is asked from elsewhere may be known by longer names alone.
    mesh.requests()
        .with_host("reviews.prod")
        .from_namespace("far")
        .stay_within(["reviews.prod"]);
}

#[test]
fn what_comes_in_at_a_gateway_is_asked_there() {
    let mesh = subject(CLUSTER);
    let at = || mesh.requests().at_gateway("prod/ingress").at_port(80);
    at().are_answered();
    at().with_prefix("/reviews").only_reach(["reviews/v1"]);
    at().with_path("/admin").are_never_forwarded();
    at().stay_within(["reviews"]);
    let verdict = at().check(Claim::Forwards).unwrap();
    assert_eq!(
        broken(&verdict),
        r#"{"authority":"shop.example.com","path":"/","gateway":"prod/ingress","port":80}"#
    );
    // In the mesh nobody knows that host.
    let verdict = mesh
        .requests()
        .with_host("shop.example.com")
        .in_mesh()
        .check(Claim::Forwards)
        .unwrap();
    assert_eq!(
        (verdict.holds(), verdict.exercised),
        (false, 0),
        "{verdict}"
    );
    let errors = mesh
        .requests()
        .at_gateway("prod/egress")
        .check(Claim::Forwards)
        .unwrap_err();
    assert_eq!(
        errors.to_string(),
        "requests.gateway: no gateway is named `prod/egress`; did you mean `prod/ingress`?"
    );
}

#[test]
fn a_new_version_of_the_documents_agrees_but_for_what_was_meant() {
    let old = subject(CLUSTER);
    let edit = |from: &str, to: &str| {
        assert!(CLUSTER.contains(from), "{from}");
        subject(&CLUSTER.replace(from, to))
    };
    let slower = edit("timeout: 2s", "timeout: 3s");
    let from = |mesh: &Subject| format!("{}", mesh.requests().from_namespace("prod").compare(&old));
    assert!(
        from(&slower).contains("it fares otherwise: timeout"),
        "{}",
        from(&slower)
    );
    slower
        .requests()
        .from_namespace("prod")
        .ignoring([Change::Timeout])
        .agree_with(&old);

    // As documents of two teams, in another order: nothing changes.
    let (services, rest) = CLUSTER.split_at(CLUSTER.find("apiVersion: networking").unwrap());
    let swapped = subject(&format!(
        "{}\n---\n{}",
        rest.trim(),
        services.trim().trim_end_matches("---")
    ));
    swapped.requests().from_namespace("prod").agree_with(&old);
    swapped
        .requests()
        .at_gateway("prod/ingress")
        .agree_with(&old);

    let testers = edit("{ role: tester }", "{ role: testers }");
    let of_all = testers.requests().from_namespace("prod");
    let verdict = of_all.clone().from_label("role", "tester").compare(&old);
    assert!(broken(&verdict).contains(r#"{"role":"tester"}"#));
    let asked = |question: &tower_mesh::explain::Question| {
        let labels = question.source.as_ref().map(|source| &source.labels);
        labels.is_some_and(|labels| labels.contains_key("role"))
    };
    of_all.except_if(asked).agree_with(&old);
}

#[test]
fn preconditions_may_be_said_as_rules_say_them() {
    let mesh = subject(CLUSTER);
    let regex = ValueMatch::Regex("[a-z]+-[0-9]{2}".parse().unwrap());
    let asked = Match::prefix("/reviews").header("x-user", regex);
    let verdict = mesh
        .requests()
        .at_gateway("prod/ingress")
        .like(asked)
        .check(Claim::Only(vec!["reviews/v1".parse().unwrap()]));
    let verdict = verdict.unwrap();
    assert!(verdict.holds() && verdict.exercised > 200, "{verdict}");
}

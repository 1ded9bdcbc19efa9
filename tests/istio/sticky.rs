//! The annotation that keeps callers at one destination.

use crate::reading::*;
use tower_mesh::import::Status;
use tower_mesh::policy::{Cookie, Sticky, StickyKey, Ttl};

/// A VirtualService with these annotations and two splits, and the service behind it.
fn split(annotations: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
  namespace: prod
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{}}'
{annotations}
spec:
  hosts: [reviews]
  http:
    - name: beta
      match: [{{ uri: {{ prefix: /beta }} }}]
      route:
        - {{ destination: {{ host: reviews, subset: v1 }}, weight: 50 }}
        - {{ destination: {{ host: reviews, subset: v2 }}, weight: 50 }}
    - match: [{{ uri: {{ prefix: /old }} }}]
      redirect: {{ uri: /new }}
    - route:
        - {{ destination: {{ host: reviews, subset: v1 }}, weight: 90 }}
        - {{ destination: {{ host: reviews, subset: v2 }}, weight: 10 }}
{}",
        services(&["reviews.prod.svc.cluster.local"])
    )
}

/// What the rules have, in their order.
fn stickies(text: &str) -> Vec<Option<Sticky>> {
    let read = read(text);
    assert_eq!(found(&read), Vec::<String>::new());
    let rules = read.policy.routes[0].rules.iter();
    rules.map(|rule| rule.sticky.clone()).collect()
}

fn by_user() -> Sticky {
    StickyKey::header("x-user").into()
}

#[test]
fn an_annotation_holds_for_every_split_of_the_document() {
    for text in [
        "    tower-mesh.io/sticky-split: '{ by: { header: x-user } }'",
        "    tower-mesh.io/sticky-split: |\n      by:\n        header: x-user",
        "    tower-mesh.io/sticky-split: '{\"by\":{\"header\":\"X-User\"}}'",
        // Not as Kubernetes has it, but in a file it is plain what is meant.
        "    tower-mesh.io/sticky-split: { by: { header: x-user } }",
    ] {
        let expected = [Some(by_user()), None, Some(by_user())];
        assert_eq!(stickies(&split(text)), expected, "{text}");
    }
}

#[test]
fn an_annotation_may_name_one_rule() {
    let cookie = Cookie::new("uid").ttl(Ttl::SESSION);
    let by_cookie = Sticky::by(cookie.into()).group("summer");
    let text = split(
        "    tower-mesh.io/sticky-split.beta: '{ by: { cookie: { name: uid, ttl: 0s } }, group: summer }'
    tower-mesh.io/sticky-split: '{ by: { header: x-user } }'",
    );
    assert_eq!(stickies(&text), [Some(by_cookie), None, Some(by_user())]);
    // Who has no name is called by the index.
    let text = split("    tower-mesh.io/sticky-split.2: '{ by: { header: x-user } }'");
    assert_eq!(stickies(&text), [None, None, Some(by_user())]);
}

#[test]
fn an_annotation_is_reported_and_others_are_not() {
    let read = read(&split(
        "    tower-mesh.io/sticky-split: '{ by: { header: x-user } }'
    tower-mesh.io/sticky-split.1: '{ by: sourceIp }'",
    ));
    let of_annotations = { read.report.iter() }
        .filter(|entry| entry.at.path.starts_with("metadata"))
        .map(|entry| (entry.at.line.unwrap(), entry.status, entry.instead.as_ref()));
    let told: std::collections::BTreeSet<_> = of_annotations.collect();
    let idle = "no rule that it is for sends requests anywhere";
    assert_eq!(
        Vec::from_iter(told),
        [(8, Status::Applied, ""), (9, Status::Ignored, idle)]
    );
}

#[test]
fn what_is_wrong_with_an_annotation_is_told_where_it_stands() {
    for (annotation, wanted) in [
        (
            "tower-mesh.io/sticky-split: '{ by: { heder: x } }'",
            "unknown-variant 8:33 metadata.annotations[\"tower-mesh.io/sticky-split\"].by.heder",
        ),
        (
            "tower-mesh.io/sticky-split: |\n      by:\n        header: x y",
            "invalid-value 10:17 metadata.annotations[\"tower-mesh.io/sticky-split\"].by.header",
        ),
        (
            "tower-mesh.io/sticky-split: cookie",
            "wrong-type 8:33 metadata.annotations[\"tower-mesh.io/sticky-split\"]",
        ),
        (
            "tower-mesh.io/sticky-split: ''",
            "invalid-value 8:33 metadata.annotations[\"tower-mesh.io/sticky-split\"]",
        ),
        (
            "tower-mesh.io/sticky-split: '{ by: { cookie: { name: \"a b\" } } }'",
            "invalid-value 8:5 metadata.annotations[\"tower-mesh.io/sticky-split\"]",
        ),
        (
            "tower-mesh.io/sticky-split.beat: '{ by: sourceIp }'",
            "unknown-rule 8:5 metadata.annotations[\"tower-mesh.io/sticky-split.beat\"]",
        ),
        (
            "tower-mesh.io/sticky-splits: '{ by: sourceIp }'",
            "unknown-field 8:34 metadata.annotations[\"tower-mesh.io/sticky-splits\"]",
        ),
    ] {
        let read = read(&split(&format!("    {annotation}")));
        let mut found = found(&read);
        // What only a rule shows to be wrong is told of each rule.
        found.dedup();
        assert_eq!(found, [wanted], "{annotation}");
        // Istio takes the document, so its requests are routed all the same.
        assert_eq!(read.policy.routes[0].rules.len(), 3, "{annotation}");
    }
}

#[test]
fn nothing_else_can_be_annotated() {
    let text = "apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a, namespace: prod, annotations: { tower-mesh.io/sticky-split: '{}' } }
spec: { host: a }
";
    let warned = "unknown-field 3:82 metadata.annotations[\"tower-mesh.io/sticky-split\"]";
    let found = found(&read(text));
    assert!(found.iter().any(|found| found == warned), "{found:?}");
}

#[test]
fn a_delegate_has_what_its_root_says_unless_it_says_it_itself() {
    let document = |name: &str, annotation: &str, spec: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{ name: \
             {name}, namespace: prod, annotations: {{ {annotation} }} }}\nspec: {spec}\n"
        )
    };
    let to = "{ http: [{ route: [{ destination: { host: reviews, subset: v1 }, weight: 1 }, { \
              destination: { host: reviews, subset: v2 }, weight: 1 }] }] }";
    let own = "tower-mesh.io/sticky-split: '{ by: sourceIp }'";
    let text = document(
        "root",
        "tower-mesh.io/sticky-split: '{ by: { header: x-user } }'",
        "{ hosts: [reviews], http: [{ match: [{ uri: { prefix: /a } }], delegate: { name: own } }, \
         { delegate: { name: none } }] }",
    ) + &document("own", own, to)
        + &document("none", "", to)
        + &services(&["reviews.prod.svc.cluster.local"]);
    let expected = [Some(StickyKey::SourceIp.into()), Some(by_user())];
    assert_eq!(stickies(&text), expected);
}

/// The same user is at the same version in the native policy that says the same.
#[test]
fn a_document_keeps_whom_the_native_policy_keeps() {
    let text = split("    tower-mesh.io/sticky-split: '{ by: { header: x-user } }'");
    let policy = read(&text).policy;
    let native: tower_mesh::Policy = policy.to_yaml().parse().unwrap();
    let plans = [policy, native].map(|policy| policy.compile().unwrap());
    for user in 0..100 {
        let request = http::Request::get("http://reviews.prod.svc.cluster.local/")
            .header("x-user", format!("user-{user}"))
            .body(())
            .unwrap();
        let [imported, native] = [&plans[0], &plans[1]].map(|plan| plan.decide(&request));
        assert_eq!(imported.backends.len(), 1);
        assert_eq!(imported.backends, native.backends);
    }
}

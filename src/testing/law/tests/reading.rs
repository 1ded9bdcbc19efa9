//! Laws as they are written, and whether they fit a policy.

use super::{EDGE, MESH, subject};
use crate::policy::trail::Trail;
use crate::policy::tree::{Salvage, documents};
use crate::testing::law::{Claim, Law};

/// Reads laws from YAML as files do; else what is wrong, each with its place.
fn read(yaml: &str) -> Result<Vec<Law>, Vec<String>> {
    let documents = documents(yaml);
    let node = documents.into_iter().next().unwrap().root.unwrap();
    let mut salvage = Salvage::new();
    let laws = salvage.read::<Vec<Law>>(&node, node.at, &Trail::default());
    match salvage.errors.is_empty() {
        true => Ok(laws.unwrap()),
        false => Err(salvage.errors.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn laws_read_as_the_docs_write_them() {
    let laws = read(
        r#"
- name: beta users never see v1
  requests: { host: reviews, headers: { x-beta: "1" } }
  only: [reviews/v2]
- forwards: true
- forwards: false
- answered: true
- within: [reviews, ratings]
- never: [shadow]
- requests:
    method: PUT
    path: /a?b=c
    query: { page: "2" }
    source: { namespace: prod, labels: { app: web } }
    gateway: istio-system/ingress
    port: 443
    match: [{ headers: { x-a: absent } }]
    strangers: true
  share: { of: reviews/v2, from: 5%, to: 12.5 }
  seed: 7
- agrees: { with: old/, except: [{ prefix: /beta }], ignore: [timeout, share] }
  cases: 1000
"#,
    )
    .unwrap();
    let words: Vec<_> = { laws.iter() }
        .map(|law| format!("{} {}", law.requests, law.claim))
        .collect();
    assert_eq!(
        words,
        [
            "requests to reviews with the header `x-beta: 1` only reach reviews/v2",
            "requests have a destination",
            "requests are never forwarded",
            "requests are answered",
            "requests stay within reviews and ratings",
            "requests never reach shadow",
            "PUT requests for /a?b=c with `page=2` in the query from clients in the namespace prod \
             labelled app=web at the gateway istio-system/ingress on port 443 that fit its `match`, strangers \
             included, go to reviews/v2 with a share of 5 % to 12.5 %",
            "requests fare as under old/",
        ]
    );
    assert_eq!(
        (laws[0].cases, laws[7].cases, laws[6].seed),
        (None, Some(1000), 7)
    );
    let Claim::Agrees(agreement) = &laws[7].claim else {
        panic!("{:?}", laws[7]);
    };
    assert_eq!((agreement.except.len(), agreement.ignore.len()), (1, 2));
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    for (law, says) in [
        (
            "- {}",
            "1:3: [0]: the law says nothing; write one of `forwards`",
        ),
        (
            "- { forwards: true, only: [a] }",
            "1:3: [0]: the law says several things",
        ),
        (
            "- { answered: false }",
            "1:3: [0]: `answered: false` is no law",
        ),
        (
            "- { only: [a, 'b c'] }",
            "1:15: [0].only[1]: `b c` names no service",
        ),
        (
            "- { onyl: [a] }",
            "1:5: [0].onyl: there is no field `onyl` here; did you mean `only`?",
        ),
        ("- { only: a }", "1:11: [0].only: found the text"),
        (
            "- { share: { of: a, from: x } }",
            "1:27: [0].share.from: `x` is no percentage; write",
        ),
        (
            "- { share: { of: a, to: 101% } }",
            "[0].share.to: 101 is no percentage; write",
        ),
        ("- { share: { from: 1% } }", "the field `of` is missing"),
        (
            "- { requests: { method: G T }, forwards: true }",
            "[0].requests.method: the method \"G T\"",
        ),
        (
            "- { requests: { path: a }, forwards: true }",
            "[0].requests.path: the path \"a\"",
        ),
        (
            "- { requests: { host: a/b }, forwards: true }",
            "[0].requests.host: `a/b` names no host",
        ),
        (
            "- { requests: { headers: { x-a: 1 } }, forwards: true }",
            "[0].requests.headers.x-a: found the number 1, where a text belongs",
        ),
        (
            "- { requests: { headers: { x-a: 'a', X-A: b } }, forwards: true }",
            "the header `x-a` is there twice",
        ),
        (
            "- { requests: { headers: { x-a: \"a\\nb\" } }, forwards: true }",
            "[0].requests.headers.x-a: \"a\\nb\" is no header's value",
        ),
        (
            "- { requests: { query: { a: 'b c' } }, forwards: true }",
            "[0].requests.query.a: \"b c\" cannot stand in a query",
        ),
        (
            "- { requests: { match: [{ path: { regex: '(' } }] }, forwards: true }",
            "[0].requests.match[0].path.regex: ",
        ),
        (
            "- { requests: { source: { ns: a } }, forwards: true }",
            "[0].requests.source.ns: there is no field `ns` here",
        ),
        (
            "- { agrees: { with: a, ignore: [shares] } }",
            "[0].agrees.ignore[0]: there is no `shares` to choose here; did you mean `share`?",
        ),
        (
            "- { agrees: { except: [] } }",
            "the field `with` is missing",
        ),
        (
            "- { forwards: true, cases: -1 }",
            "[0].cases: found the number -1",
        ),
    ] {
        let errors = read(law).unwrap_err();
        // Without what could not be read, the law may say nothing.
        assert!(errors.len() <= 2, "{law}: {errors:#?}");
        assert!(errors[0].contains(says), "{law}: {}", errors[0]);
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let errors =
        read("- { onyl: [a], forwards: true }\n- { only: ['b c', d, '/'] }\n").unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:#?}");
}

#[test]
fn a_law_that_does_not_fit_the_policy_is_told() {
    for (law, says) in [
        (
            "only: [review/v2]",
            "only[0]: no service is named `review`; did you mean `reviews`?",
        ),
        (
            "within: [ratings, reviews/v3]",
            "within[1]: the service `reviews` has no subset `v3`",
        ),
        (
            "never: [reviews:81]",
            "never[0]: the service `reviews` has no port 81; there is only `9080`",
        ),
        (
            "share: { of: rating }",
            "share.of: no service is named `rating`",
        ),
        (
            "share: { of: ratings, from: 9%, to: 8% }",
            "share.to: no share lies within these bounds",
        ),
        (
            "share: { of: ratings }",
            "share: every share lies within these bounds; write `from` or `to`",
        ),
        (
            "only: []",
            "only: there are no targets; write some, or `forwards: false`",
        ),
        (
            "{ forwards: true, cases: 0 }",
            "cases: no request would be generated",
        ),
        (
            "{ forwards: true, requests: { host: rewiews } }",
            "requests.host: the policy knows no host `rewiews`; did you mean `reviews`?",
        ),
        (
            "{ forwards: true, requests: { host: '*.reviews' } }",
            "requests.host: the policy knows no host `*.reviews`",
        ),
        (
            "{ forwards: true, requests: { gateway: a/b } }",
            "requests.gateway: no gateway is named `a/b`; there are none",
        ),
        (
            "{ forwards: true, requests: { port: 80 } }",
            "requests.port: a port without a gateway; add `gateway`",
        ),
        (
            "{ forwards: true, requests: { match: [{ port: 80, from: { namespaces: [a] } }] } }",
            "requests.match[0].from: `from` is not asked of a request here",
        ),
        (
            "{ agrees: { with: a, except: [{ match: [{ gateways: [mesh] }] }] } }",
            "agrees.except[0].match[0].gateways: `gateways` is not asked",
        ),
    ] {
        let law = read(&format!("- {law}")).unwrap().remove(0);
        let mesh = subject(MESH);
        let findings = law.findings(&mesh, &Trail::default());
        let told: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|told| told.starts_with(says)),
            "{law:?}: {told:#?}"
        );
        assert!(law.check(&mesh).is_err());
    }
    let law = read("- { forwards: true, requests: { host: a.example.com } }")
        .unwrap()
        .remove(0);
    assert_eq!(
        law.findings(
            &subject(
                &EDGE
                    .replace("edge.example", "'*.example")
                    .replace(".com]", ".com']")
            ),
            &Trail::default()
        ),
        []
    );
}

#[test]
#[should_panic(expected = "no service is named `review`; did you mean `reviews`?")]
fn a_line_about_what_is_not_there_panics() {
    subject(MESH).requests().only_reach(["review"]);
}

#[test]
#[should_panic(expected = "broken: requests to reviews only reach reviews/v2")]
fn a_line_that_does_not_hold_panics() {
    subject(MESH)
        .requests()
        .with_host("reviews")
        .only_reach(["reviews/v2"]);
}

#[test]
#[should_panic(expected = "none of 20 requests exercised it")]
fn a_line_that_is_vacuous_panics() {
    subject(EDGE)
        .requests()
        .with_host("edge.example.com")
        .with_path("/")
        .cases(20)
        .only_reach(["ratings"]);
}

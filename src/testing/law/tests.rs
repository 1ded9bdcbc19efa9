use super::*;
use crate::explain::{Change, Question};
use crate::policy::{Match, Policy, ValueMatch};

/// A split, a beta, a service without a route, a redirect, a rule that answers, a dead share.
const MESH: &str = "
services:
  reviews:
    port: 9080
    endpoints:
      - { address: '10.0.0.1:80', labels: { version: v1 } }
      - { address: '10.0.0.2:80', labels: { version: v2 } }
    subsets:
      v1: { labels: { version: v1 } }
      v2: { labels: { version: v2 } }
  ratings: { endpoints: [{ address: '10.0.0.3:80' }] }
  shadow: { endpoints: [{ address: '10.0.0.4:80' }] }
routes:
  - name: reviews
    hosts: [reviews]
    rules:
      - name: beta
        match: [{ headers: { x-beta: { exact: '1' } } }]
        to: [{ service: reviews, subset: v2 }]
      - name: copied
        match: [{ path: { prefix: /copied } }]
        to: [{ service: reviews, subset: v1 }]
        mirrors: [{ service: shadow }]
      - name: canary
        to:
          - { service: reviews, subset: v1, weight: 90 }
          - { service: reviews, subset: v2, weight: 10 }
";

const EDGE: &str = "
routes:
  - name: edge
    hosts: [edge.example.com]
    rules:
      - { name: old, match: [{ path: { prefix: /old } }], redirect: { path: { replaceFull: /new } } }
      - { name: robots, match: [{ path: { exact: /robots.txt } }], respond: { status: 200, body: none } }
      - { name: api, match: [{ path: { prefix: /api } }], to: [{ service: ratings }] }
services:
  ratings: { endpoints: [{ address: '10.0.0.3:80' }] }
";

fn subject(policy: &str) -> Subject {
    let policy: Policy = policy.parse().unwrap();
    Subject::new(&policy).unwrap()
}

fn law(yaml: &str) -> Law {
    serde_json::from_str(yaml).unwrap()
}

fn check(policy: &str, yaml: &str) -> Verdict {
    law(yaml).check(&subject(policy)).unwrap()
}

fn witness(policy: &str, yaml: &str) -> Witness {
    let verdict = check(policy, yaml);
    verdict
        .witness()
        .unwrap_or_else(|| panic!("{verdict}"))
        .clone()
}

#[test]
fn play() {
    for law in [
        r#"{"forwards": true}"#,
        r#"{"answered": true}"#,
        r#"{"requests":{"headers":{"x-beta":"1"},"host":"reviews"},"only": ["reviews/v2"]}"#,
        r#"{"requests":{"host":"reviews"},"only": ["reviews/v2"]}"#,
        r#"{"within": ["reviews","ratings"]}"#,
        r#"{"never": ["ratings"]}"#,
        r#"{"requests":{"host":"reviews"},"share": {"of":"reviews/v2","from":"5%","to":"15%"}}"#,
    ] {
        let now = std::time::Instant::now();
        let verdict = check(MESH, law);
        eprintln!("{verdict}\n{:?}", now.elapsed());
    }
    eprintln!("{}", check(EDGE, r#"{"forwards": true}"#));
    eprintln!("{}", check(EDGE, r#"{"answered": true}"#));
}

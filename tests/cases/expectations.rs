//! What may be expected of an answer, and what is told where it does not hold.

use tower_mesh::testing::Subject;
use tower_mesh::testing::cases::{Cases, Report};

fn check(cases: &str) -> Report {
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let cases = Cases::parse(cases).unwrap_or_else(|errors| panic!("{errors}"));
    let report = mesh.check_cases(&cases);
    report.unwrap_or_else(|errors| panic!("{errors}"))
}

/// Asks one thing and gives the differences, one a line.
fn differences(request: &str, expected: &str) -> String {
    let report = check(&format!(
        "cases: [{{ request: {request}, expect: {expected} }}]"
    ));
    let differences: Vec<_> = { report.cases[0].differences.iter() }
        .map(ToString::to_string)
        .collect();
    assert_eq!(report.cases[0].passed(), differences.is_empty());
    differences.join("\n")
}

const CANARY: &str = "{ url: 'http://reviews/api?page=2', headers: { X-User: ann } }";

#[test]
fn each_field_holds_or_is_told() {
    for (good, bad, told) in [
        (
            "outcome: forward",
            "outcome: reject",
            "outcome: expected reject, found forward",
        ),
        (
            "route: reviews",
            "route: ratings",
            "route: expected ratings, found reviews",
        ),
        (
            "rule: canary",
            "rule: beta",
            "rule: expected beta, found canary",
        ),
        (
            "status: null",
            "status: 404",
            "status: expected 404, found nothing",
        ),
        (
            "body: null",
            "body: 'a b'",
            "body: expected \"a b\", found nothing",
        ),
        (
            "headers: null",
            "headers: { a: b }",
            "headers.a: expected b, found nothing",
        ),
        (
            "timeout_ms: 2000",
            "timeout_ms: null",
            "timeout_ms: expected nothing, found 2000",
        ),
        (
            "timeout_ms: 2000",
            "timeout_ms: 200",
            "timeout_ms: expected 200, found 2000",
        ),
        (
            "per_try_timeout_ms: null",
            "per_try_timeout_ms: 5",
            "per_try_timeout_ms: expected 5, found nothing",
        ),
        (
            "retry: { attempts: 2 }",
            "retry: { attempts: 3 }",
            "retry.attempts: expected 3, found 2",
        ),
        (
            "retry: { on: [gateway-error], codes: [] }",
            "retry: { on: [5xx, reset], codes: null }",
            "retry.on: expected 5xx, reset, found gateway-error",
        ),
        (
            "retry: { on: [gateway-error] }",
            "retry: { on: [reset] }",
            "retry.on[0]: expected reset, found gateway-error",
        ),
        (
            "fault: { delay_ms: 50, delay_share: 10%, abort_status: null }",
            "fault: { delay_ms: 60, abort_share: 1/4 }",
            "fault.delay_ms: expected 60, found 50\nfault.abort_share: expected 0.25, found nothing",
        ),
        (
            "fault: {}",
            "fault: null",
            "fault: expected nothing, found a delay of 50 ms for 0.1",
        ),
        (
            "limits: [{ key: ann, allowed: true }]",
            "limits: [{ key: bob, allowed: false }]",
            "limits[0].key: expected bob, found ann\nlimits[0].allowed: expected false, found true",
        ),
        (
            "limits: [{ name: reviews/canary/each }]",
            "limits: []",
            "limits: expected nothing, found reviews/canary/each of ann allows",
        ),
        (
            "mirrors: [ratings]",
            "mirrors: [reviews]",
            "mirrors[0]: expected reviews, found ratings.prod:8080 0.5",
        ),
        (
            "mirrors: [{ service: ratings.prod, port: 8080, share: 50% }]",
            "mirrors: [{ service: ratings, share: 0.4 }]",
            "mirrors[0].share: expected 0.4, found 0.5",
        ),
        (
            "mirrors: ['ratings.prod:8080']",
            "mirrors: null",
            "mirrors: expected nothing, found ratings.prod:8080 0.5",
        ),
    ] {
        assert_eq!(differences(CANARY, &format!("{{ {good} }}")), "", "{good}");
        assert_eq!(differences(CANARY, &format!("{{ {bad} }}")), told, "{bad}");
    }
}

#[test]
fn backends_are_these_in_any_order_and_each_in_part() {
    for (good, bad, told) in [
        (
            "[reviews/v2, reviews/v1]",
            "[reviews/v1]",
            "backends: expected reviews/v1, found reviews:9080/v1 0.9, reviews:9080/v2 0.1",
        ),
        (
            "[{ share: 10% }, { share: 9/10 }]",
            "[{ share: 10% }, { share: 89% }]",
            "backends[1].share: expected 0.89, found 0.9",
        ),
        // The first fits both, the second only one of them.
        (
            "[reviews, reviews/v1]",
            "[reviews/v1, reviews/v1]",
            "backends[1]: expected reviews/v1, found reviews:9080/v2 0.1",
        ),
        (
            "[{}, { service: reviews, namespace: null, port: 9080, subset: v1, status: null }]",
            "[{}, { service: ratings.prod }]",
            "backends[1].service: expected ratings.prod, found reviews",
        ),
        (
            "[{ subset: v1, request: { method: GET, scheme: http, authority: reviews, path: '/api?page=2' } }, {}]",
            "[{ subset: v1, request: { method: PUT, scheme: https, authority: ratings, path: / } }, {}]",
            "backends[0].request.method: expected PUT, found GET\n\
             backends[0].request.scheme: expected https, found http\n\
             backends[0].request.authority: expected ratings, found reviews\n\
             backends[0].request.path: expected /, found \"/api?page=2\"",
        ),
        (
            "[{ subset: v1, request: { headers: { X-Via: mesh, x-none: null } } }, {}]",
            "[{ subset: v1, request: { headers: { x-via: null, x-user: [ann, bob] } } }, {}]",
            "backends[0].request.headers.x-via: expected nothing, found mesh\n\
             backends[0].request.headers.x-user: expected [ann, bob], found ann",
        ),
        (
            "[{ subset: v1, request: { headers: [[x-via, mesh], [x-user, ann]] } }, {}]",
            "[{ subset: v1, request: { headers: [[x-user, bob], [x-more, '']] } }, {}]",
            "backends[0].request.headers.x-more: expected \"\", found nothing\n\
             backends[0].request.headers.x-user: expected bob, found ann\n\
             backends[0].request.headers.x-via: expected nothing, found mesh",
        ),
        (
            "[{ subset: v1, response_headers: { set: { x-kind: canary }, add: [[x-via, mesh]], remove: [server] } }, {}]",
            "[{ subset: v1, response_headers: { set: null, add: [], remove: [] } }, {}]",
            "backends[0].response_headers.set: expected nothing, found [x-kind: canary]\n\
             backends[0].response_headers.add.x-via: expected nothing, found mesh\n\
             backends[0].response_headers.remove: expected nothing, found server",
        ),
    ] {
        assert_eq!(
            differences(CANARY, &format!("{{ backends: {good} }}")),
            "",
            "{good}"
        );
        assert_eq!(
            differences(CANARY, &format!("{{ backends: {bad} }}")),
            told,
            "{bad}"
        );
    }
}

#[test]
fn a_service_of_kubernetes_goes_by_all_its_names() {
    let request = "http://ratings.example.com/";
    for name in ["ratings", "ratings.prod", "ratings.prod.svc.cluster.local"] {
        let mapping = format!("{{ backends: [{{ service: {name}, share: 2/3 }}, reviews] }}");
        assert_eq!(differences(request, &mapping), "", "{name}");
        let short = format!("{{ backends: [{name}, reviews] }}");
        assert_eq!(differences(request, &short), "", "{name}");
    }
    assert_eq!(
        differences(
            request,
            "{ backends: [{ service: ratings, namespace: test }, {}] }"
        ),
        "backends[0].namespace: expected test, found prod"
    );
}

#[test]
fn redirects_and_hosts_that_nobody_knows() {
    let moved = "http://reviews/old/1";
    assert_eq!(
        differences(
            moved,
            "{ outcome: redirect, rule: moved, status: 301, backends: [], limits: [],
               headers: { location: 'http://reviews/new/1', x-kind: moved } }"
        ),
        ""
    );
    assert_eq!(
        differences(moved, "{ headers: [[location, 'http://reviews/new']] }"),
        "headers.location: expected http://reviews/new, found http://reviews/new/1\n\
         headers.x-kind: expected nothing, found moved"
    );
    for known in ["[example.com]", "[{ service: example.com, port: 80 }]"] {
        let expected = format!("{{ route: null, backends: {known} }}");
        assert_eq!(differences("http://example.com/", &expected), "");
    }
    // It is addressed and let through, so the name is no slip, but the answer is another.
    assert_eq!(
        differences("http://reviews/", "{ backends: [{ service: reviews }] }"),
        "backends: expected reviews, found reviews:9080/v1 0.9, reviews:9080/v2 0.1"
    );
}

#[test]
fn a_seed_draws_as_decide_does() {
    let of = |seed: u64| {
        let report = check(&format!(
            "cases: [{{ request: 'http://reviews/', seed: {seed}, expect: {{ backends: [{{ subset: v2, share: 1 }}] }} }}]"
        ));
        report.failed() == 0
    };
    let drawn = (0..200).filter(|seed| of(*seed)).count();
    assert!(
        (5..50).contains(&drawn),
        "{drawn} of 200 for a share of 0.1"
    );
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    for seed in 0..20 {
        let chance = tower_mesh::rng::Rng::seeded(seed).chance();
        let question = tower_mesh::explain::Question::new("reviews", "/");
        let answer = mesh.answer_by(&question, chance).unwrap();
        assert_eq!(
            answer.backends[0].subset() == Some("v2"),
            of(seed),
            "{seed}"
        );
    }
}

#[test]
fn a_report_says_what_came_of_each_case_and_what_is_covered() {
    let report = check(
        "coverage: { rules: 50, destinations: 100 }
cases:
  - { name: good, request: 'http://reviews/', expect: { rule: canary } }
  - name: bad
    request: { url: 'http://reviews/', headers: { x-beta: '1' } }
    expect:
      rule: canary
      backends: [reviews/v1]
",
    );
    assert_eq!((report.failed(), report.passed()), (1, false));
    let why = report.cases[1].explanation.as_ref().unwrap().to_string();
    let indented = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("    {line}\n"),
    };
    let why: String = why.lines().map(indented).collect();
    assert!(why.contains("by rule `beta` of route `reviews`"), "{why}");
    let said = report.to_string().replace(&why, "    WHY\n");
    // JSON is there with the feature `testing`, and the question with it.
    let question = r#"  question  {"scheme":"http","authority":"reviews","path":"/","headers":[["x-beta","1"]]}"#;
    assert_eq!(said.contains(question), cfg!(feature = "testing"));
    assert_eq!(
        said.replace(&format!("{question}\n"), ""),
        "\
line 4:5: failed: bad
  line 7:13: rule: expected canary, found beta
  line 8:18: backends[0]: expected reviews/v1, found reviews:9080/v2 1

    WHY

2 cases, 1 passed
rules: 2 of 4 (50 %), 50 % required
  tests/cases/mesh.yaml:18:9: reviews/moved
  tests/cases/mesh.yaml:37:9: ratings/0
matches: 1 of 2 (50 %)
  tests/cases/mesh.yaml:19:17: reviews/moved match[0]
destinations: 3 of 5 (60 %), but 100 % required
  tests/cases/mesh.yaml:38:13: ratings/0 to ratings.prod.svc.cluster.local:8080
  tests/cases/mesh.yaml:39:13: ratings/0 to reviews"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["passed"], false);
    assert_eq!(json["cases"][0]["passed"], true);
    assert_eq!(json["cases"][0].get("explanation"), None);
    let bad = &json["cases"][1];
    assert_eq!(
        (&bad["name"], &bad["passed"]),
        (&"bad".into(), &false.into())
    );
    assert_eq!(bad["differences"][0]["field"], "rule");
    assert_eq!(bad["differences"][0]["at"]["line"], 7);
    assert_eq!(bad["explanation"]["answer"]["rule"], "beta");
    assert_eq!(bad["taken"]["rule"], "reviews/beta");
    assert_eq!(json["coverage"]["rules"]["covered"], 2);
    assert_eq!(json["required"]["destinations"], 100);
}

/// Whoever breaks many sees all of them, and why in the first ten.
#[test]
fn the_first_ten_are_explained_in_full() {
    let case = "- { request: 'http://reviews/', expect: { rule: beta } }\n";
    let report = check(&format!("cases:\n{}", case.repeat(102)));
    let told = report.to_string();
    assert_eq!(told.matches("expected beta, found canary").count(), 102);
    assert_eq!(told.matches("rules, in the order").count(), 10);
    let explained = report
        .cases
        .iter()
        .filter(|case| case.explanation.is_some());
    assert_eq!(explained.count(), 100);
}

#[test]
#[should_panic(expected = "\n  tests/cases/wrong.yaml:5:21: rule: expected beta, found canary\n")]
fn cases_that_fail_panic_with_why() {
    Subject::load("tests/cases/mesh.yaml")
        .unwrap()
        .run_cases("tests/cases/wrong.yaml");
}

#[test]
#[should_panic(expected = "ratings/0 to reviews")]
fn too_little_coverage_panics_with_what_was_missed() {
    use tower_mesh::testing::coverage::Minimum;
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    mesh.assert_covered(Minimum::all());
}

#[test]
fn the_status_of_a_share_that_nobody_serves_is_compared() {
    let policy = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] }, gone: {} }
routes:
  - name: a
    hosts: [a]
    rules: [{ to: [{ service: a }, { service: gone, whenMissing: 503 }] }]
";
    let mut policy: tower_mesh::Policy = policy.parse().unwrap();
    policy.services.remove("gone");
    let plan = tower_mesh::plan::Plan::lenient(&policy, &Default::default(), None);
    let mesh = Subject::of(plan);
    for (status, told) in [
        (503, None),
        (500, Some("backends[1].status: expected 500, found 503")),
    ] {
        let cases = format!(
            "cases: [{{ request: 'http://a/', expect: {{ backends: [a, {{ status: {status} }}] }} }}]"
        );
        let report = mesh.check_cases(&Cases::parse(&cases).unwrap()).unwrap();
        let differences = report.cases[0].differences.iter();
        let differences: Vec<_> = differences.map(ToString::to_string).collect();
        assert_eq!(differences, Vec::from_iter(told));
    }
}

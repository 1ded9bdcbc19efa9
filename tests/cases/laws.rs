//! Laws in a file of cases: what is told of them beside the cases.

use tower_mesh::import::Documents;
use tower_mesh::testing::Subject;
use tower_mesh::testing::cases::{Cases, Report};

fn check(file: &str) -> Report {
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let documents = Documents::new().add_text("tests/cases/laws.yaml", file);
    let cases = Cases::from_documents(&documents).unwrap();
    mesh.check_cases(&cases).unwrap()
}

#[test]
fn laws_that_hold_are_counted_and_cover() {
    let report = check(
        "laws:
  - { requests: { host: reviews, headers: { x-beta: '1' } }, only: [reviews/v2] }
  - { requests: { host: reviews }, within: [reviews, ratings] }
",
    );
    assert!(report.holds() && report.passed());
    // A request that is redirected says nothing of services.
    assert_eq!(report.coverage.rules.covered, 2);
    let told = report.to_string();
    assert!(
        told.starts_with("2 laws, 2 held\nrules: 2 of 4 (50 %)\n"),
        "{told}"
    );
}

#[test]
fn laws_that_are_broken_or_vacuous_fail_with_their_places() {
    let report = check(
        "cases:
  - { request: 'http://reviews/', expect: { rule: canary } }
laws:
  - name: one version
    requests: { host: reviews, headers: { x-beta: '1' } }
    only: [reviews/v1]
  - { requests: { host: reviews, path: /old, headers: { x-beta: '0' } }, only: [reviews/v1] }
",
    );
    assert_eq!(
        (report.failed(), report.holds(), report.passed()),
        (0, false, false)
    );
    let told = report.to_string();
    for says in [
        "1 case, 1 passed\ntests/cases/laws.yaml:4:5: broken: one version: ",
        "\ntests/cases/laws.yaml:7:5: vacuous: ",
        "\n2 laws, 0 held\nrules: ",
    ] {
        assert!(told.contains(says), "{says}\n{told}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["passed"], false);
    assert_eq!(json["laws"][0]["verdict"]["verdict"], "broken");
    assert_eq!(json["laws"][0]["passed"], false);
    assert_eq!(json["laws"][0]["at"]["line"], 4);
    assert_eq!(json["laws"][1]["verdict"]["verdict"], "vacuous");
}

/// A path in a file is meant from the file's folder.
#[test]
fn a_policy_to_agree_with_is_found_beside_the_file() {
    let report = check("laws: [{ agrees: { with: mesh.yaml } }]");
    assert!(report.holds(), "{report}");
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    let gone = "laws: [{ agrees: { with: gone.yaml } }]";
    let documents = Documents::new().add_text("tests/cases/laws.yaml", gone);
    let errors = mesh
        .check_cases(&Cases::from_documents(&documents).unwrap())
        .unwrap_err();
    assert!(
        errors
            .to_string()
            .starts_with("tests/cases/gone.yaml: cannot be read"),
        "{errors}"
    );
}

#[test]
#[should_panic(expected = "vacuous")]
fn laws_that_fail_panic() {
    let mesh = Subject::load("tests/cases/mesh.yaml").unwrap();
    mesh.run_cases("tests/cases/vacuous.yaml");
}

//! `policy_test!` as its users write it.
#![cfg(feature = "yaml")]

use proptest::{prop_assert, proptest};
use tower_mesh::explain::Outcome;
use tower_mesh::policy_test;
use tower_mesh::testing::coverage::Minimum;
use tower_mesh::testing::{PolicyTest, requests_for};

policy_test! {
    /// The example that the README shows.
    fn the_example_is_as_its_cases_say(mesh: "examples/mesh.yaml", cases: "examples/cases.yaml") {}
}

policy_test! {
    fn properties_count_towards_the_coverage(
        mesh: "examples/mesh.yaml",
        require: { rules: 100, matches: 100, destinations: 100 },
    ) {
        proptest!(|(request in requests_for(mesh.policy()).with_host("reviews"))| {
            prop_assert!(mesh.decide(&request).outcome != Outcome::NoRoute);
        });
    }
}

policy_test! {
    fn cases_and_properties_count_together(
        mesh: "tests/cases/mesh.yaml",
        require: { rules: 50.0, matches: 50 },
        cases: ["tests/cases/beta.yaml"]
    ) {
        assert_eq!(mesh.covered().rules.covered, 1);
        let old = http::Request::get("http://reviews/old").body(()).unwrap();
        mesh.decide(&old);
    }
}

policy_test! {
    fn several_files_are_one_policy(mesh: ["examples/istio.yaml", "examples/mesh.yaml"]) {
        assert!(mesh.policy().routes.len() > 1);
    }
}

policy_test! {
    #[should_panic(expected = "rules: 1 of 4 (25 %), but 50 % required")]
    fn too_little_coverage_fails(
        mesh: "tests/cases/mesh.yaml",
        cases: "tests/cases/beta.yaml",
        require: { rules: 50 },
    ) {}
}

policy_test! {
    #[should_panic(expected = "wrong.yaml:5:21: rule: expected beta, found canary")]
    fn a_case_that_fails_does(mesh: "tests/cases/mesh.yaml", cases: "tests/cases/wrong.yaml") {}
}

policy_test! {
    #[should_panic(expected = "what the body says")]
    fn a_body_that_panics_fails(mesh: "tests/cases/mesh.yaml", cases: "tests/cases/wrong.yaml") {
        panic!("what the body says");
    }
}

policy_test! {
    #[should_panic(expected = "names.yaml:4:22: cases[0].expect.route: there is no route `review`")]
    fn names_that_there_are_not_fail(
        mesh: "tests/cases/mesh.yaml",
        cases: "tests/cases/bad/names.yaml",
    ) {}
}

policy_test! {
    #[should_panic(expected = "gone.yaml: cannot be read")]
    fn a_policy_that_is_not_there_fails(mesh: "gone.yaml") {}
}

policy_test! {
    #[should_panic(expected = "there is no field `routs` here")]
    fn a_policy_that_is_wrong_fails(mesh: "tests/cli/broken.yaml") {}
}

/// What the macro stands for can be called where paths are only known at run time. From elsewhere
/// paths are taken from the root that is named.
#[test]
fn the_test_may_be_made_by_hand() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let test = PolicyTest::new("by hand", root).policy("mesh.yaml");
    let required = Minimum::none().rules(25);
    test.cases(vec!["beta.yaml"]).require(required).run(|_| {});
}

/// For who collects coverage, each test writes what the command would print.
#[test]
fn coverage_is_written_where_the_environment_says() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("coverage");
    let _ = std::fs::remove_dir_all(&folder);
    let test = "cases_and_properties_count_together";
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env("TOWER_MESH_COVERAGE", &folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let file = folder.join(format!("policy_test.{test}.json"));
    let json = std::fs::read_to_string(file).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["passed"], true);
    assert_eq!(report["coverage"]["rules"]["covered"], 2);
    assert_eq!(report["required"]["rules"], 50);
}

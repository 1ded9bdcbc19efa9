//! Every document of the tests and the examples.

use crate::{Asked, policies, written};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use std::path::{Path, PathBuf};
use tower_mesh::explain::Question;
use tower_mesh::import::Documents;
use tower_mesh::policy::Policy;
use tower_mesh::testing::requests_for;

/// The YAML files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().and_then(|end| end.to_str()) {
            _ if path.is_dir() => files(&path, found),
            Some("yaml" | "yml") => found.push(path),
            _ => {}
        }
    }
}

/// Compares the two by requests that are aimed at the policy's rules, and gives how often.
#[track_caller]
fn agree(policy: &Policy, again: &Policy, runner: &mut TestRunner, requests: usize) -> usize {
    let (one, another) = (Asked::new(policy), Asked::new(again));
    let strategy = requests_for(policy);
    let mut compared = 0;
    for _ in 0..requests {
        let request = strategy.new_tree(runner).unwrap().current();
        compared += one.agrees(&another, &Question::of(&request));
    }
    compared
}

#[test]
fn every_document_of_ours_decides_the_same_once_it_is_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["tests", "examples"] {
        files(&root.join(folder), &mut paths);
    }
    paths.sort();
    let mut runner = TestRunner::deterministic();
    let (mut sets, mut compared) = (0, 0);
    for path in &paths {
        let read = Documents::new().add_path(path).unwrap().read();
        if read.unreadable {
            continue;
        }
        sets += 1;
        let again = written(&path.display().to_string(), &read);
        compared += agree(&read.policy, &again, &mut runner, 96);
    }
    println!("{sets} of {} files, {compared} answers", paths.len());
    assert!(sets >= 20, "only {sets} sets of documents");
    assert!(compared >= 5_000, "only {compared} answers");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Most of these name services that are not there, and are decided by all the same.
    #[test]
    fn every_policy_decides_the_same_once_it_is_written(policy in policies::policy()) {
        let read = Documents::new().add_text("policy", policy.to_yaml()).read();
        let again = written("policy", &read);
        prop_assert_eq!(&policy, &again);
        agree(&policy, &again, &mut TestRunner::deterministic(), 8);
    }
}

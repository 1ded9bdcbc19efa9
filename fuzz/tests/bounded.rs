//! Each target over its corpus and over a fixed number of inputs that are made of it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tower_mesh_fuzz::TARGETS;
use tower_mesh_fuzz::mutate::{Chance, mutated};

/// The seeds of a target by their names, so that numbers mean the same everywhere.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![here.join("corpus").join(target)];
    if target == "documents" {
        folders.push(here.join("../tests/policies"));
        folders.push(here.join("../tests/import"));
    }
    let mut seeds = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let files = paths.iter().filter(|path| path.is_file());
        seeds.extend(files.map(|path| fs::read(path).unwrap()));
    }
    assert!(seeds.len() > 3, "{target} has no corpus");
    seeds
}

/// Another seed looks elsewhere: `TOWER_MESH_SEED=7 TOWER_MESH_INPUTS=1000000`.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{variable}: {error}")),
    )
}

fn run(target: &str, inputs: u64) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seeds = corpus(target);
    let mut chance = Chance::seeded(number("TOWER_MESH_SEED").unwrap_or(1));
    let inputs = number("TOWER_MESH_INPUTS").unwrap_or(inputs);
    let made = (0..inputs).map(|_| mutated(&seeds, &mut chance));
    for input in seeds.clone().into_iter().chain(made) {
        if catch_unwind(AssertUnwindSafe(|| body(&input))).is_err() {
            panic!(
                "{target} breaks its law for {:?}",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

#[test]
fn documents_are_read_or_refused() {
    run("documents", 20_000);
}

#[test]
fn lines_are_answered_or_refused() {
    run("decide_line", 100_000);
}

#[test]
fn cases_are_asked_or_refused() {
    run("cases", 20_000);
}

#[test]
fn paths_are_matched_by_themselves() {
    run("path", 10_000);
}

#[test]
fn values_read_back_as_they_are_printed() {
    run("duration", 200_000);
}

#[test]
fn every_target_has_a_binary_and_a_corpus() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in TARGETS {
        let text = fs::read_to_string(here.join("fuzz_targets").join(format!("{name}.rs")));
        assert!(text.unwrap().contains(&format!("tower_mesh_fuzz::{name}(")));
        corpus(name);
    }
    assert_eq!(
        fs::read_dir(here.join("fuzz_targets")).unwrap().count(),
        TARGETS.len()
    );
}

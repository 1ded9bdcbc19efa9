//! The Gateway API's conformance cases: each asked of a compiled plan, and each run over loopback
//! sockets.
//!
//! A case is a JSON document of manifests, requests and what has to come of them. Our own lie
//! beside this file and cover the same clauses. The environment variable `TOWER_MESH_CASES` names
//! a folder with more in its folder `gateway-api`; without it those are left out, and the tests
//! say so.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod case;
mod clauses;
mod compare;
mod loopback;
#[path = "../envoy/proxy.rs"]
mod proxy;
mod spoilt;
mod verdict;

use case::{Suite, Verdict};
use loopback::Front;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What cannot pass yet: what the file's name begins with, what the case's name contains, why.
const PENDING: &[(&str, &str, &str)] = &[];

fn load(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a folder, by the names of their files without what begins with `_`.
fn documents(folder: &Path) -> Vec<(String, Value)> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let json = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "json"));
    json.map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, load(&path))
    })
    .filter(|(name, _)| !name.starts_with('_'))
    .collect()
}

fn our_own() -> Vec<(String, Value)> {
    documents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/own"))
}

/// The folder of the Gateway API's cases, if there is one.
fn theirs() -> Option<PathBuf> {
    let folder = std::env::var_os("TOWER_MESH_CASES");
    if folder.is_none() {
        println!("TOWER_MESH_CASES is not set: only our own cases are run, of the same clauses");
    }
    folder.map(|folder| Path::new(&folder).join("gateway-api"))
}

type Way = fn(&[Suite<'_>]) -> Vec<Vec<Verdict>>;

fn decide(suites: &[Suite<'_>]) -> Vec<Vec<Verdict>> {
    suites.iter().map(Suite::verdicts).collect()
}

fn over_loopback(suites: &[Suite<'_>]) -> Vec<Vec<Verdict>> {
    loopback::run(suites, Front::Mesh)
}

fn through_envoy(suites: &[Suite<'_>]) -> Vec<Vec<Verdict>> {
    loopback::run(suites, Front::Envoy)
}

/// All of our own cases pass.
fn ours_pass(way: Way) {
    let documents = our_own();
    let suites: Vec<_> = { documents.iter() }
        .map(|(_, document)| Suite::new(document, &Value::Null))
        .collect();
    check(&documents, &way(&suites), &[]);
}

/// None of our own cases passes that expects something else.
fn others_fail(way: Way) {
    let mut documents = our_own();
    let mut cases = 0;
    for (_, document) in &mut documents {
        let spoilt = spoilt::spoilt(document["cases"].as_array().unwrap());
        cases += spoilt.len();
        document["cases"] = spoilt.into();
    }
    let suites: Vec<_> = { documents.iter() }
        .map(|(_, document)| Suite::new(document, &Value::Null))
        .collect();
    let verdicts = way(&suites).into_iter().flatten();
    let missed = verdicts.filter(|(_, problems)| problems.is_empty());
    let missed: Vec<_> = missed.map(|(case, _)| case).collect();
    assert!(missed.is_empty(), "of {cases}:\n{}", missed.join("\n"));
    assert!(cases >= 200, "only {cases}");
}

/// All of theirs pass, but for what is pending.
fn theirs_pass(way: Way) {
    let Some(folder) = theirs() else {
        return;
    };
    let base = |profile: &str| load(&folder.join(format!("_base-{profile}-manifests.json")));
    let (gateway, mesh) = (base("gateway"), base("mesh"));
    let documents = documents(&folder);
    let suites: Vec<_> = { documents.iter() }
        .map(|(_, document)| match document["profile"].as_str() {
            Some("mesh") => Suite::new(document, &mesh),
            _ => Suite::new(document, &gateway),
        })
        .collect();
    check(&documents, &way(&suites), PENDING);
}

fn check(documents: &[(String, Value)], verdicts: &[Vec<Verdict>], pending: &[(&str, &str, &str)]) {
    let (mut passed, mut waiting, mut failed) = (0, 0, Vec::new());
    for ((file, _), verdicts) in documents.iter().zip(verdicts) {
        for (case, problems) in verdicts {
            let reason = { pending.iter() }
                .find(|(begins, contains, _)| file.starts_with(begins) && case.contains(contains));
            match (problems.is_empty(), reason) {
                (true, None) => passed += 1,
                (false, None) => failed.push(format!("{file}: {case}: {}", problems.join("; "))),
                (false, Some((_, _, reason))) => {
                    waiting += 1;
                    println!("{file}: {case}: pending: {reason}");
                }
                (true, Some((_, _, reason))) => {
                    failed.push(format!("{file}: {case}: passes, though {reason}"));
                }
            }
        }
    }
    println!(
        "{passed} passed, {waiting} pending, {} failed",
        failed.len()
    );
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(passed >= 40, "only {passed} cases");
}

#[test]
fn our_own_cases_are_decided() {
    ours_pass(decide);
}

#[test]
fn our_own_cases_happen_over_loopback() {
    ours_pass(over_loopback);
}

#[test]
fn what_is_not_decided_is_noticed() {
    others_fail(decide);
}

#[test]
fn what_does_not_happen_is_noticed() {
    others_fail(over_loopback);
}

#[test]
fn the_gateway_api_s_cases_are_decided() {
    theirs_pass(decide);
}

#[test]
fn the_gateway_api_s_cases_happen_over_loopback() {
    theirs_pass(over_loopback);
}

/// The same misreading could be in who writes a policy as Envoy's configuration and in who serves
/// it, and they would agree. Whoever wrote the cases did not share it.
#[test]
#[ignore = "needs Envoy: TOWER_MESH_ENVOY"]
fn the_gateway_api_s_cases_happen_with_an_exported_configuration() {
    theirs_pass(through_envoy);
}

#[test]
fn our_own_cases_cover_the_same_clauses() {
    let files = theirs().map(|folder| documents(&folder));
    clauses::covered(&our_own(), files.as_deref());
}

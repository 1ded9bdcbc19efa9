//! The Gateway API's conformance cases, each asked of a compiled plan: no network.
//!
//! A case is a JSON document of manifests, requests and what has to come of them. A few of our
//! own lie beside this file. The environment variable `TOWER_MESH_CASES` names a folder with more
//! in its folder `gateway-api`; without it those are left out, and the test says so.
#![cfg(feature = "yaml")]

mod case;
mod verdict;

use case::Suite;
use serde_json::Value;
use std::path::Path;

/// What cannot pass yet, by what the file's name begins with, and why.
const PENDING: &[(&str, &str)] = &[("httproute-retry", "requests are not retried yet")];

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

#[test]
fn our_own_cases_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/own");
    let mut cases = 0;
    for (name, document) in documents(&folder) {
        for (case, problems) in Suite::new(&document, &Value::Null).verdicts() {
            cases += 1;
            assert!(
                problems.is_empty(),
                "{name}: {case}: {}",
                problems.join("; ")
            );
        }
    }
    assert!(cases >= 10, "only {cases} cases");
}

#[test]
fn the_gateway_api_s_cases_pass() {
    let Some(folder) = std::env::var_os("TOWER_MESH_CASES") else {
        println!("TOWER_MESH_CASES is not set: only our own cases are run");
        return;
    };
    let folder = Path::new(&folder).join("gateway-api");
    let base = |profile: &str| load(&folder.join(format!("_base-{profile}-manifests.json")));
    let (gateway, mesh) = (base("gateway"), base("mesh"));
    let (mut passed, mut pending, mut failed) = (0, 0, Vec::new());
    for (name, document) in documents(&folder) {
        let base = match document["profile"].as_str() {
            Some("mesh") => &mesh,
            _ => &gateway,
        };
        let reason = PENDING.iter().find(|(file, _)| name.starts_with(file));
        for (case, problems) in Suite::new(&document, base).verdicts() {
            match (problems.is_empty(), reason) {
                (true, _) => passed += 1,
                (false, Some((_, reason))) => {
                    pending += 1;
                    println!("{name}: {case}: pending: {reason}");
                }
                (false, None) => failed.push(format!("{name}: {case}: {}", problems.join("; "))),
            }
        }
    }
    println!(
        "{passed} passed, {pending} pending, {} failed",
        failed.len()
    );
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(passed > 0);
}

//! The documents of the Gateway API's conformance cases: its own, which the environment variable
//! `TOWER_MESH_CASES` names the folder of, and ours.

use crate::{Asked, written};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tower_mesh::explain::Question;
use tower_mesh::import::Documents;

fn load(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.retain(|path| name(path).ends_with(".json") && !name(path).starts_with('_'));
    paths.sort();
    paths
}

/// A case's request, to be asked from everywhere.
fn question(case: &Value) -> Question {
    let request = &case["request"];
    let grpc = case["protocol"] == "grpc";
    let host = request[if grpc { "authority" } else { "host" }].as_str();
    let method = request["method"].as_str();
    let path = match (grpc, method) {
        (true, Some(method)) => format!("/{method}"),
        (true, None) => "/a.B/C".to_owned(),
        (false, _) => request["path_and_query"].as_str().unwrap_or("/").to_owned(),
    };
    let mut question = Question::new(host.unwrap_or("203.0.113.10"), path);
    if question.path.is_empty() {
        question.path.push('/');
    }
    question.method = method.filter(|_| !grpc).map(str::to_owned);
    question.scheme = (request["tls"] == true).then(|| "https".to_owned());
    let headers = &request[if grpc { "metadata" } else { "headers" }];
    for (name, value) in headers.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap().to_owned();
        question.headers.push((name.clone(), value));
    }
    if grpc {
        let kind = ("content-type".to_owned(), "application/grpc".to_owned());
        question.headers.push(kind);
    }
    question
}

/// Asks every case of a file of its documents and of what they are written as; gives how many
/// cases and how many answers there were.
fn compare(name: &str, document: &Value, base: &Value) -> (usize, usize) {
    let list = |value: &Value| value["manifests"].as_array().cloned().unwrap_or_default();
    let manifests = [list(base), list(document)].concat();
    let kinds: BTreeSet<_> = manifests.iter().map(|it| it["kind"].to_string()).collect();
    let cases = document["cases"].as_array().unwrap();
    let mut compared = 0;
    // One case comes after its ReferenceGrant is deleted.
    let granted = kinds.contains("\"ReferenceGrant\"");
    for kept in [true, false].into_iter().filter(|kept| *kept || granted) {
        let mut documents = Documents::new();
        for (index, manifest) in manifests.iter().enumerate() {
            if kept || manifest["kind"] != "ReferenceGrant" {
                documents = documents.add_text(format!("{index}.json"), manifest.to_string());
            }
        }
        let read = documents.read();
        let again = written(name, &read);
        let (one, another) = (Asked::new(&read.policy), Asked::new(&again));
        for case in cases {
            compared += one.agrees(&another, &question(case));
        }
    }
    (cases.len(), compared)
}

#[test]
fn our_own_cases_decide_the_same_once_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/own");
    let mut all = 0;
    for path in cases(&folder) {
        let (cases, compared) = compare(&path.display().to_string(), &load(&path), &Value::Null);
        assert!(compared >= cases);
        all += cases;
    }
    assert!(all >= 10, "only {all} cases");
}

#[test]
fn the_gateway_api_s_cases_decide_the_same_once_they_are_written() {
    let Some(folder) = std::env::var_os("TOWER_MESH_CASES") else {
        println!("TOWER_MESH_CASES is not set: only our own cases are compared");
        return;
    };
    let folder = Path::new(&folder).join("gateway-api");
    let base = |profile: &str| load(&folder.join(format!("_base-{profile}-manifests.json")));
    let (gateway, mesh) = (base("gateway"), base("mesh"));
    let (mut files, mut cases_asked, mut answers) = (0, 0, 0);
    for path in cases(&folder) {
        let document = load(&path);
        let base = match document["profile"].as_str() {
            Some("mesh") => &mesh,
            _ => &gateway,
        };
        let (cases, compared) = compare(&path.display().to_string(), &document, base);
        files += 1;
        cases_asked += cases;
        answers += compared;
    }
    println!("{files} files, {cases_asked} cases, {answers} answers");
    assert!(files > 0 && answers > cases_asked);
}

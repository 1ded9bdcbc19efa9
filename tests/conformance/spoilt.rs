//! Cases that expect what does not happen: whoever judges has to notice.

use serde_json::{Value, json};

/// The same cases, each with one thing in it that is wrong.
pub(crate) fn spoilt(cases: &[Value]) -> Vec<Value> {
    let once = cases.iter().filter(|case| case["checks"].is_null());
    once.flat_map(|case| { spoiling(case).into_iter() }.map(|(at, with)| spoil(case, &at, with)))
        .collect()
}

/// What can be wrong with what a case expects: where, and what is put there.
fn spoiling(case: &Value) -> Vec<(String, Value)> {
    let expected = &case["expected"];
    let mut all = Vec::new();
    let mut put = |at: &str, with: Value| all.push((format!("/expected/{at}"), with));
    match expected["grpc_code"].as_str() {
        Some("OK") => put("grpc_code", "Unimplemented".into()),
        Some(_) => put("grpc_code", "OK".into()),
        None => put("status", json!([418])),
    }
    for key in ["backend", "namespace"] {
        if expected[key].is_string() {
            put(key, "nobody".into());
        }
    }
    let in_mesh = !case["client"].is_null();
    for key in ["method", "path", "host"] {
        if expected["request_at_backend"][key].is_string() && !in_mesh {
            put(&format!("request_at_backend/{key}"), "other".into());
        }
    }
    for at in ["request_at_backend/headers", "response_headers"] {
        let headers = expected
            .pointer(&format!("/{at}"))
            .and_then(Value::as_object);
        for name in headers.into_iter().flat_map(|headers| headers.keys()) {
            put(&format!("{at}/{name}"), "other".into());
        }
    }
    let choices = expected["response_headers_one_of"].as_object();
    for name in choices.into_iter().flat_map(|choices| choices.keys()) {
        put(&format!("response_headers_one_of/{name}"), json!(["other"]));
    }
    for key in ["host", "path", "port", "scheme"] {
        if expected["redirect"].is_object() {
            put(&format!("redirect/{key}"), "1".into());
        }
    }
    if expected["mirrored_to"].is_array() {
        put("mirrored_to/0/backend", "nobody".into());
    }
    let there = expected["request_at_backend"]["headers"].as_object();
    if let Some(name) = there.and_then(|headers| headers.keys().next()) {
        put("request_at_backend/headers_absent", json!([name]));
    }
    let there = expected["response_headers"].as_object();
    if let Some(name) = there.and_then(|headers| headers.keys().next()) {
        put("response_headers_absent", json!([name]));
    }
    all
}

fn spoil(case: &Value, at: &str, with: Value) -> Value {
    let mut case = case.clone();
    let name = format!("{} ({at})", case["name"]);
    let (parent, key) = at.rsplit_once('/').unwrap();
    case.pointer_mut(parent).unwrap()[key] = with;
    case["name"] = name.into();
    case
}

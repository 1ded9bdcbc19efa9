//! What is wrong with what came of a case's requests.

use crate::compare::{absent, headers, joined, listed, redirect};
use crate::loopback::pods::Seen;
use crate::loopback::stacks::Reply;
use serde_json::Value;
use tower_mesh::explain::Question;

/// What a case's requests were answered, and what reached the pods: the requests and their copies.
pub(super) struct Outcome {
    pub(super) replies: Vec<Reply>,
    pub(super) seen: Vec<Seen>,
    /// How many standard deviations a count may be off.
    pub(super) deviations: f64,
}

/// How often a case's request is sent.
pub(super) fn rounds(case: &Value) -> u64 {
    let counted = |check: &Value| match check["kind"].as_str() {
        Some("weighted-distribution") => Some(check["requests"].as_u64().unwrap_or(500)),
        Some("mirror-distribution") => check["total_requests"].as_f64().map(|number| number as u64),
        _ => None,
    };
    let checks = case["checks"].as_array().into_iter().flatten();
    checks.filter_map(counted).max().unwrap_or(1)
}

/// Everything in which it differs from what is expected; the same complaint once.
pub(super) fn judge(case: &Value, question: &Question, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    for reply in &outcome.replies {
        wrong.extend(answered(case, question, reply));
        if let Some(seen) = &reply.seen {
            wrong.extend(received(case, question, seen));
        }
    }
    wrong.extend(copied(case, question, outcome));
    for check in case["checks"].as_array().into_iter().flatten() {
        match check["kind"].as_str() {
            Some("weighted-distribution") => wrong.extend(weighed(check, outcome)),
            Some("backend-header-names-the-backend") => wrong.extend(named(outcome)),
            _ => {}
        }
    }
    if case["expected"]["request_reaches_no_backend"] == true && !outcome.seen.is_empty() {
        wrong.push(format!("it reached {:?}", outcome.seen));
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

fn answered(case: &Value, question: &Question, reply: &Reply) -> Vec<String> {
    let expected = &case["expected"];
    let mut wrong = Vec::new();
    let wanted: Vec<u64> = { expected["status"].as_array().into_iter().flatten() }
        .filter_map(Value::as_u64)
        .collect();
    let status = u64::from(reply.status.as_u16());
    let late = [408, 504].contains(&status) && [408, 504].iter().any(|s| wanted.contains(s));
    match expected["grpc_code"].as_str() {
        Some(code) => {
            let number = match code {
                "OK" => "0",
                "Unimplemented" => "12",
                other => panic!("{other} is not known"),
            };
            if reply.grpc_status.as_deref() != Some(number) || status != 200 {
                wrong.push(format!("{status} and {:?}, not {code}", reply.grpc_status));
            }
        }
        None if wanted.contains(&status) || late => {}
        None => wrong.push(format!("status {status}, not {wanted:?}")),
    }
    if case["protocol"] != "grpc" {
        wrong.extend(headers("response", expected, &reply.headers));
    }
    if !expected["redirect"].is_null() {
        let location = joined(&reply.headers, "location").unwrap_or_default();
        wrong.extend(redirect(&expected["redirect"], question, &location));
    }
    let here = expected["request_reaches_no_backend"] == true;
    if wanted == [200] && !here && reply.seen.is_none() {
        wrong.push(format!("no pod answered: {reply:?}"));
    }
    wrong
}

/// The request as the pod that answered has it.
fn received(case: &Value, question: &Question, seen: &Seen) -> Vec<String> {
    let expected = &case["expected"];
    let mut wrong = Vec::new();
    let backend = expected["backend"].as_str().unwrap_or_default();
    let namespace = expected["namespace"].as_str().unwrap_or(&seen.namespace);
    if !seen.pod.starts_with(backend) || seen.namespace != namespace {
        let Seen { pod, namespace, .. } = seen;
        wrong.push(format!("{namespace}/{pod}, not {backend}"));
    }
    let wanted = &expected["request_at_backend"];
    let parts = [
        ("method", &seen.method),
        ("path", &seen.path),
        ("host", &seen.host),
    ];
    for (key, has) in parts {
        let Some(value) = wanted[key].as_str().filter(|_| case["client"].is_null()) else {
            continue;
        };
        // What the harness has put in place of a name is there in the answer.
        let value = match value.contains("{uuid}") {
            true => &*question.path,
            false => value,
        };
        if value != has {
            wrong.push(format!("the {key} is {has}, not {value}"));
        }
    }
    wrong.extend(listed(&wanted["headers"], &seen.headers, "request"));
    wrong.extend(absent(&wanted["headers_absent"], &seen.headers, "request"));
    let is_http2 = case["protocol"] == "grpc" || case["request"]["protocol"].is_string();
    if is_http2 && !seen.http2 {
        wrong.push("it arrived over HTTP/1.1".to_owned());
    }
    let sent = match seen.method.as_str() {
        "POST" | "PUT" | "PATCH" => "what is sent",
        _ => "",
    };
    if seen.body != sent {
        wrong.push(format!("the body is {:?}, not {sent:?}", seen.body));
    }
    wrong
}

/// Every request reached one pod, and its mirrors.
fn copied(case: &Value, question: &Question, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    let originals = outcome
        .replies
        .iter()
        .filter_map(|reply| reply.seen.as_ref());
    let originals: Vec<_> = originals.collect();
    let asked = outcome.replies.len() as f64;
    let mut copies = 0;
    for mirror in case["expected"]["mirrored_to"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let service = mirror["backend"].as_str().unwrap();
        let here = { outcome.seen.iter() }
            .filter(|seen| seen.pod.starts_with(service) && mirror["namespace"] == *seen.namespace);
        let here: Vec<_> = here.collect();
        copies += here.len();
        let share = mirror["percent"]
            .as_f64()
            .map_or(1.0, |percent| percent / 100.0);
        // None where all or none are copied.
        let off = (here.len() as f64 - asked * share).abs();
        if off > outcome.deviations * (asked * share * (1.0 - share)).sqrt() {
            wrong.push(format!("{} of {asked} copies at {service}", here.len()));
        }
        for (copy, original) in here.iter().zip(&originals) {
            if (&copy.method, &copy.path, &copy.body)
                != (&original.method, &original.path, &original.body)
            {
                wrong.push(format!("{copy:?} is no copy of {original:?}"));
            }
            if !copy.host.contains("-shadow") {
                wrong.push(format!("the copy was sent to {}", copy.host));
            }
            let wanted = &case["expected"]["request_at_backend"];
            wrong.extend(listed(&wanted["headers"], &copy.headers, "copy's"));
            wrong.extend(absent(&wanted["headers_absent"], &copy.headers, "copy's"));
        }
    }
    // What was answered here instead of by a pod may have reached one before.
    let answered = originals.len();
    let all = match question.path.contains("succeedAfter=") {
        // Tries of one request are one; how often it was tried, the answer tells.
        true => outcome.seen.len().min(1),
        false => outcome.seen.len(),
    };
    if !(answered + copies..=outcome.replies.len() + copies).contains(&all) {
        wrong.push(format!(
            "{all} requests arrived: {answered} answered and {copies} copies"
        ));
    }
    wrong
}

/// Each backend has the share that it ought to have.
fn weighed(check: &Value, outcome: &Outcome) -> Vec<String> {
    let tolerance = check["tolerance"].as_f64().unwrap_or(0.05);
    let all = outcome.replies.len() as f64;
    let weights = check["expected_weights"].as_object().unwrap().iter();
    weights
        .filter_map(|(name, weight)| {
            let seen = { outcome.seen.iter() }.filter(|seen| seen.pod.starts_with(name));
            let (share, weight) = (seen.count() as f64 / all, weight.as_f64().unwrap());
            let off = (share - weight).abs();
            (off > tolerance || weight == 0.0 && share > 0.0)
                .then(|| format!("{name} gets {share}, not {weight}"))
        })
        .collect()
}

/// Each backend reads its own name in a header, and no other's.
fn named(outcome: &Outcome) -> Vec<String> {
    let wrong = outcome.seen.iter().filter(|seen| {
        let mut lines = { seen.headers.iter() }.filter(|(name, _)| name == "backend");
        let once = lines.next().filter(|_| lines.next().is_none());
        once.is_none_or(|(_, name)| !seen.pod.starts_with(name.as_str()))
    });
    wrong
        .map(|seen| format!("{} reads {:?}", seen.pod, seen.headers))
        .collect()
}

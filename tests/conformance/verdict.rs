//! What is wrong with an answer.

use crate::compare::{absent, headers, joined, listed, redirect};
use serde_json::Value;
use tower_mesh::explain::{Answer, Backend, Outcome, Question};

/// Who is expected to answer.
pub(crate) struct Expected<'a> {
    pub(crate) backend: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
}

type Serves<'a> = dyn Fn((&str, &str), &Expected<'_>) -> bool + 'a;

/// Everything in which an answer differs from what is expected.
pub(crate) fn judge(
    case: &Value,
    question: &Question,
    answer: &Answer,
    serves: &Serves<'_>,
) -> Vec<String> {
    let expected = &case["expected"];
    let mut wrong = Vec::new();
    let statuses = statuses(question, answer);
    let mut wanted: Vec<u64> = { expected["status"].as_array().into_iter().flatten() }
        .filter_map(Value::as_u64)
        .collect();
    match expected["grpc_code"].as_str() {
        Some("OK") => wanted.push(200),
        Some("Unimplemented") => wanted.push(404),
        _ => {}
    }
    for status in &statuses {
        let late = [408, 504].contains(status) && [408, 504].iter().any(|s| wanted.contains(s));
        if !wanted.contains(status) && !late {
            wrong.push(format!("status {status}, not {wanted:?}: {answer:?}"));
        }
    }
    let (weights, mirrors) = checks(case, answer);
    wrong.extend(weights);
    wrong.extend(mirrors);
    if answer.outcome == Outcome::Redirect && !expected["redirect"].is_null() {
        let location = joined(&answer.headers, "location").unwrap_or_default();
        wrong.extend(redirect(&expected["redirect"], question, &location));
    }
    if answer.outcome == Outcome::Forward {
        let who = Expected {
            backend: expected["backend"].as_str(),
            namespace: expected["namespace"].as_str(),
        };
        for backend in answer
            .backends
            .iter()
            .filter(|backend| backend.service.is_some())
        {
            wrong.extend(forwarded(case, backend, &who, serves));
        }
    }
    if matches!(answer.outcome, Outcome::Respond) {
        let has: Vec<_> = answer.headers.clone();
        wrong.extend(headers("response", expected, &has));
    }
    for mirror in expected["mirrored_to"].as_array().into_iter().flatten() {
        let there = answer.mirrors.iter().any(|known| {
            mirror["backend"] == *known.service
                && mirror["namespace"].as_str() == known.namespace.as_deref()
        });
        if !there {
            wrong.push(format!("no mirror to {mirror}: {:?}", answer.mirrors));
        }
    }
    wrong
}

/// The statuses that clients may see, as the backends answer.
fn statuses(question: &Question, answer: &Answer) -> Vec<u64> {
    let delay = question.path.split_once("delay=").map(|(_, rest)| {
        let seconds = rest.split(['s', '&']).next().unwrap();
        1_000 * seconds.parse::<u64>().unwrap()
    });
    let late = matches!((delay, answer.timeout_ms), (Some(d), Some(t)) if d > t);
    // Such a backend fails a few times first.
    let said = |name: &str| {
        let (_, rest) = question.path.split_once(name)?;
        rest.split('&').next().unwrap().parse::<u64>().ok()
    };
    let fails = said("responseCode=").filter(|status| {
        let helps = answer.retry.as_ref().is_some_and(|retry| {
            let on = retry.codes.iter().any(|code| u64::from(*code) == *status);
            on && said("succeedAfter=").is_some_and(|after| after <= retry.attempts.into())
        });
        !helps
    });
    match answer.outcome {
        Outcome::Forward => { answer.backends.iter() }
            .map(|backend| match backend.status {
                Some(status) => status.into(),
                None if late => 504,
                None => fails.unwrap_or(200),
            })
            .collect(),
        _ => vec![answer.status.map_or(0, u64::from)],
    }
}

fn forwarded(
    case: &Value,
    backend: &Backend,
    who: &Expected<'_>,
    serves: &Serves<'_>,
) -> Vec<String> {
    let expected = &case["expected"];
    let mut wrong = Vec::new();
    let service = backend.service().unwrap_or_default();
    let namespace = backend.namespace.as_deref().unwrap_or_default();
    if !serves((namespace, service), who) {
        wrong.push(format!(
            "{namespace}/{service}, not {:?} in {:?}",
            who.backend, who.namespace
        ));
    }
    let at_backend = &expected["request_at_backend"];
    if let Some(request) = &backend.request {
        let parts = [
            ("method", &request.method),
            ("path", &request.path),
            ("host", &request.authority),
        ];
        for (key, has) in parts {
            let compared = case["client"].is_null() && at_backend[key].is_string();
            if compared && at_backend[key] != **has {
                wrong.push(format!("the {key} is {has}, not {}", at_backend[key]));
            }
        }
        wrong.extend(listed(&at_backend["headers"], &request.headers, "request"));
        wrong.extend(absent(
            &at_backend["headers_absent"],
            &request.headers,
            "request",
        ));
    }
    let sent = &case["request"]["backend_sets_response_headers"];
    let mut reply: Vec<(String, String)> = { sent.as_object().into_iter().flatten() }
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    if let Some(changes) = &backend.response_headers {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        reply.retain(|(name, _)| {
            let removed = changes.remove.iter().any(|gone| same(gone, name));
            !removed && !changes.set.iter().any(|(set, _)| same(set, name))
        });
        reply.extend(changes.set.iter().chain(&changes.add).cloned());
    }
    // What is stated of gRPC calls is not compared.
    if case["protocol"] != "grpc" {
        wrong.extend(headers("response", expected, &reply));
    }
    wrong
}

/// What is asked of many requests is asked of shares.
fn checks(case: &Value, answer: &Answer) -> (Vec<String>, Vec<String>) {
    let (mut weights, mut mirrors) = (Vec::new(), Vec::new());
    for check in case["checks"].as_array().into_iter().flatten() {
        let expected = check["expected_weights"].as_object();
        for (name, weight) in expected.into_iter().flatten() {
            let found = answer.backends.iter();
            let share: f64 = found
                .filter(|backend| backend.service() == Some(name))
                .map(Backend::share)
                .sum();
            if (share - weight.as_f64().unwrap()).abs() > 1e-6 {
                weights.push(format!("{name} gets {share}, not {weight}"));
            }
        }
        for mirror in check["mirrored_to"].as_array().into_iter().flatten() {
            let share = mirror["Percent"].as_f64().unwrap() / 100.0;
            let there = answer.mirrors.iter().any(|known| {
                mirror["BackendRef"]["Name"] == *known.service && (known.share - share).abs() < 1e-6
            });
            if !there {
                mirrors.push(format!("no mirror as {mirror}: {:?}", answer.mirrors));
            }
        }
    }
    (weights, mirrors)
}

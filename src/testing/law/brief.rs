//! Answers and questions in a line each.

use crate::explain::{Answer, Asker, Backend, Change, Mirror, Outcome, Question};
use crate::testing::law::claim::{listed, percent};
use serde::Serialize;

/// What becomes of a request.
pub(super) fn fate(answer: &Answer) -> String {
    let status = answer
        .status
        .map_or_else(String::new, |status| format!(" with {status}"));
    let mut fate = match answer.outcome {
        Outcome::Forward => {
            let to: Vec<_> = answer.backends.iter().map(backend).collect();
            format!("it is forwarded to {}", listed(&to, "and"))
        }
        Outcome::Redirect => {
            let mut headers = answer.headers.iter();
            let location = headers.find(|(name, _)| name == "location");
            let to = location.map_or("elsewhere", |(_, to)| to);
            format!("it is redirected to {to}{status}")
        }
        Outcome::Respond => format!("the policy itself answers it{status}"),
        Outcome::Reject => format!("it is rejected{status}"),
        Outcome::NoRoute => format!("nothing takes it, so it is answered{status}"),
    };
    if !answer.mirrors.is_empty() {
        let copies: Vec<_> = answer.mirrors.iter().map(mirror).collect();
        fate = format!("{fate}, and copies go to {}", listed(&copies, "and"));
    }
    fate
}

/// `reviews.prod:9080/v2 (90 %)`, or the status of a share that nobody can serve.
pub(super) fn backend(backend: &Backend) -> String {
    let share = percent(backend.share);
    match (&backend.service, backend.status) {
        (Some(service), _) => {
            let namespace = backend.namespace.as_deref();
            let to = target(service, namespace, backend.port, backend.subset());
            format!("{to} ({share})")
        }
        (None, Some(status)) => format!("nobody, with {status} ({share})"),
        (None, None) => format!("nobody ({share})"),
    }
}

pub(super) fn mirror(mirror: &Mirror) -> String {
    let (namespace, subset) = (mirror.namespace.as_deref(), mirror.subset.as_deref());
    let to = target(&mirror.service, namespace, Some(mirror.port), subset);
    format!("{to} ({})", percent(mirror.share))
}

/// As a [`Target`](crate::testing::Target) is written.
fn target(
    service: &str,
    namespace: Option<&str>,
    port: Option<u16>,
    subset: Option<&str>,
) -> String {
    let namespace = namespace.map(|namespace| format!(".{namespace}"));
    let port = port.map(|port| format!(":{port}"));
    let subset = subset.map(|subset| format!("/{subset}"));
    let all = [namespace, port, subset].map(Option::unwrap_or_default);
    format!("{service}{}", all.concat())
}

/// `GET http://reviews/api -H 'x-beta: 1'`, and who asks.
pub(super) fn question(question: &Question) -> String {
    let method = question.method.as_deref().unwrap_or("GET");
    let scheme = question.scheme.as_deref().unwrap_or("http");
    let mut line = format!(
        "{method} {scheme}://{}{}",
        question.authority, question.path
    );
    for (name, value) in &question.headers {
        line += &format!(" -H '{name}: {value}'");
    }
    if let Some(source) = &question.source {
        line += &format!(" from {}", asker(source));
    }
    if let Some(gateway) = &question.gateway {
        line += &format!(" at the gateway {gateway}");
        line += &question
            .port
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
    }
    line
}

/// `clients in the namespace prod labelled app=web at 10.0.0.1`.
pub(super) fn asker(asker: &Asker) -> String {
    let mut text = "clients".to_owned();
    if let Some(namespace) = &asker.namespace {
        text += &format!(" in the namespace {namespace}");
    }
    for (index, (key, value)) in asker.labels.iter().enumerate() {
        text += [" labelled ", ", "][usize::from(index > 0)];
        text += &format!("{key}={value}");
    }
    text += &asker.ip.map(|ip| format!(" at {ip}")).unwrap_or_default();
    text
}

/// What of an answer is so by which another differs.
pub(super) fn part(answer: &Answer, change: Change) -> String {
    match change {
        Change::Outcome | Change::Backend | Change::Share => {
            let Some(fate) = fate(answer).strip_prefix("it is ").map(str::to_owned) else {
                return fate(answer);
            };
            fate
        }
        Change::Request => {
            let each = answer.backends.iter().map(|backend| &backend.request);
            json(&each.collect::<Vec<_>>())
        }
        Change::Response => {
            let each = answer
                .backends
                .iter()
                .map(|backend| &backend.response_headers);
            let own = (answer.status, &answer.headers, &answer.body);
            json(&(own, each.collect::<Vec<_>>()))
        }
        Change::Limit => json(&answer.limits),
        Change::Fault => json(&answer.fault),
        Change::Timeout => timeouts(answer),
        Change::Retry => json(&answer.retry),
        Change::Mirror => {
            let copies: Vec<_> = answer.mirrors.iter().map(mirror).collect();
            format!("copies go to {}", listed(&copies, "and"))
        }
    }
}

/// `2000 ms in all, 500 ms for each try`.
fn timeouts(answer: &Answer) -> String {
    let whole = answer.timeout_ms.map(|time| format!("{time} ms in all"));
    let each = { answer.per_try_timeout_ms }.map(|time| format!("{time} ms for each try"));
    let both: Vec<_> = whole.into_iter().chain(each).collect();
    match both.as_slice() {
        [] => "none".to_owned(),
        both => both.join(", "),
    }
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    // Only maps with keys that are no texts cannot be written, and there are none.
    serde_json::to_string(value).unwrap_or_default()
}

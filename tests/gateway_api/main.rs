//! Documents of Kubernetes and the Gateway API, as they are read and as they route.
#![cfg(feature = "yaml")]

mod as_istio;
mod attach;
mod fields;
mod kubernetes;
mod order;
mod rules;

use tower_mesh::Plan;
use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Endpoint, Workload};

pub(crate) fn read(text: &str) -> Read {
    Documents::new().add_text("a.yaml", text).read()
}

/// What was found, each id with what stands at its place in the text; not that services lack
/// endpoints.
pub(crate) fn found<'a>(read: &Read, text: &'a str) -> Vec<(&'static str, &'a str)> {
    let findings = read.findings.iter();
    findings
        .filter(|finding| finding.id != "no-endpoints")
        .map(|finding| {
            let number = |part: Option<u32>| part.unwrap_or_default() as usize;
            let (line, column) = (number(finding.at.line), number(finding.at.column));
            let line = text.lines().nth(line - 1).unwrap();
            (finding.id, &line[column - 1..])
        })
        .collect()
}

/// Asserts that these things were found, each where such a text begins.
#[track_caller]
pub(crate) fn assert_found(text: &str, wanted: &[(&str, &str)]) {
    let read = read(text);
    let found = found(&read, text);
    let same = found.len() == wanted.len() && { found.iter().zip(wanted) }
        .all(|(found, wanted)| found.0 == wanted.0 && found.1.starts_with(wanted.1));
    assert!(same, "found {found:#?}, not {wanted:#?} in {text}");
}

pub(crate) fn plan(text: &str) -> Plan {
    Plan::lenient(&read(text).policy, &Workload::default(), None)
}

/// Asks at a gateway's port.
pub(crate) fn at(plan: &Plan, gateway: &str, port: u16, host: &str, path: &str) -> Answer {
    let mut question = Question::new(host, path);
    question.gateway = Some(gateway.to_owned());
    question.port = Some(port);
    plan.answer(&question).unwrap()
}

/// Asks as a client in a namespace.
pub(crate) fn from(plan: &Plan, namespace: &str, host: &str, path: &str) -> Answer {
    let mut question = Question::new(host, path);
    let asker = serde_json::json!({ "namespace": namespace });
    question.source = Some(serde_json::from_value(asker).unwrap());
    plan.answer(&question).unwrap()
}

/// `route rule -> service`, or the status of what reaches no service.
pub(crate) fn fate(answer: &Answer) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let end = match answer.outcome {
        Outcome::Forward => { answer.backends.iter() }
            .map(|backend| match backend.status {
                Some(status) => status.to_string(),
                None => text(&backend.service),
            })
            .collect::<Vec<_>>()
            .join(" "),
        _ => answer.status.unwrap_or_default().to_string(),
    };
    format!("{} {} -> {end}", text(&answer.route), text(&answer.rule))
        .trim()
        .to_owned()
}

/// The addresses of a service's endpoints.
pub(crate) fn addresses(read: &Read, service: &str) -> Vec<String> {
    let service = &read.policy.services[service];
    let address = |endpoint: &Endpoint| endpoint.address.to_string();
    service.endpoints.iter().map(address).collect()
}

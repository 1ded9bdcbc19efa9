//! How the tests read documents and ask questions.

use std::fmt::Write as _;
use tower_mesh::explain::{Answer, Asker, Question};
use tower_mesh::import::{Documents, Read};
use tower_mesh::plan::Plan;
use tower_mesh::policy::Workload;

pub(crate) fn read(text: &str) -> Read {
    Documents::new().add_text("a.yaml", text).read()
}

/// A document of this kind in the namespace `prod`.
pub(crate) fn document(kind: &str, name: &str, spec: &str) -> String {
    let mut text = format!(
        "---\napiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{ name: {name}, \
         namespace: prod }}\nspec:\n"
    );
    for line in spec.trim_matches('\n').lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// What is found, as `id line:column path`.
pub(crate) fn found(read: &Read) -> Vec<String> {
    let told = |finding: &tower_mesh::policy::Error| {
        let at = &finding.at;
        format!(
            "{} {}:{} {}",
            finding.id,
            at.line.unwrap_or_default(),
            at.column.unwrap_or_default(),
            at.path
        )
    };
    read.findings.iter().map(told).collect()
}

/// Every id of what is found in a document of this kind, with its path.
pub(crate) fn ids(kind: &str, spec: &str) -> Vec<String> {
    let read = read(&document(kind, "x", spec));
    assert!(
        read.report.iter().all(|entry| entry.instead != "not read")
            || read.findings.iter().any(is_error),
        "{:#?}",
        read.report
    );
    let told = |finding: &tower_mesh::policy::Error| format!("{} {}", finding.id, finding.at.path);
    read.findings.iter().map(told).collect()
}

pub(crate) fn is_error(finding: &tower_mesh::policy::Error) -> bool {
    finding.severity == tower_mesh::policy::Severity::Error
}

/// Endpoints of the versions v1 and v2 for each of these services, and nothing else.
pub(crate) fn bare_services(names: &[&str]) -> String {
    let text = services(names);
    let kept = |line: &&str| !line.contains("subsets:") && !line.contains("{ labels: {");
    text.lines()
        .filter(kept)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Native services by these names, each with an endpoint for the versions v1 and v2.
pub(crate) fn services(names: &[&str]) -> String {
    let mut text = String::from("---\nservices:\n");
    for (number, name) in names.iter().enumerate() {
        let port = name.rsplit_once(':').map_or("80", |(_, port)| port);
        let _ = writeln!(text, "  \"{name}\":\n    port: {port}\n    endpoints:");
        for version in [1, 2] {
            let _ = writeln!(
                text,
                "    - {{ address: \"10.0.{number}.{version}:8080\", labels: {{ version: v{version} }} }}"
            );
        }
        let _ = writeln!(text, "    subsets:");
        for version in [1, 2] {
            let _ = writeln!(
                text,
                "      v{version}: {{ labels: {{ version: v{version} }} }}"
            );
        }
    }
    text
}

/// What all of it comes to, whatever is wrong with it.
pub(crate) fn plan(text: &str) -> Plan {
    Plan::lenient(&read(text).policy, &Workload::new("prod"), None)
}

/// What becomes of a GET request of a client in the namespace `prod`.
pub(crate) fn ask(plan: &Plan, authority: &str, path: &str) -> Answer {
    ask_with(plan, authority, path, |_| {})
}

pub(crate) fn ask_with(
    plan: &Plan,
    authority: &str,
    path: &str,
    change: impl FnOnce(&mut Question),
) -> Answer {
    let mut question = Question::new(authority, path);
    question.source = Some(Asker {
        namespace: Some("prod".to_owned()),
        ..Asker::default()
    });
    change(&mut question);
    plan.answer(&question).unwrap()
}

/// Where the request goes: `service/subset@rule`, with `+` between several; else the outcome.
pub(crate) fn fate(answer: &Answer) -> String {
    let backends: Vec<_> = answer
        .backends()
        .map(|backend| {
            let service = match backend.service() {
                Some(service) => service.to_owned(),
                None => backend
                    .status
                    .map_or(String::new(), |status| status.to_string()),
            };
            match backend.subset() {
                Some(subset) => format!("{service}/{subset}"),
                None => service,
            }
        })
        .collect();
    match backends.is_empty() {
        true => format!("{:?}", answer.outcome),
        false => format!(
            "{}@{}",
            backends.join("+"),
            answer.rule.as_deref().unwrap_or("-")
        ),
    }
}

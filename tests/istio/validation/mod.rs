//! What Istio's webhook and its analyzer refuse or doubt, clause by clause: each test is named
//! after the rule's number in the reference, and holds what is wrong next to a good neighbour.
//!
//! A `‸` in a document stands where something is to be found.

mod actions;
mod balancing;
mod destination_rule;
mod faults_and_retries;
mod matches;
mod repeats;
mod together;
mod virtual_service;

use crate::reading::{document, read, services};
use tower_mesh::policy::{Error, Severity};

/// Documents of one kind, each tried among services, a gateway and a delegate that are good.
pub(crate) struct Subject(&'static str);

pub(crate) const VS: Subject = Subject("VirtualService");
pub(crate) const DR: Subject = Subject("DestinationRule");

/// What is said of a fault: the id, a part of the message and one of the advice.
pub(crate) type Words<'a> = (&'a str, &'a str, &'a str);

impl Subject {
    /// At each mark there is an error that says this, and nothing else is found.
    pub(crate) fn refuses(&self, spec: &str, words: Words<'_>) {
        self.tells(spec, Severity::Error, words);
    }

    /// At each mark there is a warning that says this, and nothing else is found.
    pub(crate) fn warns(&self, spec: &str, words: Words<'_>) {
        self.tells(spec, Severity::Warning, words);
    }

    /// Nothing is found.
    pub(crate) fn admits(&self, spec: &str) {
        let found = self.found(spec);
        assert!(found.is_empty(), "{spec}\n{found:#?}");
    }

    /// The whole lacks something, which is an error at its `spec`.
    pub(crate) fn lacks(&self, spec: &str, words: Words<'_>) {
        self.tell(spec, &[(5, 1)], Severity::Error, words);
    }

    fn tells(&self, marked: &str, severity: Severity, words: Words<'_>) {
        let places = marks(&document(self.0, "x", marked));
        assert!(!places.is_empty(), "{marked}");
        self.tell(marked, &places, severity, words);
    }

    fn tell(
        &self,
        marked: &str,
        places: &[(u32, u32)],
        severity: Severity,
        (id, message, advice): Words<'_>,
    ) {
        let found = self.found(&marked.replace(MARK, ""));
        let told: Vec<_> = found.iter().map(place).collect();
        assert_eq!(told, places, "{marked}\n{found:#?}");
        for finding in &found {
            assert_eq!(
                (finding.id, finding.severity),
                (id, severity),
                "{marked}\n{finding:#?}"
            );
            assert!(finding.message.contains(message), "{marked}\n{finding:#?}");
            assert!(finding.advice.contains(advice), "{marked}\n{finding:#?}");
            // What belongs there is advice, too.
            let mends = !finding.advice.is_empty() || finding.message.contains(", where ");
            assert!(mends, "{marked}\n{finding:#?}");
        }
    }

    fn found(&self, spec: &str) -> Vec<Error> {
        let text = document(self.0, "x", spec) + &surroundings();
        let mut findings = read(&text).findings;
        findings.retain(|finding| finding.at.document == format!("{} prod/x", self.0));
        findings
    }
}

const MARK: char = '‸';

/// The line and the column of a finding.
fn place(finding: &Error) -> (u32, u32) {
    (finding.at.line.unwrap(), finding.at.column.unwrap())
}

fn marks(text: &str) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        for (before, (column, _)) in (0..).zip(
            (1..)
                .zip(text.chars())
                .filter(|(_, letter)| *letter == MARK),
        ) {
            places.push((line, column - before));
        }
    }
    places
}

fn surroundings() -> String {
    let uses = "hosts: [used.example.com]\nhttp: [{route: [{destination: {host: a, subset: v1}, weight: 1}, \
                {destination: {host: a, subset: v2}, weight: 1}]}]";
    let gateway = "servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]";
    document("VirtualService", "leaf", &format!("http: [{ROUTE}]"))
        + &document("VirtualService", "used", uses)
        + &document("Gateway", "g", gateway)
        + &services(&["a.prod.svc.cluster.local:80", "b.prod.svc.cluster.local:80"])
}

/// A route that is good.
pub(crate) const ROUTE: &str = "{route: [{destination: {host: a}}]}";

/// A VirtualService with this in one of `http`.
pub(crate) fn http(route: &str) -> String {
    format!("hosts: [a]\nhttp:\n- {}", route.replace('\n', "\n  "))
}

/// A VirtualService with this beside a destination.
pub(crate) fn beside(more: &str) -> String {
    http(&format!("route: [{{destination: {{host: a}}}}]\n{more}"))
}

/// A VirtualService with this as a match.
pub(crate) fn matching(entry: &str) -> String {
    beside(&format!("match: [{entry}]"))
}

#[test]
fn the_marks_are_where_they_were_put() {
    assert_eq!(marks("a\n ‸b‸c\n‸"), [(2, 2), (2, 3), (3, 1)]);
}

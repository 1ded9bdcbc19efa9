//! What is written out, or said in another API, decides the same.
#![cfg(feature = "yaml")]

mod conformance;
mod documents;
#[cfg(feature = "schema")]
mod fields;
#[path = "../support/policies.rs"]
mod policies;

use std::collections::BTreeSet;
use tower_mesh::explain::Question;
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Severity, Workload};
use tower_mesh::{Plan, Policy};

/// Writes what was read as YAML and as JSON; both read back equal, and nothing more is wrong with
/// them. Gives what the YAML reads as.
#[track_caller]
pub(crate) fn written(name: &str, read: &Read) -> Policy {
    assert!(!read.unreadable, "{name}: {:#?}", read.findings);
    let yaml = read.policy.to_yaml();
    let json = policies::json(&read.policy);
    for text in [&yaml, &json] {
        let again = Documents::new().add_text("again", text).read();
        assert_eq!(again.policy, read.policy, "{name}: {text}");
        assert!(again.notes.is_empty() && again.report.is_empty(), "{name}");
        let (old, new) = (errors(read), errors(&again));
        let new: Vec<_> = new.difference(&old).collect();
        assert!(new.is_empty(), "{name}: {new:?} in {text}");
    }
    let again = Documents::new().add_text("again", yaml.clone()).read();
    assert_eq!(again.policy.to_yaml(), yaml, "{name}");
    again.policy
}

fn errors(read: &Read) -> BTreeSet<&'static str> {
    let errors = read.findings.iter();
    errors
        .filter(|found| found.severity == Severity::Error)
        .map(|found| found.id)
        .collect()
}

/// What a policy answers to whoever may ask it: clients, and gateways' ports.
pub(crate) struct Asked {
    plan: Plan,
    /// Who asks.
    from: Vec<Question>,
}

impl Asked {
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut from = Vec::new();
        for workload in workloads(policy) {
            let asker = serde_json::json!({
                "namespace": workload.namespace, "labels": workload.labels,
            });
            from.push(Question {
                source: Some(serde_json::from_value(asker).unwrap()),
                ..Question::default()
            });
        }
        for (name, gateway) in &policy.gateways {
            let ports: BTreeSet<_> = gateway.listeners.iter().map(|entry| entry.port).collect();
            for port in ports {
                from.push(Question {
                    gateway: Some(name.clone()),
                    port: Some(port),
                    ..Question::default()
                });
            }
        }
        Self {
            plan: Plan::lenient(policy, &Workload::default(), None),
            from,
        }
    }

    /// Asks both the same from everywhere, and gives how often.
    #[track_caller]
    pub(crate) fn agrees(&self, other: &Self, what: &Question) -> usize {
        assert_eq!(self.from, other.from);
        for from in &self.from {
            let question = Question {
                source: from.source.clone(),
                gateway: from.gateway.clone(),
                port: from.port,
                ..what.clone()
            };
            let [one, another] = [self, other].map(|asked| asked.plan.answer(&question));
            assert_eq!(one, another, "{question:?}");
        }
        self.from.len()
    }
}

/// Clients that the policy tells apart, and one that it does not know.
fn workloads(policy: &Policy) -> Vec<Workload> {
    let mut workloads = vec![Workload::default(), Workload::new("elsewhere")];
    let mut add = |workload: Workload| {
        if !workloads.contains(&workload) {
            workloads.push(workload);
        }
    };
    let routes = policy.routes.iter();
    for namespace in routes.filter_map(|route| route.namespace.as_ref()) {
        add(Workload::new(namespace));
    }
    for service in policy.services.values() {
        service
            .namespace
            .iter()
            .for_each(|name| add(Workload::new(name)));
    }
    let rules = policy.routes.iter().flat_map(|route| &route.rules);
    let matches = rules
        .flat_map(|rule| &rule.matches)
        .map(|matching| &matching.from);
    let sidecars = policy.sidecars.iter().map(|sidecar| &sidecar.from);
    let settings = { policy.services.values() }.flat_map(|service| &service.clients);
    for clients in matches
        .chain(sidecars)
        .chain(settings.map(|settings| &settings.from))
    {
        let everywhere = ["default".to_owned()];
        let namespaces = match clients.namespaces.is_empty() {
            true => &everywhere[..],
            false => &clients.namespaces,
        };
        for namespace in namespaces {
            let mut workload = Workload::new(namespace);
            for (label, value) in &clients.labels {
                workload = workload.label(label, value);
            }
            add(workload);
        }
    }
    workloads
}

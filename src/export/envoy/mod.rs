//! A plan as Envoy's static configuration (Envoy: Bootstrap).
//!
//! What Istio generates is the model: one listener for each port, virtual hosts by domain, a route
//! for each match of a rule, a cluster for each service and subset. The two differ in who chooses
//! the port: a client stack goes by the port in a request's authority; Envoy goes by the port to
//! which the client connects, as a sidecar does. Ports in authorities are not compared.

mod cluster;
mod domains;
mod edit;
mod filter;
mod listener;
mod matching;
mod path;
mod redirect;
mod retry;
mod route;

use crate::export::Notes;
use crate::plan::{Cluster, Plan, Rule};
use crate::policy;
use cluster::Clusters;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Which part of a plan is exported, and how.
#[derive(Clone, Debug)]
pub struct Envoy {
    part: Part,
    address: String,
}

#[derive(Clone, Debug)]
enum Part {
    Everything,
    Mesh,
    Gateway(String),
}

impl Envoy {
    /// Every gateway of the plan, each with the ports of its listeners, and, on every other port
    /// that its hosts name, what clients in the mesh find.
    pub fn everything() -> Self {
        Self::of(Part::Everything)
    }

    /// What clients in the mesh find, as the plan's workload sees it: an egress proxy that listens
    /// on every port which the hosts of services and routes name, and on 80.
    pub fn mesh() -> Self {
        Self::of(Part::Mesh)
    }

    /// One gateway, by its name in the policy. One that is not there has no listeners.
    pub fn gateway(name: impl Into<String>) -> Self {
        Self::of(Part::Gateway(name.into()))
    }

    fn of(part: Part) -> Self {
        Self {
            part,
            address: "0.0.0.0".to_owned(),
        }
    }

    /// On which address it listens. Default `0.0.0.0`, all.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Writes the configuration.
    pub fn export(&self, plan: &Plan) -> Exported {
        let mut writer = Writer {
            plan,
            address: &self.address,
            notes: Notes::default(),
            clusters: Clusters::default(),
            limited: BTreeSet::new(),
        };
        let listeners = writer.listeners(&self.part);
        let clusters = writer.all_clusters();
        Exported {
            bootstrap: json!({
                "static_resources": { "listeners": listeners, "clusters": clusters }
            }),
            notes: writer.notes,
        }
    }
}

/// Envoy's configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The bootstrap configuration: JSON, which Envoy takes as it takes YAML.
    pub bootstrap: Value,
    /// What is not as the policy has it.
    pub notes: Notes,
}

impl Exported {
    /// The configuration as YAML.
    pub fn to_yaml(&self) -> String {
        // A tree of texts and numbers can always be written.
        serde_saphyr::to_string(&self.bootstrap).unwrap_or_default()
    }
}

/// What an export is made with.
struct Writer<'a> {
    plan: &'a Plan,
    address: &'a str,
    notes: Notes,
    clusters: Clusters,
    /// The rules that have a limit and are written already.
    limited: BTreeSet<u32>,
}

impl<'a> Writer<'a> {
    /// The rule as the policy has it; `None` for what no route says.
    fn written(&self, rule: &Rule) -> Option<&'a policy::Rule> {
        let (route, index) = rule.written?;
        let plan: &'a Plan = self.plan;
        let route = plan.policy().routes.get(route as usize)?;
        route.rules.get(index as usize)
    }

    fn cluster(&self, number: u32) -> Option<&'a Cluster> {
        self.plan.clusters.get(number as usize)
    }
}

use crate::policy::Workload;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Some of the clients: those in one of these namespaces that carry all of these labels (Istio:
/// `sourceNamespace` and `sourceLabels`, `exportTo`, `workloadSelector`).
///
/// Who the client is, is decided when the policy is compiled: see [`Workload`].
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Clients {
    /// The namespaces. Empty: any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// The labels, each with this value. Empty: any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Clients {
    /// Says whether the workload is one of them.
    pub fn include(&self, workload: &Workload) -> bool {
        let here = self.namespaces.is_empty() || self.namespaces.contains(&workload.namespace);
        let labels = &workload.labels;
        here && self
            .labels
            .iter()
            .all(|(name, value)| labels.get(name) == Some(value))
    }

    /// Says whether every client is one of them.
    pub fn are_all(&self) -> bool {
        self.namespaces.is_empty() && self.labels.is_empty()
    }
}

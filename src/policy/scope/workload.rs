use crate::policy::Locality;
use crate::policy::wording::shortened;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who asks: the process in which a client stack runs. What a policy says for some clients only is
/// chosen by this when it is compiled.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Workload {
    /// The namespace. Default `default`. Short host names stand for services of this namespace.
    pub namespace: String,
    /// The labels, as a pod carries them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The service to which the process belongs, by its name in the policy or a short name: what
    /// [`Mesh::server`](crate::Mesh::server) takes. Nothing else goes by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Where the process stands. Balancing does not go by it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<Locality>,
}

impl Default for Workload {
    fn default() -> Self {
        Self::new("default")
    }
}

impl Workload {
    /// A workload in this namespace, without labels.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            labels: BTreeMap::new(),
            service: None,
            locality: None,
        }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Sets the service to which the process belongs.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Sets where the process stands: `region`, `region/zone` or `region/zone/subzone`.
    #[must_use]
    pub fn locality(mut self, locality: impl Into<String>) -> Self {
        self.locality = Some(Locality(locality.into()));
        self
    }

    /// Reads the workload from the environment:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `POD_NAMESPACE` | the namespace; default `default` |
    /// | `TOWER_MESH_LABELS` | the labels: `app=reviews,version=v1` |
    /// | `TOWER_MESH_SERVICE` | the service |
    /// | `TOWER_MESH_LOCALITY` | where it stands: `region/zone/subzone` |
    ///
    /// In Kubernetes the downward API sets `POD_NAMESPACE` from `metadata.namespace`.
    ///
    /// # Errors
    ///
    /// A variable that is there, but cannot be read.
    pub fn from_env() -> Result<Self, NotAWorkload> {
        Self::from_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(NotAWorkload {
                variable: name,
                flaw: WorkloadFlaw::Unicode,
            }),
        })
    }

    fn from_variables(
        variable: impl Fn(&'static str) -> Result<Option<String>, NotAWorkload>,
    ) -> Result<Self, NotAWorkload> {
        let given = |name| Ok(variable(name)?.filter(|value| !value.trim().is_empty()));
        let mut workload = Self::default();
        if let Some(namespace) = given("POD_NAMESPACE")? {
            workload.namespace = namespace.trim().to_owned();
        }
        for pair in given("TOWER_MESH_LABELS")?.unwrap_or_default().split(',') {
            let pair = pair.trim();
            match pair.split_once('=') {
                _ if pair.is_empty() => {}
                Some((name, value)) if !name.trim().is_empty() => {
                    workload = workload.label(name.trim(), value.trim());
                }
                _ => {
                    return Err(NotAWorkload {
                        variable: "TOWER_MESH_LABELS",
                        flaw: WorkloadFlaw::Label(shortened(pair)),
                    });
                }
            }
        }
        workload.service = given("TOWER_MESH_SERVICE")?.map(|service| service.trim().to_owned());
        workload.locality =
            given("TOWER_MESH_LOCALITY")?.map(|locality| Locality(locality.trim().to_owned()));
        Ok(workload)
    }
}

/// An environment that does not say who asks.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the environment variable {variable} {flaw}")]
pub struct NotAWorkload {
    variable: &'static str,
    flaw: WorkloadFlaw,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
enum WorkloadFlaw {
    #[error("is no text; write UTF-8")]
    Unicode,
    #[error("holds `{0}`, which is no label; write `name=value`, with commas between")]
    Label(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(variables: &[(&str, &str)]) -> Result<Workload, NotAWorkload> {
        Workload::from_variables(|name| {
            let mut variables = variables.iter();
            let found = variables.find(|(variable, _)| *variable == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        })
    }

    #[test]
    fn an_empty_environment_is_the_default_namespace() {
        assert_eq!(workload(&[]), Ok(Workload::default()));
        assert_eq!(workload(&[("POD_NAMESPACE", " ")]), Ok(Workload::default()));
    }

    #[test]
    fn every_variable_is_read() {
        let read = workload(&[
            ("POD_NAMESPACE", "prod"),
            ("TOWER_MESH_LABELS", "app=a, version = v1,,note="),
            ("TOWER_MESH_SERVICE", "reviews"),
            ("TOWER_MESH_LOCALITY", "eu/a"),
        ]);
        let wanted = Workload::new("prod")
            .label("app", "a")
            .label("version", "v1")
            .label("note", "")
            .service("reviews")
            .locality("eu/a");
        assert_eq!(read, Ok(wanted));
    }

    #[test]
    fn what_is_no_label_is_said() {
        let error = workload(&[("TOWER_MESH_LABELS", "app")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable TOWER_MESH_LABELS holds `app`, which is no label; write \
             `name=value`, with commas between"
        );
    }
}

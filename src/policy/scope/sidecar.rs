use crate::policy::{Clients, OutboundTrafficPolicy};
use serde::{Deserialize, Serialize};

/// What some clients know of the mesh (Istio: Sidecar): the services and routes of these hosts, and
/// nothing else.
///
/// A client goes by the first of the policy's sidecars whose clients include it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sidecar {
    /// By this name errors speak of it.
    pub name: String,
    /// The clients that it is for. Absent: all.
    #[serde(default, skip_serializing_if = "crate::policy::is_default")]
    pub from: Clients,
    /// What they know, as `namespace/host`: the namespace of the service or route, `.` for the
    /// client's own, `*` for any, `~` for none; then the host, `*.example.com` or `*`.
    pub hosts: Vec<String>,
    /// What becomes of requests to hosts that they do not know. Absent: as the mesh has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
}

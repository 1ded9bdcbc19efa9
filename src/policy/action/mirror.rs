use crate::policy::Percent;
use serde::{Deserialize, Serialize};

/// A copy of a share of the requests for somebody else, whose answer nobody sees (Istio and
/// Gateway API: mirror).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Mirror {
    /// The name of one of the policy's services.
    pub service: String,
    /// The name of one of that service's subsets; absent: all its endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The share that is copied, each mirror on its own draw. Default 100: all.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub percent: Percent,
}

fn all() -> Percent {
    Percent::HUNDRED
}

fn is_all(percent: &Percent) -> bool {
    *percent == Percent::HUNDRED
}

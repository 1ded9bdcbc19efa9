use crate::policy::Status;
use serde::{Deserialize, Serialize};

/// The answer itself, instead of a destination (Istio: HTTPDirectResponse). A body has the type
/// `text/plain` unless the rule's response headers set another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Respond {
    /// 200 to 599.
    pub status: Status,
    /// At most 1 MiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

use crate::policy::{Percent, Span, Status};
use serde::{Deserialize, Serialize};

/// Delays and failures on purpose (Istio: HTTPFaultInjection). The two are drawn independently,
/// the delay first, so a delayed request may then be aborted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// Holds a share of the requests back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// Answers a share of the requests with an error, without calling anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<Abort>,
}

/// Holds a share of the requests back before they go on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delay {
    /// For how long; at least 1 ms.
    pub fixed: Span,
    /// The share. It has no default: Istio's would be 0 %, which surprises everybody.
    pub percent: Percent,
}

/// Answers a share of the requests with an error, without calling anybody.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Abort {
    /// The status of the answer, 200 to 599. gRPC requests get the `grpc-status` it stands for.
    pub status: Status,
    /// The share. It has no default: Istio's would be 0 %, which surprises everybody.
    pub percent: Percent,
}

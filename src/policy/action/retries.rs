use crate::policy::route::{is_true, yes};
use crate::policy::{Header, Span, Status, is_default};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// When and how often a request is tried again (Istio: HTTPRetry).
///
/// Written without any field, it is Istio's default: two more tries where the request did not
/// reach anybody who looked at it, or where gRPC says that it is of no account.
///
/// A request is tried again whatever its method: only where it may be sent twice should it be
/// tried again when somebody has seen it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Retries {
    /// How many tries there may be after the first; 0: none. Default 2.
    #[serde(skip_serializing_if = "is_two")]
    pub attempts: u32,
    /// What a try must have come to for another one to follow: any of these. Default: Istio's,
    /// `connect-failure`, `refused-stream`, `unavailable`, `cancelled` and
    /// `retriable-status-codes`.
    #[serde(skip_serializing_if = "is_standard")]
    pub on: Vec<Condition>,
    /// The statuses of `retriable-status-codes`, which need not be among `on` where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Status>,
    /// The headers of `retriable-headers`, which needs not be among `on` where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// How long each try may take until its answer begins, counted from when the request is
    /// complete. Absent, or not less than the rule's timeout: as long as the rule has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<Span>,
    /// How long is waited between two tries.
    #[serde(skip_serializing_if = "is_default")]
    pub backoff: Backoff,
    /// Whether another try goes to an endpoint that had none yet, if one of six picks finds such a
    /// one. Default true.
    #[serde(skip_serializing_if = "is_true")]
    pub avoid_tried: bool,
}

/// How long is waited between two tries: a time drawn between nothing and a bound that begins at
/// `base` and doubles with each try, up to `max`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Backoff {
    /// The bound before the second try. Default 25 ms; less than 1 ms is 1 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Span>,
    /// The bound that is not exceeded. Default ten times the base; less than the base is the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Span>,
}

impl Backoff {
    /// The bound before the second try.
    pub fn base(self) -> Duration {
        let base = self.base.map_or(BASE, Duration::from);
        base.max(Duration::from_millis(1))
    }

    /// The bound that is not exceeded.
    pub fn max(self) -> Duration {
        let base = self.base();
        let max = self.max.map(Duration::from);
        max.unwrap_or_else(|| base.saturating_mul(10)).max(base)
    }
}

/// Envoy's.
const BASE: Duration = Duration::from_millis(25);

/// What a try has come to, in Envoy's words.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Condition {
    /// An answer with a status from 500 to 599, or no answer at all.
    #[serde(rename = "5xx")]
    ServerError,
    /// An answer with 502, 503 or 504, or no answer at all.
    GatewayError,
    /// No answer: the connection failed or was closed, the stream was reset, the try took too
    /// long.
    Reset,
    /// No answer, and nothing of the request was sent.
    ResetBeforeRequest,
    /// No connection came about.
    ConnectFailure,
    /// The endpoint refused the stream before it looked at it (HTTP/2: `REFUSED_STREAM`).
    RefusedStream,
    /// An answer with 409.
    #[serde(rename = "retriable-4xx")]
    Conflict,
    /// An answer with one of `codes`.
    RetriableStatusCodes,
    /// An answer with one of `headers`.
    RetriableHeaders,
    /// An answer with the header `x-envoy-ratelimited`, which no other condition takes.
    EnvoyRatelimited,
    /// gRPC's status 1, in the answer's head.
    Cancelled,
    /// gRPC's status 4, in the answer's head.
    DeadlineExceeded,
    /// gRPC's status 13, in the answer's head.
    Internal,
    /// gRPC's status 8, in the answer's head.
    ResourceExhausted,
    /// gRPC's status 14, in the answer's head.
    Unavailable,
}

impl Condition {
    /// All that there are.
    pub const ALL: [Self; 15] = [
        Self::ServerError,
        Self::GatewayError,
        Self::Reset,
        Self::ResetBeforeRequest,
        Self::ConnectFailure,
        Self::RefusedStream,
        Self::Conflict,
        Self::RetriableStatusCodes,
        Self::RetriableHeaders,
        Self::EnvoyRatelimited,
        Self::Cancelled,
        Self::DeadlineExceeded,
        Self::Internal,
        Self::ResourceExhausted,
        Self::Unavailable,
    ];

    /// Istio's default.
    pub const STANDARD: [Self; 5] = [
        Self::ConnectFailure,
        Self::RefusedStream,
        Self::Unavailable,
        Self::Cancelled,
        Self::RetriableStatusCodes,
    ];

    /// Envoy's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ServerError => "5xx",
            Self::GatewayError => "gateway-error",
            Self::Reset => "reset",
            Self::ResetBeforeRequest => "reset-before-request",
            Self::ConnectFailure => "connect-failure",
            Self::RefusedStream => "refused-stream",
            Self::Conflict => "retriable-4xx",
            Self::RetriableStatusCodes => "retriable-status-codes",
            Self::RetriableHeaders => "retriable-headers",
            Self::EnvoyRatelimited => "envoy-ratelimited",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::Internal => "internal",
            Self::ResourceExhausted => "resource-exhausted",
            Self::Unavailable => "unavailable",
        }
    }

    /// What Envoy's word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: ATTEMPTS,
            on: Condition::STANDARD.into(),
            codes: Vec::new(),
            headers: Vec::new(),
            per_try_timeout: None,
            backoff: Backoff::default(),
            avoid_tried: yes(),
        }
    }
}

impl Retries {
    /// Istio's default with another number of tries after the first.
    pub fn new(attempts: u32) -> Self {
        Self {
            attempts,
            ..Self::default()
        }
    }

    /// Tries again on these conditions, in place of the default's.
    #[must_use]
    pub fn on(mut self, conditions: impl IntoIterator<Item = Condition>) -> Self {
        self.on = conditions.into_iter().collect();
        self
    }

    /// Tries again on answers with this status, too.
    #[must_use]
    pub fn code(mut self, status: Status) -> Self {
        self.codes.push(status);
        self
    }

    /// How long each try may take.
    #[must_use]
    pub fn per_try_timeout(mut self, timeout: Span) -> Self {
        self.per_try_timeout = Some(timeout);
        self
    }

    /// The conditions in force: those that `codes` and `headers` bring with them, too.
    pub fn conditions(&self) -> Vec<Condition> {
        let mut all = self.on.clone();
        for (brought, condition) in [
            (!self.codes.is_empty(), Condition::RetriableStatusCodes),
            (!self.headers.is_empty(), Condition::RetriableHeaders),
        ] {
            if brought && !all.contains(&condition) {
                all.push(condition);
            }
        }
        all
    }
}

const ATTEMPTS: u32 = 2;

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_two(attempts: &u32) -> bool {
    *attempts == ATTEMPTS
}

fn is_standard(on: &[Condition]) -> bool {
    on == Condition::STANDARD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_is_written_as_envoys_word() {
        for condition in Condition::ALL {
            let written = serde_json::to_value(condition).unwrap();
            assert_eq!(written, condition.word());
            assert_eq!(Condition::of_word(condition.word()), Some(condition));
        }
    }
}

use crate::policy::{Span, TextMatch, is_default};
use serde::{Deserialize, Serialize};

/// Which pages of other origins may use the answers (Istio: CorsPolicy).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Cors {
    /// The origins that may, as in the header `Origin`: `https://shop.example.com`. An exact `*`
    /// takes every origin.
    pub allow_origins: Vec<TextMatch>,
    /// The methods that are allowed; `*` allows the one that is asked for. Empty: the reply does
    /// not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// The request headers that are allowed; `*` allows those that are asked for. Empty: the
    /// reply does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// The response headers that a page may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// How long a browser may keep the answer to a preflight: whole seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Span>,
    /// Whether requests with cookies or credentials are allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub allow_credentials: bool,
    /// What becomes of preflights of other origins.
    #[serde(skip_serializing_if = "is_default")]
    pub unmatched_preflights: UnmatchedPreflights,
}

/// What becomes of preflights of origins that are not allowed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum UnmatchedPreflights {
    /// They go where other requests go. Envoy's and Istio's default.
    #[default]
    Forward,
    /// They are answered with 200 and without any CORS header, so that the browser refuses.
    Ignore,
}

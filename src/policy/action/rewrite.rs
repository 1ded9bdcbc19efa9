use crate::policy::Pattern;
use http::uri::Authority;
use serde::{Deserialize, Serialize};

/// What of a request's address is changed before it is sent (Istio: HTTPRewrite; Gateway API:
/// URLRewrite). Routing, faults and limits see the address as it came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Rewrite {
    /// The host that the endpoint sees, with a port or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The path. The query is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathRewrite>,
}

/// How a path becomes another. The query is no part of it and is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PathRewrite {
    /// In place of all of it.
    Full(String),
    /// In place of the prefix that the rule's match took, element by element, with one slash
    /// between it and the rest: `/a` to `/b` makes `/b/c` of `/a/c`, and `/` makes `/c` (Gateway
    /// API: ReplacePrefixMatch).
    Prefix(String),
    /// In place of what the rule's match took, character for character: of a prefix, or of the
    /// whole path where the match was exact or a regular expression; of the first slash where
    /// there was none. `/a` to `/` makes `//c` of `/a/c` (Istio: `rewrite.uri`).
    Matched(String),
    /// In place of everything that matches a regular expression.
    Regex(RegexRewrite),
}

/// Every part of a path that matches, and what stands in its place (Istio: `uriRegexRewrite`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RegexRewrite {
    /// What is replaced. Unlike in matches it need not be the whole path.
    #[serde(rename = "match")]
    pub pattern: Pattern,
    /// What replaces it; `\1` to `\9` stand for its groups, `\0` for all of it.
    pub substitution: String,
}

/// A host, perhaps with a port, as requests say it: the parser takes any text for a port, and
/// names for whom to ask.
pub(crate) fn authority(text: &str) -> Option<Authority> {
    let authority = Authority::try_from(text).ok()?;
    let host = authority.host();
    let port = text.get(host.len()..)?;
    let good = matches!(
        port.strip_prefix(':').map(str::parse::<u16>),
        None | Some(Ok(1..))
    );
    let names = good && !host.is_empty() && !text.contains('@');
    names.then_some(authority)
}

//! What a rule asks of a request: its host, path, method, headers and query parameters.

mod automaton;
mod compiled;
mod engines;
mod header;
mod host;
mod matcher;
mod path;
mod pattern;
mod re2;
mod simulation;
mod size;
mod text;

pub use compiled::CompiledPattern;
pub use header::{Header, NotAHeader};
pub use host::{Host, NotAHost};
pub use matcher::TextMatcher;
pub use path::{NotAPath, Path, PathMatch};
pub use pattern::{NotAPattern, Pattern};
pub use text::TextMatch;

pub(crate) use header::{distinct, header_name};

use crate::policy::{Clients, Door, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a request must be like; all that is given must hold (Istio: HTTPMatchRequest).
///
/// Nothing given takes every request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Match {
    /// The path, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathMatch>,
    /// Whether upper and lower case are one in an exact path or in the prefixes; a regular
    /// expression says `(?i)` itself.
    #[serde(skip_serializing_if = "is_default")]
    pub ignore_path_case: bool,
    /// The method, in upper case as in requests: `GET`.
    #[serde(skip_serializing_if = "Option::is_none", with = "text::method")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<crate::policy::schema::Method>")
    )]
    pub method: Option<TextMatch>,
    /// The scheme: `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<TextMatch>,
    /// The host as the request has it, with its port where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<TextMatch>,
    /// Headers by name, all of them. Of a repeated header one line has to match, on its own.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "header::distinct"
    )]
    pub headers: BTreeMap<Header, ValueMatch>,
    /// Headers by name, none of which may match. A header that is not there counts as empty, so a
    /// match that takes the empty text leaves the request out.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "header::distinct"
    )]
    pub without_headers: BTreeMap<Header, ValueMatch>,
    /// Query parameters by name, all of them, as they were sent. The first counts where one is
    /// repeated.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, ValueMatch>,
    /// The port of the service or listener to which requests come. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The clients from which requests come (Istio: `sourceNamespace`, `sourceLabels`). Absent:
    /// all.
    #[serde(skip_serializing_if = "is_default")]
    pub from: Clients,
    /// Where requests come in, of the doors that the route names. Where it is given, `from` is not
    /// asked, as in Istio. Empty: all of the route's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<Door>,
}

impl Match {
    /// Requests whose path matches this.
    pub fn path(path: PathMatch) -> Self {
        Self {
            path: Some(path),
            ..Self::default()
        }
    }

    /// Requests whose path is this or lies below it.
    ///
    /// # Panics
    ///
    /// If the text is no [`Path`]; [`Match::path`] is for paths that are not known to be good.
    pub fn prefix(path: &str) -> Self {
        match path.parse() {
            Ok(path) => Self::path(PathMatch::Prefix(path)),
            Err(error) => panic!("{error}"),
        }
    }

    /// Restricts the match to this method.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // As `http` takes methods, too.
    pub fn method(mut self, method: http::Method) -> Self {
        self.method = Some(TextMatch::exact(method.as_str()));
        self
    }

    /// Restricts the match to requests with such a header.
    ///
    /// # Panics
    ///
    /// If the name is no header name; [`Match::headers`] is for names that are not known to be
    /// good.
    #[must_use]
    pub fn header(mut self, name: &str, value: ValueMatch) -> Self {
        match name.parse() {
            Ok(name) => self.headers.insert(name, value),
            Err(error) => panic!("{error}"),
        };
        self
    }

    /// Restricts the match to requests with such a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: ValueMatch) -> Self {
        self.query.insert(name.into(), value);
        self
    }

    /// Says whether the match takes every request that has a path, whoever sends it.
    pub fn is_everything(&self) -> bool {
        let anyone = self.port.is_none() && self.from.are_all() && self.gateways.is_empty();
        anyone && self.asks_nothing()
    }

    /// Says whether nothing is asked of a request itself: where the match is there at all, it takes
    /// every one.
    pub(crate) fn asks_nothing(&self) -> bool {
        let anywhere = match &self.path {
            None => true,
            Some(PathMatch::Prefix(path)) => path.as_str() == "/",
            Some(PathMatch::StartsWith(start)) => matches!(start.as_str(), "" | "/"),
            // As Istio, which knows a catch-all by this one expression.
            Some(PathMatch::Regex(pattern)) => pattern.as_str() == ".*",
            Some(PathMatch::Exact(_)) => false,
        };
        anywhere
            && self.method.is_none()
            && self.scheme.is_none()
            && self.authority.is_none()
            && self.headers.is_empty()
            && self.without_headers.is_empty()
            && self.query.is_empty()
    }
}

/// What the value of a header or of a query parameter must be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ValueMatch {
    /// This, byte for byte.
    Exact(String),
    /// It begins with this.
    Prefix(String),
    /// All of it matches this regular expression.
    Regex(Pattern),
    /// It is there, whatever it is.
    Present,
    /// It is not there.
    Absent,
}

impl ValueMatch {
    /// This, byte for byte.
    pub fn exact(value: impl Into<String>) -> Self {
        Self::Exact(value.into())
    }
}

#[cfg(test)]
mod tests;

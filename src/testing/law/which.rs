use crate::explain::{Asker, Question};
use crate::policy::{Header, Host, Match, Path, PathMatch, Policy, TextMatch, ValueMatch};
use crate::route::{Asked, Matcher, Normalize};
use crate::testing::law::{brief, written};
use http::uri::PathAndQuery;
use http::{Method, Request};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Which requests a law is about, or which it is not about. All that is given must hold; nothing
/// given is every request.
///
/// What is one value is given to every request that is generated; the rest is asked of them.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use tower_mesh::testing::law::Which;
///
/// let which: Which = serde_json::from_str(
///     r#"{ "host": "reviews", "headers": { "x-beta": "1" }, "source": { "namespace": "prod" } }"#,
/// )
/// .unwrap();
/// let words = "requests to reviews with the header `x-beta: 1` from clients in the namespace prod";
/// assert_eq!(which.to_string(), words);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Which {
    /// The host that they address, as they write it; with a port, requests to that port alone.
    /// `*.example.com` is every host below it.
    pub host: Option<Host>,
    /// The method.
    #[serde(deserialize_with = "written::method")]
    pub method: Option<Method>,
    /// The path, as rules see it: without `.` and `..`, unless the policy leaves them there; with a
    /// `?`, the query as well.
    #[serde(deserialize_with = "written::path")]
    pub path: Option<PathAndQuery>,
    /// This path and what lies below it, element by element.
    pub prefix: Option<Path>,
    /// Headers that they have, by name.
    #[serde(deserialize_with = "written::headers")]
    pub headers: Vec<(Header, String)>,
    /// Query parameters that they have, as they are sent.
    #[serde(deserialize_with = "written::query")]
    pub query: BTreeMap<String, String>,
    /// The clients that send them. Labels may be joined by others.
    pub source: Option<Asker>,
    /// The gateway at which they arrive, `namespace/name`; `mesh`: at none, from clients in the
    /// mesh. Absent: wherever they may.
    pub gateway: Option<String>,
    /// The gateway's port at which they arrive.
    pub port: Option<u16>,
    /// What else they must be like, in the words of a rule: any of these. `port`, `from` and
    /// `gateways` are no part of it here.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    /// Whether requests to hosts that the policy does not know are meant, too. Default: they are
    /// not, for what becomes of them is no rule's doing.
    pub strangers: bool,
}

/// A [`Which`] that is ready to be asked.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    which: &'a Which,
    /// As before rules look at a path.
    normalize: Normalize,
    /// What it says itself, but for the host and the path.
    own: Matcher,
    /// Of which any has to match, if there are some.
    matchers: Vec<Matcher>,
}

impl<'a> Filter<'a> {
    /// For requests to this policy.
    pub(super) fn new(which: &'a Which, policy: &Policy) -> Self {
        let exact = |value: &String| ValueMatch::exact(value);
        let headers = which.headers.iter();
        let own = Match {
            path: which.prefix.clone().map(PathMatch::Prefix),
            method: { which.method.as_ref() }.map(|method| TextMatch::exact(method.as_str())),
            headers: headers
                .map(|(name, value)| (name.clone(), exact(value)))
                .collect(),
            query: which
                .query
                .iter()
                .map(|(name, value)| (name.clone(), exact(value)))
                .collect(),
            ..Match::default()
        };
        Self {
            which,
            normalize: Normalize(policy.mesh.path_normalization),
            own: Matcher::compile(&own),
            matchers: which.matches.iter().map(Matcher::compile).collect(),
        }
    }

    /// Says whether the request is one of these.
    pub(super) fn takes(&self, question: &Question) -> bool {
        let Ok(request) = Request::try_from(question) else {
            return false;
        };
        let mut asked = Asked::of(&request);
        // What cannot be made alike is refused, whatever rules say.
        let Ok(path) = self.normalize.path(asked.path) else {
            return false;
        };
        asked.path = &path;
        let Which { host, path, .. } = self.which;
        let same_query =
            |path: &PathAndQuery| path.query().is_none_or(|query| query == asked.query);
        host.as_ref().is_none_or(|host| is_at(host, &asked))
            && { path.as_ref() }.is_none_or(|path| path.path() == asked.path && same_query(path))
            && self.own.takes(&asked)
            && (self.matchers.is_empty() || self.matchers.iter().any(|one| one.takes(&asked)))
            && self.takes_source(question)
    }

    fn takes_source(&self, question: &Question) -> bool {
        let Which { gateway, port, .. } = self.which;
        let asks = |wanted: &Asker| {
            let nobody = Asker::default();
            let source = question.source.as_ref().unwrap_or(&nobody);
            let namespace = source.namespace.as_deref().unwrap_or("default");
            { wanted.namespace.as_ref() }.is_none_or(|wanted| wanted == namespace)
                && { wanted.labels.iter() }
                    .all(|(key, value)| source.labels.get(key) == Some(value))
                && (wanted.ip.is_none() || wanted.ip == source.ip)
        };
        self.which.source.as_ref().is_none_or(asks)
            && match gateway.as_deref() {
                None => true,
                Some(MESH) => question.gateway.is_none(),
                gateway => gateway == question.gateway.as_deref(),
            }
            && (port.is_none() || *port == question.port)
    }
}

fn is_at(host: &Host, asked: &Asked<'_>) -> bool {
    let name = asked.host().to_ascii_lowercase();
    let named = match host.name().strip_prefix('*') {
        Some(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
        None => name == host.name(),
    };
    named && host.port().is_none_or(|port| port == asked.port())
}

/// As a person would say it, beginning with `requests`.
impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{method} requests")?,
            None => f.write_str("requests")?,
        }
        if let Some(host) = &self.host {
            write!(f, " to {host}")?;
        }
        if let Some(path) = &self.path {
            write!(f, " for {path}")?;
        }
        if let Some(prefix) = &self.prefix {
            write!(f, " for {prefix} and below")?;
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            let before = ["with the", "and the"][usize::from(index > 0)];
            write!(f, " {before} header `{name}: {value}`")?;
        }
        for (name, value) in &self.query {
            write!(f, " with `{name}={value}` in the query")?;
        }
        if let Some(source) = &self.source {
            write!(f, " from {}", brief::asker(source))?;
        }
        match self.gateway.as_deref() {
            None => {}
            Some(MESH) => f.write_str(" in the mesh")?,
            Some(gateway) => write!(f, " at the gateway {gateway}")?,
        }
        if let Some(port) = self.port {
            write!(f, " on port {port}")?;
        }
        if !self.matches.is_empty() {
            f.write_str(" that fit its `match`")?;
        }
        if self.strangers {
            f.write_str(", strangers included,")?;
        }
        Ok(())
    }
}

/// As routes name what is no gateway.
pub(super) const MESH: &str = "mesh";

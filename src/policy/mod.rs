//! What people write: one shared model of services, routes, limits and faults.
//!
//! Plain data with serde. A [`Policy`] is written in YAML (or JSON), built in code with the same
//! types, or imported; it knows nothing of connections and time. Compiling it
//! ([`Policy::compile`]) gives a [`Plan`](crate::plan::Plan), which serves requests.
//!
//! ```yaml
//! services:
//!   reviews:
//!     port: 9080
//!     endpoints:
//!       - { address: "10.0.0.1:9080", labels: { version: v1 } }
//!       - { address: "10.0.0.2:9080", labels: { version: v2 } }
//!     subsets:
//!       v1: { labels: { version: v1 } }
//!       v2: { labels: { version: v2 } }
//! routes:
//!   - name: reviews
//!     hosts: [reviews]
//!     rules:
//!       - name: beta
//!         match: [{ headers: { x-beta: { exact: "1" } } }]
//!         to: [{ service: reviews, subset: v2 }]
//!       - to:
//!           - { service: reviews, subset: v1, weight: 90 }
//!           - { service: reviews, subset: v2, weight: 10 }
//! ```
//!
//! Reading is strict: an unknown field is an error, and every value has one meaning and one unit.

mod action;
mod address;
mod error;
mod fault;
pub mod format;
mod headers;
mod limit;
mod matching;
pub(crate) mod places;
pub(crate) mod registry;
mod route;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod service;
mod sticky;
pub(crate) mod trail;
#[cfg(feature = "yaml")]
pub(crate) mod tree;
mod units;
pub(crate) mod validate;
pub(crate) mod wording;

pub use action::{
    Backoff, Condition, Cors, Mirror, PathRewrite, Redirect, RedirectPort, RegexRewrite, Respond,
    Retries, Rewrite, Scheme, UnmatchedPreflights,
};
pub use address::{Address, NotAnAddress};
pub use error::{Error, Errors, Place, Severity};
pub use fault::{Abort, Delay, Fault};
pub use format::NotAHeaderText;
pub use headers::{HeaderChanges, HeaderText, Headers};
pub use limit::{Key, Limit, Rate};
pub use matching::{
    CompiledPattern, Header, Host, Match, NotAHeader, NotAHost, NotAPath, NotAPattern, Path,
    PathMatch, Pattern, TextMatch, TextMatcher, ValueMatch,
};
pub use places::Places;
pub use route::{Destination, Precedence, Route, Rule};
pub use scope::{
    Clients, Door, Gateway, Listener, ListenerProtocol, NotADoor, NotAWorkload, Sidecar, Workload,
};
pub use service::{
    Balance, ClientSettings, Endpoint, Inbound, Locality, Protocol, Service, Subset,
};
pub use sticky::{Cookie, Sticky, StickyKey};
pub use units::{NotADuration, NotAPercent, NotAStatus, Percent, Span, Status, Ttl};

pub(crate) use action::authority;
#[cfg(feature = "testing")]
pub(crate) use matching::distinct;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The root: everything that is known about services and how requests reach them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Policy {
    /// Settings of the mesh as a whole.
    #[serde(skip_serializing_if = "is_default")]
    pub mesh: MeshSettings,
    /// The services by name; the name is the host by which clients address the service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Service>,
    /// Which requests go where. The host picks the route, the first matching rule decides.
    ///
    /// A service that no route names as host is reached directly, all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Where requests from outside come in, by name: `name` or `namespace/name`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub gateways: BTreeMap<String, Gateway>,
    /// What some clients know of the mesh, where it is not everything. The first that includes a
    /// client holds for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<Sidecar>,
}

/// Settings of the mesh as a whole (Istio: MeshConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct MeshSettings {
    /// What becomes of requests to hosts that the policy does not know.
    #[serde(skip_serializing_if = "is_default")]
    pub outbound_traffic_policy: OutboundTrafficPolicy,
    /// What the full names of Kubernetes services end with, after `.svc.`. Default
    /// `cluster.local`.
    #[serde(skip_serializing_if = "is_cluster_local")]
    pub cluster_domain: String,
    /// How paths are made alike before anything looks at them.
    #[serde(skip_serializing_if = "is_default")]
    pub path_normalization: PathNormalization,
    /// How many proxies in front of a gateway or server stack are trusted to say, in
    /// `x-forwarded-for`, who the client is. Default 0: the connection's other end is the client.
    #[serde(skip_serializing_if = "is_default")]
    pub trusted_hops: u32,
}

impl Default for MeshSettings {
    fn default() -> Self {
        Self {
            outbound_traffic_policy: OutboundTrafficPolicy::default(),
            cluster_domain: CLUSTER_LOCAL.to_owned(),
            path_normalization: PathNormalization::default(),
            trusted_hops: 0,
        }
    }
}

/// How paths are made alike before anything looks at them, so that two ways to write one path
/// cannot be told apart by a rule and confused by a server (Istio: `pathNormalization`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PathNormalization {
    /// They stay as they came.
    None,
    /// `.` and `..` are resolved, `\\` becomes `/`, escapes of letters, digits and `-._~` are
    /// decoded. Istio's default.
    #[default]
    Base,
    /// And adjacent slashes become one.
    MergeSlashes,
    /// And before that `%2F` and `%5C` are decoded.
    DecodeAndMergeSlashes,
}

/// What becomes of requests to hosts that the policy does not know (Istio:
/// `outboundTrafficPolicy.mode`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum OutboundTrafficPolicy {
    /// They are sent to the host that they address, as if there were no mesh. The default, as in
    /// Istio: adding the mesh to a client must not cut off what it already calls.
    #[default]
    AllowAny,
    /// They are answered with 502 and reach nobody.
    RegistryOnly,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_cluster_local(domain: &str) -> bool {
    domain == CLUSTER_LOCAL
}

const CLUSTER_LOCAL: &str = "cluster.local";

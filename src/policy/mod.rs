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

mod address;
mod error;
mod fault;
mod headers;
mod limit;
mod matching;
mod route;
mod service;
pub(crate) mod trail;
#[cfg(feature = "yaml")]
pub(crate) mod tree;
mod units;
pub(crate) mod validate;
pub(crate) mod wording;

pub use address::{Address, NotAnAddress};
pub use error::{Error, Errors, Place, Severity};
pub use fault::{Abort, Delay, Fault};
pub use headers::{HeaderChanges, HeaderText, Headers, NotAHeaderText};
pub use limit::{Key, Limit, Rate};
pub use matching::{
    Header, Host, Match, NotAHeader, NotAHost, NotAPath, NotAPattern, Path, PathMatch, Pattern,
    ValueMatch,
};
pub use route::{Destination, Route, Rule};
pub use service::{Balance, Endpoint, Inbound, Locality, Protocol, Service, Subset};
pub use units::{NotADuration, NotAPercent, NotAStatus, Percent, Span, Status};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The root: everything that is known about services and how requests reach them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Policy {
    /// Settings of the mesh as a whole.
    #[serde(skip_serializing_if = "is_default")]
    pub mesh: MeshSettings,
    /// The services by name; the name is the host by which clients address the service.
    pub services: BTreeMap<String, Service>,
    /// Which requests go where. The host picks the route, the first matching rule decides.
    ///
    /// A service that no route names as host is reached directly, all of it.
    pub routes: Vec<Route>,
}

/// Settings of the mesh as a whole (Istio: MeshConfig).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct MeshSettings {
    /// What becomes of requests to hosts that the policy does not know.
    pub outbound_traffic_policy: OutboundTrafficPolicy,
}

/// What becomes of requests to hosts that the policy does not know (Istio:
/// `outboundTrafficPolicy.mode`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
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

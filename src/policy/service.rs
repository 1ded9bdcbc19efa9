use crate::policy::route::{is_one, one};
use crate::policy::{Address, Clients, Fault, Host, Limit, Retries, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Endpoints that do the same, under one name (Istio: ServiceEntry and DestinationRule).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Service {
    /// The port by which clients address the service. Default 80. Endpoints have ports of their
    /// own.
    #[serde(default = "default_port", skip_serializing_if = "is_default_port")]
    pub port: u16,
    /// What the endpoints speak. Default `http1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: Protocol,
    /// How an endpoint is chosen for a request. Default `leastRequest`, as in Istio.
    #[serde(default, skip_serializing_if = "is_default")]
    pub balance: Balance,
    /// Who serves the requests. Without endpoints every request gets 503.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
    /// Whether requests go where they are addressed, to whichever host that is, rather than to
    /// endpoints (Istio: a ServiceEntry with `resolution: NONE`). So the service says that its
    /// host, perhaps a wildcard, may be reached, and how.
    #[serde(default, skip_serializing_if = "is_default")]
    pub passthrough: bool,
    /// The namespace to which the service belongs. Absent: the one in its name, if that is the
    /// full name of a Kubernetes service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The namespaces whose clients know the service (Istio: `exportTo`). Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_to: Option<Vec<String>>,
    /// Other hosts by which clients address the service, such as its cluster IP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Host>,
    /// Named parts of the endpoints, for routes to choose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subsets: BTreeMap<String, Subset>,
    /// What holds for some clients only (Istio: which DestinationRule a client finds). The first
    /// that includes a client holds for it, with everything in it, in place of `balance` and
    /// `subsets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientSettings>,
    /// When and how often requests are tried again that reach the service without a route. Absent:
    /// never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// What the server stack of this service does to requests that arrive.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inbound: Inbound,
}

/// How some clients see a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ClientSettings {
    /// Which clients.
    #[serde(skip_serializing_if = "is_default")]
    pub from: Clients,
    /// How an endpoint is chosen for a request. Default `leastRequest`.
    #[serde(skip_serializing_if = "is_default")]
    pub balance: Balance,
    /// Named parts of the endpoints, for routes to choose.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subsets: BTreeMap<String, Subset>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            port: default_port(),
            protocol: Protocol::default(),
            balance: Balance::default(),
            endpoints: Vec::new(),
            passthrough: false,
            namespace: None,
            visible_to: None,
            aliases: Vec::new(),
            subsets: BTreeMap::new(),
            clients: Vec::new(),
            retries: None,
            inbound: Inbound::default(),
        }
    }
}

impl Service {
    /// A service with these endpoints.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        Self {
            endpoints: endpoints.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Sets how an endpoint is chosen.
    #[must_use]
    pub fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Adds a subset: the endpoints that carry this label.
    #[must_use]
    pub fn subset(
        mut self,
        name: impl Into<String>,
        label: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.subsets
            .entry(name.into())
            .or_default()
            .labels
            .insert(label.into(), value.into());
        self
    }
}

/// One server of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Endpoint {
    /// Where it listens: `10.0.0.1:8080`, `[::1]:8080` or `name:8080`.
    pub address: Address,
    /// Its share of the requests, relative to the others', where the algorithm minds weights.
    /// 1 to 1,000,000; default 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// What subsets choose by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Where it stands: `region`, `region/zone` or `region/zone/subzone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locality: Option<Locality>,
}

impl Endpoint {
    /// An endpoint of weight 1 without labels.
    pub fn new(address: impl Into<Address>) -> Self {
        Self {
            address: address.into(),
            weight: 1,
            labels: BTreeMap::new(),
            locality: None,
        }
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }
}

/// The endpoints that carry all of these labels and stand in this locality.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Subset {
    /// The labels that an endpoint has to carry, each with this value. Empty: any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The locality in which an endpoint has to stand: `eu-west` takes `eu-west/a`, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<Locality>,
    /// How an endpoint is chosen, where it differs from the service's way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
}

impl Subset {
    /// Says whether an endpoint belongs to the subset.
    pub fn takes(&self, endpoint: &Endpoint) -> bool {
        let labelled = self
            .labels
            .iter()
            .all(|(name, value)| endpoint.labels.get(name) == Some(value));
        let placed = self.locality.as_ref().is_none_or(|wanted| {
            endpoint
                .locality
                .as_ref()
                .is_some_and(|locality| locality.lies_in(wanted))
        });
        labelled && placed
    }
}

/// A place: `region`, `region/zone` or `region/zone/subzone`, as Istio writes it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Locality(pub String);

impl Locality {
    /// Says whether this place is the other or part of it.
    pub fn lies_in(&self, other: &Self) -> bool {
        self.0
            .strip_prefix(&other.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// What the endpoints of a service speak.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 with prior knowledge, so without TLS: what gRPC servers speak.
    Http2,
}

/// How an endpoint is chosen for a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Balance {
    /// Each in turn, by weight where weights differ (smoothly: 3 and 1 give `AABA`, not `AAAB`).
    RoundRobin,
    /// Any, all with the same chance; weights are not minded (as Envoy's RANDOM).
    Random,
    /// Any, with a chance by weight.
    Weighted,
    /// The less busy of two drawn at random, by weight where weights differ. Istio's default.
    #[default]
    LeastRequest,
}

/// What the server stack of a service does to requests that arrive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Inbound {
    /// How many requests pass, in all or for each client. A request must pass every one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Delays and failures on purpose.
    #[serde(skip_serializing_if = "is_default")]
    pub fault: Fault,
}

fn default_port() -> u16 {
    80
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_default_port(port: &u16) -> bool {
    *port == default_port()
}

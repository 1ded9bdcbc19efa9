use crate::policy::scope::{is_mesh, mesh};
use crate::policy::{
    Cors, Door, Fault, Headers, Host, Limit, Match, Mirror, Redirect, Respond, Retries, Rewrite,
    Span, Status, Sticky, is_default,
};
use serde::{Deserialize, Serialize};

/// What happens to requests for some hosts (Istio: VirtualService).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Route {
    /// The name by which replies, events and errors speak of the route. Unique in a policy.
    pub name: String,
    /// The hosts whose requests enter here: `reviews`, `*.example.com` or `*`, each with a port or
    /// without. At least one; two routes for the same clients may not claim the same, unless both
    /// have the precedence `specific`.
    pub hosts: Vec<Host>,
    /// Where the requests come in. Default: `[mesh]`, from clients in the mesh.
    #[serde(default = "mesh", skip_serializing_if = "is_mesh")]
    pub gateways: Vec<Door>,
    /// The namespace to which the route belongs, where that matters to clients (see
    /// [`Sidecar`](crate::policy::Sidecar)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The namespaces whose clients the route is for (Istio: `exportTo`). Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_to: Option<Vec<String>>,
    /// Which of several rules that match decides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precedence: Precedence,
    /// The rules. Where none takes a request, it is answered with 404: there is no falling back to
    /// another route.
    pub rules: Vec<Rule>,
}

/// Which of several rules that match decides.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Precedence {
    /// The first, as they are listed. VirtualServices have it so.
    #[default]
    Listed,
    /// The most specific: an exact path before a prefix, the longer before the shorter, then the
    /// one with a method, with more headers, with more query parameters; only then the first.
    /// Among the rules of all routes for one host. HTTPRoutes have it so.
    Specific,
}

/// One rule of a [`Route`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// The name by which replies, events and errors speak of the rule; else its index does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the rule applies: if any of these matches. Empty: always.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<Match>,
    /// Where its requests go, by weight. At least one, unless the rule redirects or responds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Destination>,
    /// Keeps each caller at one of several destinations. Absent: every request is drawn for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Sends the client elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// Answers itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<Respond>,
    /// What of the address is changed before a request is sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rewrite: Rewrite,
    /// Who gets copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Mirror>,
    /// Which pages of other origins may use the answers. Absent: nothing is done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// How long the whole reply may take, counted from when the request is complete; then 504, or
    /// the body fails if its head was given already. A gRPC request's own `grpc-timeout` holds up
    /// to it. Absent: as long as it likes (Istio's default; Envoy's own is 15 s), or as the
    /// `grpc-timeout` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// When and how often a request is tried again. Absent: never, for only who knows what a
    /// request does can say whether it may be sent twice. (Istio's routes have a default; what is
    /// imported from them says it.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// How many requests pass, in all or for each client. A request must pass every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Delays and failures on purpose.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fault: Fault,
    /// What is changed in the headers of requests and replies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub headers: Headers,
}

/// Where a share of a rule's requests goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Destination {
    /// The name of one of the policy's services. Where services are named with their ports, the
    /// port may be left out: the only one, or the one to which the request came, is meant.
    pub service: String,
    /// The name of one of that service's subsets; absent: all its endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The share, relative to the other destinations' weights; 0: nothing. Default 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// What is changed in the headers of this share. The rule's own changes come after it, so they
    /// win; where there is one destination alone, they come before it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub headers: Headers,
    /// What is changed in the address of this share; what it says wins over the rule's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rewrite: Rewrite,
    /// The status with which the share is answered if the service or subset does not exist.
    /// Default 500, as the Gateway API has it; for VirtualServices it is 503.
    #[serde(default = "missing", skip_serializing_if = "is_missing")]
    pub when_missing: Status,
    /// Whether the route may send requests there at all. If not, the share is answered as if the
    /// service did not exist (Gateway API: a reference without a ReferenceGrant).
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub permitted: bool,
}

impl Destination {
    /// All of a service's endpoints, with weight 1.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            subset: None,
            weight: 1,
            headers: Headers::default(),
            rewrite: Rewrite::default(),
            when_missing: missing(),
            permitted: true,
        }
    }

    /// Only the endpoints of this subset.
    #[must_use]
    pub fn subset(mut self, subset: impl Into<String>) -> Self {
        self.subset = Some(subset.into());
        self
    }

    /// The share, relative to the other destinations' weights.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }
}

impl Route {
    /// A route without rules yet.
    pub fn new(name: impl Into<String>, hosts: impl IntoIterator<Item = Host>) -> Self {
        Self {
            name: name.into(),
            hosts: hosts.into_iter().collect(),
            gateways: mesh(),
            namespace: None,
            visible_to: None,
            precedence: Precedence::default(),
            rules: Vec::new(),
        }
    }

    /// Adds a rule after those that are there.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl Rule {
    /// A rule for all requests, with these destinations.
    pub fn to(destinations: impl IntoIterator<Item = Destination>) -> Self {
        Self {
            to: destinations.into_iter().collect(),
            ..Self::default()
        }
    }

    /// A rule for all requests that sends the client elsewhere.
    pub fn redirect(redirect: Redirect) -> Self {
        Self {
            redirect: Some(redirect),
            ..Self::default()
        }
    }

    /// A rule for all requests that answers itself.
    pub fn respond(respond: Respond) -> Self {
        Self {
            respond: Some(respond),
            ..Self::default()
        }
    }

    /// Gives the rule a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Restricts the rule to requests that match this, or another `when`.
    #[must_use]
    pub fn when(mut self, matching: Match) -> Self {
        self.matches.push(matching);
        self
    }

    /// Keeps each caller at one destination.
    #[must_use]
    pub fn sticky(mut self, sticky: impl Into<Sticky>) -> Self {
        self.sticky = Some(sticky.into());
        self
    }

    /// Adds a limit.
    #[must_use]
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// Sets the faults.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = fault;
        self
    }

    /// Sets what is changed in headers.
    #[must_use]
    pub fn headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// Tries requests again.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = Some(retries);
        self
    }

    /// Sets the timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Span) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

pub(crate) fn one() -> u32 {
    1
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn is_one(weight: &u32) -> bool {
    *weight == 1
}

fn missing() -> Status {
    Status::INTERNAL_SERVER_ERROR
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_missing(status: &Status) -> bool {
    *status == missing()
}

pub(crate) fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

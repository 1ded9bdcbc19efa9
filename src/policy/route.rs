use crate::policy::{Fault, Headers, Host, Limit, Match, Span, is_default};
use serde::{Deserialize, Serialize};

/// What happens to requests for some hosts (Istio: VirtualService).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Route {
    /// The name by which replies, events and errors speak of the route. Unique in a policy.
    pub name: String,
    /// The hosts whose requests enter here: `reviews`, `*.example.com` or `*`, each with a port or
    /// without. At least one; two routes may not claim the same.
    pub hosts: Vec<Host>,
    /// The rules, tried in this order; the first that matches decides. Where none does, the
    /// request is answered with 404: there is no falling back to another route.
    pub rules: Vec<Rule>,
}

/// One rule of a [`Route`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// The name by which replies, events and errors speak of the rule; else its index does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the rule applies: if any of these matches. Empty: always.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<Match>,
    /// Where its requests go, by weight. At least one.
    pub to: Vec<Destination>,
    /// How long the whole reply may take to begin, counted from the request's coming; then 504.
    /// Absent: as long as it likes (Istio's default; Envoy's own is 15 s).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
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
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Destination {
    /// The name of one of the policy's services.
    pub service: String,
    /// The name of one of that service's subsets; absent: all its endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The share, relative to the other destinations' weights; 0: nothing. Default 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
}

impl Destination {
    /// All of a service's endpoints, with weight 1.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            subset: None,
            weight: 1,
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

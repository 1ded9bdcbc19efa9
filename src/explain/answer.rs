use serde::{Deserialize, Serialize};

/// What becomes of a request. In JSON, what does not apply is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// What becomes of it, in a word.
    pub outcome: Outcome,
    /// The route that took it; absent if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The route's rule that took it: its name, or its index from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where it may go, each with its share; the one that was drawn where chance was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<Backend>,
    /// Who gets a copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Mirror>,
    /// The status of a reply that comes from no backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The headers of a redirect or a direct response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body of a direct response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How long the whole reply may take, in milliseconds, rounded up; absent: as long
    /// as it likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How long each try may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_try_timeout_ms: Option<u64>,
    /// Whether it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The faults on its way, with their shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What each rate limit on its way says; nothing is taken from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// What becomes of a request, in a word.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It goes to one of the backends.
    Forward,
    /// The client is sent elsewhere.
    Redirect,
    /// The policy itself says the answer.
    Respond,
    /// It is answered with an error.
    Reject,
    /// Nothing takes it: 404, or 502 where the policy shuts out hosts that it does not know.
    NoRoute,
}

/// Where a share of the requests goes: to a service, or nowhere and gets a `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backend {
    /// The service; of `name.namespace.svc.cluster.local` the name. Absent: nobody can serve this
    /// share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The namespace of a Kubernetes service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The port by which clients address the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The part of the service's endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The status with which a share is answered that nobody can serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its part of the requests, of 1.
    pub share: f64,
    /// What it would receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Received>,
    /// How its response's headers are changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<ResponseHeaders>,
}

/// A request as a backend receives it, without what only the transport adds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The method.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// The host, and the port where one was written.
    pub authority: String,
    /// The path with its query.
    pub path: String,
    /// The headers, without `host`. As `http::HeaderMap` keeps them: names in the order in which
    /// they came first, the values of one name together and in their order.
    pub headers: Vec<(String, String)>,
}

/// How a response's headers are changed: in the order remove, set, add. A value that depends on
/// the response itself is the format string, with what is known of the request put in.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseHeaders {
    /// These get this value alone.
    pub set: Vec<(String, String)>,
    /// These get this value, too.
    pub add: Vec<(String, String)>,
    /// These go.
    pub remove: Vec<String>,
}

/// Who gets copies of a share of the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mirror {
    /// The service, as for a [`Backend`].
    pub service: String,
    /// The namespace of a Kubernetes service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The port by which clients address the service.
    pub port: u16,
    /// The part of the service's endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// The part of the requests that is copied, of 1.
    pub share: f64,
}

/// When and how often a request is tried again.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retry {
    /// How many tries there may be after the first.
    pub attempts: u32,
    /// The conditions, in Envoy's words.
    #[serde(default)]
    pub on: Vec<String>,
    /// The statuses that are conditions, too.
    #[serde(default)]
    pub codes: Vec<u16>,
}

/// Delays and failures on purpose. A share of 0 is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// For how long requests are held back, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The part that is held back, of 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_share: Option<f64>,
    /// The status with which requests are answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_status: Option<u16>,
    /// The part that is answered so, of 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_share: Option<f64>,
}

/// What a rate limit says of a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limit {
    /// Its name, with its route and rule before it.
    pub name: String,
    /// What the request has for the limit's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether it would pass now.
    pub allowed: bool,
}

impl Answer {
    /// Nothing but an outcome.
    pub(super) fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            route: None,
            rule: None,
            backends: Vec::new(),
            mirrors: Vec::new(),
            status: None,
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
            per_try_timeout_ms: None,
            retry: None,
            fault: None,
            limits: Vec::new(),
        }
    }

    /// Whether the request goes to a backend.
    pub fn forwards(&self) -> bool {
        self.outcome == Outcome::Forward
    }

    /// Where it may go, with the shares that nobody can serve.
    pub fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.backends.iter()
    }
}

impl Backend {
    /// A share that nobody can serve.
    pub(super) fn failing(status: http::StatusCode, share: f64) -> Self {
        Self {
            service: None,
            namespace: None,
            port: None,
            subset: None,
            status: Some(status.as_u16()),
            share,
            request: None,
            response_headers: None,
        }
    }

    /// The service; `None` for a share that nobody can serve.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The part of the service's endpoints; `None` for all of them.
    pub fn subset(&self) -> Option<&str> {
        self.subset.as_deref()
    }

    /// Its part of the requests, of 1.
    pub fn share(&self) -> f64 {
        self.share
    }
}

//! What was found, in words.

use crate::explain::{Backend, Fault, Limit, Mirror, Outcome, Received, ResponseHeaders, Retry};
use crate::policy::trail::Trail;
use std::fmt::Write as _;

/// Where an answer is not as it was expected.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gap {
    /// The field, in the words of the answer.
    pub(super) field: Trail,
    pub(super) expected: String,
    pub(super) found: String,
}

/// In the place of what is absent.
pub(super) const NOTHING: &str = "nothing";

/// What can be told in a few words.
pub(super) trait Told {
    fn told(&self) -> String;
}

impl Told for str {
    /// In quotes where it could be taken for something else.
    fn told(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:*%".contains(c);
        match !self.is_empty() && self != NOTHING && self.chars().all(plain) {
            true => self.to_owned(),
            false => format!("{self:?}"),
        }
    }
}

impl Told for String {
    fn told(&self) -> String {
        self.as_str().told()
    }
}

macro_rules! told_as_it_is {
    ($($type:ty)*) => {$(
        impl Told for $type {
            fn told(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

told_as_it_is! { u16 u32 u64 f64 bool }

impl Told for Outcome {
    fn told(&self) -> String {
        match self {
            Self::Forward => "forward",
            Self::Redirect => "redirect",
            Self::Respond => "respond",
            Self::Reject => "reject",
            Self::NoRoute => "no_route",
        }
        .to_owned()
    }
}

/// `[a, b]`.
impl<T: Told> Told for [T] {
    fn told(&self) -> String {
        let told: Vec<_> = self.iter().take(MOST).map(Told::told).collect();
        let more = if self.len() > MOST { ", …" } else { "" };
        format!("[{}{more}]", told.join(", "))
    }
}

/// `name: value`.
impl Told for (String, String) {
    fn told(&self) -> String {
        format!("{}: {}", self.0, self.1.told())
    }
}

/// `reviews.prod:9080/v2 0.9`, `500 0.1`.
impl Told for Backend {
    fn told(&self) -> String {
        let mut told = match (&self.service, self.status) {
            (Some(service), _) => address(service, &self.namespace, self.port, &self.subset),
            (None, Some(status)) => status.to_string(),
            (None, None) => NOTHING.to_owned(),
        };
        let _ = write!(told, " {}", self.share);
        told
    }
}

impl Told for Mirror {
    fn told(&self) -> String {
        let address = address(
            &self.service,
            &self.namespace,
            Some(self.port),
            &self.subset,
        );
        format!("{address} {}", self.share)
    }
}

fn address(
    service: &str,
    namespace: &Option<String>,
    port: Option<u16>,
    subset: &Option<String>,
) -> String {
    let mut address = service.to_owned();
    if let Some(namespace) = namespace {
        address.push('.');
        address.push_str(namespace);
    }
    if let Some(port) = port {
        let _ = write!(address, ":{port}");
    }
    if let Some(subset) = subset {
        address.push('/');
        address.push_str(subset);
    }
    address
}

/// `GET http://reviews/api`.
impl Told for Received {
    fn told(&self) -> String {
        let Self {
            method,
            scheme,
            authority,
            path,
            ..
        } = self;
        format!("{method} {scheme}://{authority}{path}")
    }
}

impl Told for ResponseHeaders {
    fn told(&self) -> String {
        let [set, add] = [&self.set, &self.add].map(|headers| headers[..].told());
        format!("set {set}, add {add}, remove {}", self.remove[..].told())
    }
}

impl Told for Retry {
    fn told(&self) -> String {
        let Self {
            attempts,
            on,
            codes,
        } = self;
        format!("{attempts} on {}, {}", on[..].told(), codes[..].told())
    }
}

impl Told for Fault {
    fn told(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(delay), Some(share)) = (self.delay_ms, self.delay_share) {
            parts.push(format!("a delay of {delay} ms for {share}"));
        }
        if let (Some(status), Some(share)) = (self.abort_status, self.abort_share) {
            parts.push(format!("{status} for {share}"));
        }
        parts.join(" and ")
    }
}

impl Told for Limit {
    fn told(&self) -> String {
        let key = self.key.as_ref();
        let key = key.map_or_else(String::new, |key| format!(" of {}", key.told()));
        let allowed = if self.allowed { "allows" } else { "refuses" };
        format!("{}{key} {allowed}", self.name)
    }
}

const MOST: usize = 10;

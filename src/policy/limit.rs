use crate::policy::Span;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// How many requests pass (Envoy: a local rate limit with its token bucket).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Limit {
    /// The name by which replies and events speak of the limit; buckets keep their tokens over a
    /// reload under this name. Else its index serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many, in which time.
    pub rate: Rate,
    /// What tells clients apart, each with a bucket of its own. Absent: one bucket for all.
    /// Requests without the key share one bucket, so leaving it out gains nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// How many busy clients have a bucket of their own: about so many at least. Default 65,536,
    /// at most 16,777,216; 32 bytes each. Beyond it clients begin to share buckets, so that
    /// nobody ever gets more than the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_keys: Option<NonZeroU32>,
}

impl Limit {
    /// One bucket for all requests.
    pub fn new(rate: Rate) -> Self {
        Self {
            name: None,
            rate,
            key: None,
            max_keys: None,
        }
    }

    /// A bucket for each value of the key.
    #[must_use]
    pub fn keyed_by(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Gives the limit a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// So many requests in such a time, with a burst: a token bucket that fills steadily and starts
/// full.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rate {
    /// How many requests in [`per`](Self::per).
    pub requests: NonZeroU32,
    /// The time in which they pass. Default one second. One request must take at least 1 ns and
    /// at most 365 days.
    #[serde(default = "one_second", skip_serializing_if = "is_one_second")]
    pub per: Span,
    /// How many may pass at once after a quiet time: what the bucket holds. Default: as many as
    /// `requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<NonZeroU32>,
}

/// What tells clients apart.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Key {
    /// The value of this request header; all its lines where it is repeated.
    ///
    /// A client can send what it likes: use a header that something in front of this has verified.
    #[serde(with = "crate::policy::matching::header_name")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::policy::Header"))]
    Header(http::HeaderName),
    /// The first value of this query parameter, as it was sent.
    Query(String),
    /// The address of the connection's other end, without its port; behind trusted proxies the
    /// client's that they tell. Without such proxies headers are not asked.
    SourceIp,
}

impl Key {
    /// The value of this request header.
    ///
    /// # Panics
    ///
    /// If the name is not a valid header name in lower case, as
    /// [`HeaderName::from_static`](http::HeaderName::from_static) does.
    pub fn header(name: &'static str) -> Self {
        Self::Header(http::HeaderName::from_static(name))
    }
}

impl Rate {
    /// So many requests in each second, and as many at once after a quiet time.
    ///
    /// # Panics
    ///
    /// If `requests` is 0: a limit that admits nobody is an abort, not a rate.
    pub fn per_second(requests: u32) -> Self {
        Self::per(requests, std::time::Duration::from_secs(1))
    }

    /// So many requests in each minute, and as many at once after a quiet time.
    ///
    /// # Panics
    ///
    /// If `requests` is 0.
    pub fn per_minute(requests: u32) -> Self {
        Self::per(requests, std::time::Duration::from_secs(60))
    }

    /// So many requests in this time, and as many at once after a quiet time.
    ///
    /// # Panics
    ///
    /// If `requests` is 0.
    pub fn per(requests: u32, per: std::time::Duration) -> Self {
        Self {
            requests: NonZeroU32::new(requests).expect("a rate of 0 requests admits nobody"),
            per: Span::from(per),
            burst: None,
        }
    }

    /// How many may pass at once after a quiet time.
    ///
    /// # Panics
    ///
    /// If `burst` is 0.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = Some(NonZeroU32::new(burst).expect("a burst of 0 requests admits nobody"));
        self
    }

    /// The burst as it is or by default.
    pub fn capacity(&self) -> NonZeroU32 {
        self.burst.unwrap_or(self.requests)
    }
}

fn one_second() -> Span {
    Span::from(std::time::Duration::from_secs(1))
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one_second(per: &Span) -> bool {
    *per == one_second()
}

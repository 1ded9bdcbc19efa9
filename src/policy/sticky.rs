use crate::policy::Ttl;
use serde::{Deserialize, Serialize};

/// Keeps each caller at one destination of a split, as long as the weights let it: over requests,
/// processes and reloads.
///
/// A caller's destination follows from what the request carries, from the names of the
/// destinations and from their weights, and from nothing else. So it is the same in every client
/// and gateway, whatever rules and routes are called and in whichever order destinations are
/// listed. From 90 and 10 to 80 and 20, a tenth of all callers moves, from the first to the
/// second, and nobody else does; see [`Rendezvous`](crate::split::Rendezvous) for three and more.
/// A request that carries nothing to go by is drawn for, as without this.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sticky {
    /// What tells callers apart.
    pub by: StickyKey,
    /// The splits that go together, by a name of your own. In one group, who is at the subset `v2`
    /// of one service is at the `v2` of every other, where the weights are equal; and every
    /// group draws apart from every other. What has no subset goes by its service.
    ///
    /// Absent: splits over the same service go together, those over others draw apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What tells the callers of a split apart.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum StickyKey {
    /// The value of this request header, even an empty one; all its lines in their order where it
    /// is repeated.
    #[serde(with = "crate::policy::matching::header_name")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::policy::Header"))]
    Header(http::HeaderName),
    /// The value of a cookie.
    Cookie(Cookie),
    /// The address of the connection's other end, without its port; behind trusted proxies the
    /// client's that they tell. Clients that share an address stay together.
    SourceIp,
}

/// A cookie that tells callers apart.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cookie {
    /// The cookie's name. Of several cookies of this name the first counts; an empty one counts as
    /// none.
    pub name: String,
    /// For how long a caller without the cookie gets one, with its reply; `0s` is for as long as
    /// the browser runs. The value is drawn, says nothing of the caller, and is `HttpOnly`.
    /// Replies that no destination gives set none. Absent: none is ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Ttl>,
    /// The paths for which the browser sends the cookie that it got: this one and those below.
    /// Default `/`: all.
    #[serde(default = "root", skip_serializing_if = "is_root")]
    pub path: String,
}

impl Sticky {
    /// Callers stay, as this tells them apart.
    pub fn by(key: StickyKey) -> Self {
        Self {
            by: key,
            group: None,
        }
    }

    /// Lets the splits of this group go together, and apart from all others.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }
}

impl From<StickyKey> for Sticky {
    fn from(key: StickyKey) -> Self {
        Self::by(key)
    }
}

impl StickyKey {
    /// The value of this request header.
    ///
    /// # Panics
    ///
    /// If the name is not a valid header name in lower case, as
    /// [`HeaderName::from_static`](http::HeaderName::from_static) does.
    pub fn header(name: &'static str) -> Self {
        Self::Header(http::HeaderName::from_static(name))
    }

    /// The value of the cookie of this name, which somebody else sets.
    pub fn cookie(name: impl Into<String>) -> Self {
        Self::Cookie(Cookie::new(name))
    }
}

impl Cookie {
    /// A cookie of this name, which somebody else sets.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ttl: None,
            path: root(),
        }
    }

    /// Sets it where a caller has none, for this long.
    #[must_use]
    pub fn ttl(mut self, ttl: Ttl) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

impl From<Cookie> for Sticky {
    fn from(cookie: Cookie) -> Self {
        Self::by(cookie.into())
    }
}

impl From<Cookie> for StickyKey {
    fn from(cookie: Cookie) -> Self {
        Self::Cookie(cookie)
    }
}

fn root() -> String {
    "/".to_owned()
}

fn is_root(path: &str) -> bool {
    path == "/"
}

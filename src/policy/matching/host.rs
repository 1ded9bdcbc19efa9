use crate::policy::address::{is_dns_name, number};
use crate::policy::wording::shortened;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The hosts that a route is for, held in lower case.
///
/// `reviews`, `shop.example.com`, `10.0.0.1` and `[::1]` are one host each; `*.example.com` is
/// everything below `example.com`, at any depth, but not `example.com` itself; `*` is every host.
/// With a port, `reviews:9080`, only requests to that port. A dot at the end counts: `example.com.`
/// is another host than `example.com`, as it is to Envoy.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// The name without the port; with the `*` of a wildcard, and with the brackets of an IPv6
    /// address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port to which the host is restricted.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The same host on every port; `None` if it names no port.
    pub(crate) fn without_port(&self) -> Option<Self> {
        self.port.map(|_| Self {
            name: self.name.clone(),
            port: None,
        })
    }

    /// The hosts that are both this one's and the other's; `None` where there are none.
    ///
    /// ```
    /// use tower_mesh::policy::Host;
    ///
    /// let host = |text: &str| text.parse::<Host>().unwrap();
    /// let both = host("*.example.com").intersection(&host("a.example.com:81"));
    /// assert_eq!(both, Some(host("a.example.com:81")));
    /// assert_eq!(host("*.example.com").intersection(&host("example.com")), None);
    /// ```
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let name = match (self.covers(other), other.covers(self)) {
            (true, _) => &other.name,
            (_, true) => &self.name,
            _ => return None,
        };
        let port = match (self.port, other.port) {
            (Some(one), Some(two)) if one != two => return None,
            (one, two) => one.or(two),
        };
        Some(Self {
            name: name.clone(),
            port,
        })
    }

    /// Says whether every name of the other is one of this one's; ports are not asked.
    fn covers(&self, other: &Self) -> bool {
        match self.name.strip_prefix('*') {
            Some(suffix) => {
                self.name == other.name
                    || other.name.len() > suffix.len() && other.name.ends_with(suffix)
            }
            None => self.name == other.name,
        }
    }

    /// Says whether it is an IP address.
    pub fn is_address(&self) -> bool {
        self.name.starts_with('[') || self.name.parse::<Ipv4Addr>().is_ok()
    }

    /// Says whether it is `*` or begins with `*.`.
    pub fn is_wildcard(&self) -> bool {
        self.name.starts_with('*')
    }
}

impl FromStr for Host {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let wrong = |reason| NotAHost {
            text: shortened(text),
            reason,
        };
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(wrong(HostFlaw::Bare));
        }
        // The colons inside an IPv6 address's brackets are no port's.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) => Some(number(port).ok_or_else(|| wrong(HostFlaw::Port))?),
            None => None,
        };
        if let Some(address) = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            let address: Ipv6Addr = address.parse().map_err(|_| wrong(HostFlaw::Name))?;
            let name = format!("[{address}]");
            return Ok(Self { name, port });
        }
        let below = name.strip_prefix("*.").unwrap_or(name);
        if name != "*" {
            if below.contains('*') {
                return Err(wrong(HostFlaw::Wildcard));
            }
            // A dot behind an address is nobody's.
            let whole = below.strip_suffix('.');
            let whole = whole.filter(|whole| whole.parse::<Ipv4Addr>().is_err());
            if !is_dns_name(whole.unwrap_or(below)) || below.len() > 253 {
                return Err(wrong(HostFlaw::Name));
            }
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            port,
        })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = NotAHost;

    fn try_from(text: String) -> Result<Self, NotAHost> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

/// A text that is no [`Host`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct NotAHost {
    text: String,
    reason: HostFlaw,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum HostFlaw {
    #[error("names no host; write a DNS name or an IP address, without scheme and path")]
    Name,
    #[error("has no good port; write a number from 1 to 65535 behind the colon, or no colon")]
    Port,
    #[error("has its `*` in the wrong place; write `*.` before a name, or `*` alone")]
    Wildcard,
    #[error("is an IPv6 address without brackets; write it in brackets: [::1]")]
    Bare,
}

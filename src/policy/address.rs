use crate::policy::wording::shortened;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Where an endpoint listens: `10.0.0.1:80`, `[::1]:80` or `name:80`.
///
/// A name is a DNS name, held in lower case; whoever connects resolves it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    host: String,
    port: u16,
    socket: Option<SocketAddr>,
}

impl Address {
    /// The name, or the IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address as a socket's; `None` for a name, which has to be resolved first.
    pub fn socket(&self) -> Option<SocketAddr> {
        self.socket
    }
}

/// Takes any address: validating the policy finds a port of 0.
impl From<SocketAddr> for Address {
    fn from(socket: SocketAddr) -> Self {
        Self {
            host: socket.ip().to_string(),
            port: socket.port(),
            socket: Some(socket),
        }
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let wrong = |reason| NotAnAddress {
            text: shortened(text),
            reason,
        };
        if text.parse::<IpAddr>().is_ok() {
            return Err(wrong(AddressFlaw::NoPort));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return match socket.port() {
                0 => Err(wrong(AddressFlaw::Port)),
                _ => Ok(socket.into()),
            };
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(wrong(AddressFlaw::NoPort));
        };
        if !is_dns_name(host) {
            return Err(wrong(AddressFlaw::Host));
        }
        match number(port) {
            Some(port) => Ok(Self {
                host: host.to_ascii_lowercase(),
                port,
                socket: None,
            }),
            None => Err(wrong(AddressFlaw::Port)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket {
            Some(socket) => socket.fmt(f),
            None => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// A text that is no [`Address`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct NotAnAddress {
    text: String,
    reason: AddressFlaw,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum AddressFlaw {
    #[error("has no port; write host:port, such as 10.0.0.1:8080 or [::1]:8080")]
    NoPort,
    #[error("has no good port; write a number from 1 to 65535 behind the colon")]
    Port,
    #[error(
        "names no host; write an IP address (IPv6 in brackets) or a DNS name, and no scheme or path"
    )]
    Host,
}

/// Labels of 1 to 63 letters, digits, `-` and `_`, at most 253 bytes in all. What consists of
/// digits and dots only has to be an IPv4 address, or `10.0.0.300` would be asked of the DNS.
pub(crate) fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let numeric = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.len() <= 253
        && text.split('.').all(label)
        && (!numeric || text.parse::<std::net::Ipv4Addr>().is_ok())
}

/// A port: digits only, not zero.
pub(crate) fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_or_a_name_with_a_port() {
        let address: Address = "10.0.0.1:80".parse().unwrap();
        assert_eq!((address.host(), address.port()), ("10.0.0.1", 80));
        assert_eq!(address.socket(), Some(([10, 0, 0, 1], 80).into()));

        let address: Address = "[::1]:8080".parse().unwrap();
        assert_eq!((address.host(), address.port()), ("::1", 8080));
        assert_eq!(address.to_string(), "[::1]:8080");

        let address: Address = "My_Name.Example:1".parse().unwrap();
        assert_eq!((address.host(), address.port()), ("my_name.example", 1));
        assert_eq!(address.socket(), None);
    }

    #[test]
    fn a_bad_address_is_refused_with_advice() {
        let refused = |text: &str| text.parse::<Address>().unwrap_err().to_string();
        for text in ["10.0.0.1", "::1", "reviews", ""] {
            assert!(
                refused(text).contains("has no port; write host:port"),
                "{text}"
            );
        }
        for text in [
            "a:0",
            "a:65536",
            "a:",
            "a:+1",
            "10.0.0.1:0",
            "[::1]:0",
            "a:b",
        ] {
            assert!(refused(text).contains("has no good port"), "{text}");
        }
        let long = format!("{}:80", "a.".repeat(200));
        for text in [
            "http://a:80",
            "::1:80x",
            "a..b:80",
            "10.0.0.300:80",
            " a:80",
            "ü:80",
            &long,
        ] {
            assert!(refused(text).contains("names no host"), "{text}");
        }
    }
}

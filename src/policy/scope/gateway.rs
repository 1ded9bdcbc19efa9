use crate::policy::wording::shortened;
use crate::policy::{Host, is_default};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where requests from outside come in (Istio and Gateway API: Gateway).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Gateway {
    /// The namespace in which the gateway runs, and from which it sees services. Default:
    /// `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The labels that the gateway carries as a client.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What it listens for. Of the listeners on one port, the one with the most specific host
    /// takes a request, and only its routes are asked.
    pub listeners: Vec<Listener>,
}

/// One port of a [`Gateway`], with the hosts that it takes there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Listener {
    /// By this name routes choose the listener. Unique in a gateway.
    pub name: String,
    /// The port on which requests come.
    pub port: u16,
    /// Default `http`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: ListenerProtocol,
    /// The hosts that it takes. Absent or empty: every host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// Answers every request with 301 to the same address under `https` (Istio:
    /// `tls.httpsRedirect`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub https_redirect: bool,
}

/// What is spoken on a [`Listener`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ListenerProtocol {
    /// HTTP without TLS, of any version.
    #[default]
    Http,
    /// HTTP over TLS, which somebody in front of the gateway stack takes off.
    Https,
}

/// Where requests come in: from a client in the mesh, or at a gateway's listener. Written `mesh`,
/// `ns/gateway` or `ns/gateway#listener`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Door {
    /// A client stack.
    Mesh,
    /// A gateway stack.
    Gateway {
        /// The gateway, by its name in the policy.
        gateway: String,
        /// One of its listeners; `None`: all of them.
        listener: Option<String>,
    },
}

impl Door {
    /// All listeners of a gateway.
    pub fn gateway(name: impl Into<String>) -> Self {
        Self::Gateway {
            gateway: name.into(),
            listener: None,
        }
    }

    /// One listener of a gateway.
    pub fn listener(gateway: impl Into<String>, listener: impl Into<String>) -> Self {
        Self::Gateway {
            gateway: gateway.into(),
            listener: Some(listener.into()),
        }
    }
}

impl FromStr for Door {
    type Err = NotADoor;

    fn from_str(text: &str) -> Result<Self, NotADoor> {
        let (gateway, listener) = match text.split_once('#') {
            Some((gateway, listener)) => (gateway, Some(listener)),
            None => (text, None),
        };
        if gateway.is_empty() || listener.is_some_and(|name| name.is_empty() || name.contains('#'))
        {
            return Err(NotADoor(shortened(text)));
        }
        Ok(match (gateway, listener) {
            ("mesh", None) => Self::Mesh,
            (gateway, listener) => Self::Gateway {
                gateway: gateway.to_owned(),
                listener: listener.map(str::to_owned),
            },
        })
    }
}

impl TryFrom<String> for Door {
    type Error = NotADoor;

    fn try_from(text: String) -> Result<Self, NotADoor> {
        text.parse()
    }
}

impl From<Door> for String {
    fn from(door: Door) -> Self {
        door.to_string()
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mesh => f.write_str("mesh"),
            Self::Gateway {
                gateway,
                listener: None,
            } => f.write_str(gateway),
            Self::Gateway {
                gateway,
                listener: Some(listener),
            } => write!(f, "{gateway}#{listener}"),
        }
    }
}

/// A text that is no [`Door`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` names no gateway; write `mesh`, `ns/gateway` or `ns/gateway#listener`")]
pub struct NotADoor(String);

pub(crate) fn mesh() -> Vec<Door> {
    vec![Door::Mesh]
}

pub(crate) fn is_mesh(doors: &[Door]) -> bool {
    doors == [Door::Mesh]
}

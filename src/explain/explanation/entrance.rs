use crate::explain::explanation::make::Way;
use crate::plan::Entry;
use crate::policy::{Gateway, Host, ListenerProtocol, Workload};
use crate::route::Asked;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a request came in, and as whose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entrance {
    /// The namespace of who asks: of the client in the mesh, or of the gateway.
    pub namespace: String,
    /// The labels of who asks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The gateway; absent in the mesh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The gateway's port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether what comes in there comes over TLS.
    #[serde(default, skip_serializing_if = "is_false")]
    pub https: bool,
    /// The listener of that port that has the request's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<Listener>,
    /// The other listeners of that port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_listeners: Vec<OtherListener>,
    /// Why nothing of the policy is asked there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<String>,
}

/// The listener that took a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Its host that took the request; `*` where it takes every one.
    pub host: String,
    /// Whether it sends everything to `https` by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub https_redirect: bool,
}

/// A listener on the same port that did not get the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OtherListener {
    /// Its name.
    pub name: String,
    /// Its hosts; `*` where it takes every one.
    pub hosts: Vec<String>,
    /// Whether one of them is the request's, but less specific than the one that took it.
    pub less_specific: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Entrance {
    /// A client in the mesh.
    pub(super) fn of(workload: &Workload) -> Self {
        Self {
            namespace: workload.namespace.clone(),
            labels: workload.labels.clone(),
            ..Self::default()
        }
    }

    /// A gateway that the policy does not have.
    pub(super) fn unknown(name: &str, port: Option<u16>, known: &[&str]) -> Self {
        let known = match known {
            [] => "it has none".to_owned(),
            known => format!("it has {}", quoted(known)),
        };
        Self {
            gateway: Some(name.to_owned()),
            port,
            shut: Some(format!(
                "the policy has no gateway `{name}` ({known}): nothing takes a request there"
            )),
            ..Self::default()
        }
    }
}

pub(super) fn entrance(way: &Way<'_>) -> Entrance {
    let Entry::Gateway(number, port) = way.entry else {
        return Entrance::of(way.plan.workload());
    };
    let Some((name, gateway)) = way.gateway() else {
        return Entrance::unknown("", Some(port), &[]);
    };
    let mut entrance = Entrance {
        gateway: Some(name.to_owned()),
        port: Some(port),
        https: way.plan.is_https(way.entry),
        ..Entrance::of(&way.workload)
    };
    let here: Vec<_> = listeners(gateway, port).collect();
    if here.is_empty() {
        let mut ports: Vec<_> = { gateway.listeners.iter() }
            .map(|listener| listener.port.to_string())
            .collect();
        ports.dedup();
        entrance.shut = Some(match ports.as_slice() {
            [] => "the gateway has no listener".to_owned(),
            ports => format!(
                "the gateway does not listen on the port {port}, but on {}",
                ports.join(", ")
            ),
        });
        return entrance;
    }
    let there = &way.plan.gateways[number as usize].ports;
    let port = there.iter().find(|there| there.number == port);
    let taker = port.and_then(|port| Some(port.listener_of(&way.head)?.0));
    let asked = Asked::of(&way.head);
    let (host, written) = asked.host_and_port();
    let host = host.to_ascii_lowercase();
    for (number, listener) in here.into_iter().enumerate() {
        let own = { listener.hosts.iter() }
            .filter(|own| takes(own, &host, written))
            .max_by_key(|own| specificity(own));
        let any = listener.hosts.is_empty();
        if taker == Some(number as u32) {
            entrance.listener = Some(Listener {
                name: listener.name.clone(),
                host: own.map_or_else(|| "*".to_owned(), ToString::to_string),
                https_redirect: listener.https_redirect
                    && listener.protocol == ListenerProtocol::Http,
            });
            continue;
        }
        entrance.other_listeners.push(OtherListener {
            name: listener.name.clone(),
            hosts: match any {
                true => vec!["*".to_owned()],
                false => listener.hosts.iter().map(ToString::to_string).collect(),
            },
            less_specific: any || own.is_some(),
        });
    }
    if taker.is_none() {
        entrance.shut = Some(format!("no listener of this port has the host `{host}`"));
    }
    entrance
}

/// The listeners of a port, in the order of their numbers.
fn listeners(gateway: &Gateway, port: u16) -> impl Iterator<Item = &crate::policy::Listener> {
    { gateway.listeners.iter() }.filter(move |listener| listener.port == port)
}

/// Says whether a host of the policy has a request's, in lower case, at its port.
pub(super) fn takes(own: &Host, host: &str, port: u16) -> bool {
    let named = match own.name().strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix) || own.name() == "*",
        None => own.name() == host,
    };
    named && own.port().is_none_or(|own| own == port)
}

/// The order in which hosts take requests: exact before wildcard, the longer before the shorter,
/// one that names the port before one that names none.
pub(super) fn specificity(host: &Host) -> (bool, usize, bool) {
    (
        !host.is_wildcard(),
        host.name().len(),
        host.port().is_some(),
    )
}

/// `a`, `b` and so on.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    names.join(", ")
}

impl Way<'_> {
    /// The gateway at which the request came in, and its name.
    pub(super) fn gateway(&self) -> Option<(&str, &Gateway)> {
        let Entry::Gateway(number, _) = self.entry else {
            return None;
        };
        let gateways = &self.plan.policy().gateways;
        let (name, gateway) = gateways.iter().nth(number as usize)?;
        Some((name, gateway))
    }
}

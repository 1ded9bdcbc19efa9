use crate::import::field::Field;
use crate::import::istio::names::is_dns;
use crate::import::istio::parts::{labels, port as number};
use crate::import::istio::service_entry::port::{Port, Ports};
use crate::policy::wording::shortened;
use crate::policy::{Endpoint, Locality};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Who serves, as a WorkloadEntry says it.
pub(super) struct Entry<'a> {
    /// A name, or an IP address; absent for one that cannot be reached.
    address: Option<String>,
    ports: BTreeMap<&'a str, (u16, Field<'a>)>,
    pub(super) labels: BTreeMap<String, String>,
    locality: Option<Locality>,
    weight: u32,
}

/// Reads one; `None` if it is wrong.
pub(super) fn convert<'a>(field: &Field<'a>, names: bool) -> Option<Entry<'a>> {
    let fields = field.fields(&[
        "address",
        "ports",
        "labels",
        "network",
        "locality",
        "weight",
        "serviceAccount",
    ]);
    let mut entry = Entry {
        address: None,
        ports: BTreeMap::new(),
        labels: fields
            .get("labels")
            .map(|field| labels(&field))
            .unwrap_or_default(),
        locality: None,
        weight: 1,
    };
    for (name, port) in fields.get("ports").iter().flat_map(Field::entries) {
        if let Some(number) = number(&port) {
            entry.ports.insert(name, (number, port));
        }
    }
    if let Some(locality) = fields.get("locality") {
        let text = locality.text().filter(|text| !text.is_empty());
        entry.locality = text.map(|text| Locality(text.to_owned()));
    }
    if let Some(weight) = fields.get("weight") {
        let wanted: u32 = weight.integer(0, i128::from(u32::MAX))?;
        // Nothing and 0 mean the same.
        entry.weight = wanted.clamp(1, HEAVIEST);
        if wanted > HEAVIEST {
            weight.approximated(format!("{HEAVIEST} is as heavy as it gets"));
        }
    }
    for (key, instead) in [
        (
            "network",
            "endpoints are reached directly, in whichever network",
        ),
        ("serviceAccount", "peers are not authenticated here"),
    ] {
        if let Some(field) = fields.get(key) {
            field.text();
            field.ignored(instead);
        }
    }
    let Some(address) = fields.get("address") else {
        // It is reached by its network's gateway, in Istio.
        match fields.get("network") {
            Some(network) => {
                field.ignored(UNREACHED);
                network.ignored(UNREACHED);
            }
            None => {
                fields.need("address");
            }
        }
        return Some(entry);
    };
    let text = address.text()?;
    if let Some(path) = text.strip_prefix("unix://") {
        if !path.starts_with('/') && !path.starts_with('@') || fields.get("ports").is_some() {
            let message = "a socket has an absolute path, and no ports";
            address.refused(
                "invalid-value",
                message,
                "write `unix:///path`, without `ports`",
            );
        }
        field.ignored("sockets of the file system are not connected to");
        return Some(entry);
    }
    let good = text.parse::<IpAddr>().is_ok() || names && is_dns(text);
    if !good {
        let message = format!("`{}` is no address", shortened(text));
        let advice = match names {
            true => "write an IP address or a DNS name, without a port",
            false => "write an IP address, or `resolution: DNS`",
        };
        address.refused("invalid-value", message, advice);
        return None;
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    entry.address = Some(text.to_owned());
    Some(entry)
}

/// Ports that the service does not have lead nowhere.
pub(super) fn check_ports(entries: &[Entry<'_>], ports: &Ports<'_>) {
    for (name, (_, field)) in entries.iter().flat_map(|entry| &entry.ports) {
        if !ports.names.contains(name) {
            let message = format!("the service has no port `{}`", shortened(name));
            field.refused("unknown-port", message, "name one of `ports`");
        }
    }
}

impl Entry<'_> {
    /// The endpoint behind a port of the service.
    pub(super) fn endpoint(&self, port: &Port<'_>) -> Option<Endpoint> {
        let own = self.ports.get(port.name).map(|(number, _)| *number);
        let number = own.or(port.target).unwrap_or(port.number);
        let address = at(self.address.as_deref()?, number)?;
        Some(Endpoint {
            address,
            weight: self.weight,
            labels: self.labels.clone(),
            locality: self.locality.clone(),
        })
    }
}

/// A host with a port.
pub(super) fn at(host: &str, port: u16) -> Option<crate::policy::Address> {
    match host.parse::<IpAddr>() {
        Ok(address) => Some(std::net::SocketAddr::new(address, port).into()),
        Err(_) => format!("{host}:{port}").parse().ok(),
    }
}

const UNREACHED: &str = "an endpoint without an address is not reached";
const HEAVIEST: u32 = 1_000_000;

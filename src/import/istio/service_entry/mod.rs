//! ServiceEntries and WorkloadEntries: services that Kubernetes knows nothing of, and who serves
//! them.

mod endpoint;
mod port;
mod resolve;
mod workload_entry;

pub(super) use resolve::resolve;
pub(super) use workload_entry::WorkloadEntry;
pub(super) use workload_entry::convert as convert_workload;

use crate::import::field::{Field, Fields};
use crate::import::istio::names::is_wildcard_dns;
use crate::import::istio::parts::{export_to, is_listed, labels};
use crate::import::istio::service_entry::endpoint::Entry;
use crate::import::istio::service_entry::port::Port;
use crate::import::istio::virtual_service::is_subnet;
use crate::import::resource::Foreign;
use crate::policy::Host;
use crate::policy::wording::shortened;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A ServiceEntry, converted by itself.
pub(crate) struct ServiceEntry<'a> {
    pub(super) document: Foreign<'a>,
    hosts: Vec<(String, Field<'a>)>,
    addresses: Vec<Host>,
    ports: Vec<Port<'a>>,
    resolution: Resolution,
    endpoints: Vec<Entry<'a>>,
    /// The labels of the workloads that serve.
    selector: Option<BTreeMap<String, String>>,
    pub(super) visible_to: Option<Vec<String>>,
    /// Whether it says so itself.
    pub(super) exported: bool,
}

/// How the endpoints' addresses are found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Resolution {
    /// It is the client that knows: requests go where they are addressed.
    None,
    Static,
    Dns,
    DnsRoundRobin,
    /// The name that the request addresses is resolved.
    DynamicDns,
}

impl Resolution {
    fn passes_through(self) -> bool {
        matches!(self, Self::None | Self::DynamicDns)
    }

    fn is_dns(self) -> bool {
        matches!(self, Self::Dns | Self::DnsRoundRobin)
    }
}

/// Reads a ServiceEntry; `None` if Istio would refuse it.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<ServiceEntry<'a>> {
    let spec = document.spec()?;
    let fields = spec.fields(&[
        "hosts",
        "addresses",
        "ports",
        "location",
        "resolution",
        "endpoints",
        "workloadSelector",
        "exportTo",
        "subjectAltNames",
    ]);
    let resolution = resolution(&fields);
    let hosts = hosts(&fields, resolution);
    let addresses = addresses(&fields, resolution);
    let ports = port::convert(fields.get("ports").as_ref());
    let with_endpoints = fields
        .get("endpoints")
        .filter(|field| !field.is_empty_list());
    let endpoints: Vec<_> = { with_endpoints.iter().flat_map(Field::list) }
        .filter_map(|field| endpoint::convert(&field, resolution.is_dns()))
        .collect();
    let selector = fields.get("workloadSelector").map(|field| {
        let fields = field.fields(&["labels"]);
        fields
            .get("labels")
            .map(|field| labels(&field))
            .unwrap_or_default()
    });
    check_sources(&fields, resolution, with_endpoints.is_some());
    if !endpoints.is_empty() {
        endpoint::check_ports(&endpoints, &ports);
    }
    if let Some(location) = fields.get("location") {
        location.choice(&[("MESH_EXTERNAL", ()), ("MESH_INTERNAL", ())]);
        location.ignored("endpoints are spoken to in plain text, wherever they are");
    }
    if let Some(names) = fields.get("subjectAltNames") {
        names.list().iter().for_each(|name| {
            name.text();
        });
        names.ignored("TLS is not spoken, so that no certificate is checked");
    }
    let export = fields.get("exportTo");
    let visible_to = export_to(export.clone(), document.namespace, true);
    if addresses.is_empty()
        && let Some(port) = ports.others.first()
    {
        let message = "without `addresses` the port takes the traffic of all hosts";
        port.warn("no-address", message, "add `addresses`");
    }
    (!spec.is_in_refused_document()).then(|| ServiceEntry {
        document: document.clone(),
        hosts,
        addresses,
        ports: ports.http,
        resolution,
        endpoints,
        selector,
        visible_to,
        exported: is_listed(export.as_ref()),
    })
}

fn resolution(fields: &Fields<'_>) -> Resolution {
    let Some(field) = fields.get("resolution") else {
        return Resolution::None;
    };
    let resolution = field.choice(&[
        ("NONE", Resolution::None),
        ("STATIC", Resolution::Static),
        ("DNS", Resolution::Dns),
        ("DNS_ROUND_ROBIN", Resolution::DnsRoundRobin),
        ("DYNAMIC_DNS", Resolution::DynamicDns),
    ]);
    if resolution == Some(Resolution::DnsRoundRobin) {
        field.approximated("every connection takes an address of the name as the connector does");
    }
    resolution.unwrap_or(Resolution::None)
}

fn hosts<'a>(fields: &Fields<'a>, resolution: Resolution) -> Vec<(String, Field<'a>)> {
    let Some(field) = fields.need("hosts") else {
        return Vec::new();
    };
    let items = field.list();
    if items.is_empty() || items.len() > MOST_HOSTS {
        let message = format!("there are {} hosts", items.len());
        field.refused("invalid-value", message, "write 1 to 256");
    }
    let mut hosts = Vec::new();
    for item in items {
        let Some(text) = item.text() else { continue };
        if text == "*" || !is_wildcard_dns(text) {
            let message = format!("`{}` is no host of a service", shortened(text));
            item.refused(
                "invalid-value",
                message,
                "write a DNS name, or one below `*.`",
            );
        } else if text.starts_with('*') && resolution.is_dns() {
            let message = format!("nobody can resolve `{}`", shortened(text));
            item.refused(
                "invalid-value",
                message,
                "write a name, or another `resolution`",
            );
        } else if text.starts_with('*') && !text.starts_with("*.") {
            item.ignored("no requests enter by a part of a label");
        } else {
            let host = text.strip_suffix('.').unwrap_or(text);
            hosts.push((host.to_ascii_lowercase(), item));
        }
    }
    hosts
}

/// The IP addresses by which clients address the service as well.
fn addresses(fields: &Fields<'_>, resolution: Resolution) -> Vec<Host> {
    let mut hosts = Vec::new();
    for item in fields.get("addresses").iter().flat_map(Field::list) {
        let Some(text) = item.text() else { continue };
        if let Ok(address) = text.parse::<IpAddr>() {
            let host = match address {
                IpAddr::V4(_) => text.parse(),
                IpAddr::V6(_) => format!("[{address}]").parse(),
            };
            hosts.extend(host);
        } else if !is_subnet(text) {
            let message = format!("`{}` is no IP address", shortened(text));
            item.refused(
                "invalid-value",
                message,
                "write one, or a range such as 10.0.0.0/8",
            );
        } else if !matches!(resolution, Resolution::None | Resolution::Static) {
            let message = "a range of addresses cannot stand for what the DNS resolves";
            item.refused("invalid-value", message, "write an IP address");
        } else {
            item.ignored("requests are not told apart by ranges of addresses");
        }
    }
    hosts
}

/// What stands beside which resolution.
fn check_sources(fields: &Fields<'_>, resolution: Resolution, with_endpoints: bool) {
    let endpoints = fields.get("endpoints").filter(|_| with_endpoints);
    let selector = fields.get("workloadSelector");
    if let (Some(_), Some(selector)) = (&endpoints, &selector) {
        let message = "it cannot stand beside `endpoints`";
        selector.refused("invalid-value", message, "write one of the two");
    }
    match resolution {
        Resolution::None | Resolution::DynamicDns => {
            for field in [&endpoints, &selector].into_iter().flatten() {
                let message = "requests go where they are addressed, to no endpoint that is listed";
                field.refused(
                    "invalid-value",
                    message,
                    "take it out, or write `resolution: STATIC`",
                );
            }
        }
        Resolution::Static if endpoints.is_none() && selector.is_none() => {
            let message = "nobody serves: there are neither `endpoints` nor a `workloadSelector`";
            fields
                .of()
                .fault("missing-field", message, "add one of the two");
        }
        Resolution::DnsRoundRobin => {
            if let Some(field) = endpoints.filter(|field| field.list().len() > 1) {
                let message = "with `DNS_ROUND_ROBIN` there is one endpoint at most";
                field.refused("invalid-value", message, "write one, or `resolution: DNS`");
            }
        }
        Resolution::Static | Resolution::Dns => {}
    }
}

const MOST_HOSTS: usize = 256;

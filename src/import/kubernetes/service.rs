use crate::import::field::Field;
use crate::import::kubernetes::port::{self, Port};
use crate::import::resource::Foreign;
use crate::policy::Host;
use crate::policy::wording::shortened;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A service as it is written, before anybody knows who serves it.
pub(crate) struct Service<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) ports: Vec<Port<'a>>,
    /// The pods that serve it; empty: whoever its slices name.
    pub(crate) selector: BTreeMap<&'a str, &'a str>,
    /// Of type ExternalName: the host that it stands for.
    pub(crate) stands_for: Option<&'a str>,
    /// Whether pods serve it that are not ready.
    pub(crate) takes_unready: bool,
    pub(crate) visible_to: Option<Vec<String>>,
    /// Whether it says so itself.
    pub(crate) exported: bool,
    /// Its cluster IPs.
    pub(crate) aliases: Vec<Host>,
    /// Whether it has none, so that clients may address each of its pods by name.
    pub(crate) headless: bool,
}

impl Service<'_> {
    /// The host by which it is known in all of the cluster.
    pub(crate) fn host(&self, domain: &str) -> String {
        full_name(self.name, self.namespace, domain)
    }
}

/// The host of a service of this name in this namespace.
pub(crate) fn full_name(name: &str, namespace: &str, domain: &str) -> String {
    format!("{name}.{namespace}.svc.{domain}")
}

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Inside,
    ExternalName,
}

/// What these say is done by the cluster, outside of the client.
const ELSEWHERE: &[&str] = &[
    "allocateLoadBalancerNodePorts",
    "externalIPs",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "ipFamilies",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
];

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<Service<'a>> {
    let spec = document.spec()?;
    let spec = spec.fields(&[
        "allocateLoadBalancerNodePorts",
        "clusterIP",
        "clusterIPs",
        "externalIPs",
        "externalName",
        "externalTrafficPolicy",
        "healthCheckNodePort",
        "internalTrafficPolicy",
        "ipFamilies",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "ports",
        "publishNotReadyAddresses",
        "selector",
        "sessionAffinity",
        "sessionAffinityConfig",
        "trafficDistribution",
        "type",
    ]);
    for field in ELSEWHERE.iter().filter_map(|key| spec.get(key)) {
        field.ignored("it is the cluster's concern, and no client's");
    }
    let kind = spec.get("type").and_then(|field| {
        field.choice(&[
            ("ClusterIP", Type::Inside),
            ("NodePort", Type::Inside),
            ("LoadBalancer", Type::Inside),
            ("ExternalName", Type::ExternalName),
        ])
    });
    let external = kind == Some(Type::ExternalName);
    let name = spec.get("externalName");
    let stands_for = match (external, name) {
        (true, Some(name)) => Some(external_name(&name)?),
        (true, None) => {
            spec.need("externalName");
            return None;
        }
        (false, Some(name)) => {
            name.ignored("only services of type ExternalName stand for a host");
            None
        }
        (false, None) => None,
    };
    affinity(
        spec.get("sessionAffinity"),
        spec.get("sessionAffinityConfig"),
    );
    if let Some(near) = spec.get("trafficDistribution") {
        near.ignored("endpoints far away are chosen as often as near ones");
    }
    if let Some(inside) = spec.get("internalTrafficPolicy")
        && inside.text() != Some("Cluster")
    {
        inside.ignored("endpoints of all nodes are used");
    }
    let mut aliases = Vec::new();
    if let Some(field) = spec.get("clusterIP") {
        alias(&field, &mut aliases);
    }
    for field in spec.items("clusterIPs") {
        alias(&field, &mut aliases);
    }
    let headless = spec
        .get("clusterIP")
        .is_some_and(|ip| ip.text() == Some("None"));
    Some(Service {
        headless,
        namespace: document.namespace,
        name: document.name,
        ports: match spec.get("ports") {
            Some(ports) => port::convert(&ports),
            None => Vec::new(),
        },
        selector: spec
            .get("selector")
            .map(|field| pairs(&field))
            .unwrap_or_default(),
        stands_for,
        takes_unready: spec
            .get("publishNotReadyAddresses")
            .and_then(|field| field.boolean())
            .unwrap_or_default(),
        visible_to: exported(document).and_then(|listed| visible_to(listed, document.namespace)),
        exported: exported(document).is_some(),
        aliases,
    })
}

/// Labels by name.
pub(super) fn pairs<'a>(field: &Field<'a>) -> BTreeMap<&'a str, &'a str> {
    let entries = field.entries().into_iter();
    entries
        .filter_map(|(key, value)| Some((key, value.text()?)))
        .collect()
}

fn external_name<'a>(field: &Field<'a>) -> Option<&'a str> {
    let name = field.text()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let host = name.parse::<Host>().ok();
    if host.is_some_and(|host| host.port().is_none() && !host.is_wildcard()) {
        return Some(name);
    }
    let message = format!("`{}` is no host", shortened(name));
    field.refused("invalid-value", message, "write a DNS name, without a port");
    None
}

fn affinity(affinity: Option<Field<'_>>, settings: Option<Field<'_>>) {
    const SPREAD: &str = "requests of one client may go to several endpoints";
    if let Some(affinity) = affinity
        && affinity.choice(&[("None", false), ("ClientIP", true)]) == Some(true)
    {
        affinity.ignored(SPREAD);
    }
    if let Some(settings) = settings {
        settings.ignored(SPREAD);
    }
}

/// Clients may address a service by its cluster IP; a headless one has none.
fn alias(field: &Field<'_>, aliases: &mut Vec<Host>) {
    let Some(text) = field.text() else {
        return;
    };
    if matches!(text, "None" | "") {
        return;
    }
    let host = match text.parse() {
        Ok(IpAddr::V4(address)) => address.to_string().parse().ok(),
        Ok(IpAddr::V6(address)) => format!("[{address}]").parse().ok(),
        Err(_) => {
            let message = format!("`{}` is no IP address", shortened(text));
            field.refused("invalid-value", message, "write one, or `None`");
            None
        }
    };
    if let Some(host) = host
        && !aliases.contains(&host)
    {
        aliases.push(host);
    }
}

/// Istio's annotation of who knows the service. One that says nothing shuts nobody out.
fn exported<'a>(document: &Foreign<'a>) -> Option<&'a str> {
    let annotations = document.root.peek("metadata")?.peek("annotations")?;
    let listed = annotations.peek("networking.istio.io/exportTo")?.text()?;
    (!listed.trim().is_empty()).then_some(listed)
}

/// Whose clients know the service.
fn visible_to(listed: &str, own: &str) -> Option<Vec<String>> {
    let mut namespaces = Vec::new();
    for part in listed.split(',').map(str::trim) {
        match part {
            "*" => return None,
            "." => namespaces.push(own.to_owned()),
            "~" | "" => {}
            namespace => namespaces.push(namespace.to_owned()),
        }
    }
    Some(namespaces)
}

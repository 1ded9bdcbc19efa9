use crate::import::field::Field;
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;
use std::net::IpAddr;

/// A part of a service's endpoints.
pub(crate) struct EndpointSlice<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// The service, with the place where nobody else says it.
    pub(crate) service: &'a str,
    pub(crate) root: Field<'a>,
    /// Where the endpoints listen, by the names of the service's ports.
    pub(crate) ports: Vec<(&'a str, u16)>,
    pub(crate) endpoints: Vec<Serving<'a>>,
}

/// One endpoint of a slice.
pub(crate) struct Serving<'a> {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) is_ready: bool,
    pub(crate) zone: Option<&'a str>,
    /// The namespace and name of the pod that serves.
    pub(crate) pod: Option<(&'a str, &'a str)>,
}

pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<EndpointSlice<'a>> {
    let fields = document.fields(&[
        "addressType",
        "apiVersion",
        "endpoints",
        "kind",
        "metadata",
        "ports",
    ]);
    let labels = document.labels();
    let service = { labels.iter() }.find(|(name, _)| *name == SERVICE);
    let Some((_, service)) = service else {
        let message = format!("the slice lacks the label `{SERVICE}`, so it belongs to no service");
        let advice = "add the label, with the service's name";
        document.root.warn("unused-endpoints", message, advice);
        document.root.ignored("its endpoints serve nobody");
        return None;
    };
    let kind = fields.need("addressType")?;
    let dialled = kind.choice(&[("IPv4", true), ("IPv6", true), ("FQDN", false)])?;
    if !dialled {
        // Istio does so, too.
        document
            .root
            .ignored("endpoints that are names are not used");
        return None;
    }
    Some(EndpointSlice {
        namespace: document.namespace,
        name: document.name,
        service,
        root: document.root.clone(),
        ports: fields.items("ports").iter().filter_map(port).collect(),
        endpoints: { fields.items("endpoints").into_iter() }
            .map(|field| serving(&field, document.namespace))
            .collect(),
    })
}

fn port<'a>(field: &Field<'a>) -> Option<(&'a str, u16)> {
    let fields = field.fields(&["appProtocol", "name", "port", "protocol"]);
    if let Some(spoken) = fields.get("appProtocol") {
        spoken.ignored("the service's port says what is spoken");
    }
    let name = fields.text("name");
    let transport = fields.get("protocol");
    let over_tcp =
        transport.and_then(|field| field.choice(&[("TCP", true), ("UDP", false), ("SCTP", false)]));
    let Some(number) = fields.get("port") else {
        field.ignored("a port without a number is used by nobody");
        return None;
    };
    let number = number.integer(1, 65_535)?;
    if over_tcp == Some(false) {
        field.ignored("no HTTP is spoken over it");
        return None;
    }
    Some((name.unwrap_or_default(), number))
}

fn serving<'a>(field: &Field<'a>, namespace: &'a str) -> Serving<'a> {
    let fields = field.fields(&[
        "addresses",
        "conditions",
        "deprecatedTopology",
        "hints",
        "hostname",
        "nodeName",
        "targetRef",
        "zone",
    ]);
    for key in ["deprecatedTopology", "hostname", "nodeName"] {
        if let Some(field) = fields.get(key) {
            field.ignored("no endpoint is chosen by it");
        }
    }
    if let Some(hints) = fields.get("hints") {
        hints.ignored("endpoints of all zones are used");
    }
    let zone = fields.get("zone").and_then(|field| {
        let zone = field.text();
        // A node's labels would say; nodes are not read.
        field.approximated("the locality has the zone only, its region is not known");
        zone
    });
    let addresses = fields.need("addresses").map(|field| field.list());
    let addresses = addresses.unwrap_or_default();
    Serving {
        addresses: addresses.iter().filter_map(address).collect(),
        is_ready: fields
            .get("conditions")
            .is_none_or(|field| is_ready(&field)),
        zone,
        pod: fields
            .get("targetRef")
            .and_then(|field| pod(&field, namespace)),
    }
}

fn address(field: &Field<'_>) -> Option<IpAddr> {
    let text = field.text()?;
    let address = text.parse().ok();
    if address.is_none() {
        let message = format!("`{}` is no IP address", shortened(text));
        field.refused("invalid-value", message, "write one, without a port");
    }
    address
}

/// An endpoint that says nothing is ready. One that terminates is not, whatever it still serves:
/// Istio goes on sending to it only what belongs to a session.
fn is_ready(conditions: &Field<'_>) -> bool {
    let fields = conditions.fields(&["ready", "serving", "terminating"]);
    for key in ["serving", "terminating"] {
        if let Some(field) = fields.get(key) {
            field.boolean();
        }
    }
    let ready = fields.get("ready").and_then(|field| field.boolean());
    ready.unwrap_or(true)
}

fn pod<'a>(target: &Field<'a>, namespace: &'a str) -> Option<(&'a str, &'a str)> {
    let fields = target.fields(&[
        "apiVersion",
        "fieldPath",
        "kind",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    ]);
    for key in ["apiVersion", "fieldPath", "resourceVersion", "uid"] {
        if let Some(field) = fields.get(key) {
            field.ignored("the name says which pod it is");
        }
    }
    let (kind, name) = (fields.text("kind"), fields.text("name"));
    let home = fields.text("namespace");
    (kind == Some("Pod")).then_some((home.unwrap_or(namespace), name?))
}

/// The label that says to which service a slice belongs.
const SERVICE: &str = "kubernetes.io/service-name";

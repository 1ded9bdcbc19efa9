//! Istio's Gateways: where requests from outside come in.

use crate::import::field::Field;
use crate::import::istio::names::{host, is_dns, is_label, is_wildcard_dns};
use crate::import::istio::parts::{labels, port};
use crate::import::model::Model;
use crate::import::resource::Foreign;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Door, Gateway, Host, Listener, ListenerProtocol};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A Gateway, converted by itself.
pub(crate) struct IstioGateway<'a> {
    document: Foreign<'a>,
    spec: Field<'a>,
    labels: BTreeMap<String, String>,
    servers: Vec<Server<'a>>,
}

/// What is listened for on a port.
struct Server<'a> {
    field: Field<'a>,
    name: String,
    port: u16,
    protocol: ListenerProtocol,
    https_redirect: bool,
    /// Each host with the namespaces whose VirtualServices may claim it; `None`: all.
    hosts: Vec<(Host, Option<String>)>,
}

/// Reads a Gateway; `None` if Istio would refuse it.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<IstioGateway<'a>> {
    let spec = document.spec()?;
    let fields = spec.fields(&["servers", "selector"]);
    let servers = fields
        .need("servers")
        .map(|servers| servers.list())
        .unwrap_or_default();
    if let Some(empty) = fields.get("servers").filter(Field::is_empty_list) {
        empty.refused("missing-field", "the gateway has no servers", "add one");
    }
    let selector = fields.get("selector").map(|selector| labels(&selector));
    let mut names = HashSet::new();
    let servers: Vec<_> = (0..)
        .zip(&servers)
        .filter_map(|(index, field)| server(index, field, document.namespace, &mut names))
        .collect();
    (!spec.is_in_refused_document()).then(|| IstioGateway {
        document: document.clone(),
        spec,
        labels: selector.unwrap_or_default(),
        servers,
    })
}

fn server<'a>(
    index: usize,
    field: &Field<'a>,
    own: &str,
    names: &mut HashSet<String>,
) -> Option<Server<'a>> {
    let fields = field.fields(&["port", "bind", "hosts", "tls", "defaultEndpoint", "name"]);
    if let Some(name) = fields.get("name")
        && let Some(text) = name.text().filter(|text| !text.is_empty())
        && !names.insert(text.to_owned())
    {
        let message = format!("the name `{}` is given to two servers", shortened(text));
        name.refused("duplicate-name", message, "rename one of the two");
    }
    let written = fields.get("name").and_then(|name| name.text());
    let name = written.filter(|name| !name.is_empty() && !name.contains('#'));
    let name = name.map_or_else(|| index.to_string(), str::to_owned);
    let (number, protocol) = number_and_protocol(&fields.need("port")?)?;
    let tls = fields.get("tls").map(|tls| check_tls(&tls));
    let hosts = fields
        .need("hosts")
        .map(|hosts| hosts.list())
        .unwrap_or_default();
    if let Some(empty) = fields.get("hosts").filter(Field::is_empty_list) {
        empty.refused(
            "missing-field",
            "the server has no hosts",
            "write `\"*\"` for all",
        );
    }
    let hosts: Vec<_> = hosts
        .iter()
        .filter_map(|host| server_host(host, own))
        .collect();
    for (key, instead) in [
        ("bind", "who serves the port decides on which address"),
        (
            "defaultEndpoint",
            "routes alone decide who gets the requests",
        ),
    ] {
        if let Some(field) = fields.get(key) {
            field.text();
            field.ignored(instead);
        }
    }
    let tls = tls.unwrap_or_default();
    let listens = match protocol {
        Protocol::Http => Some(ListenerProtocol::Http),
        Protocol::Https if tls.passes_through => None,
        Protocol::Https => Some(ListenerProtocol::Https),
        Protocol::Other => None,
    };
    if protocol == Protocol::Https && fields.get("tls").is_none() {
        let message = "the server speaks HTTPS, but says nothing of its TLS";
        field.fault(
            "missing-field",
            message,
            "add `tls: { mode: SIMPLE, credentialName: … }`",
        );
    }
    let Some(protocol) = listens else {
        field.ignored("its connections are not routed: only HTTP is");
        return None;
    };
    Some(Server {
        field: field.clone(),
        name,
        port: number,
        protocol,
        https_redirect: tls.redirects,
        hosts,
    })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Protocol {
    Http,
    Https,
    Other,
}

fn number_and_protocol(field: &Field<'_>) -> Option<(u16, Protocol)> {
    let fields = field.fields(&["number", "protocol", "name", "targetPort"]);
    if let Some(name) = fields.get("name") {
        name.text();
        name.ignored("listeners go by the server's name, or by its place");
    }
    if let Some(target) = fields.get("targetPort") {
        port(&target);
        target.ignored("who serves the gateway decides where it listens");
    }
    let number = fields.need("number").and_then(|number| port(&number));
    let protocol = fields.need("protocol")?;
    let text = protocol.text()?;
    let kind = match text.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => Protocol::Http,
        "HTTPS" => Protocol::Https,
        "TCP" | "TLS" | "MONGO" => Protocol::Other,
        _ => {
            let message = format!("there is no protocol `{}` here", shortened(text));
            let known = ["HTTP", "HTTPS", "GRPC", "HTTP2", "MONGO", "TCP", "TLS"];
            protocol.refused("unknown-variant", message, choose_from(text, known));
            return None;
        }
    };
    Some((number?, kind))
}

#[derive(Clone, Copy, Default)]
struct Tls {
    redirects: bool,
    passes_through: bool,
}

fn check_tls(field: &Field<'_>) -> Tls {
    const KNOWN: &[&str] = &[
        "httpsRedirect",
        "mode",
        "serverCertificate",
        "privateKey",
        "caCertificates",
        "caCrl",
        "credentialName",
        "credentialNames",
        "tlsCertificates",
        "caCertCredentialName",
        "subjectAltNames",
        "verifyCertificateSpki",
        "verifyCertificateHash",
        "minProtocolVersion",
        "maxProtocolVersion",
        "cipherSuites",
    ];
    let fields = field.fields(KNOWN);
    let mut tls = Tls::default();
    if let Some(redirect) = fields.get("httpsRedirect") {
        tls.redirects = redirect.boolean().unwrap_or_default();
    }
    if let Some(mode) = fields.get("mode") {
        let modes = [
            ("PASSTHROUGH", true),
            ("SIMPLE", false),
            ("MUTUAL", false),
            ("AUTO_PASSTHROUGH", true),
            ("ISTIO_MUTUAL", false),
            ("OPTIONAL_MUTUAL", false),
        ];
        tls.passes_through = mode.choice(&modes).unwrap_or_default();
    }
    for key in KNOWN.iter().filter(|key| **key != "httpsRedirect") {
        if let Some(field) = fields.get(key) {
            field.ignored("TLS is taken off in front of the gateway");
        }
    }
    tls
}

/// `host`, `namespace/host`, `./host` or `*/host`.
fn server_host(field: &Field<'_>, own: &str) -> Option<(Host, Option<String>)> {
    let text = field.text()?;
    let (home, name) = text.split_once('/').unwrap_or(("*", text));
    let home = match home {
        "*" => Some(None),
        "." => Some(Some(own.to_owned())),
        home if is_label(home) => Some(Some(home.to_owned())),
        _ => None,
    };
    let good = is_wildcard_dns(name) || is_dns(name) || name.parse::<std::net::IpAddr>().is_ok();
    let (Some(home), true) = (home, good) else {
        let message = format!("`{}` is no host of a server", shortened(text));
        field.refused(
            "invalid-value",
            message,
            "write `host`, `namespace/host` or `./host`",
        );
        return None;
    };
    match host(name) {
        Some(host) => Some((host, home)),
        None => {
            field.ignored("no requests enter by a part of a label");
            None
        }
    }
}

/// The namespaces whose VirtualServices may come; `None`: all.
type Allowed = Option<BTreeSet<String>>;

/// Which VirtualServices may come to which listeners.
pub(super) struct Bindings<'a> {
    /// By gateway, the names of its listeners, each with who may come.
    allowed: HashMap<String, Vec<(String, Allowed)>>,
    refused: &'a HashSet<(&'a str, &'a str)>,
}

impl Bindings<'_> {
    /// Says whether there is such a gateway, which was refused.
    pub(super) fn is_refused(&self, gateway: &str) -> bool {
        let name = gateway.split_once('/');
        name.is_some_and(|name| self.refused.contains(&name))
    }

    /// The doors of a gateway for VirtualServices of a namespace.
    pub(super) fn doors(&self, gateway: &str, namespace: &str) -> Vec<Door> {
        let Some(listeners) = self.allowed.get(gateway) else {
            return vec![Door::gateway(gateway)];
        };
        let open = |allowed: &Allowed| {
            allowed
                .as_ref()
                .is_none_or(|allowed| allowed.contains(namespace))
        };
        if listeners.iter().all(|(_, allowed)| open(allowed)) {
            return vec![Door::gateway(gateway)];
        }
        let listeners = listeners.iter().filter(|(_, allowed)| open(allowed));
        listeners
            .map(|(name, _)| Door::listener(gateway, name))
            .collect()
    }
}

/// Adds the gateways to the model.
pub(super) fn resolve<'a>(
    gateways: &[IstioGateway<'a>],
    refused: &'a HashSet<(&'a str, &'a str)>,
    model: &mut Model,
) -> Bindings<'a> {
    let mut allowed = HashMap::new();
    for gateway in gateways {
        let (namespace, name) = (gateway.document.namespace, gateway.document.name);
        let name = format!("{namespace}/{name}");
        let mut made = Gateway {
            namespace: Some(namespace.to_owned()),
            labels: gateway.labels.clone(),
            listeners: Vec::new(),
        };
        let mut open = Vec::new();
        let mut fields = Vec::new();
        for server in &gateway.servers {
            for (index, (namespaces, hosts)) in server.groups().into_iter().enumerate() {
                let name = match index {
                    0 => server.name.clone(),
                    index => format!("{}-{index}", server.name),
                };
                open.push((name.clone(), namespaces));
                fields.push(&server.field);
                made.listeners.push(Listener {
                    name,
                    port: server.port,
                    protocol: server.protocol,
                    hosts,
                    https_redirect: server.https_redirect,
                });
            }
        }
        if let Some(trail) = model.add_gateway(&name, made, &gateway.spec) {
            let trail = trail.key("listeners");
            for (index, field) in fields.into_iter().enumerate() {
                model.register(trail.index(index), field);
            }
            allowed.insert(name, open);
        }
    }
    Bindings { allowed, refused }
}

impl Server<'_> {
    /// The hosts, by who may claim them. A host is open to whom a wildcard above it is open.
    fn groups(&self) -> Vec<(Allowed, Vec<Host>)> {
        let mut groups: Vec<(Allowed, Vec<Host>)> = Vec::new();
        if self.hosts.iter().all(|(_, home)| home.is_none()) {
            let hosts = self.hosts.iter().map(|(host, _)| host.clone());
            return vec![(None, hosts.collect())];
        }
        let mut seen = HashSet::new();
        for (host, _) in &self.hosts {
            if !seen.insert(host) {
                continue;
            }
            let above = self.hosts.iter().take(MOST_COMPARED);
            let homes = above.filter(|(other, _)| host.intersection(other).as_ref() == Some(host));
            let homes: Allowed = homes.map(|(_, home)| home.clone()).collect();
            match groups.iter_mut().find(|(group, _)| *group == homes) {
                Some((_, hosts)) => hosts.push(host.clone()),
                None => groups.push((homes, vec![host.clone()])),
            }
        }
        groups
    }
}

const MOST_COMPARED: usize = 1_000;

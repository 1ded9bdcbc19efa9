//! VirtualServices: which requests to which hosts go where.

mod actions;
mod connections;
mod cors;
mod delegate;
mod destinations;
mod fault;
mod headers;
mod http;
mod matching;
mod resolve;
mod retries;
mod strings;

pub(super) use connections::is_subnet;
pub(super) use resolve::resolve;
pub(super) use retries::convert as retries;

use crate::import::field::Field;
use crate::import::istio::names::{is_label, read_host};
use crate::import::istio::parts::{at_least_one, export_to};
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;
use http::HttpRoute;
use std::net::IpAddr;

/// A VirtualService, converted by itself.
pub(crate) struct VirtualService<'a> {
    document: Foreign<'a>,
    spec: Field<'a>,
    /// Empty for a delegate.
    hosts: Vec<(&'a str, Field<'a>)>,
    gateways: Vec<(Gate, Field<'a>)>,
    visible_to: Option<Vec<String>>,
    http: Vec<HttpRoute<'a>>,
}

/// Where requests come in, as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Gate {
    Mesh,
    /// `namespace/name`.
    Gateway(String),
}

impl VirtualService<'_> {
    fn is_delegate(&self) -> bool {
        self.hosts.is_empty()
    }

    fn key(&self) -> (&str, &str) {
        (self.document.namespace, self.document.name)
    }
}

/// Reads a VirtualService; `None` if Istio would refuse it.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<VirtualService<'a>> {
    let namespace = document.namespace;
    let spec = document.spec()?;
    let fields = spec.fields(&["hosts", "gateways", "http", "tls", "tcp", "exportTo"]);
    let gateways: Vec<_> = fields
        .get("gateways")
        .map(|gateways| gateways.list())
        .unwrap_or_default()
        .into_iter()
        .filter_map(|field| Some((gate(&field, namespace)?, field)))
        .collect();
    let in_mesh = gateways.is_empty() || gateways.iter().any(|(gate, _)| *gate == Gate::Mesh);
    let hosts: Vec<_> = fields
        .get("hosts")
        .map(|hosts| hosts.list())
        .unwrap_or_default()
        .into_iter()
        .filter_map(|field| Some((read_host(&field, true)?, field)))
        .collect();
    check_hosts(&hosts, in_mesh);
    let delegate = fields
        .get("hosts")
        .is_none_or(|hosts| hosts.list().is_empty());
    at_least_one(&fields, &["http", "tls", "tcp"]);
    for key in ["gateways", "tls", "tcp"] {
        if let Some(field) = fields.get(key).filter(|_| delegate) {
            let message =
                format!("a VirtualService without hosts is a delegate, and has no `{key}`");
            field.refused("invalid-value", message, "add `hosts`, or take it out");
        }
    }
    let visible_to = export_to(fields.get("exportTo"), namespace, false);
    let routes = fields
        .get("http")
        .map(|http| http.list())
        .unwrap_or_default();
    let at_gateway = gateways.iter().any(|(gate, _)| *gate != Gate::Mesh);
    let place = http::Where {
        namespace,
        delegate,
        at_gateway,
    };
    let http: Vec<_> = (0..)
        .zip(routes)
        .filter_map(|(index, field)| http::convert(index, &field, place))
        .collect();
    if let Some(tls) = fields.get("tls") {
        connections::check_tls(&tls, &hosts);
    }
    if let Some(tcp) = fields.get("tcp") {
        connections::check_tcp(&tcp);
    }
    (!spec.is_in_refused_document()).then(|| VirtualService {
        document: document.clone(),
        spec,
        hosts,
        gateways,
        visible_to,
        http,
    })
}

/// `mesh`, `name` in the own namespace or `namespace/name`.
fn gate(field: &Field<'_>, namespace: &str) -> Option<Gate> {
    let text = field.text()?;
    if text == "mesh" {
        return Some(Gate::Mesh);
    }
    let (home, name) = match text.split_once('/') {
        Some((".", name)) => (namespace, name),
        Some(parts) => parts,
        None => (namespace, text),
    };
    let good = is_label(home) && !name.is_empty() && name.split('.').all(is_label);
    if !good {
        let message = format!("`{}` is no name of a gateway", shortened(text));
        field.refused(
            "invalid-value",
            message,
            "write `mesh`, `name` or `namespace/name`",
        );
        return None;
    }
    if text.contains('.') && !text.contains('/') {
        field.warn(
            "deprecated-field",
            "a gateway is no longer named by a host",
            "write `namespace/name`",
        );
        // `name.namespace.svc.cluster.local`, as it was once.
        if let Some((name, rest)) = text.split_once('.') {
            let home = rest.split('.').next().unwrap_or(namespace);
            return Some(Gate::Gateway(format!("{home}/{name}")));
        }
    }
    Some(Gate::Gateway(format!("{home}/{name}")))
}

/// No host may be there twice, nor under a wildcard beside it.
fn check_hosts(hosts: &[(&str, Field<'_>)], in_mesh: bool) {
    for (at, (host, field)) in hosts.iter().enumerate() {
        if *host == "*" && in_mesh {
            let message = "in the mesh `*` would take every service's requests";
            let advice = "name the hosts, or a gateway";
            field.refused("invalid-value", message, advice);
        }
        // Many hosts are nobody's, and comparing each with each takes its time.
        let before = hosts[..at].iter().rev().take(MOST_COMPARED);
        let twice = { before }.find(|(other, _)| overlap(host, other));
        if let Some((other, _)) = twice {
            let message = format!("`{}` overlaps with `{}`", shortened(host), shortened(other));
            field.refused("duplicate-host", message, "remove one of the two");
        }
    }
}

fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let covers = |wide: &str, host: &str| match wide.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix) && host.parse::<IpAddr>().is_err(),
        None => wide == host,
    };
    covers(&one, &other) || covers(&other, &one)
}

const MOST_COMPARED: usize = 1_000;

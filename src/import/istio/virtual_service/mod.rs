//! VirtualServices: which requests to which hosts go where.

mod actions;
mod connections;
mod cors;
mod delegate;
mod destinations;
mod fault;
mod headers;
mod hosts;
mod http;
mod matching;
mod repeats;
mod resolve;
mod retries;
mod strings;

pub(super) use connections::is_subnet;
pub(super) use resolve::resolve;
pub(super) use retries::convert as retries;

use crate::import::field::Field;
use crate::import::istio::names::{is_dns, is_label, read_host};
use crate::import::istio::parts::{at_least_one, export_to, is_listed};
use crate::import::resource::Foreign;
use crate::import::sticky::{self, Split};
use crate::policy::wording::shortened;
use http::HttpRoute;

/// A VirtualService, converted by itself.
pub(crate) struct VirtualService<'a> {
    pub(super) document: Foreign<'a>,
    spec: Field<'a>,
    /// Empty for a delegate.
    hosts: Vec<(&'a str, Field<'a>)>,
    gateways: Vec<(Gate, Field<'a>)>,
    pub(super) visible_to: Option<Vec<String>>,
    /// Whether it says so itself.
    pub(super) exported: bool,
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
    hosts::check(&hosts, in_mesh);
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
    let export = fields.get("exportTo");
    let visible_to = export_to(export.clone(), namespace, false);
    let routes = fields
        .get("http")
        .map(|http| http.list())
        .unwrap_or_default();
    let place = http::Where {
        namespace,
        delegate,
        // Of a delegate nobody knows the gateways, so Istio takes it for one of the mesh.
        at_gateway: !in_mesh,
    };
    let mut http: Vec<_> = (0..)
        .zip(&routes)
        .filter_map(|(index, field)| http::convert(index, field, place))
        .collect();
    if let Some(tls) = fields.get("tls") {
        connections::check_tls(&tls, &hosts);
    }
    if let Some(tcp) = fields.get("tcp") {
        connections::check_tcp(&tcp);
    }
    for key in ["http", "tls", "tcp"] {
        if let Some(routes) = fields.get(key) {
            repeats::check(&routes.elements());
        }
    }
    let taken = !spec.is_in_refused_document();
    keep_callers(document, &mut http);
    taken.then(|| VirtualService {
        document: document.clone(),
        spec,
        hosts,
        gateways,
        visible_to,
        exported: is_listed(export.as_ref()),
        http,
    })
}

/// Annotations say who stays at one destination, of a root for its delegates, too.
fn keep_callers<'a>(document: &Foreign<'a>, http: &mut [HttpRoute<'a>]) {
    let rules = http.iter_mut().map(|route| Split {
        name: route.name.as_deref(),
        index: route.index,
        sends: !route.to.is_empty() || route.delegate.is_some(),
        sticky: &mut route.settings.sticky,
    });
    sticky::apply(document, &mut rules.collect::<Vec<_>>());
}

/// `mesh`, `name` in the own namespace or `namespace/name`.
fn gate(field: &Field<'_>, namespace: &str) -> Option<Gate> {
    let text = field.text()?;
    if text == "mesh" {
        return Some(Gate::Mesh);
    }
    let (home, name) = text.split_once('/').unwrap_or((namespace, text));
    // `name.namespace.svc.cluster.local`, as it was once.
    let old = match text.contains('/') {
        true => None,
        false => text.split_once('.').filter(|_| is_dns(text)),
    };
    if let Some((name, rest)) = old {
        let home = rest.split('.').next().unwrap_or(rest);
        let message = "a gateway is no longer named by a host";
        let advice = format!("write `{}/{}`", shortened(home), shortened(name));
        field.warn("deprecated-field", message, advice);
        return Some(Gate::Gateway(format!("{home}/{name}")));
    }
    if !is_label(home) || !is_label(name) {
        let message = format!("`{}` is no name of a gateway", shortened(text));
        let advice = "write `mesh`, `name` or `namespace/name`";
        field.refused("invalid-value", message, advice);
        return None;
    }
    Some(Gate::Gateway(format!("{home}/{name}")))
}

//! DestinationRules: how clients see services.

mod connections;
mod index;
mod load_balancer;
mod locality;
mod resolve;
mod tls;
mod traffic_policy;

pub(super) use resolve::resolve;

use crate::import::field::Field;
use crate::import::istio::names::{is_wildcard_dns, read_label};
use crate::import::istio::parts::{export_to, labels};
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;
use std::collections::{BTreeMap, BTreeSet};
use traffic_policy::Traffic;

/// A DestinationRule, converted by itself.
pub(crate) struct DestinationRule<'a> {
    document: Foreign<'a>,
    host: &'a str,
    host_field: Field<'a>,
    /// Absent where it says nothing.
    traffic: Option<Traffic>,
    subsets: Vec<Subset<'a>>,
    visible_to: Option<Vec<String>>,
    /// The labels of the clients that it is for, all of its namespace.
    selector: Option<BTreeMap<String, String>>,
}

struct Subset<'a> {
    field: Field<'a>,
    name: &'a str,
    labels: BTreeMap<String, String>,
    traffic: Traffic,
}

/// Reads a DestinationRule; `None` if Istio would refuse it.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<DestinationRule<'a>> {
    let spec = document.spec()?;
    let fields = spec.fields(&[
        "host",
        "trafficPolicy",
        "subsets",
        "exportTo",
        "workloadSelector",
    ]);
    let host_field = fields.need("host");
    let host = host_field.as_ref().and_then(read_service_host);
    let traffic = fields
        .get("trafficPolicy")
        .map(|field| traffic_policy::convert(&field, document.namespace));
    let mut names = BTreeSet::new();
    let subsets = fields.get("subsets").map(|subsets| subsets.list());
    let subsets: Vec<_> = subsets
        .unwrap_or_default()
        .iter()
        .filter_map(|field| subset(field, document.namespace, &mut names))
        .collect();
    let export = fields.get("exportTo");
    let visible_to = export_to(export.clone(), document.namespace, false);
    let selector = fields.get("workloadSelector").map(|field| selector(&field));
    let is_own = |item: &Field<'_>| {
        let namespace = item.as_text();
        namespace.is_some_and(|text| text == "." || text == document.namespace)
    };
    if let (Some(export), Some(_)) = (&export, &selector)
        && !export.elements().iter().all(is_own)
    {
        let message = "a rule that selects workloads is for its own namespace";
        export.refused("invalid-value", message, "write `exportTo: [.]`");
    }
    if spec.is_in_refused_document() {
        return None;
    }
    Some(DestinationRule {
        document: document.clone(),
        host: host?,
        host_field: host_field?,
        traffic,
        subsets,
        visible_to,
        selector,
    })
}

fn subset<'a>(
    field: &Field<'a>,
    namespace: &str,
    names: &mut BTreeSet<&'a str>,
) -> Option<Subset<'a>> {
    if field.is_null() {
        field.refused(
            "invalid-value",
            "there is nothing in the subset",
            "remove it",
        );
        return None;
    }
    let fields = field.fields(&["name", "labels", "trafficPolicy"]);
    let of = fields.get("labels").map(|field| labels(&field));
    let traffic = fields
        .get("trafficPolicy")
        .map(|field| traffic_policy::convert(&field, namespace));
    let name_field = fields.need("name")?;
    let name = read_label(&name_field, "a subset")?;
    if !names.insert(name) {
        let message = format!("the name `{}` is given to two subsets", shortened(name));
        name_field.refused("duplicate-name", message, "rename one of the two");
    }
    Some(Subset {
        field: field.clone(),
        name,
        labels: of.unwrap_or_default(),
        traffic: traffic.unwrap_or_default(),
    })
}

/// The host of services: a DNS name, with a wildcard or short, but no address.
fn read_service_host<'a>(field: &Field<'a>) -> Option<&'a str> {
    let text = field.text()?;
    if is_wildcard_dns(text) {
        return Some(text);
    }
    let message = format!("`{}` is no host of services", shortened(text));
    let advice = "write a DNS name, or one that begins with `*.`; no address, no port, no scheme";
    field.refused("invalid-value", message, advice);
    None
}

/// The labels of the clients. What no label looks like fits no client, and Istio lets it pass.
fn selector(field: &Field<'_>) -> BTreeMap<String, String> {
    let fields = field.fields(&["matchLabels"]);
    let written = fields.get("matchLabels");
    let entries = written.map(|written| written.entries()).unwrap_or_default();
    if entries.is_empty() {
        let message = "the selector asks for no label, so that it takes every workload";
        field.warn("empty-selector", message, "add a label, or take it out");
    }
    let mut labels = BTreeMap::new();
    for (key, value) in entries {
        let Some(text) = value.text() else { continue };
        if key.is_empty() || key.contains('*') || text.contains('*') {
            let message = format!("`{}: {}` selects nobody", shortened(key), shortened(text));
            let advice = "write a label's name and its whole value: there are no wildcards here";
            value.refused("invalid-value", message, advice);
            continue;
        }
        labels.insert(key.to_owned(), text.to_owned());
    }
    labels
}

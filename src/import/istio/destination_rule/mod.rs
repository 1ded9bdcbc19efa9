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
use crate::import::istio::names::{read_host, read_label};
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
    let host = host_field.as_ref().and_then(|host| read_host(host, true));
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
    let only_own = visible_to
        .as_ref()
        .is_none_or(|to| *to == [document.namespace]);
    if let (Some(export), Some(_), false) = (&export, &selector, only_own) {
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

fn selector(field: &Field<'_>) -> BTreeMap<String, String> {
    let fields = field.fields(&["matchLabels"]);
    let written = fields.get("matchLabels");
    if written
        .as_ref()
        .is_none_or(|written| written.entries().is_empty())
    {
        let message = "the selector asks for no label, so that it takes every workload";
        field.warn("empty-selector", message, "add a label, or take it out");
    }
    written.map(|written| labels(&written)).unwrap_or_default()
}

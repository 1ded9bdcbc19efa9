//! Routes of connections that are not HTTP: they are checked, and nothing is done about them.

use crate::import::field::{Field, Fields};
use crate::import::istio::names::{is_wildcard_dns, read_label};
use crate::import::istio::parts::{labels, namespace, port_or_any, port_selector, written};
use crate::import::istio::virtual_service::destinations::{check_weights, destination_host};
use crate::import::istio::virtual_service::gate;
use crate::policy::wording::shortened;
use std::net::IpAddr;

pub(super) fn check_tls(field: &Field<'_>, hosts: &[(&str, Field<'_>)]) {
    for item in field.list() {
        let fields = item.fields(&["match", "route"]);
        for entry in some(&fields, "match") {
            let fields = entry.fields(&[
                "sniHosts",
                "destinationSubnets",
                "port",
                "sourceLabels",
                "gateways",
                "sourceNamespace",
            ]);
            for sni in some(&fields, "sniHosts") {
                check_sni(&sni, hosts);
            }
            check_match(&fields);
        }
        check_route(&fields);
    }
    field.ignored(NOT_HTTP);
}

pub(super) fn check_tcp(field: &Field<'_>) {
    for item in field.list() {
        let fields = item.fields(&["match", "route"]);
        for entry in fields.get("match").iter().flat_map(Field::list) {
            check_match(&entry.fields(&[
                "destinationSubnets",
                "port",
                "sourceLabels",
                "gateways",
                "sourceNamespace",
                "sourceSubnet",
            ]));
        }
        check_route(&fields);
    }
    field.ignored(NOT_HTTP);
}

/// The elements of a list in which there has to be something.
fn some<'a>(fields: &Fields<'a>, key: &'static str) -> Vec<Field<'a>> {
    let Some(list) = fields.need(key) else {
        return Vec::new();
    };
    if list.is_empty_list() {
        let message = format!("there is nothing in `{key}`");
        list.refused("missing-field", message, "write at least one");
    }
    list.list()
}

fn check_sni(field: &Field<'_>, hosts: &[(&str, Field<'_>)]) {
    let Some(text) = field.text() else { return };
    if text.parse::<IpAddr>().is_ok() {
        let message = "no client asks for an IP address by name";
        return field.warn("never-matches", message, "write a host");
    }
    let below = |host: &str| match host.strip_prefix('*') {
        Some(suffix) => text.ends_with(suffix),
        None => text == host,
    };
    if !is_wildcard_dns(text) || !hosts.iter().any(|(host, _)| below(host)) {
        let message = format!("`{}` is none of the hosts", shortened(text));
        field.refused(
            "invalid-value",
            message,
            "write one of `hosts`, or one below it",
        );
    }
}

fn check_match(fields: &Fields<'_>) {
    let has = |key| fields.peek(key);
    for subnet in has("destinationSubnets").iter().flat_map(Field::list) {
        check_subnet(&subnet);
    }
    if let Some(subnet) = has("sourceSubnet") {
        check_subnet(&subnet);
    }
    if let Some(number) = has("port") {
        port_or_any(&number);
    }
    if let Some(source) = has("sourceLabels") {
        labels(&source);
    }
    if let Some(source) = has("sourceNamespace") {
        namespace(&source);
    }
    for item in has("gateways").iter().flat_map(Field::list) {
        gate(&item, "default");
    }
}

fn check_subnet(field: &Field<'_>) {
    let Some(text) = field.text() else { return };
    if !is_subnet(text) {
        let message = format!("`{}` is no range of IP addresses", shortened(text));
        field.refused("invalid-value", message, "write one such as 10.0.0.0/8");
    }
}

/// An IP address, or a range of them.
pub(in crate::import::istio) fn is_subnet(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse::<u8>().ok()),
        None => (text, Some(0)),
    };
    match (address.parse(), length) {
        (Ok(IpAddr::V4(_)), Some(length)) => length <= 32,
        (Ok(IpAddr::V6(_)), Some(length)) => length <= 128,
        _ => false,
    }
}

fn check_route(fields: &Fields<'_>) {
    let route = some(fields, "route");
    let weights: Vec<_> = { route.iter() }
        .map(|item| {
            let fields = item.fields(&["destination", "weight"]);
            if let Some(destination) = fields.need("destination") {
                check_destination(&destination);
            }
            match fields.get("weight") {
                Some(weight) => weight.integer(0, i128::from(i32::MAX)),
                None => Some(0),
            }
        })
        .collect();
    if let Some(route) = fields.get("route") {
        check_weights(&route, &weights);
    }
}

fn check_destination(field: &Field<'_>) {
    let fields = field.fields(&["host", "subset", "port"]);
    if let Some(host) = fields.need("host") {
        destination_host(&host);
    }
    if let Some(port) = fields.get("port") {
        port_selector(&port);
    }
    if let Some(subset) = written(&fields, "subset") {
        read_label(&subset, "a subset");
    }
}

const NOT_HTTP: &str = "its connections are not routed: only HTTP is";

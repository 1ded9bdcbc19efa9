//! A kind that does not exist, though people copy it from each other: what they meant.

use crate::policy::tree::{Kind, Node, Value};
use crate::policy::wording::shortened;
use std::cmp::Reverse;
use std::fmt::Write as _;

/// The advice for a document of `kind: IstioConfig`: the same as VirtualServices.
///
/// The shapes of it differ from copy to copy, so everything is looked for in several places.
pub(super) fn advice(root: &Node) -> String {
    let name = text(
        root.get("metadata")
            .and_then(|metadata| metadata.get("name")),
    );
    let spec = root.get("spec");
    let hosts = spec.and_then(|spec| spec.get("virtualHosts"));
    let several = items(hosts).len() > 1;
    let mut out = Out::default();
    for host in items(hosts).iter().take(MOST) {
        let own = text(host.get("name"));
        let called = if several { own.or(name) } else { name.or(own) };
        out.virtual_service(called.unwrap_or("my-routes"), own, host);
    }
    if out.text.is_empty() {
        let inner = spec.and_then(|spec| spec.get("virtualService"));
        let inner = inner.map(|inner| inner.get("spec").unwrap_or(inner));
        let written = [inner, spec].into_iter().flatten();
        let written =
            { written }.find(|spec| ["hosts", "http"].iter().any(|key| spec.get(key).is_some()));
        out.written(name.unwrap_or("my-routes"), written);
    }
    let mut advice = String::from("write a VirtualService");
    if !out.upper.is_empty() {
        let names: Vec<_> = out
            .upper
            .iter()
            .map(|name| format!("`{}`", shortened(name)))
            .collect();
        let (names, is) = (
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" },
        );
        let _ = write!(
            advice,
            " ({names} {is} no DNS name: Kubernetes services have names in lower case)"
        );
    }
    advice.push(':');
    advice + &out.text
}

#[derive(Default)]
struct Out<'a> {
    text: String,
    /// Hosts with capital letters.
    upper: Vec<&'a str>,
    /// How many values were copied.
    copied: usize,
}

impl<'a> Out<'a> {
    fn line(&mut self, depth: usize, text: &str) {
        // Indented, so that it stays apart from the findings around it.
        let _ = write!(self.text, "\n    {}{text}", "  ".repeat(depth));
    }

    fn head(&mut self, name: &str) {
        self.line(0, "apiVersion: networking.istio.io/v1");
        self.line(0, "kind: VirtualService");
        self.line(0, "metadata:");
        self.line(1, &format!("name: {}", scalar(name)));
        self.line(0, "spec:");
    }

    /// What is a VirtualService's already, as it is; what of it is not there is made up.
    fn written(&mut self, name: &str, spec: Option<&Node>) {
        self.head(name);
        let part = |key: &str| spec.and_then(|spec| spec.get(key));
        match part("hosts") {
            Some(hosts) => self.tree(1, false, Some("hosts"), hosts),
            None => {
                self.line(1, "hosts:");
                self.line(1, "- my-service");
            }
        }
        if let Some(gateways) = part("gateways") {
            self.tree(1, false, Some("gateways"), gateways);
        }
        match part("http") {
            Some(http) => self.tree(1, false, Some("http"), http),
            None => {
                self.line(1, "http:");
                self.line(1, "- route:");
                self.line(2, "- destination:");
                self.line(4, "host: my-service");
            }
        }
    }

    /// Copies a value, as the value of a key, the element of a list, or the first of a mapping
    /// that is one.
    fn tree(&mut self, depth: usize, dash: bool, key: Option<&str>, node: &Node) {
        if self.copied == MOST_COPIED {
            self.line(depth, "# …");
        }
        self.copied += 1;
        if self.copied > MOST_COPIED {
            return;
        }
        let mut lead = String::from(if dash { "-" } else { "" });
        if let Some(key) = key {
            let space = if dash { " " } else { "" };
            let _ = write!(lead, "{space}{}:", scalar(key));
        }
        let inside = depth + 1 + usize::from(dash && key.is_some());
        match &node.value {
            Value::Scalar(value) if value.kind == Kind::Null => self.line(depth, &lead),
            Value::Scalar(value) => {
                let text = match value.kind {
                    Kind::String => scalar(&value.text),
                    _ => shortened(&value.text),
                };
                self.line(depth, &format!("{lead} {text}"));
            }
            Value::Sequence(items) if items.is_empty() => self.line(depth, &(lead + " []")),
            Value::Mapping(entries) if entries.is_empty() => self.line(depth, &(lead + " {}")),
            Value::Sequence(items) => {
                self.line(depth, &lead);
                // Below a key the dashes stand in its own column.
                let inside = inside - usize::from(key.is_some());
                for item in items {
                    self.tree(inside, true, None, item);
                }
            }
            Value::Mapping(entries) => {
                let element = key.is_none();
                if !element {
                    self.line(depth, &lead);
                }
                for (index, entry) in entries.iter().enumerate() {
                    let dash = element && index == 0;
                    // Beside the dash stands the first key, below it the others.
                    let depth = if dash { depth } else { inside };
                    self.tree(depth, dash, Some(&entry.key), &entry.value);
                }
            }
        }
    }

    fn virtual_service(&mut self, name: &str, own: Option<&'a str>, host: &'a Node) {
        if !self.text.is_empty() {
            self.line(0, "---");
        }
        self.head(name);
        self.line(1, "hosts:");
        let mut hosts: Vec<_> = items(host.get("domains"))
            .iter()
            .filter_map(Node::as_str)
            .collect();
        // Inside the mesh nobody may claim all hosts: the service's name is what is meant.
        if let (Some(own), true) = (own, hosts.is_empty() || hosts.contains(&"*")) {
            hosts = vec![own];
        }
        if hosts.is_empty() {
            hosts.push("my-service");
        }
        for host in hosts.into_iter().take(MOST) {
            let host = self.host(host);
            self.line(1, &format!("- {host}"));
        }
        let mut routes: Vec<_> = items(host.get("routes")).iter().collect();
        // The first match decides, so that `/` would take everything from those after it.
        routes.sort_by_key(|route| Reverse(prefix(route).map_or(0, str::len)));
        self.line(1, "http:");
        for route in routes.into_iter().take(MOST) {
            self.route(route);
        }
    }

    fn route(&mut self, route: &'a Node) {
        let mut lead = "- ";
        let mut next = || std::mem::replace(&mut lead, "  ");
        if let Some(prefix) = prefix(route) {
            let lead = next();
            self.line(1, &format!("{lead}match:"));
            self.line(2, "- uri:");
            self.line(4, &format!("prefix: {}", scalar(prefix)));
        }
        let lead = next();
        self.line(1, &format!("{lead}route:"));
        let targets = targets(route);
        for target in targets.iter().take(MOST) {
            let host = text(target.get("destination").and_then(|to| to.get("host")));
            let host = host.or_else(|| text(target.get("host")));
            let host = self.host(host.unwrap_or("my-service"));
            self.line(2, "- destination:");
            self.line(4, &format!("host: {host}"));
            if let Some(weight) = number(target.get("weight")) {
                self.line(3, &format!("weight: {weight}"));
            }
        }
        let fault = route.get("fault").or_else(|| {
            let target = targets.iter().find(|target| target.get("fault").is_some());
            target.and_then(|target| target.get("fault"))
        });
        if let Some(fault) = fault {
            self.fault(fault);
        }
    }

    fn fault(&mut self, fault: &'a Node) {
        let delay = fault
            .get("delay")
            .and_then(|delay| text(delay.get("fixedDelay")));
        let status = fault
            .get("abort")
            .and_then(|abort| number(abort.get("httpStatus")));
        if delay.is_none() && status.is_none() {
            return;
        }
        self.line(2, "fault:");
        let faults = [
            (
                "delay",
                delay.map(|delay| format!("fixedDelay: {}", scalar(delay))),
            ),
            (
                "abort",
                status.map(|status| format!("httpStatus: {status}")),
            ),
        ];
        for (what, value) in faults {
            if let Some(value) = value {
                self.line(3, &format!("{what}:"));
                // Without a percentage nothing would happen.
                let percent = fault.get(what).and_then(|fault| fault.get("percentage"));
                let percent = number(percent.and_then(|percent| percent.get("value")));
                let percent = percent.unwrap_or("100");
                self.line(4, "percentage:");
                self.line(5, &format!("value: {percent}"));
                self.line(4, &value);
            }
        }
    }

    fn host(&mut self, host: &'a str) -> String {
        let capital = host.contains(|letter: char| letter.is_ascii_uppercase());
        if capital && self.upper.len() < MOST_NAMED && !self.upper.contains(&host) {
            self.upper.push(host);
        }
        scalar(&host.to_ascii_lowercase())
    }
}

/// The prefix of a route, wherever it is written.
fn prefix(route: &Node) -> Option<&str> {
    let matching = route.get("match");
    let first = matching.and_then(|matching| items(Some(matching)).first());
    [Some(route), matching, first]
        .into_iter()
        .flatten()
        .find_map(|place| {
            let uri = place.get("uri").and_then(|uri| uri.get("prefix"));
            text(place.get("prefix")).or_else(|| text(uri))
        })
}

/// Where a route leads: a list, a single mapping, or nothing but a name.
fn targets(route: &Node) -> Vec<&Node> {
    match route.get("route") {
        Some(Node {
            value: Value::Sequence(items),
            ..
        }) => items.iter().collect(),
        Some(target) => vec![target],
        None => vec![route],
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node {
        Some(Node {
            value: Value::Sequence(items),
            ..
        }) => items,
        // Somebody has forgotten the dash.
        Some(node) => std::slice::from_ref(node),
        None => &[],
    }
}

fn text(node: Option<&Node>) -> Option<&str> {
    node.and_then(Node::as_str)
}

/// A number as it was written.
fn number(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::Scalar(scalar) if matches!(scalar.kind, Kind::Integer(_) | Kind::Float(_)) => {
            Some(&scalar.text)
        }
        _ => None,
    }
}

/// Writes a text as YAML on one line, not much of it.
fn scalar(text: &str) -> String {
    let text = shortened(text);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._/".contains(letter);
    let begins = text.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '/');
    if begins && text.chars().all(plain) && Kind::of(&text) == Kind::String {
        return text;
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

const MOST: usize = 20;
const MOST_NAMED: usize = 3;
const MOST_COPIED: usize = 100;

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
    let hosts = root.get("spec").and_then(|spec| spec.get("virtualHosts"));
    let several = items(hosts).len() > 1;
    let mut out = Out::default();
    for host in items(hosts).iter().take(MOST) {
        let own = text(host.get("name"));
        let called = if several { own.or(name) } else { name.or(own) };
        out.virtual_service(called.unwrap_or("my-routes"), own, host);
    }
    if out.text.is_empty() {
        return NOTHING.to_owned();
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
}

impl<'a> Out<'a> {
    fn line(&mut self, depth: usize, text: &str) {
        // Indented, so that it stays apart from the findings around it.
        let _ = write!(self.text, "\n    {}{text}", "  ".repeat(depth));
    }

    fn virtual_service(&mut self, name: &str, own: Option<&'a str>, host: &'a Node) {
        if !self.text.is_empty() {
            self.line(0, "---");
        }
        self.line(0, "apiVersion: networking.istio.io/v1");
        self.line(0, "kind: VirtualService");
        self.line(0, "metadata:");
        self.line(1, &format!("name: {}", scalar(name)));
        self.line(0, "spec:");
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
const NOTHING: &str = "nobody reads this kind; write a VirtualService (hosts and routes) of \
                       `apiVersion: networking.istio.io/v1`";

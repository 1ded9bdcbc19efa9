//! What a match asks for, in the policy's words, and what a request has.

use crate::explain::explanation::tried::Asks;
use crate::plan::Selector;
use crate::policy::{Clients, Door, Match, PathMatch, TextMatch, ValueMatch};
use crate::route::{Asked, Predicate};
use http::header::HOST;

/// Everything that a match asks of a request, in the order in which it is asked.
pub(super) fn asks(matching: &Match) -> Vec<Asks> {
    let mut all = Vec::new();
    let mut ask = |predicate: Predicate<'_>| {
        all.extend(wanted(matching, predicate).map(|wanted| Asks {
            predicate: name(predicate),
            wanted,
        }));
    };
    let host = |name: &http::HeaderName| *name == HOST;
    ask(Predicate::Path);
    ask(Predicate::Method);
    let names = || matching.headers.keys().map(|name| name.get());
    names()
        .filter(|name| !host(name))
        .for_each(|name| ask(Predicate::Header(name)));
    { matching.query.keys() }.for_each(|name| ask(Predicate::Query(name)));
    ask(Predicate::Scheme);
    ask(Predicate::Authority);
    names()
        .filter(|name| host(name))
        .for_each(|name| ask(Predicate::Header(name)));
    for named_host in [false, true] {
        let names = matching.without_headers.keys().map(|name| name.get());
        names
            .filter(|name| host(name) == named_host)
            .for_each(|name| ask(Predicate::WithoutHeader(name)));
    }
    all
}

/// `path`, `header x-beta`, `query page`.
pub(super) fn name(predicate: Predicate<'_>) -> String {
    match predicate {
        Predicate::Path => "path".to_owned(),
        Predicate::Method => "method".to_owned(),
        Predicate::Scheme => "scheme".to_owned(),
        Predicate::Authority => "authority".to_owned(),
        Predicate::Header(name) => format!("header {name}"),
        Predicate::WithoutHeader(name) => format!("without header {name}"),
        Predicate::Query(name) => format!("query {name}"),
    }
}

/// What a match wants there; `None` if it does not ask.
pub(super) fn wanted(matching: &Match, predicate: Predicate<'_>) -> Option<String> {
    Some(match predicate {
        Predicate::Path => path(matching.path.as_ref()?, matching.ignore_path_case),
        Predicate::Method => text(matching.method.as_ref()?),
        Predicate::Scheme => text(matching.scheme.as_ref()?),
        Predicate::Authority => text(matching.authority.as_ref()?),
        Predicate::Header(name) => {
            let mut headers = matching.headers.iter();
            value(headers.find(|(own, _)| own.get() == name)?.1)
        }
        Predicate::WithoutHeader(name) => {
            let mut headers = matching.without_headers.iter();
            value(headers.find(|(own, _)| own.get() == name)?.1)
        }
        Predicate::Query(name) => value(matching.query.get(name)?),
    })
}

/// What a request has there: every line of a header; nothing where it is not there.
pub(super) fn has(asked: &Asked<'_>, predicate: Predicate<'_>) -> Vec<String> {
    match predicate {
        Predicate::Path => vec![asked.path.to_owned()],
        Predicate::Method => vec![asked.method.as_str().to_owned()],
        Predicate::Scheme => vec![asked.scheme().to_owned()],
        Predicate::Authority => vec![asked.authority.to_owned()],
        Predicate::Header(&HOST) | Predicate::WithoutHeader(&HOST) => {
            vec![asked.authority.to_owned()]
        }
        Predicate::Header(name) | Predicate::WithoutHeader(name) => {
            let lines = asked.headers.get_all(name).iter();
            let text = |line: &http::HeaderValue| String::from_utf8_lossy(line.as_bytes()).into();
            lines.map(text).collect()
        }
        Predicate::Query(name) => {
            let pairs = asked.query.split('&').filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let own = pairs.filter(|(key, _)| *key == name);
            own.map(|(_, value)| value.to_owned()).collect()
        }
    }
}

/// What a match wants of where a request comes from: its name, what is wanted.
pub(super) fn selector(matching: &Match, selector: Selector) -> (&'static str, String) {
    match selector {
        Selector::From => ("from", clients(&matching.from)),
        Selector::Gateways => ("gateways", each(&matching.gateways).join(", ")),
        Selector::Port => {
            let port = matching.port.map(|port| port.to_string());
            ("port", port.unwrap_or_default())
        }
    }
}

/// Each as the policy writes it.
pub(super) fn each(doors: &[Door]) -> Vec<String> {
    doors.iter().map(ToString::to_string).collect()
}

fn clients(clients: &Clients) -> String {
    let mut parts = Vec::new();
    if !clients.namespaces.is_empty() {
        parts.push(format!("namespace {}", clients.namespaces.join(" or ")));
    }
    parts.extend(labels(clients.labels.iter()));
    parts.join(", ")
}

/// `label app=x` for each.
pub(super) fn labels<'a>(
    labels: impl Iterator<Item = (&'a String, &'a String)>,
) -> impl Iterator<Item = String> {
    labels.map(|(name, value)| format!("label {name}={value}"))
}

fn path(path: &PathMatch, any_case: bool) -> String {
    let case = if any_case { " (any case)" } else { "" };
    match path {
        PathMatch::Exact(path) => format!("exact {path}{case}"),
        PathMatch::Prefix(path) => format!("prefix {path}{case}"),
        PathMatch::StartsWith(start) => format!("startsWith {start}{case}"),
        PathMatch::Regex(pattern) => format!("regex {pattern}"),
    }
}

fn text(text: &TextMatch) -> String {
    match text {
        TextMatch::Exact(text) => format!("exact {text:?}"),
        TextMatch::Prefix(text) => format!("prefix {text:?}"),
        TextMatch::Regex(pattern) => format!("regex {pattern}"),
    }
}

fn value(value: &ValueMatch) -> String {
    match value {
        ValueMatch::Exact(value) => format!("exact {value:?}"),
        ValueMatch::Prefix(value) => format!("prefix {value:?}"),
        ValueMatch::Regex(pattern) => format!("regex {pattern}"),
        ValueMatch::Present => "present".to_owned(),
        ValueMatch::Absent => "absent".to_owned(),
    }
}

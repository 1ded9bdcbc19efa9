//! The VirtualServices that Istio's controller makes of the routes, as far as people can write
//! them; what only Istio itself can say is said in another way that does the same.

use crate::actions::{
    cors_policy, destination, headers, is_there, percent, redirect, rewrite, sets_host, to,
};
use crate::http_route::Parent;
use crate::model::{Action, Match, NewPath, PathKind, Route, Rule};
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A match of a rule, with where it stands.
struct Entry<'a> {
    rule: &'a Rule,
    /// `None`: the rule has none.
    matching: Option<&'a Match>,
    port: Option<u16>,
}

pub(crate) fn documents(routes: &[Route], parent: Parent) -> Vec<Value> {
    let mut sorted: Vec<_> = routes.iter().collect();
    // Stable, so that names decide between routes of one day.
    sorted.sort_by_key(|route| route.day);
    let gateway = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": { "name": "front", "namespace": "web" },
        "spec": { "servers": [
            { "port": { "number": 80, "name": "plain", "protocol": "HTTP" }, "hosts": ["*"] },
            { "port": { "number": 443, "name": "tls", "protocol": "HTTPS" }, "hosts": ["*"],
                "tls": { "mode": "SIMPLE", "credentialName": "cert" } },
            { "port": { "number": 8080, "name": "other", "protocol": "HTTP" }, "hosts": ["*"] },
        ] },
    });
    let mut all = vec![gateway];
    match parent {
        // One for each host: who is asked for a host has all that is said of it.
        Parent::Gateway => {
            let hosts_of = |route: &Route| match route.hostnames.is_empty() {
                true => vec!["*"],
                false => route.hostnames.clone(),
            };
            let hosts: BTreeSet<_> = routes.iter().flat_map(hosts_of).collect();
            for (index, host) in hosts.into_iter().enumerate() {
                let of_it = sorted
                    .iter()
                    .filter(|route| hosts_of(route).contains(&host));
                let mut spec = json!({ "hosts": [host], "gateways": ["front"] });
                spec["http"] = http(of_it.copied(), parent);
                all.push(virtual_service(index, &spec));
            }
        }
        Parent::Service => {
            let mut spec = json!({ "hosts": ["a.web.svc.cluster.local"] });
            spec["http"] = http(sorted.iter().copied(), parent);
            all.push(virtual_service(0, &spec));
        }
    }
    all
}

fn virtual_service(index: usize, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": { "name": format!("v{index}"), "namespace": "web" }, "spec": spec,
    })
}

/// All matches of all rules, the most specific first.
fn http<'a>(routes: impl Iterator<Item = &'a Route>, parent: Parent) -> Value {
    let mut entries = Vec::new();
    for route in routes {
        let port = route.port.filter(|_| parent == Parent::Service);
        for rule in &route.rules {
            let entry = |matching| Entry {
                rule,
                matching,
                port,
            };
            if rule.matches.is_empty() {
                entries.push(entry(None));
            }
            entries.extend(rule.matches.iter().map(|matching| entry(Some(matching))));
        }
    }
    entries.sort_by_key(|entry| Reverse(rank(entry.matching)));
    entries
        .iter()
        .flat_map(|entry| written(entry, parent))
        .collect()
}

fn rank(matching: Option<&Match>) -> (u8, usize, bool, usize, usize) {
    let Some(matching) = matching else {
        return (2, 1, false, 0, 0);
    };
    let (kind, length) = match matching.path {
        None => (2, 1),
        Some((PathKind::Exact, path)) => (3, path.len()),
        Some((PathKind::Prefix, path)) => (2, bare(path).len().max(1)),
        Some((PathKind::Regex, path)) => (1, path.len()),
    };
    let names = |values: &[crate::model::Value], any_case: bool| {
        let name = |value: &crate::model::Value| match any_case {
            true => value.name.to_ascii_lowercase(),
            false => value.name.to_owned(),
        };
        values.iter().map(name).collect::<BTreeSet<_>>().len()
    };
    let (headers, query) = (
        names(&matching.headers, true),
        names(&matching.query, false),
    );
    (kind, length, matching.method.is_some(), headers, query)
}

/// A prefix without the slash at its end, which says nothing.
pub(crate) fn bare(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

/// What takes the place of the prefix that was matched.
pub(crate) enum Place {
    /// All of the path is the prefix.
    Whole,
    /// The prefix and a slash stand before something.
    Before,
}

/// The prefix `/a` is here the path `/a` and the byte prefix `/a/`, for Istio keeps to itself how
/// it says it. Where a prefix is replaced, each of the two has its own replacement.
fn written(entry: &Entry<'_>, parent: Parent) -> Vec<Value> {
    let prefix = match entry.matching.and_then(|matching| matching.path) {
        None => Some("/"),
        Some((PathKind::Prefix, prefix)) => Some(prefix),
        Some(_) => None,
    };
    let Some(prefix) = prefix.map(bare) else {
        return vec![route(entry, &[uri(entry)], None, parent)];
    };
    let whole = json!({ "exact": if prefix.is_empty() { "/" } else { prefix } });
    let before = json!({ "prefix": format!("{prefix}/") });
    match entry.rule.replaces_prefix() {
        false if prefix.is_empty() => vec![route(entry, &[before], None, parent)],
        false => vec![route(entry, &[whole, before], None, parent)],
        true => vec![
            route(entry, &[whole], Some((prefix, Place::Whole)), parent),
            route(entry, &[before], Some((prefix, Place::Before)), parent),
        ],
    }
}

impl Rule {
    fn replaces_prefix(&self) -> bool {
        let path = match &self.action {
            Action::Forward(rewrite, _) => rewrite.as_ref().and_then(|to| to.path.as_ref()),
            Action::Redirect(redirect) => redirect.path.as_ref(),
        };
        matches!(path, Some(NewPath::Prefix(_)))
    }
}

fn uri(entry: &Entry<'_>) -> Value {
    match entry.matching.and_then(|matching| matching.path) {
        Some((PathKind::Exact, path)) => json!({ "exact": path }),
        Some((PathKind::Regex, path)) => json!({ "regex": path }),
        Some((PathKind::Prefix, _)) | None => unreachable!("prefixes are two"),
    }
}

fn route(
    entry: &Entry<'_>,
    uris: &[Value],
    replaced: Option<(&str, Place)>,
    parent: Parent,
) -> Value {
    let rule = entry.rule;
    let matches = uris.iter().map(|uri| matching(entry, uri));
    let mut route = json!({ "match": matches.collect::<Value>() });
    if rule.unknown_filter {
        route["directResponse"] = json!({ "status": 500 });
        return route;
    }
    // The host goes where hosts are rewritten, and what is said there wins.
    let (rewritten, backends) = match &rule.action {
        Action::Forward(rewrite, backends) => (rewrite.as_ref(), &backends[..]),
        Action::Redirect(_) => (None, &[][..]),
    };
    let host_is_rewritten = rewritten.is_some_and(|rewrite| rewrite.host.is_some());
    let served: Vec<_> = { backends.iter() }
        .filter(|backend| backend.weight != Some(0))
        .collect();
    // A reply of Istio's own takes no host.
    let takes_host = !host_is_rewritten && !served.is_empty();
    let headers = headers(rule.request.as_ref(), rule.response.as_ref(), takes_host);
    if !headers.is_empty() {
        route["headers"] = headers.into();
    }
    if let Some(cors) = &rule.cors {
        route["corsPolicy"] = cors_policy(cors);
    }
    let timeout = rule.backend_millis().or(rule.timeout);
    if let Some(millis) = timeout.filter(|millis| *millis > 0) {
        route["timeout"] = format!("{}.{:03}s", millis / 1_000, millis % 1_000).into();
    }
    let mirrors: Vec<_> = { rule.mirrors.iter() }
        .filter(|mirror| is_there(mirror.to, parent))
        .map(|mirror| json!({
            "destination": destination(mirror.to, parent), "percentage": { "value": percent(mirror.share) },
        }))
        .collect();
    if !mirrors.is_empty() {
        route["mirrors"] = mirrors.into();
    }
    match &rule.action {
        Action::Redirect(to) => route["redirect"] = redirect(to, replaced),
        // Requests that nobody is to have.
        Action::Forward(..) if served.is_empty() => {
            route["directResponse"] = json!({ "status": 500 });
        }
        Action::Forward(rewritten, _) => {
            if let Some(rewritten) = rewritten.as_ref().and_then(|to| rewrite(to, replaced)) {
                route["rewrite"] = rewritten;
            }
            // Who is alone gets all, and says no weight.
            let alone = served.len() == 1;
            let host_is_set = host_is_rewritten || sets_host(rule.request.as_ref());
            let to = served
                .iter()
                .map(|backend| to(backend, alone, !host_is_set, parent));
            route["route"] = to.collect();
        }
    }
    route
}

fn matching(entry: &Entry<'_>, uri: &Value) -> Value {
    let mut written = json!({ "uri": uri });
    if let Some(port) = entry.port {
        written["port"] = port.into();
    }
    let Some(matching) = entry.matching else {
        return written;
    };
    if let Some(method) = matching.method {
        written["method"] = json!({ "exact": method });
    }
    for (key, values, any_case) in [
        ("headers", &matching.headers, true),
        ("queryParams", &matching.query, false),
    ] {
        let mut by_name = Map::new();
        for value in values {
            let name = match any_case {
                true => value.name.to_ascii_lowercase(),
                false => value.name.to_owned(),
            };
            let kind = if value.regex { "regex" } else { "exact" };
            by_name
                .entry(name)
                .or_insert_with(|| json!({ kind: value.value }));
        }
        if !by_name.is_empty() {
            written[key] = by_name.into();
        }
    }
    written
}

//! What a route of a VirtualService does, each part by itself.

use crate::http_route::Parent;
use crate::model::{Backend, Changes, Cors, NewPath, Redirect, Rewrite, Share, Target};
use crate::virtual_service::{Place, bare};
use serde_json::{Map, Value, json};

pub(crate) fn sets_host(changes: Option<&Changes>) -> bool {
    let mut set = changes.into_iter().flat_map(|changes| &changes.set);
    set.any(|(name, _)| *name == "Host")
}

pub(crate) fn headers(
    request: Option<&Changes>,
    response: Option<&Changes>,
    host: bool,
) -> Map<String, Value> {
    let mut headers = Map::new();
    for (key, changes) in [("request", request), ("response", response)] {
        let Some(changes) = changes else { continue };
        let by_name = |pairs: &[(&str, &str)]| {
            let mut by_name = Map::new();
            for (name, value) in pairs {
                // The first of a name counts, and `%` begins a command.
                let name = name.to_ascii_lowercase();
                if host || name != "host" {
                    by_name
                        .entry(name)
                        .or_insert_with(|| value.replace('%', "%%").into());
                }
            }
            by_name
        };
        let written = json!({
            "set": by_name(&changes.set), "add": by_name(&changes.add), "remove": changes.remove,
        });
        headers.insert(key.to_owned(), written);
    }
    headers
}

pub(crate) fn is_there(target: Target, parent: Parent) -> bool {
    match target {
        Target::Service(..) | Target::Granted => true,
        // In the mesh nobody asks for grants.
        Target::NotGranted => parent == Parent::Service,
        Target::Missing | Target::Kind | Target::NoPort => false,
    }
}

/// Where a reference leads nowhere Istio names a cluster that is not there, too.
pub(crate) fn destination(target: Target, parent: Parent) -> Value {
    let (host, port) = match target {
        Target::Service(name, port) => (format!("{name}.web.svc.cluster.local"), port),
        Target::Granted => ("granted.vault.svc.cluster.local".to_owned(), 80),
        Target::NotGranted if is_there(target, parent) => {
            ("closed.vault.svc.cluster.local".to_owned(), 80)
        }
        _ => ("nowhere.web.svc.cluster.local".to_owned(), 80),
    };
    json!({ "host": host, "port": { "number": port } })
}

pub(crate) fn to(backend: &Backend, alone: bool, host: bool, parent: Parent) -> Value {
    let mut written = json!({ "destination": destination(backend.to, parent) });
    if !alone {
        written["weight"] = backend.weight.unwrap_or(1).into();
    }
    let headers = headers(backend.request.as_ref(), backend.response.as_ref(), host);
    if !headers.is_empty() {
        written["headers"] = headers.into();
    }
    written
}

pub(crate) fn percent(share: Share) -> Value {
    match share {
        Share::All => 100.into(),
        Share::Percent(percent) | Share::Fraction(percent, None) => percent.into(),
        Share::Fraction(part, Some(all)) => (100.0 * f64::from(part) / f64::from(all)).into(),
    }
}

pub(crate) fn rewrite(rewrite: &Rewrite, replaced: Option<(&str, Place)>) -> Option<Value> {
    let mut to = Map::new();
    if let Some(host) = rewrite.host {
        to.insert("authority".to_owned(), host.into());
    }
    match (&rewrite.path, replaced) {
        (Some(NewPath::Full(path)), _) => {
            let all = json!({ "match": "/.*", "rewrite": path });
            to.insert("uriRegexRewrite".to_owned(), all);
        }
        (Some(NewPath::Prefix("" | "/")), Some((prefix, _))) => {
            let prefix = prefix.replace('.', "\\.").replace('+', "\\+");
            let rest = json!({ "match": format!("^{prefix}(/?)(.*)"), "rewrite": "/\\2" });
            to.insert("uriRegexRewrite".to_owned(), rest);
        }
        (Some(NewPath::Prefix(new)), Some((_, place))) => {
            let uri = match place {
                Place::Whole => bare(new).to_owned(),
                Place::Before => format!("{}/", bare(new)),
            };
            to.insert("uri".to_owned(), uri.into());
        }
        (Some(NewPath::Prefix(_)), None) => unreachable!("only prefixes are replaced"),
        (None, _) => {}
    }
    (!to.is_empty()).then(|| to.into())
}

pub(crate) fn redirect(redirect: &Redirect, replaced: Option<(&str, Place)>) -> Value {
    let mut to = json!({ "redirectCode": redirect.status.unwrap_or(302) });
    if let Some(host) = redirect.host {
        to["authority"] = host.into();
    }
    if let Some(scheme) = redirect.scheme {
        to["scheme"] = scheme.into();
    }
    // FROM_PROTOCOL_DEFAULT would keep the port of the request.
    match (redirect.port, redirect.scheme) {
        (Some(port), _) => to["port"] = port.into(),
        (None, Some("http")) => to["port"] = 80.into(),
        (None, Some(_)) => to["port"] = 443.into(),
        (None, None) => to["derivePort"] = "FROM_REQUEST_PORT".into(),
    }
    match (&redirect.path, replaced) {
        (Some(NewPath::Full(path)), _) => to["uri"] = (*path).into(),
        (Some(NewPath::Prefix(new)), Some((_, Place::Whole))) => {
            let new = bare(new);
            to["uri"] = if new.is_empty() { "/" } else { new }.into();
        }
        (Some(NewPath::Prefix(new)), Some((_, Place::Before))) => {
            to["prefixRewrite"] = format!("{}/", bare(new)).into();
        }
        (Some(NewPath::Prefix(_)), None) => unreachable!("only prefixes are replaced"),
        (None, _) => {}
    }
    to
}

pub(crate) fn cors_policy(cors: &Cors) -> Value {
    let origins = cors
        .origins
        .iter()
        .map(|origin| match origin.split_once("://*") {
            Some((scheme, rest)) => {
                let rest = rest.replace('.', "\\.");
                json!({ "regex": format!("{scheme}://[^/:]+{rest}") })
            }
            None if *origin == "*" => json!({ "regex": "[^:/?#]+://[^/?#]+" }),
            None => json!({ "exact": origin }),
        });
    let mut policy = json!({
        "allowOrigins": origins.collect::<Value>(), "allowMethods": cors.methods,
        "allowHeaders": cors.headers, "exposeHeaders": cors.exposed,
        "maxAge": format!("{}s", cors.age.unwrap_or(5)), "unmatchedPreflights": "IGNORE",
    });
    if let Some(credentials) = cors.credentials {
        policy["allowCredentials"] = credentials.into();
    }
    policy
}

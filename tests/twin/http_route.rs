//! The routes as HTTPRoutes of the Gateway API.

use crate::model::{
    Action, Backend, Changes, Cors, Match, NewPath, PathKind, Redirect, Rewrite, Route, Rule,
    Share, Target,
};
use serde_json::{Value, json};

/// What routes are attached to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Parent {
    /// The gateway `web/front`.
    Gateway,
    /// The service `a` in the namespace `web`, whose clients in the mesh are meant.
    Service,
}

pub(crate) fn documents(routes: &[Route], parent: Parent) -> Vec<Value> {
    let mut all = vec![
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": { "name": "front", "namespace": "web" },
            "spec": { "gatewayClassName": "any", "listeners": [
                { "name": "plain", "port": 80, "protocol": "HTTP" },
                { "name": "tls", "port": 443, "protocol": "HTTPS", "tls": {
                    "certificateRefs": [{ "name": "cert" }] } },
                { "name": "other", "port": 8080, "protocol": "HTTP" },
            ] },
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant",
            "metadata": { "name": "grant", "namespace": "vault" },
            "spec": {
                "from": [{ "group": "gateway.networking.k8s.io", "kind": "HTTPRoute",
                    "namespace": "web" }],
                "to": [{ "group": "", "kind": "Service", "name": "granted" }],
            },
        }),
    ];
    let written = routes.iter().enumerate();
    all.extend(written.map(|(index, route)| document(index, route, parent)));
    all
}

fn document(index: usize, route: &Route, parent: Parent) -> Value {
    let mut to = match parent {
        Parent::Gateway => json!({ "name": "front" }),
        Parent::Service => json!({ "group": "", "kind": "Service", "name": "a" }),
    };
    if let (Parent::Service, Some(port)) = (parent, route.port) {
        to["port"] = port.into();
    }
    let mut spec = json!({ "parentRefs": [to] });
    if !route.hostnames.is_empty() && parent == Parent::Gateway {
        spec["hostnames"] = json!(route.hostnames);
    }
    let rules = route.rules.iter().enumerate();
    spec["rules"] = rules.map(|(number, it)| rule(index, number, it)).collect();
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": { "name": format!("r{index}"), "namespace": "web",
            "creationTimestamp": format!("2026-01-0{}T00:00:00Z", route.day) },
        "spec": spec,
    })
}

fn rule(route: usize, number: usize, rule: &Rule) -> Value {
    let mut written = json!({ "name": format!("r{route}-{number}") });
    if !rule.matches.is_empty() {
        written["matches"] = rule.matches.iter().map(matching).collect();
    }
    let mut filters = changes(rule.request.as_ref(), rule.response.as_ref());
    if rule.unknown_filter {
        filters.push(json!({ "type": "ExtensionRef", "extensionRef": {
            "group": "example.com", "kind": "Filter", "name": "f" } }));
    }
    for mirror in &rule.mirrors {
        let mut to = json!({ "backendRef": reference(mirror.to) });
        match mirror.share {
            Share::All => {}
            Share::Percent(percent) => to["percent"] = percent.into(),
            Share::Fraction(part, None) => to["fraction"] = json!({ "numerator": part }),
            Share::Fraction(part, Some(all)) => {
                to["fraction"] = json!({ "numerator": part, "denominator": all });
            }
        }
        filters.push(json!({ "type": "RequestMirror", "requestMirror": to }));
    }
    filters.extend(rule.cors.as_ref().map(cors));
    match &rule.action {
        Action::Forward(rewritten, backends) => {
            filters.extend(rewritten.as_ref().map(rewrite));
            written["backendRefs"] = backends.iter().map(backend).collect();
        }
        Action::Redirect(to) => filters.push(redirect(to)),
    }
    written["filters"] = filters.into();
    if let Some(millis) = rule.timeout {
        written["timeouts"]["request"] = format!("{millis}ms").into();
    }
    if let Some(millis) = rule.backend_millis() {
        written["timeouts"]["backendRequest"] = format!("{millis}ms").into();
    }
    written
}

impl Rule {
    /// Never longer than the whole.
    pub(crate) fn backend_millis(&self) -> Option<u32> {
        let part = self.backend_timeout?;
        Some(match self.timeout {
            Some(all) if all > 0 => (all * part / 100).max(1).min(all),
            _ => part,
        })
    }
}

fn matching(matching: &Match) -> Value {
    let mut written = json!({});
    if let Some((kind, value)) = matching.path {
        let kind = match kind {
            PathKind::Exact => "Exact",
            PathKind::Prefix => "PathPrefix",
            PathKind::Regex => "RegularExpression",
        };
        written["path"] = json!({ "type": kind, "value": value });
    }
    if let Some(method) = matching.method {
        written["method"] = method.into();
    }
    for (key, values) in [
        ("headers", &matching.headers),
        ("queryParams", &matching.query),
    ] {
        let value = |value: &crate::model::Value| {
            let kind = if value.regex {
                "RegularExpression"
            } else {
                "Exact"
            };
            json!({ "name": value.name, "type": kind, "value": value.value })
        };
        if !values.is_empty() {
            written[key] = values.iter().map(value).collect();
        }
    }
    written
}

fn changes(request: Option<&Changes>, response: Option<&Changes>) -> Vec<Value> {
    let both = [
        ("Request", "request", request),
        ("Response", "response", response),
    ];
    let there = both.into_iter().filter_map(|(kind, key, changes)| {
        let changes = changes?;
        let pairs = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| json!({ "name": name, "value": value }));
            pairs.collect::<Value>()
        };
        let what = json!({
            "set": pairs(&changes.set), "add": pairs(&changes.add), "remove": changes.remove,
        });
        Some(json!({ "type": format!("{kind}HeaderModifier"), format!("{key}HeaderModifier"): what }))
    });
    there.collect()
}

fn reference(target: Target) -> Value {
    match target {
        Target::Service(name, port) => json!({ "name": name, "port": port }),
        Target::Granted => json!({ "name": "granted", "namespace": "vault", "port": 80 }),
        Target::NotGranted => json!({ "name": "closed", "namespace": "vault", "port": 80 }),
        Target::Missing => json!({ "name": "missing", "port": 80 }),
        Target::Kind => {
            json!({ "kind": "Bucket", "group": "example.com", "name": "a", "port": 80 })
        }
        Target::NoPort => json!({ "name": "a" }),
    }
}

fn backend(backend: &Backend) -> Value {
    let mut written = reference(backend.to);
    if let Some(weight) = backend.weight {
        written["weight"] = weight.into();
    }
    written["filters"] = changes(backend.request.as_ref(), backend.response.as_ref()).into();
    written
}

fn new_path(path: &NewPath) -> Value {
    match path {
        NewPath::Full(path) => json!({ "type": "ReplaceFullPath", "replaceFullPath": path }),
        NewPath::Prefix(path) => {
            json!({ "type": "ReplacePrefixMatch", "replacePrefixMatch": path })
        }
    }
}

fn rewrite(rewrite: &Rewrite) -> Value {
    let mut to = json!({});
    if let Some(host) = rewrite.host {
        to["hostname"] = host.into();
    }
    if let Some(path) = &rewrite.path {
        to["path"] = new_path(path);
    }
    json!({ "type": "URLRewrite", "urlRewrite": to })
}

fn redirect(redirect: &Redirect) -> Value {
    let mut to = json!({});
    if let Some(scheme) = redirect.scheme {
        to["scheme"] = scheme.into();
    }
    if let Some(host) = redirect.host {
        to["hostname"] = host.into();
    }
    if let Some(port) = redirect.port {
        to["port"] = port.into();
    }
    if let Some(path) = &redirect.path {
        to["path"] = new_path(path);
    }
    if let Some(status) = redirect.status {
        to["statusCode"] = status.into();
    }
    json!({ "type": "RequestRedirect", "requestRedirect": to })
}

fn cors(cors: &Cors) -> Value {
    let mut filter = json!({
        "allowOrigins": cors.origins, "allowMethods": cors.methods, "allowHeaders": cors.headers,
        "exposeHeaders": cors.exposed,
    });
    if let Some(credentials) = cors.credentials {
        filter["allowCredentials"] = credentials.into();
    }
    if let Some(age) = cors.age {
        filter["maxAge"] = age.into();
    }
    json!({ "type": "CORS", "cors": filter })
}

use crate::import::istio::gateway::Bindings;
use crate::import::istio::names::{full, host};
use crate::import::istio::parts::age;
use crate::import::istio::virtual_service::delegate::{Delegates, Placed};
use crate::import::istio::virtual_service::destinations::{Copied, Named};
use crate::import::istio::virtual_service::http::HttpRoute;
use crate::import::istio::virtual_service::matching::Entry;
use crate::import::istio::virtual_service::{Gate, VirtualService};
use crate::import::model::Model;
use crate::policy::trail::Trail;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{
    Destination, Door, Host, Mirror, Percent, Policy, Rewrite, Route, Rule, Status,
};
use std::collections::HashSet;

/// Adds the routes to the model, the oldest first: of several that claim a host in the mesh, it
/// is the first that has it.
pub(in crate::import::istio) fn resolve<'a>(
    all: &[VirtualService<'a>],
    refused: &HashSet<(&'a str, &'a str)>,
    bindings: &Bindings<'a>,
    model: &mut Model,
) {
    let delegates = Delegates::new(all, refused);
    let mut roots: Vec<_> = all
        .iter()
        .filter(|service| !service.is_delegate())
        .collect();
    roots.sort_by_key(|service| age(&service.document));
    let mut placed = Placed::default();
    for root in roots {
        let routes = delegates.expand(root, &mut placed);
        add(root, &routes, bindings, model);
    }
    placed.tell();
    for service in all {
        check_ports(service, model.policy());
    }
}

/// Where a service has several ports, Istio's analyzer wants to be told which one is meant. A warning
/// here, although its message is an error: Istio runs what lacks it, by the port that was asked for,
/// and so do we.
fn check_ports(of: &VirtualService<'_>, policy: &Policy) {
    let targets = of.http.iter().flat_map(|route| {
        let to = route.to.iter().map(|to| &to.named);
        to.chain(copies(route).map(|(_, copied)| &copied.named))
    });
    for named in targets.filter(|named| named.port.is_none()) {
        let key = service(named, policy);
        let first = format!("{key}:");
        let ports = policy.services.range(first.clone()..);
        let ports = ports.map_while(|(key, _)| key.strip_prefix(&first));
        let ports: Vec<_> = ports.take(MOST_PORTS + 1).collect();
        if policy.services.contains_key(&key) || ports.len() < 2 {
            continue;
        }
        let message = format!("the service `{}` has several ports", shortened(&key));
        let mut known = ports[..ports.len().min(MOST_PORTS)].join(", ");
        if ports.len() > MOST_PORTS {
            known.push_str(", …");
        }
        let advice = format!("write `port: {{ number: … }}` beside it, with one of {known}");
        named.host_field.warn("port-required", message, advice);
    }
}

fn add<'a>(
    root: &VirtualService<'a>,
    routes: &[HttpRoute<'a>],
    bindings: &Bindings<'a>,
    model: &mut Model,
) {
    let (namespace, name) = root.key();
    let domain = model.policy().mesh.cluster_domain.clone();
    let mut hosts: Vec<Host> = Vec::new();
    let mut host_fields = Vec::new();
    let mut known = HashSet::new();
    for (written, field) in &root.hosts {
        match host(&full(written, namespace, &domain)) {
            Some(host) if !known.insert(host.clone()) => {}
            Some(host) => {
                hosts.push(host);
                host_fields.push(field);
            }
            None => field.ignored("no requests enter by a part of a label"),
        }
    }
    let doors = doors(root, &hosts, bindings, model.policy());
    let mut rules = Vec::new();
    for route in routes {
        match rule(route, model.policy()) {
            Some(mut rule) => {
                if !rule.to.is_empty() {
                    rule.retries = model.retries(route.settings.retries.as_ref());
                }
                rules.push((rule, route));
            }
            None => route.field.ignored("no request takes the route"),
        }
    }
    // What still stands where it was written needs no name to be called by its place.
    for (place, (rule, route)) in rules.iter_mut().enumerate() {
        if route.name.is_none() && route.index == place {
            rule.name = None;
        }
    }
    // As in Istio: who has no rules at all claims nothing.
    if hosts.is_empty() || doors.is_empty() || rules.is_empty() {
        return;
    }
    let mut route = Route::new(format!("{namespace}/{name}"), hosts);
    route.gateways = doors;
    route.namespace = Some(namespace.to_owned());
    route.visible_to.clone_from(&root.visible_to);
    route.rules = rules.iter().map(|(rule, _)| rule.clone()).collect();
    let trail = model.add_route(route, &root.spec);
    let in_hosts = trail.key("hosts");
    for (index, field) in host_fields.into_iter().enumerate() {
        model.register(in_hosts.index(index), field);
    }
    let in_rules = trail.key("rules");
    for (index, (rule, route)) in rules.iter().enumerate() {
        register(&in_rules.index(index), rule, route, model);
    }
}

/// Lets what is found wrong with the rule be told where it was written.
fn register(trail: &Trail, rule: &Rule, route: &HttpRoute<'_>, model: &mut Model) {
    model.register(trail.clone(), &route.field);
    let named = |trail: Trail, named: &Named<'_>, model: &mut Model| {
        model.register(trail.key("service"), &named.host_field);
        if let Some(subset) = &named.subset_field {
            model.register(trail.key("subset"), subset);
        }
    };
    let in_matches = trail.key("match");
    for (index, entry) in alive(route).enumerate() {
        model.register(in_matches.index(index), &entry.field);
    }
    if !rule.to.is_empty() {
        for (index, to) in route.to.iter().enumerate() {
            let trail = trail.key("to").index(index);
            model.register(trail.clone(), &to.field);
            named(trail, &to.named, model);
        }
        if let Some((_, field)) = &route.settings.sticky {
            model.register(trail.key("sticky"), field);
        }
    }
    for (index, (_, copied)) in copies(route).enumerate() {
        let trail = trail.key("mirrors").index(index);
        model.register(trail.clone(), &copied.field);
        named(trail, &copied.named, model);
    }
}

/// Where requests come in that the routes are for.
fn doors(
    root: &VirtualService<'_>,
    hosts: &[Host],
    bindings: &Bindings<'_>,
    policy: &Policy,
) -> Vec<Door> {
    if root.gateways.is_empty() {
        return vec![Door::Mesh];
    }
    let mut doors = Vec::new();
    for (gate, field) in &root.gateways {
        let Gate::Gateway(name) = gate else {
            doors.push(Door::Mesh);
            continue;
        };
        let Some(gateway) = policy.gateways.get(name) else {
            if !bindings.is_refused(name) {
                let message = format!("there is no gateway `{name}`");
                let known = policy.gateways.keys().map(String::as_str);
                field.fault("unknown-gateway", message, choose_from(name, known));
            }
            field.left_out("no requests enter by it");
            continue;
        };
        let mut shared = gateway.listeners.iter().filter(|listener| {
            let taken = |host: &Host| {
                let listens = |other: &Host| other.intersection(host).is_some();
                listener.hosts.is_empty() || listener.hosts.iter().any(listens)
            };
            hosts.iter().any(taken)
        });
        if shared.next().is_none() && !gateway.listeners.is_empty() {
            let message = format!("the gateway `{name}` takes none of the hosts");
            let advice = "compare `hosts` with those of the gateway's servers";
            field.warn("host-not-found-in-gateway", message, advice);
        }
        doors.extend(bindings.doors(name, root.document.namespace));
    }
    doors
}

/// The matches that requests can satisfy here.
fn alive<'a, 'b>(route: &'b HttpRoute<'a>) -> impl Iterator<Item = &'b Entry<'a>> {
    route.entries.iter().filter(|entry| !entry.dead)
}

/// The rule that a route stands for; `None` if no request can take it.
fn rule(route: &HttpRoute<'_>, policy: &Policy) -> Option<Rule> {
    let matches: Vec<_> = alive(route).map(|entry| entry.matching.clone()).collect();
    if matches.is_empty() && !route.takes_all {
        return None;
    }
    let settings = &route.settings;
    let changes = settings.headers.clone().unwrap_or_default();
    let mut rewrite = settings.rewrite.clone().unwrap_or_default();
    if rewrite.authority.is_none() {
        rewrite.authority = changes.authority.map(|(authority, _)| authority);
    }
    let mut rule = Rule {
        // What stands elsewhere now is still called by where it was written.
        name: Some(
            route
                .name
                .clone()
                .unwrap_or_else(|| route.index.to_string()),
        ),
        matches,
        rewrite,
        mirrors: copies(route)
            .map(|(percent, copied)| Mirror {
                service: service(&copied.named, policy),
                subset: copied.named.subset.map(str::to_owned),
                percent,
            })
            .collect(),
        cors: settings.cors.clone(),
        timeout: settings.timeout,
        fault: settings.fault.clone().unwrap_or_default(),
        headers: changes.headers,
        ..Rule::default()
    };
    if let Some(redirected) = &route.redirect {
        rule.redirect = Some(redirected.redirect.clone());
        rule.rewrite = Rewrite::default();
    } else if let Some(respond) = &settings.respond {
        rule.respond = Some(respond.clone());
        rule.rewrite = Rewrite::default();
    } else {
        let to = route.to.iter();
        rule.to = to
            .map(|to| {
                let mut destination =
                    Destination::new(service(&to.named, policy)).weight(to.weight);
                destination.subset = to.named.subset.map(str::to_owned);
                destination.headers = to.headers.headers.clone();
                destination.when_missing = Status::SERVICE_UNAVAILABLE;
                if let Some((authority, field)) = &to.headers.authority {
                    // Istio lets the route win, the policy the destination.
                    match rule.rewrite.authority {
                        Some(_) => field.ignored("the host that the route sets is sent"),
                        None => destination.rewrite.authority = Some(authority.clone()),
                    }
                }
                destination
            })
            .collect();
        rule.sticky = { settings.sticky.as_ref() }.map(|(sticky, _)| sticky.clone());
    }
    Some(rule)
}

/// The mirrors, each with its share, if that is not nothing.
fn copies<'b, 'a>(route: &'b HttpRoute<'a>) -> impl Iterator<Item = (Percent, &'b Copied<'a>)> {
    let settings = &route.settings;
    let one = settings
        .mirror
        .iter()
        .map(|copied| (settings.mirror_percent, copied));
    let more = settings
        .mirrors
        .iter()
        .flatten()
        .map(|copied| (copied.percent, copied));
    one.chain(more)
        .map(|(percent, copied)| (percent.unwrap_or(Percent::HUNDRED), copied))
        .filter(|(percent, _)| !percent.is_zero())
}

/// The service by its name in the policy. Where it is not there, by its full name.
fn service(named: &Named<'_>, policy: &Policy) -> String {
    let whole = full(named.host, named.namespace, &policy.mesh.cluster_domain);
    let whole = host(&whole).map_or(whole, |host| host.name().to_owned());
    let with_port = |host: &str| match named.port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    // Native documents call services as they like, by their short names as well.
    for host in [whole.as_str(), named.host] {
        let key = with_port(host);
        if policy.services.contains_key(&key) {
            return key;
        }
        let native = policy.services.get(host);
        if native.is_some_and(|native| named.port.is_none_or(|port| port == native.port)) {
            return host.to_owned();
        }
        let first = format!("{host}:");
        let ported = policy.services.range(first.clone()..).next();
        if ported.is_some_and(|(key, _)| key.starts_with(&first)) {
            return key;
        }
    }
    with_port(&whole)
}

const MOST_PORTS: usize = 12;

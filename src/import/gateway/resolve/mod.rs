//! Gateways, listeners, routes and services are put together.

mod attach;
mod gateways;
mod rules;

use crate::import::gateway::Resources;
use crate::import::gateway::listener::RouteKind;
use crate::import::gateway::route::Route;
use crate::import::model::Model;
use crate::import::resource;
use crate::policy::trail::Trail;
use crate::policy::{self, Door, Host, Match, PathMatch, Precedence};
use attach::{Attached, MeshHost};
use gateways::Gateways;
use rules::From;

pub(super) fn all(resources: &resource::Resources<'_>, model: &mut Model) {
    let gateways = Gateways::build(&resources.gateway, &resources.kubernetes.namespaces);
    gateways.add_to(model);
    let mut routes: Vec<_> = resources.gateway.routes.iter().collect();
    routes.sort_by_cached_key(|route| route.is.rank());
    let some = "[^?]*"
        .parse()
        .ok()
        .filter(|_| has_expressions(&resources.gateway));
    let mut own = Vec::new();
    // What clients say of a service goes before what its owner says.
    let mut consumers = Vec::new();
    for route in routes {
        let Attached { doors, mesh } = attach::attach(route, &gateways, resources, model);
        if doors.is_empty() && mesh.is_empty() {
            detached(route);
            continue;
        }
        let converted = |door| {
            let mut rules = rules::convert(route, door, &resources.gateway, model);
            if let (RouteKind::Grpc, Some(some)) = (route.kind, &some) {
                for rule in &mut rules {
                    take_any_path(rule, some);
                }
            }
            rules
        };
        let named = |hosts: Vec<Host>, rules| {
            let mut made = policy::Route::new(route.is.full_name(), hosts);
            made.namespace = Some(route.is.namespace.to_owned());
            made.precedence = Precedence::Specific;
            made.rules = rules;
            made
        };
        let at_gateways = !doors.is_empty();
        if !doors.is_empty() {
            let every: Option<Host> = "*".parse().ok();
            let hosts: Vec<_> = match route.hostnames.is_empty() {
                true => every.into_iter().collect(),
                false => { route.hostnames.iter() }
                    .map(|(host, _)| host.clone())
                    .collect(),
            };
            let mut made = named(hosts, converted(From::Gateway));
            made.gateways = doors;
            own.push((route, made, Vec::new()));
        }
        let rules = match mesh.is_empty() {
            true => Vec::new(),
            false => converted(From::Mesh { told: at_gateways }),
        };
        let (consumer, producer): (Vec<_>, Vec<_>) =
            mesh.into_iter().partition(|host| host.is_consumer);
        for (hosts, into) in [(consumer, &mut consumers), (producer, &mut own)] {
            if hosts.is_empty() {
                continue;
            }
            let names = hosts.iter().map(|host| host.host.clone());
            let mut made = named(names.collect(), rules.clone());
            made.gateways = vec![Door::Mesh];
            if hosts[0].is_consumer {
                made.visible_to = Some(vec![route.is.namespace.to_owned()]);
            }
            into.push((route, made, hosts));
        }
    }
    for (route, made, hosts) in consumers.into_iter().chain(own) {
        add(route, made, &hosts, model);
    }
}

/// A route to which no request comes.
fn detached(route: &Route<'_>) {
    if route.parents.is_empty() && route.spec.peek("parentRefs").is_none() {
        let message = "the route names no parents, so it is attached to nothing";
        let advice = "write `parentRefs: [{ name: … }]`";
        route.spec.warn("no-parents", message, advice);
    }
    for key in ["hostnames", "rules"] {
        if let Some(field) = route.spec.peek(key) {
            field.left_out("the route is attached to nothing");
        }
    }
}

fn add(route: &Route<'_>, made: policy::Route, hosts: &[MeshHost<'_, '_>], model: &mut Model) {
    let trail = model.add_route(made, &route.is.root);
    let at = |key: &str, index: usize| trail.key(key).index(index);
    if hosts.is_empty() {
        for (index, (_, field)) in route.hostnames.iter().enumerate() {
            model.register(at("hosts", index), field);
        }
    } else {
        for (index, host) in hosts.iter().enumerate() {
            model.register(at("hosts", index), &host.parent.field);
        }
    }
    if let Some(rules) = route.spec.peek("rules") {
        model.register(trail.key("rules"), &rules);
    }
    for (index, rule) in route.rules.iter().enumerate() {
        let trail = at("rules", index);
        model.register(trail.clone(), &rule.field);
        let in_matches = trail.key("match");
        for (index, field) in rule.matches.iter().enumerate() {
            model.register(in_matches.index(index), field);
        }
        register_changes(&trail, &rule.changes, model);
        if let Some((_, field)) = &rule.sticky {
            model.register(trail.key("sticky"), field);
        }
        for (index, backend) in rule.served().enumerate() {
            let trail = trail.key("to").index(index);
            model.register(trail.clone(), &backend.field);
            register_changes(&trail, &backend.changes, model);
        }
    }
}

fn register_changes(
    trail: &Trail,
    changes: &[Option<crate::import::field::Field<'_>>; 2],
    model: &mut Model,
) {
    for (key, field) in ["request", "response"].into_iter().zip(changes) {
        if let Some(field) = field {
            model.register(trail.key("headers").key(key), field);
        }
    }
}

/// Says whether calls are told apart by expressions.
fn has_expressions(resources: &Resources<'_>) -> bool {
    let calls = resources.routes.iter();
    let mut rules = calls
        .filter(|route| route.kind == RouteKind::Grpc)
        .flat_map(|route| &route.rules);
    let regex = |matching: &Match| matches!(matching.path, Some(PathMatch::Regex(_)));
    rules.any(|rule| rule.made.matches.iter().any(regex))
}

/// Lets what asks for no method stand behind what names one by an expression, as the Gateway API
/// has it for calls: for paths alone a prefix, which `/` is, stands before.
fn take_any_path(rule: &mut policy::Rule, any: &policy::Pattern) {
    if rule.matches.is_empty() {
        rule.matches.push(Match::default());
    }
    for matching in &mut rule.matches {
        matching
            .path
            .get_or_insert_with(|| PathMatch::Regex(any.clone()));
    }
}

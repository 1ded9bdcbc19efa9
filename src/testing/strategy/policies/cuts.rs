//! The pieces of a policy, the largest first.

use crate::policy::{
    Door, Gateway, Headers, Listener, Match, Policy, Precedence, Retries, Rewrite, Route, Rule,
    Service, Status,
};
use crate::testing::strategy::shrink::Scissors;

pub(super) fn cut(policy: &mut Policy, scissors: &mut Scissors) {
    scissors.list(&mut policy.routes, 0);
    scissors.map(&mut policy.gateways);
    scissors.list(&mut policy.sidecars, 0);
    for route in &mut policy.routes {
        scissors.list(&mut route.rules, 1);
    }
    scissors.map(&mut policy.services);
    let routes = &mut policy.routes;
    for rule in routes.iter_mut().flat_map(|route| &mut route.rules) {
        scissors.list(&mut rule.matches, 0);
        scissors.list(&mut rule.to, 1);
        cut_rule(rule, scissors);
    }
    for route in routes.iter_mut() {
        cut_route(route, scissors);
    }
    let rules = routes.iter_mut().flat_map(|route| &mut route.rules);
    for matching in rules.flat_map(|rule| &mut rule.matches) {
        cut_match(matching, scissors);
    }
    for service in policy.services.values_mut() {
        cut_service(service, scissors);
    }
    for gateway in policy.gateways.values_mut() {
        cut_gateway(gateway, scissors);
    }
    for sidecar in &mut policy.sidecars {
        scissors.field(&mut sidecar.from, Default::default());
        scissors.list(&mut sidecar.hosts, 1);
        scissors.field(&mut sidecar.outbound_traffic_policy, None);
    }
    scissors.field(&mut policy.mesh, Default::default());
}

fn cut_rule(rule: &mut Rule, scissors: &mut Scissors) {
    scissors.field(&mut rule.headers, Headers::default());
    scissors.field(&mut rule.fault, Default::default());
    scissors.list(&mut rule.limits, 0);
    scissors.field(&mut rule.retries, None);
    scissors.field(&mut rule.timeout, None);
    scissors.field(&mut rule.cors, None);
    scissors.list(&mut rule.mirrors, 0);
    scissors.field(&mut rule.rewrite, Rewrite::default());
    scissors.field(&mut rule.sticky, None);
    scissors.field(&mut rule.name, None);
    if let Some(retries) = &mut rule.retries {
        scissors.field(retries, Retries::default());
    }
    if let Some(cors) = &mut rule.cors {
        scissors.field(cors, Default::default());
    }
    if let Some(respond) = &mut rule.respond {
        scissors.field(&mut respond.body, String::new());
    }
    scissors.field(&mut rule.headers.request, Default::default());
    scissors.field(&mut rule.headers.response, Default::default());
    for to in &mut rule.to {
        scissors.field(&mut to.headers, Headers::default());
        scissors.field(&mut to.rewrite, Rewrite::default());
        scissors.field(&mut to.subset, None);
        scissors.field(&mut to.weight, 1);
        scissors.field(&mut to.when_missing, Status::INTERNAL_SERVER_ERROR);
        scissors.field(&mut to.permitted, true);
    }
    for limit in &mut rule.limits {
        scissors.field(&mut limit.key, None);
        scissors.field(&mut limit.max_keys, None);
        scissors.field(&mut limit.rate.burst, None);
        scissors.field(&mut limit.name, None);
    }
}

fn cut_route(route: &mut Route, scissors: &mut Scissors) {
    scissors.list(&mut route.hosts, 1);
    scissors.field(&mut route.gateways, vec![Door::Mesh]);
    scissors.list(&mut route.gateways, 1);
    scissors.field(&mut route.precedence, Precedence::Listed);
    scissors.field(&mut route.visible_to, None);
    scissors.field(&mut route.namespace, None);
}

fn cut_match(matching: &mut Match, scissors: &mut Scissors) {
    scissors.field(&mut matching.path, None);
    scissors.field(&mut matching.ignore_path_case, false);
    scissors.field(&mut matching.method, None);
    scissors.field(&mut matching.scheme, None);
    scissors.field(&mut matching.authority, None);
    scissors.map(&mut matching.headers);
    scissors.map(&mut matching.without_headers);
    scissors.map(&mut matching.query);
    scissors.field(&mut matching.port, None);
    scissors.field(&mut matching.from, Default::default());
    scissors.map(&mut matching.from.labels);
    scissors.list(&mut matching.from.namespaces, 0);
    scissors.list(&mut matching.gateways, 0);
}

fn cut_service(service: &mut Service, scissors: &mut Scissors) {
    scissors.list(&mut service.endpoints, 0);
    scissors.map(&mut service.subsets);
    scissors.list(&mut service.clients, 0);
    scissors.list(&mut service.aliases, 0);
    scissors.field(&mut service.retries, None);
    scissors.field(&mut service.inbound, Default::default());
    scissors.field(&mut service.visible_to, None);
    scissors.field(&mut service.namespace, None);
    scissors.field(&mut service.balance, Default::default());
    scissors.field(&mut service.protocol, Default::default());
    scissors.field(&mut service.port, 80);
    scissors.list(&mut service.inbound.limits, 0);
    scissors.field(&mut service.inbound.fault, Default::default());
    for endpoint in &mut service.endpoints {
        scissors.map(&mut endpoint.labels);
        scissors.field(&mut endpoint.weight, 1);
        scissors.field(&mut endpoint.locality, None);
    }
    for subset in service.subsets.values_mut() {
        scissors.field(&mut subset.balance, None);
        scissors.field(&mut subset.locality, None);
    }
}

fn cut_gateway(gateway: &mut Gateway, scissors: &mut Scissors) {
    scissors.list(&mut gateway.listeners, 1);
    scissors.field(&mut gateway.namespace, None);
    scissors.map(&mut gateway.labels);
    for Listener {
        hosts,
        https_redirect,
        ..
    } in &mut gateway.listeners
    {
        scissors.list(hosts, 0);
        scissors.field(https_redirect, false);
    }
}

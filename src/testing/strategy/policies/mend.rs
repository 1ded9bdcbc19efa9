//! What refers to something that is no longer there refers to something else.

use crate::policy::registry::Registry;
use crate::policy::{Door, Policy, Precedence, Route, Rule};
use crate::testing::strategy::policies::words::known;
use std::collections::BTreeMap;

/// A policy of which something was cut.
pub(super) fn mend(policy: &mut Policy) {
    let gateways: BTreeMap<_, Vec<_>> = { policy.gateways.iter() }
        .map(|(name, gateway)| {
            let names = gateway.listeners.iter();
            (name, names.map(|listener| &listener.name).collect())
        })
        .collect();
    let is_there = |door: &Door| match door {
        Door::Mesh => true,
        Door::Gateway { gateway, listener } => gateways.get(gateway).is_some_and(|listeners| {
            listener
                .as_ref()
                .is_none_or(|listener| listeners.contains(&listener))
        }),
    };
    let mut routes = std::mem::take(&mut policy.routes);
    for route in &mut routes {
        route.gateways.retain(is_there);
        if route.gateways.is_empty() {
            route.gateways.push(Door::Mesh);
        }
        for rule in &mut route.rules {
            for matching in &mut rule.matches {
                matching.gateways.retain(is_there);
            }
            mend_rule(policy, rule);
        }
    }
    policy.routes = routes;
}

fn mend_rule(policy: &Policy, rule: &mut Rule) {
    let registry = Registry::new(policy);
    let is_there = |service: &str| !registry.candidates(service).is_empty();
    let has = |service: &str, subset: &str| {
        registry.candidates(service).iter().any(|known| {
            let for_some = known.service.clients.iter();
            let mut all = for_some.flat_map(|settings| settings.subsets.keys());
            known.service.subsets.contains_key(subset) || all.any(|known| known == subset)
        })
    };
    let first = policy.services.keys().next();
    for to in &mut rule.to {
        if let Some(first) = first.filter(|_| !is_there(&to.service)) {
            to.service.clone_from(first);
        }
        to.subset = to.subset.take().filter(|subset| has(&to.service, subset));
    }
    rule.mirrors.retain(|mirror| is_there(&mirror.service));
    for mirror in &mut rule.mirrors {
        let subset = mirror.subset.take();
        mirror.subset = subset.filter(|subset| has(&mirror.service, subset));
    }
}

/// In the mesh no two routes for the same clients may claim the same host, unless they share it.
pub(super) fn claim_once(routes: &mut [Route]) {
    let mut claimed: Vec<Route> = Vec::new();
    for (number, route) in routes.iter_mut().enumerate() {
        if route.gateways.contains(&Door::Mesh) {
            let mut hosts = Vec::new();
            for host in std::mem::take(&mut route.hosts) {
                let taken = claimed
                    .iter()
                    .any(|other| clash(other, route) && other.hosts.contains(&host));
                if !taken && !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
            if hosts.is_empty() {
                hosts.push(known(&format!("route-{number}.example.com")));
            }
            route.hosts = hosts;
            claimed.push(route.clone());
        }
    }
}

fn clash(one: &Route, other: &Route) -> bool {
    let meet = match (&one.visible_to, &other.visible_to) {
        (Some(one), Some(other)) => one.iter().any(|namespace| other.contains(namespace)),
        (None, None) => true,
        // The one for some stands before the one for all.
        _ => false,
    };
    let shared = [one, other].map(|route| route.precedence == Precedence::Specific);
    meet && shared != [true, true]
}

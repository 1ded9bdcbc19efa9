use crate::policy::address::is_dns_name;
use crate::policy::registry::{Registry, host_and_port};
use crate::policy::trail::Trail;
use crate::policy::validate::{limits, retries, twice};
use crate::policy::wording::shortened;
use crate::policy::{Error, Host, Policy, Service};
use std::collections::HashSet;

pub(super) fn check(
    name: &str,
    service: &Service,
    registry: &Registry<'_>,
    trail: &Trail,
    found: &mut Vec<Error>,
) {
    check_name(name, trail, found);
    if service.port == 0 {
        let error = Error::new("out-of-range", trail.key("port"), "there is no port 0");
        found.push(error.advise("write a number from 1 to 65535"));
    }
    // It only tells more of a service that has its endpoints from elsewhere.
    let tells_more =
        service.endpoints.is_empty() && registry.in_any_namespace(name).next().is_some();
    if !tells_more {
        check_endpoints(service, registry.is_of_kubernetes(name), trail, found);
    }
    check_subsets(service, trail, found);
    if let Some(again) = &service.retries {
        retries::check(again, &trail.key("retries"), found);
    }
    let inbound = trail.key("inbound");
    limits::check(&service.inbound.limits, &inbound.key("limits"), found);
    limits::check_fault(&service.inbound.fault, &inbound.key("fault"), found);
}

/// A service's name is the host by which it is addressed.
fn check_name(name: &str, trail: &Trail, found: &mut Vec<Error>) {
    let shown = shortened(name);
    let (host, port) = host_and_port(name);
    // A wildcard is the host of an entry that lets clients through to whichever they ask for.
    let below = host.strip_prefix("*.").unwrap_or(host);
    let address = name.parse::<Host>().is_ok_and(|host| host.is_address());
    if port == Some(0) || !(is_dns_name(below) || address) {
        let message = format!("the service name `{shown}` is no host, so nobody can address it");
        let error = Error::new("invalid-name", trail.clone(), message);
        found.push(error.advise("write letters, digits, hyphens and dots, and perhaps a port"));
    } else if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let message = format!("the service name `{shown}` has capital letters, but hosts have not");
        let advice = format!("write `{}`", shown.to_ascii_lowercase());
        found.push(Error::new("invalid-name", trail.clone(), message).advise(advice));
    }
}

fn check_endpoints(service: &Service, of_kubernetes: bool, trail: &Trail, found: &mut Vec<Error>) {
    let trail = trail.key("endpoints");
    if service.passthrough {
        if !service.endpoints.is_empty() {
            let message = "requests go where they are addressed, and never to these endpoints";
            let error = Error::new("idle-endpoints", trail, message);
            found.push(error.advise("remove them, or `passthrough`"));
        }
        return;
    }
    if service.endpoints.is_empty() {
        let message = "the service has no endpoints: every request to it gets 503";
        let warning = Error::new("no-endpoints", trail.clone(), message).warning();
        found.push(match of_kubernetes {
            // Nobody keeps them in files: the cluster knows them.
            true => warning
                .info()
                .advise("add its EndpointSlices, to serve from documents alone"),
            false => warning.advise("add an endpoint"),
        });
    }
    let addresses = service
        .endpoints
        .iter()
        .enumerate()
        .map(|(index, endpoint)| (trail.index(index).key("address"), &endpoint.address));
    for (at, first, address) in twice(addresses) {
        let message = format!("the address {address} is there twice");
        let error = Error::new("duplicate-endpoint", at, message).because(first);
        found.push(error.advise("keep one, with the sum of the weights"));
    }
    for (index, endpoint) in service.endpoints.iter().enumerate() {
        let trail = trail.index(index);
        if endpoint.address.port() == 0 {
            let error = Error::new("out-of-range", trail.key("address"), "there is no port 0");
            found.push(error.advise("write a number from 1 to 65535"));
        }
        if !(1..=MOST_WEIGHT).contains(&endpoint.weight) {
            let message = format!("{} is no weight of an endpoint", endpoint.weight);
            let error = Error::new("out-of-range", trail.key("weight"), message);
            let advice = format!("write 1 to {MOST_WEIGHT}, or remove the endpoint");
            found.push(error.advise(advice));
        }
    }
}

fn check_subsets(service: &Service, trail: &Trail, found: &mut Vec<Error>) {
    // Nothing can be selected where there is nothing; that was said already.
    if service.endpoints.is_empty() {
        return;
    }
    for (name, subset) in &service.subsets {
        if !service
            .endpoints
            .iter()
            .any(|endpoint| subset.takes(endpoint))
        {
            let message = format!(
                "no endpoint has the labels and the locality of the subset `{}`: every request \
                 to it gets 503",
                shortened(name)
            );
            let at = trail.key("subsets").key(name);
            let warning = Error::new("no-endpoints", at, message).warning();
            found.push(
                warning
                    .because(trail.key("endpoints"))
                    .advise("compare its labels with the endpoints'"),
            );
        }
    }
}

pub(super) fn unused_subsets(
    policy: &Policy,
    registry: &Registry<'_>,
    trail: &Trail,
    found: &mut Vec<Error>,
) {
    let rules = policy.routes.iter().flat_map(|route| &route.rules);
    let used: HashSet<_> = rules
        .flat_map(|rule| {
            let mirrors = rule.mirrors.iter().map(|to| (&to.service, &to.subset));
            rule.to
                .iter()
                .map(|to| (&to.service, &to.subset))
                .chain(mirrors)
        })
        .filter_map(|(service, subset)| Some((service, subset.as_deref()?)))
        .flat_map(|(service, subset)| {
            let services = registry.candidates(service).into_iter();
            services.map(move |known| (known.key, subset))
        })
        .collect();
    for (service, subset) in policy
        .services
        .iter()
        .flat_map(|(name, service)| service.subsets.keys().map(move |subset| (name, subset)))
    {
        if !used.contains(&(service.as_str(), subset.as_str())) {
            let at = trail.key(service).key("subsets").key(subset);
            let message = format!("no route uses the subset `{}`", shortened(subset));
            let warning = Error::new("unused-subset", at, message).warning();
            found.push(warning.advise("remove it, or route to it"));
        }
    }
}

/// Small enough that the weights of 4,294 endpoints fit 32 bits, large enough for any share.
const MOST_WEIGHT: u32 = 1_000_000;

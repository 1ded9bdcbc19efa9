use crate::policy::registry::{Registry, host_and_port};
use crate::policy::trail::Trail;
use crate::policy::validate::gateways::check_doors;
use crate::policy::validate::{
    actions, check_names, check_span, cors, limits, name_or_index, retries, sticky,
};
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{
    Door, Error, HeaderChanges, Headers, Host, Match, Policy, Precedence, Route, Rule,
};
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(
    policy: &Policy,
    registry: &Registry<'_>,
    unread: &BTreeSet<String>,
    trail: &Trail,
    found: &mut Vec<Error>,
) {
    let routes = || (0..).map(|index| trail.index(index)).zip(&policy.routes);
    let names = routes()
        .filter(|(_, route)| !is_of_document(route))
        .map(|(trail, route)| (trail.key("name"), route.name.as_str().into()));
    check_names("routes", names, found);
    check_hosts(routes(), found);
    for (trail, route) in routes() {
        check_route(route, &trail, found);
        check_doors(policy, &route.gateways, &trail.key("gateways"), found);
        for (trail, rule) in rules(route, &trail) {
            check_rule(route, rule, &trail, found);
            let to = trail.key("to");
            for (index, destination) in rule.to.iter().enumerate() {
                // What may not be reached is answered by the policy, whether it is there or not.
                if destination.permitted {
                    let target = (destination.service.as_str(), destination.subset.as_deref());
                    check_target(target, policy, registry, unread, &to.index(index), found);
                }
            }
            let mirrors = trail.key("mirrors");
            for (index, mirror) in rule.mirrors.iter().enumerate() {
                let target = (mirror.service.as_str(), mirror.subset.as_deref());
                check_target(
                    target,
                    policy,
                    registry,
                    unread,
                    &mirrors.index(index),
                    found,
                );
            }
        }
    }
}

/// A document that is `namespace/name` may be several routes of that name, such as one for a
/// gateway and one for the mesh.
fn is_of_document(route: &Route) -> bool {
    let namespace = route.namespace.as_deref();
    let rest = namespace.and_then(|namespace| route.name.strip_prefix(namespace));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

fn rules<'a>(route: &'a Route, trail: &Trail) -> impl Iterator<Item = (Trail, &'a Rule)> + use<'a> {
    let trail = trail.key("rules");
    (0..).map(move |index| trail.index(index)).zip(&route.rules)
}

/// In the mesh a host leads to one route, so no two may claim it for the same clients. At gateways
/// routes for one host are put together, and so are those with the precedence `specific`.
fn check_hosts<'a>(routes: impl Iterator<Item = (Trail, &'a Route)>, found: &mut Vec<Error>) {
    let mut claims: HashMap<&Host, Vec<(Trail, &Route)>> = HashMap::new();
    for (trail, route) in routes.filter(|(_, route)| route.gateways.contains(&Door::Mesh)) {
        let trail = trail.key("hosts");
        for (index, host) in route.hosts.iter().enumerate() {
            let at = trail.index(index);
            let claimed = claims.entry(host).or_default();
            let first = claimed.iter().find(|(_, first)| {
                let same = std::ptr::eq(*first, route);
                same || clash(first, route)
            });
            if let Some((first, _)) = first {
                let message = format!("the host `{host}` is claimed twice");
                let error = Error::new("host-claimed-twice", at, message).because(first.clone());
                found.push(error.advise("name each host once, and put its rules into one route"));
                continue;
            }
            claimed.push((at, route));
        }
    }
}

fn clash(one: &Route, other: &Route) -> bool {
    let meet = match (&one.visible_to, &other.visible_to) {
        (Some(one), Some(other)) => one.iter().any(|namespace| other.contains(namespace)),
        // A route for some is there to stand before the one for all.
        (None, None) => true,
        _ => false,
    };
    let shared = [one, other].map(|route| route.precedence == Precedence::Specific);
    meet && shared != [true, true]
}

fn check_route(route: &Route, trail: &Trail, found: &mut Vec<Error>) {
    if route.name.is_empty() {
        let error = Error::new(
            "invalid-name",
            trail.key("name"),
            "the route's name is empty",
        );
        found.push(error.advise("give it a name"));
    }
    if route.hosts.is_empty() {
        let message = "the route has no hosts, so no request enters it";
        let error = Error::new("no-hosts", trail.key("hosts"), message);
        found.push(error.advise("write a host, or `\"*\"` for all"));
    }
    if route.rules.is_empty() {
        let message = "the route has no rules, so every request in it gets 404";
        let error = Error::new("no-rules", trail.key("rules"), message);
        found.push(error.advise("add a rule, or remove the route"));
    }
    // Those of a cluster's documents may share a name: Istio does not ask for names, and a
    // delegate's rules are called by their root's.
    if route.namespace.is_none() {
        let names = (0..)
            .zip(rules(route, trail))
            .map(|(index, (trail, rule))| name_or_index(trail, rule.name.as_deref(), index));
        check_names("rules of one route", names, found);
    }
    if route.precedence == Precedence::Specific {
        return;
    }
    let mut rules = rules(route, trail);
    let Some((first, _)) = rules.find(|(_, rule)| takes_all(rule)) else {
        return;
    };
    for (at, _) in rules {
        let message = "no request reaches this rule: one before it takes them all";
        let warning = Error::new("unreachable-rule", at, message).warning();
        found.push(
            warning
                .because(first.clone())
                .advise("move it up, or remove it"),
        );
    }
}

fn takes_all(rule: &Rule) -> bool {
    rule.matches.is_empty() || rule.matches.iter().any(Match::is_everything)
}

fn check_rule(route: &Route, rule: &Rule, trail: &Trail, found: &mut Vec<Error>) {
    let to = trail.key("to");
    actions::check(rule, trail, found);
    // The Gateway API lets rules have nothing to send to, and says what becomes of requests.
    let answered = |mut error: Error| {
        if route.precedence == Precedence::Specific {
            error = error.warning();
            error.message.push_str(": every request to it gets 500");
        }
        error
    };
    if rule.to.is_empty() && rule.redirect.is_none() && rule.respond.is_none() {
        let message = "the rule has no destinations";
        let error = answered(Error::new("no-destination", to, message));
        found.push(
            error.advise(
                "write where its requests go: [{ service: … }], or a `redirect` or `respond`",
            ),
        );
    } else if !rule.to.is_empty() {
        match rule.to.iter().map(|to| u64::from(to.weight)).sum() {
            0 => {
                let message = "all weights are 0, so no destination can be chosen";
                let error = answered(Error::new("no-weight", to, message));
                found.push(error.advise("give one of them a weight"));
            }
            sum if sum > u64::from(u32::MAX) => {
                let message = format!("the weights sum to {sum}, above {}", u32::MAX);
                let error = Error::new("too-much-weight", to, message);
                found.push(error.advise("write smaller weights in the same proportion"));
            }
            _ => {}
        }
    }
    if let Some(timeout) = rule.timeout {
        check_span(timeout, trail.key("timeout"), found);
    }
    if let Some(again) = &rule.retries {
        retries::check(again, &trail.key("retries"), found);
    }
    if let Some(pages) = &rule.cors {
        cors::check(pages, &trail.key("cors"), found);
    }
    if let Some(callers) = &rule.sticky {
        sticky::check(callers, &trail.key("sticky"), found);
    }
    limits::check(&rule.limits, &trail.key("limits"), found);
    limits::check_fault(&rule.fault, &trail.key("fault"), found);
    check_headers(&rule.headers, &trail.key("headers"), found);
    for (index, to) in (0..).zip(&rule.to) {
        let headers = trail.key("to").index(index).key("headers");
        check_headers(&to.headers, &headers, found);
    }
}

fn check_headers(headers: &Headers, trail: &Trail, found: &mut Vec<Error>) {
    check_changes(&headers.request, &trail.key("request"), found);
    check_changes(&headers.response, &trail.key("response"), found);
}

/// What frames the message and says where it goes is not a matter of values: changing it would
/// let two servers on the way read two different messages.
fn check_changes(changes: &HeaderChanges, trail: &Trail, found: &mut Vec<Error>) {
    const FRAMING: [&str; 5] = [
        "connection",
        "content-length",
        "host",
        "transfer-encoding",
        "upgrade",
    ];
    for (field, name) in changes.names() {
        if FRAMING.contains(&name.as_str()) {
            let message = format!("the header `{name}` cannot be changed");
            let error = Error::new("invalid-value", trail.key(field), message);
            found.push(error.advise("take it out: it belongs to the connection, not to policies"));
        }
    }
    for (field, texts) in [("set", &changes.set), ("add", &changes.add)] {
        for (name, _) in texts.iter().filter(|(_, text)| text.as_str().is_empty()) {
            let message = format!("the header `{name}` gets no value, so nothing is done to it");
            let at = trail.key(field).key(name.as_str());
            let error = Error::new("empty-header-value", at, message).warning();
            found.push(error.advise("write a value, or remove the header with `remove`"));
        }
    }
}

/// The names that are likely to be meant: other ports of the same host, else services of the same
/// namespace, else all. A cluster has too many to list.
fn nearest<'a>(written: &str, known: &[&'a str]) -> Vec<&'a str> {
    let host = |name| host_and_port(name).0;
    fn home(host: &str) -> Option<&str> {
        Some(host.split_once('.')?.1)
    }
    let alike = |is: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        known
            .iter()
            .copied()
            .filter(|name| is(host(name)))
            .collect()
    };
    let written = host(written);
    let same_host = alike(&|there| there == written);
    if !same_host.is_empty() {
        return same_host;
    }
    let same_home = alike(&|there| home(there).is_some() && home(there) == home(written));
    match same_home.is_empty() {
        true => known.to_vec(),
        false => same_home,
    }
}

/// A service, and perhaps one of its subsets, that a rule names.
fn check_target(
    (name, subset): (&str, Option<&str>),
    policy: &Policy,
    registry: &Registry<'_>,
    unread: &BTreeSet<String>,
    trail: &Trail,
    found: &mut Vec<Error>,
) {
    let services = registry.candidates(name);
    let Some(known) = services.first() else {
        if !unread.contains(name) {
            let message = format!("there is no service `{}`", shortened(name));
            let error = Error::new("unknown-service", trail.key("service"), message);
            // Each guess looks at all names: of thousands of wrong ones the first have to do.
            let guesses = found.iter().filter(|error| error.id == "unknown-service");
            found.push(match guesses.take(MOST_GUESSES).count() < MOST_GUESSES {
                true => {
                    let known = policy.services.keys().chain(unread);
                    let known: Vec<_> = known.map(String::as_str).collect();
                    error.advise(choose_from(name, nearest(name, &known)))
                }
                false => error.advise("name a service that is there, or add its document"),
            });
        }
        return;
    };
    let Some(subset) = subset else {
        return;
    };
    let subsets = || {
        services.iter().flat_map(|known| {
            let for_some = known.service.clients.iter();
            let for_some = for_some.flat_map(|settings| settings.subsets.keys());
            known.service.subsets.keys().chain(for_some)
        })
    };
    if !subsets().any(|known| known == subset) {
        let message = format!(
            "the service `{}` has no subset `{}`",
            shortened(name),
            shortened(subset)
        );
        let place = Trail::default()
            .key("services")
            .key(known.key)
            .key("subsets");
        let error = Error::new("unknown-subset", trail.key("subset"), message);
        // Clients of several kinds may know one of the same name.
        let known: BTreeSet<_> = subsets().map(String::as_str).collect();
        let advice = choose_from(subset, known);
        found.push(error.because(place).advise(advice));
    }
}

const MOST_GUESSES: usize = 100;

use crate::policy::{
    Destination, Door, Fault, Headers, Match, Mirror, Policy, Precedence, Rewrite, Route, Rule,
    Status,
};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::policies::words::{self, NAMESPACES, percent, status};
use crate::testing::strategy::policies::{actions, clients, matches, mend};

/// Routes to the services of this policy, for its doors.
pub(super) fn draw(dice: &mut Dice, policy: &Policy) -> Vec<Route> {
    let doors = doors(policy);
    let mut routes = dice.some(1, 4, |dice| route(dice, policy, &doors));
    for (number, route) in routes.iter_mut().enumerate() {
        route.name = match &route.namespace {
            // So a document of a cluster is named.
            Some(namespace) => format!("{namespace}/route-{number}"),
            None => format!("route-{number}"),
        };
    }
    mend::claim_once(&mut routes);
    routes
}

fn doors(policy: &Policy) -> Vec<Door> {
    let mut doors = vec![Door::Mesh];
    for (name, gateway) in &policy.gateways {
        doors.push(Door::gateway(name));
        let listeners = gateway.listeners.iter();
        doors.extend(listeners.map(|listener| Door::listener(name, &listener.name)));
    }
    doors
}

fn route(dice: &mut Dice, policy: &Policy, doors: &[Door]) -> Route {
    let gateways = match dice.percent(50) {
        true => vec![Door::Mesh],
        false => {
            let mut some = dice.some(1, 2, |dice| dice.pick(doors).clone());
            some.sort();
            some.dedup();
            some
        }
    };
    let precedence = match dice.percent(35) {
        true => Precedence::Specific,
        false => Precedence::Listed,
    };
    let mut route = Route {
        namespace: dice.maybe(25, |dice| words::text(dice, NAMESPACES)),
        visible_to: dice.maybe(12, |dice| clients::namespaces(dice, 1)),
        precedence,
        rules: dice.some(1, 5, |dice| rule(dice, policy, &gateways, precedence)),
        gateways,
        ..Route::new("", dice.some(1, 3, words::host))
    };
    if dice.percent(80) {
        // As people write it, or nothing behind it would ever be reached.
        route.rules.sort_by_key(takes_all);
    }
    for (number, rule) in route.rules.iter_mut().enumerate() {
        rule.name = dice.maybe(40, |_| format!("rule-{number}"));
    }
    route
}

fn takes_all(rule: &Rule) -> bool {
    rule.matches.is_empty() || rule.matches.iter().any(Match::is_everything)
}

fn rule(dice: &mut Dice, policy: &Policy, doors: &[Door], precedence: Precedence) -> Rule {
    let mut rule = Rule {
        matches: match dice.percent(12) {
            true => Vec::new(),
            false => dice.some(1, 3, |dice| matches::draw(dice, doors)),
        },
        limits: actions::limits(dice),
        headers: match dice.percent(25) {
            true => actions::headers(dice),
            false => Headers::default(),
        },
        ..Rule::default()
    };
    match dice.below(10) {
        0 => rule.redirect = Some(actions::redirect(dice, &rule.matches)),
        1 => rule.respond = Some(actions::respond(dice)),
        _ => forward(dice, policy, precedence, &mut rule),
    }
    rule
}

fn forward(dice: &mut Dice, policy: &Policy, precedence: Precedence, rule: &mut Rule) {
    rule.to = dice.some(1, 3, |dice| destination(dice, policy, rule));
    // HTTPRoutes may have nobody to go to.
    let idle = precedence == Precedence::Specific && dice.percent(5);
    if !idle && rule.to.iter().all(|to| to.weight == 0) {
        rule.to[0].weight = 1;
    }
    rule.sticky = dice.maybe(15, actions::sticky);
    rule.rewrite = rewrite(dice, 20, rule);
    if dice.percent(15) {
        let mirror = |dice: &mut Dice| {
            let (service, subset) = target(dice, policy);
            Mirror {
                service,
                subset,
                percent: percent(dice),
            }
        };
        rule.mirrors = dice.some(1, 2, mirror);
    }
    rule.cors = dice.maybe(15, actions::cors);
    rule.timeout = dice.maybe(20, |dice| words::span(dice, &[100, 1_500, 15_000]));
    rule.retries = dice.maybe(20, actions::retries);
    rule.fault = match dice.percent(15) {
        true => actions::fault(dice),
        false => Fault::default(),
    };
}

fn rewrite(dice: &mut Dice, share: usize, rule: &Rule) -> Rewrite {
    match dice.percent(share) {
        true => actions::rewrite(dice, &rule.matches),
        false => Rewrite::default(),
    }
}

fn destination(dice: &mut Dice, policy: &Policy, rule: &Rule) -> Destination {
    let (service, subset) = target(dice, policy);
    Destination {
        service,
        subset,
        weight: *dice.pick(&[1, 1, 0, 10, 90]),
        headers: match dice.percent(10) {
            true => actions::headers(dice),
            false => Headers::default(),
        },
        rewrite: rewrite(dice, 8, rule),
        when_missing: match dice.percent(10) {
            true => status(dice, &[503]),
            false => Status::INTERNAL_SERVER_ERROR,
        },
        permitted: dice.percent(97),
    }
}

/// A service, and perhaps one of its subsets.
fn target(dice: &mut Dice, policy: &Policy) -> (String, Option<String>) {
    let names: Vec<_> = policy.services.keys().collect();
    let name = *dice.pick(&names);
    let subsets: Vec<_> = policy.services[name].subsets.keys().collect();
    // All services that a name without a port may mean would have to have the subset.
    let (full, _) = name.rsplit_once(":80").unwrap_or((name, ""));
    if full != name && dice.percent(40) {
        return (full.to_owned(), None);
    }
    let subset = match dice.percent(50) {
        true => dice.any(&subsets).map(|subset| (*subset).clone()),
        false => None,
    };
    (name.clone(), subset)
}

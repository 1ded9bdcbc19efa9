use crate::explain::Question;
use crate::policy::trail::Trail;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Error, Host};
use crate::testing::law::which::MESH;
use crate::testing::law::{Bounds, Claim, Law, Which};
use crate::testing::{Subject, Target};

/// What of a law does not fit the policy.
pub(super) fn check(law: &Law, subject: &Subject, trail: &Trail) -> Vec<Error> {
    let mut found = Vec::new();
    which(&law.requests, &trail.key("requests"), &mut found);
    // Who compares may ask for what only the other policy has.
    if !matches!(law.claim, Claim::Agrees(_)) {
        known(&law.requests, subject, &trail.key("requests"), &mut found);
    }
    if law.cases == Some(0) {
        let error = Error::new(
            "out-of-range",
            trail.key("cases"),
            "no request would be generated",
        );
        found.push(error.advise("write a number from 1 on, or leave the line out"));
    }
    match &law.claim {
        Claim::Only(targets) => set(targets, subject, &trail.key("only"), &mut found),
        Claim::Never(targets) => set(targets, subject, &trail.key("never"), &mut found),
        Claim::Within(targets) => set(targets, subject, &trail.key("within"), &mut found),
        Claim::Share(bounds) => {
            let trail = trail.key("share");
            target(&bounds.of, subject, trail.key("of"), &mut found);
            range(bounds, &trail, &mut found);
        }
        Claim::Agrees(agreement) => {
            let except = trail.key("agrees").key("except");
            for (index, exception) in agreement.except.iter().enumerate() {
                which(exception, &except.index(index), &mut found);
            }
        }
        Claim::Forwards | Claim::NeverForwards | Claim::Answered => {}
    }
    found
}

/// What can be said of requests without any policy.
fn which(which: &Which, trail: &Trail, found: &mut Vec<Error>) {
    for (index, matching) in which.matches.iter().enumerate() {
        let trail = trail.key("match").index(index);
        let unasked = [
            ("port", matching.port.is_some()),
            ("from", !matching.from.are_all()),
            ("gateways", !matching.gateways.is_empty()),
        ];
        for (name, _) in unasked.into_iter().filter(|(_, is_there)| *is_there) {
            let message = format!("`{name}` is not asked of a request here");
            let error = Error::new("unknown-field", trail.key(name), message);
            let advice = "say beside `match` who asks and where: `source`, `gateway`, `port`";
            found.push(error.advise(advice));
        }
    }
    if which.port.is_some() && matches!(which.gateway.as_deref(), None | Some(MESH)) {
        let message = "a port without a gateway";
        let error = Error::new("missing-field", trail.key("port"), message);
        found.push(
            error.advise("add `gateway`; in the mesh the port stands in `host`: reviews:9080"),
        );
    }
}

/// What there has to be in the policy.
fn known(which: &Which, subject: &Subject, trail: &Trail, found: &mut Vec<Error>) {
    if let Some(gateway) = &which.gateway
        && gateway != MESH
        && !subject.policy().gateways.contains_key(gateway)
    {
        let names = subject.policy().gateways.keys().map(String::as_str);
        let message = format!("no gateway is named `{}`", shortened(gateway));
        let error = Error::new("unknown-gateway", trail.key("gateway"), message);
        found.push(error.advise(choose_from(gateway, names)));
        return;
    }
    if let Some(host) = &which.host
        && !which.strangers
        && !is_known(host, which, subject)
    {
        let hosts = subject
            .policy()
            .routes
            .iter()
            .flat_map(|route| &route.hosts);
        let mut hosts: Vec<_> = hosts.map(|host| host.name()).collect();
        hosts.extend(subject.policy().services.keys().map(String::as_str));
        hosts.sort_unstable();
        hosts.dedup();
        let message = format!("the policy knows no host `{host}`");
        let error = Error::new("unknown-host", trail.key("host"), message);
        found.push(error.advise(choose_from(host.name(), hosts.iter().copied())));
    }
}

/// Says whether the policy speaks of the host, to one client or another.
fn is_known(host: &Host, which: &Which, subject: &Subject) -> bool {
    let policy = subject.policy();
    let is_one = |one: &Host| one.intersection(host).is_some();
    let mut of_routes = policy.routes.iter().flat_map(|route| &route.hosts);
    let mut of_services = policy
        .services
        .values()
        .flat_map(|service| &service.aliases);
    let target = host.name().parse::<Target>();
    // A request says best which names there are for the client that asks.
    let question = Question {
        source: which.source.clone(),
        gateway: which.gateway.clone().filter(|gateway| gateway != MESH),
        port: which.port,
        ..Question::new(host.to_string().replacen('*', "a", 1), "/")
    };
    of_routes.any(is_one)
        || of_services.any(is_one)
        || target.is_ok_and(|target| target.check(policy).is_ok())
        || subject.look(&question).is_ok_and(|looked| looked.is_known)
}

fn set(targets: &[Target], subject: &Subject, trail: &Trail, found: &mut Vec<Error>) {
    if targets.is_empty() {
        let message = "there are no targets";
        let error = Error::new("empty", trail.clone(), message);
        found.push(error.advise("write some, or `forwards: false` if nothing may be reached"));
    }
    for (index, one) in targets.iter().enumerate() {
        target(one, subject, trail.index(index), found);
    }
}

fn target(target: &Target, subject: &Subject, trail: Trail, found: &mut Vec<Error>) {
    if let Err(unknown) = target.check(subject.policy()) {
        let error = Error::new(unknown.id(), trail, unknown.message());
        found.push(error.advise(unknown.advice()));
    }
}

fn range(bounds: &Bounds, trail: &Trail, found: &mut Vec<Error>) {
    let Bounds { from, to, .. } = bounds;
    let is_share = |share: &f64| (0.0..=1.0).contains(share);
    if !(is_share(from) && is_share(to) && from <= to) {
        let message = "no share lies within these bounds";
        let error = Error::new("out-of-range", trail.key("to"), message);
        found.push(error.advise("write `from` below `to`, both from 0% to 100%"));
    } else if *from <= 0.0 && *to >= 1.0 {
        let error = Error::new(
            "always-so",
            trail.clone(),
            "every share lies within these bounds",
        );
        found.push(error.advise("write `from` or `to`: how little it may be, or how much"));
    }
}

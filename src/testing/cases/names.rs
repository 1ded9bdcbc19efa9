use crate::explain::{Answer, Backend, Mirror, Question};
use crate::plan::Plan;
use crate::policy::trail::Trail;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Error, OutboundTrafficPolicy, Policy};
use crate::testing::cases::expected::{ExpectedAnswer, ExpectedBackend, ExpectedMirror, RuleName};
use crate::testing::cases::wanted::{Either, Wanted};
use crate::testing::{NotATarget, Target, UnknownTarget};
use std::collections::BTreeSet;

/// Finds names of routes, rules, services and subsets that the policy does not have: who expects
/// them has mistyped one, and it would be a poor test that fails for that, or holds in spite of it.
pub(super) struct Names<'a> {
    pub(super) plan: &'a Plan,
    pub(super) question: &'a Question,
    /// What it has is known.
    pub(super) answer: &'a Answer,
    pub(super) unknown: Vec<Error>,
}

impl Names<'_> {
    /// At a gateway that is not there no rule takes anything, so that a case which expects that
    /// would hold for the wrong reason.
    pub(super) fn check_gateway(&mut self, at: &Trail) {
        let Some(gateway) = &self.question.gateway else {
            return;
        };
        let known = &self.policy().gateways;
        if !known.contains_key(gateway) {
            let message = format!("no gateway is named `{}`", shortened(gateway));
            let advice = choose_from(gateway, known.keys().map(String::as_str));
            let error = Error::new("unknown-gateway", at.key("gateway"), message).advise(advice);
            self.unknown.push(error);
        }
    }

    pub(super) fn check(&mut self, expected: &ExpectedAnswer, at: &Trail) {
        self.check_rule(expected, at);
        let backends = expected.backends.this().into_iter().flatten();
        for (index, backend) in backends.enumerate() {
            let at = at.key("backends").index(index);
            match backend {
                Either::Short(target) => {
                    let served = { self.answer.backends() }.any(|backend| target.takes(backend));
                    self.check_target(target, served, &at);
                }
                Either::Long(backend) => self.check_backend(backend, &at),
            }
        }
        let mirrors = expected.mirrors.this().into_iter().flatten();
        for (index, mirror) in mirrors.enumerate() {
            let at = at.key("mirrors").index(index);
            match mirror {
                Either::Short(target) => {
                    let copied = { self.answer.mirrors.iter() };
                    let copied = { copied }.any(|mirror| target.takes_copies(mirror));
                    self.check_target(target, copied, &at);
                }
                Either::Long(mirror) => self.check_mirror(mirror, &at),
            }
        }
    }

    fn policy(&self) -> &Policy {
        self.plan.policy()
    }

    fn check_rule(&mut self, expected: &ExpectedAnswer, at: &Trail) {
        let routes = &self.policy().routes;
        let route = expected.route.this();
        if let Some(route) = route
            && !routes.iter().any(|known| known.name == *route)
        {
            let message = format!("there is no route `{}`", shortened(route));
            let advice = choose_from(route, routes.iter().map(|route| route.name.as_str()));
            let error = Error::new("unknown-route", at.key("route"), message).advise(advice);
            return self.unknown.push(error);
        }
        let Some(RuleName(rule)) = expected.rule.this() else {
            return;
        };
        let routes = routes.iter();
        let routes = routes.filter(|known| route.is_none_or(|route| known.name == *route));
        let names: BTreeSet<String> = routes
            .flat_map(|route| {
                let rules = route.rules.iter().enumerate();
                rules.map(|(index, rule)| rule.name.clone().unwrap_or_else(|| index.to_string()))
            })
            .collect();
        if !names.contains(rule) {
            let rule_name = shortened(rule);
            let message = match route {
                Some(route) => format!("the route `{route}` has no rule `{rule_name}`"),
                None => format!("no route has a rule `{rule_name}`"),
            };
            let advice = choose_from(rule, names.iter().map(String::as_str));
            let error = Error::new("unknown-rule", at.key("rule"), message).advise(advice);
            self.unknown.push(error);
        }
    }

    fn check_backend(&mut self, expected: &ExpectedBackend, at: &Trail) {
        let is_served = |backend: &Backend| {
            let service = &backend.service;
            is_or_is_open(&expected.service, service.as_ref())
                && is_or_is_open(&expected.subset, backend.subset.as_ref())
        };
        if self.answer.backends().any(is_served) {
            return;
        }
        let ExpectedBackend {
            service,
            namespace,
            port,
            subset,
            ..
        } = expected;
        self.check_parts(service, namespace, port, subset, at);
    }

    fn check_mirror(&mut self, expected: &ExpectedMirror, at: &Trail) {
        let is_copied = |mirror: &Mirror| {
            is_or_is_open(&expected.service, Some(&mirror.service))
                && is_or_is_open(&expected.subset, mirror.subset.as_ref())
        };
        if self.answer.mirrors.iter().any(is_copied) {
            return;
        }
        let ExpectedMirror {
            service,
            namespace,
            port,
            subset,
            ..
        } = expected;
        self.check_parts(service, namespace, port, subset, at);
    }

    fn check_parts(
        &mut self,
        service: &Wanted<String>,
        namespace: &Wanted<String>,
        port: &Wanted<u16>,
        subset: &Wanted<String>,
        at: &Trail,
    ) {
        let Wanted::This(service) = service else {
            // Of which service it is a subset, the answer says.
            return self.check_subset(subset.this(), at);
        };
        let target = target(service, namespace.this(), port.this(), subset.this());
        self.check_name(service, target, at);
    }

    /// Of a service that is not named, as `{ subset: v2 }`.
    fn check_subset(&mut self, subset: Option<&String>, at: &Trail) {
        let Some(subset) = subset else {
            return;
        };
        let services = self.policy().services.values();
        let subsets: BTreeSet<&str> = services
            .flat_map(|service| {
                let of_some = service.clients.iter();
                let of_some = of_some.flat_map(|settings| settings.subsets.keys());
                service.subsets.keys().chain(of_some).map(String::as_str)
            })
            .collect();
        if !subsets.contains(subset.as_str()) {
            let message = format!("no service has a subset `{}`", shortened(subset));
            let advice = choose_from(subset, subsets);
            let error = Error::new("unknown-subset", at.key("subset"), message).advise(advice);
            self.unknown.push(error);
        }
    }

    fn check_name(&mut self, service: &str, target: Result<Target, NotATarget>, at: &Trail) {
        match target {
            Ok(target) => self.check_target(&target, false, at),
            Err(_) if self.is_let_through(service) => {}
            Err(error) => {
                let text = error.to_string();
                let (message, advice) = text.split_once("; ").unwrap_or((&text, ""));
                let error = Error::new("unknown-service", at.key("service"), message);
                self.unknown.push(error.advise(advice));
            }
        }
    }

    /// What the request came to is known, whatever the policy says of it.
    fn check_target(&mut self, target: &Target, came: bool, at: &Trail) {
        if came || self.is_let_through(target.service()) && target.subset().is_none() {
            return;
        }
        if let Err(unknown) = target.check(self.policy()) {
            let at = match unknown.id() {
                "unknown-subset" => at.key("subset"),
                "unknown-port" => at.key("port"),
                _ => at.key("service"),
            };
            self.unknown.push(told(&unknown, at));
        }
    }

    /// Says whether requests may go to a host that the policy does not know, and this one does.
    fn is_let_through(&self, host: &str) -> bool {
        let policy = self.policy();
        let sidecars = policy.sidecars.iter();
        let mut outbound = { sidecars }
            .filter_map(|sidecar| sidecar.outbound_traffic_policy)
            .chain([policy.mesh.outbound_traffic_policy]);
        let addressed = crate::policy::registry::host_and_port(&self.question.authority).0;
        self.question.gateway.is_none()
            && addressed.eq_ignore_ascii_case(host)
            && outbound.any(|outbound| outbound == OutboundTrafficPolicy::AllowAny)
    }
}

fn is_or_is_open(wanted: &Wanted<String>, found: Option<&String>) -> bool {
    match wanted {
        Wanted::Anything => true,
        Wanted::Nothing => found.is_none(),
        Wanted::This(wanted) => Some(wanted) == found,
    }
}

/// The fields of a backend in one.
fn target(
    service: &str,
    namespace: Option<&String>,
    port: Option<&u16>,
    subset: Option<&String>,
) -> Result<Target, NotATarget> {
    let mut text = service.to_owned();
    let mut add = |before: &str, part: &str| {
        text.push_str(before);
        text.push_str(part);
    };
    // A full name says the namespace itself.
    if let Some(namespace) = namespace.filter(|_| !service.contains('.')) {
        add(".", namespace);
    }
    if let Some(port) = port {
        add(":", &port.to_string());
    }
    if let Some(subset) = subset {
        add("/", subset);
    }
    text.parse()
}

fn told(unknown: &UnknownTarget, at: Trail) -> Error {
    Error::new(unknown.id(), at, unknown.message()).advise(unknown.advice())
}

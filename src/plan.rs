//! From a policy to what serves requests: everything compiled, nothing left to go wrong.
//!
//! A [`Plan`] is immutable but for what its limits count. It decides; it connects to nobody.

use crate::balance::Target;
use crate::fault::Injection;
use crate::gate::{Decision, Gate as _, TrustedHops};
use crate::limit::Limits;
use crate::policy::{self, Errors, Host, OutboundTrafficPolicy, Policy, Severity};
use crate::reply::{Flags, Refusal};
use crate::route::{Asked, HeaderEdit, Rules, Table};
use crate::split::Weights;
use ahash::AHashMap;
use http::{Request, StatusCode};
use std::time::Duration;

/// A compiled policy.
#[derive(Debug)]
pub struct Plan {
    pub(crate) table: Table,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) clusters: Box<[Cluster]>,
    pub(crate) inbound: Box<[Inbound]>,
    /// The numbers of the services' inbound settings.
    pub(crate) inbound_of: AHashMap<Box<str>, u32>,
    pub(crate) outbound: OutboundTrafficPolicy,
    /// For server stacks.
    pub(crate) trusted_hops: TrustedHops,
    /// The rule of hosts that the policy does not know.
    pub(crate) unknown: u32,
}

/// One rule, with the settings of every layer.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `route/rule`, for events.
    pub(crate) label: Box<str>,
    /// The route's name; `None` for a service that is reached without a route.
    pub(crate) route: Option<Box<str>>,
    /// Its own name, or its index.
    pub(crate) name: Box<str>,
    pub(crate) fault: Injection,
    pub(crate) limits: Option<Limits>,
    /// `None`: no destination has any weight.
    pub(crate) weights: Option<Weights>,
    pub(crate) arms: Box<[Arm]>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) request: HeaderEdit,
    pub(crate) response: HeaderEdit,
}

/// A destination of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arm {
    /// The number of a cluster.
    Cluster(u32),
    /// A service or a subset that does not exist.
    Missing,
}

/// Endpoints that do the same: a service or one of its subsets.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) service: Box<str>,
    pub(crate) subset: Option<Box<str>>,
    pub(crate) port: u16,
    pub(crate) balance: policy::Balance,
    pub(crate) endpoints: Box<[(Target, u32)]>,
}

/// What the server stack of a service does.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) label: Box<str>,
    pub(crate) fault: Injection,
    pub(crate) limits: Option<Limits>,
}

impl Policy {
    /// Checks the policy and compiles it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: see [`Policy::validate`]. Warnings are no errors.
    pub fn compile(&self) -> Result<Plan, Errors> {
        Plan::with_previous(self, None)
    }
}

impl Plan {
    /// As [`Policy::compile`]; limits that the plan before had, too, go on counting where they
    /// were.
    ///
    /// # Errors
    ///
    /// As [`Policy::compile`].
    pub fn with_previous(policy: &Policy, previous: Option<&Self>) -> Result<Self, Errors> {
        let errors = policy.validate().into_iter();
        match Errors::from_findings(errors.filter(|e| e.severity == Severity::Error).collect()) {
            Some(errors) => Err(errors),
            None => Ok(Self::lenient(policy, previous)),
        }
    }

    /// Compiles a policy whatever is wrong with it: destinations that do not exist answer 500, of
    /// two that claim the same the first has it.
    pub fn lenient(policy: &Policy, previous: Option<&Self>) -> Self {
        Compiler {
            policy,
            limits: previous.map(Self::limits).unwrap_or_default(),
            clusters: Vec::new(),
            numbers: AHashMap::new(),
            rules: Vec::new(),
        }
        .compile()
    }

    /// Every limit at work, by where it stands.
    fn limits(&self) -> AHashMap<Place<'_>, &Limits> {
        let of_rules = self.rules.iter().filter_map(|rule| {
            let place = (rule.route.as_deref(), &*rule.name);
            Some((place, rule.limits.as_ref()?))
        });
        let of_services = self.inbound.iter().filter_map(|inbound| {
            let place = (None, &*inbound.label);
            Some((place, inbound.limits.as_ref()?))
        });
        of_rules.chain(of_services).collect()
    }

    /// The first gate of all: which rule takes the request? Whoever serves and whoever explains
    /// begin here. What passes has a rule.
    pub(crate) fn enter<B>(
        &self,
        request: &mut Request<B>,
        decision: &mut Decision,
    ) -> Option<Refusal> {
        if !Asked::is_addressed(request) {
            return Some(missing_host());
        }
        let refusal = self.table.admit(request, decision);
        if refusal.is_none() && decision.rule.is_none() {
            match self.outbound {
                OutboundTrafficPolicy::AllowAny => decision.rule = Some(self.unknown),
                OutboundTrafficPolicy::RegistryOnly => return Some(unknown_host()),
            }
        }
        refusal
    }

    /// The rule of a number that a gate has written down.
    pub(crate) fn rule(&self, rule: Option<u32>) -> Option<&Rule> {
        self.rules.get(rule? as usize)
    }
}

impl Rule {
    /// The cluster of a destination that a gate has written down.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(crate) fn cluster(&self, destination: Option<u32>) -> Result<u32, Refusal> {
        match destination.and_then(|arm| self.arms.get(arm as usize)) {
            Some(Arm::Cluster(cluster)) => Ok(*cluster),
            Some(Arm::Missing) | None => Err(cluster_not_found()),
        }
    }
}

fn missing_host() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Flags::NONE, "missing_host_header")
}

/// As Istio's `REGISTRY_ONLY` answers.
pub(crate) fn unknown_host() -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, Flags::NR, "direct_response")
}

fn cluster_not_found() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        Flags::NC,
        "cluster_not_found",
    )
}

/// A route and its rule, or none and a service's label. The names of limits alone would not do: a
/// route that is named as a service may have a rule `inbound`, and the two would share buckets.
type Place<'a> = (Option<&'a str>, &'a str);

/// What a plan is made with.
struct Compiler<'a> {
    policy: &'a Policy,
    /// The limits of the plan before.
    limits: AHashMap<Place<'a>, &'a Limits>,
    clusters: Vec<Cluster>,
    numbers: AHashMap<(&'a str, Option<&'a str>), u32>,
    rules: Vec<Rule>,
}

impl<'a> Compiler<'a> {
    fn compile(mut self) -> Plan {
        let policy = self.policy;
        let mut table = Table::default();
        for route in &policy.routes {
            let mut rules = Rules::default();
            for (index, rule) in route.rules.iter().enumerate() {
                rules.add(&rule.matches, self.rules.len() as u32);
                let rule = self.rule(&route.name, index, rule);
                self.rules.push(rule);
            }
            table.add(&route.hosts, rules);
        }
        // After the routes: what they claim stays theirs.
        for name in policy.services.keys() {
            let Ok(host) = name.parse::<Host>() else {
                continue;
            };
            let arm = self.arm(name, None);
            let mut rules = Rules::default();
            rules.add(&[], self.rules.len() as u32);
            self.rules.push(Rule::straight_to(name, arm));
            table.add(&[host], rules);
        }
        let inbound = policy
            .services
            .iter()
            .map(|(name, service)| self.inbound(name, &service.inbound))
            .collect();
        let names = policy.services.keys().map(|name| name.as_str().into());
        let unknown = self.rules.len() as u32;
        let passthrough = Arm::Cluster(self.clusters.len() as u32);
        self.clusters.push(Cluster {
            service: "".into(),
            subset: None,
            port: 0,
            balance: policy::Balance::Random,
            endpoints: [(Target::original(), 1)].into(),
        });
        self.rules.push(Rule::straight_to("", passthrough));
        Plan {
            table,
            rules: self.rules.into(),
            clusters: self.clusters.into(),
            inbound,
            inbound_of: names.zip(0..).collect(),
            outbound: policy.mesh.outbound_traffic_policy,
            trusted_hops: TrustedHops(policy.mesh.trusted_hops),
            unknown,
        }
    }

    fn rule(&mut self, route: &str, index: usize, rule: &'a policy::Rule) -> Rule {
        let name = rule.name.clone().unwrap_or_else(|| index.to_string());
        let label = format!("{route}/{name}");
        Rule {
            fault: Injection::compile(&rule.fault),
            limits: self.limits(&rule.limits, (Some(route), &name), &label),
            weights: Weights::new(rule.to.iter().map(|to| to.weight)),
            arms: rule
                .to
                .iter()
                .map(|to| self.arm(&to.service, to.subset.as_deref()))
                .collect(),
            timeout: rule.timeout.map(Duration::from),
            request: HeaderEdit::compile(&rule.headers.request),
            response: HeaderEdit::compile(&rule.headers.response),
            label: label.into(),
            route: Some(route.into()),
            name: name.into(),
        }
    }

    fn inbound(&self, service: &str, inbound: &policy::Inbound) -> Inbound {
        let label = format!("{service}/inbound");
        Inbound {
            fault: Injection::compile(&inbound.fault),
            limits: self.limits(&inbound.limits, (None, &label), &label),
            label: label.into(),
        }
    }

    fn limits(&self, limits: &[policy::Limit], place: Place<'_>, scope: &str) -> Option<Limits> {
        let before = self.limits.get(&place).map_or(&[][..], |l| l.limiters());
        let previous = |name: &str| {
            let mut before = before.iter();
            before.find(|limiter| &**limiter.name() == name).cloned()
        };
        (!limits.is_empty()).then(|| Limits::compile(limits, scope, previous))
    }

    fn arm(&mut self, name: &'a str, subset: Option<&'a str>) -> Arm {
        if let Some(number) = self.numbers.get(&(name, subset)) {
            return Arm::Cluster(*number);
        }
        let Some(service) = self.policy.services.get(name) else {
            return Arm::Missing;
        };
        let part = match subset {
            None => None,
            Some(subset) => match service.subsets.get(subset) {
                None => return Arm::Missing,
                part => part,
            },
        };
        let endpoints = service.endpoints.iter();
        let number = self.clusters.len() as u32;
        self.clusters.push(Cluster {
            service: name.into(),
            subset: subset.map(Into::into),
            port: service.port,
            balance: part
                .and_then(|part| part.balance)
                .unwrap_or(service.balance),
            endpoints: endpoints
                .filter(|endpoint| part.is_none_or(|part| part.takes(endpoint)))
                .map(|endpoint| {
                    let target = Target::new(endpoint.address.clone(), service.protocol);
                    (target, endpoint.weight)
                })
                .collect(),
        });
        self.numbers.insert((name, subset), number);
        Arm::Cluster(number)
    }
}

impl Rule {
    /// The rule of a host without a route: all of it to one destination.
    fn straight_to(host: &str, arm: Arm) -> Self {
        Self {
            label: host.into(),
            route: None,
            name: "".into(),
            fault: Injection::default(),
            limits: None,
            weights: Weights::new([1]),
            arms: [arm].into(),
            timeout: None,
            request: HeaderEdit::default(),
            response: HeaderEdit::default(),
        }
    }
}

use crate::balance::Target;
use crate::cors::Sharing;
use crate::fault::Injection;
use crate::limit::Limits;
use crate::mirror::Share;
use crate::plan::select::Spot;
use crate::plan::{Arm, Cluster, Inbound, Mirror, Place, Plan, Rule};
use crate::policy::registry::{Registry, host_and_port, in_kubernetes, is_visible};
use crate::policy::{self, Balance, Policy, Status, Subset, Workload};
use crate::retry::Tries;
use crate::route::{Answer, Changes, HeaderEdit, Names, Normalize};
use crate::split::Choice;
use crate::timeout::Allowed;
use ahash::AHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a plan is made with.
pub(super) struct Compiler<'a> {
    pub(super) policy: &'a Policy,
    pub(super) registry: Registry<'a>,
    /// The limits of the plan before.
    limits: AHashMap<Place<'a>, &'a Limits>,
    /// The rules that have limits, by where they stand: one rule at several doors has one bucket.
    limited: AHashMap<(usize, usize), u32>,
    clusters: Vec<Cluster>,
    /// By service, subset, and the number of the settings for clients of a kind.
    numbers: AHashMap<(&'a str, Option<&'a str>, Option<usize>), u32>,
    pub(super) rules: Vec<Rule>,
}

/// The rules that were compiled for one door, by route, rule and, where it matters, port.
pub(super) type Compiled = AHashMap<(usize, usize, Option<u16>), u32>;

impl<'a> Compiler<'a> {
    pub(super) fn new(policy: &'a Policy, previous: Option<&'a Plan>) -> Self {
        Self {
            policy,
            registry: Registry::new(policy),
            limits: previous.map(Plan::limits).unwrap_or_default(),
            limited: AHashMap::new(),
            clusters: Vec::new(),
            numbers: AHashMap::new(),
            rules: Vec::new(),
        }
    }

    /// `shared` is the policy itself, for the plan to keep.
    pub(super) fn compile(mut self, workload: &Workload, shared: Arc<Policy>) -> Plan {
        let policy = self.policy;
        let sidecars = policy.sidecars.iter();
        let sidecar = { sidecars }.find(|sidecar| sidecar.from.include(workload));
        let mesh = self.mesh(workload, sidecar);
        let gateways = policy
            .gateways
            .iter()
            .map(|(name, gateway)| self.gateway(name, gateway))
            .collect();
        let names = policy.gateways.keys().map(|name| name.as_str().into());
        let (inbound, inbound_of) = self.inbound(workload);
        let unknown = self.rules.len() as u32;
        let passthrough = Arm::Cluster(self.clusters.len() as u32);
        self.clusters.push(Cluster {
            service: "".into(),
            name: "".into(),
            namespace: None,
            subset: None,
            port: 0,
            balance: Balance::Random,
            endpoints: [(Target::original(), 1)].into(),
        });
        self.rules.push(Rule::straight_to("", passthrough, None));
        Plan {
            workload: workload.clone(),
            mesh,
            gateways,
            gateway_of: names.zip(0..).collect(),
            rules: self.rules.into(),
            clusters: self.clusters.into(),
            inbound,
            inbound_of,
            outbound: sidecar
                .and_then(|sidecar| sidecar.outbound_traffic_policy)
                .unwrap_or(policy.mesh.outbound_traffic_policy),
            normalize: Normalize(policy.mesh.path_normalization),
            unknown,
            policy: shared,
            places: Default::default(),
            elsewhere: Default::default(),
        }
    }

    pub(super) fn rule(
        &mut self,
        route: usize,
        index: usize,
        spot: Spot<'_>,
        compiled: &mut Compiled,
    ) -> u32 {
        let policy = self.policy;
        let rule = &policy.routes[route].rules[index];
        let namespace = &spot.workload.namespace;
        let registry = &self.registry;
        let open = |service: &String| !registry.choices(service, namespace).is_empty();
        let mirrored = rule.mirrors.iter().map(|mirror| &mirror.service);
        let mut services = rule.to.iter().map(|to| &to.service).chain(mirrored);
        let port = spot.port.filter(|_| services.any(open));
        if let Some(number) = compiled.get(&(route, index, port)) {
            return *number;
        }
        let arms = rule
            .to
            .iter()
            .map(|to| match to.permitted {
                true => {
                    let subset = to.subset.as_deref();
                    self.arm(&to.service, subset, spot.workload, port, to.when_missing)
                }
                false => Arm::Missing(to.when_missing.into()),
            })
            .collect();
        let shared = self.limited.get(&(route, index)).copied();
        let name = rule.name.clone().unwrap_or_else(|| index.to_string());
        let mut made = self.make(Some(&policy.routes[route].name), &name, rule, arms, shared);
        made.mirrors = self.mirrors(&rule.mirrors, spot.workload, port);
        made.written = Some((route as u32, index as u32));
        let number = self.rules.len() as u32;
        if made.limits.is_some() {
            self.limited.entry((route, index)).or_insert(number);
        }
        self.rules.push(made);
        compiled.insert((route, index, port), number);
        number
    }

    pub(super) fn make(
        &self,
        route: Option<&str>,
        name: &str,
        rule: &policy::Rule,
        arms: Box<[Arm]>,
        shared: Option<u32>,
    ) -> Rule {
        let label = match route {
            Some(route) => format!("{route}/{name}"),
            None => name.to_owned(),
        };
        let clusters = arms.iter().map(|arm| match arm {
            Arm::Cluster(cluster) => self.clusters[*cluster as usize].istio_name(),
            Arm::Missing(_) => String::new(),
        });
        let name_of_rule = rule.name.as_deref().unwrap_or_default();
        let changes = rule.to.iter().zip(clusters).map(|(to, cluster)| {
            let names = Names {
                rule: name_of_rule,
                cluster: &cluster,
            };
            Changes::compile(rule, to, &names)
        });
        let changes: Box<[_]> = changes.collect();
        let changes = match changes.iter().all(Changes::is_empty) {
            true => [].into(),
            false => changes,
        };
        Rule {
            fault: Injection::compile(&rule.fault),
            // What the policy answers itself is for everybody (Envoy's way).
            cors: match rule.redirect.is_some() || rule.respond.is_some() {
                true => None,
                false => rule.cors.as_ref().map(Sharing::compile),
            },
            limits: self.limits(&rule.limits, (route, name), &label, shared),
            split: Choice::compile(
                // As they are written: whether they are there moves nobody.
                { rule.to.iter() }.map(|to| (&*to.service, to.subset.as_deref(), to.weight)),
                rule.sticky.as_ref(),
            ),
            answer: Answer::compile(rule).map(Box::new),
            arms,
            mirrors: [].into(),
            changes,
            timeout: Allowed::new(rule.timeout.map(Duration::from)),
            tries: rule.retries.as_ref().and_then(Tries::compile),
            response: HeaderEdit::compile(
                &rule.headers.response,
                &Names {
                    rule: name_of_rule,
                    cluster: "",
                },
            ),
            label: label.into(),
            route: route.map(Into::into),
            name: name.into(),
            written: None,
        }
    }

    /// Mirrors that do not exist are left out: nobody would see that they are missing.
    fn mirrors(
        &mut self,
        mirrors: &[policy::Mirror],
        workload: &Workload,
        came: Option<u16>,
    ) -> Box<[Mirror]> {
        let mirrors = mirrors.iter().enumerate().filter_map(|(number, mirror)| {
            let share = Share::new(mirror.percent);
            let (service, subset) = (&mirror.service, mirror.subset.as_deref());
            let status = Status::INTERNAL_SERVER_ERROR;
            match self.arm(service, subset, workload, came, status) {
                Arm::Cluster(cluster) => Some(Mirror {
                    cluster,
                    share,
                    number,
                }),
                Arm::Missing(_) => None,
            }
        });
        mirrors.collect()
    }

    fn inbound(&self, workload: &Workload) -> (Box<[Inbound]>, AHashMap<Box<str>, u32>) {
        let mut of = AHashMap::new();
        let mut all = Vec::new();
        for (number, (name, service)) in (0..).zip(&self.policy.services) {
            let label = format!("{name}/inbound");
            of.insert(name.as_str().into(), number);
            all.push(Inbound {
                fault: Injection::compile(&service.inbound.fault),
                limits: self.limits(&service.inbound.limits, (None, &label), &label, None),
                label: label.into(),
            });
        }
        // The full names of services whose short names are there, and the other way round.
        for (number, name) in (0..).zip(self.policy.services.keys()) {
            let host = host_and_port(name).0;
            for name in self.registry.names(host, &workload.namespace) {
                of.entry(name.into()).or_insert(number);
            }
        }
        (all.into(), of)
    }

    fn limits(
        &self,
        limits: &[policy::Limit],
        place: Place<'_>,
        scope: &str,
        shared: Option<u32>,
    ) -> Option<Limits> {
        let twin = shared.and_then(|rule| self.rules[rule as usize].limits.as_ref());
        let before = twin.or_else(|| self.limits.get(&place).copied());
        let before = before.map_or(&[][..], |limits| limits.limiters());
        let previous = |name: &str| {
            let mut before = before.iter();
            before.find(|limiter| &**limiter.name() == name).cloned()
        };
        (!limits.is_empty()).then(|| Limits::compile(limits, scope, previous))
    }

    pub(super) fn arm(
        &mut self,
        name: &str,
        subset: Option<&str>,
        workload: &Workload,
        came: Option<u16>,
        when_missing: Status,
    ) -> Arm {
        let missing = Arm::Missing(when_missing.into());
        let Some(known) = self.registry.find(name, &workload.namespace, came) else {
            return missing;
        };
        let service = known.service;
        if !is_visible(service.visible_to.as_deref(), workload) {
            return missing;
        }
        let clients = service.clients.iter();
        let clients = { clients }.position(|settings| settings.from.include(workload));
        let (balance, subsets): (_, &'a BTreeMap<String, Subset>) = match clients {
            Some(number) => {
                let settings = &service.clients[number];
                (settings.balance, &settings.subsets)
            }
            None => (service.balance, &service.subsets),
        };
        let part = match subset {
            None => None,
            Some(subset) => match subsets.get_key_value(subset) {
                None => return missing,
                part => part,
            },
        };
        let identity = (known.key, part.map(|(name, _)| name.as_str()), clients);
        if let Some(number) = self.numbers.get(&identity) {
            return Arm::Cluster(*number);
        }
        let host = host_and_port(known.key).0;
        let (name, namespace) = match in_kubernetes(host, &self.policy.mesh.cluster_domain) {
            Some((name, namespace)) => (name, Some(namespace)),
            None => (host, None),
        };
        let endpoints = service.endpoints.iter();
        let original = Target {
            protocol: service.protocol,
            ..Target::original()
        };
        let original = service.passthrough.then_some((original, 1));
        let number = self.clusters.len() as u32;
        self.clusters.push(Cluster {
            service: known.key.into(),
            name: name.into(),
            namespace: namespace.map(Into::into),
            subset: subset.map(Into::into),
            port: known.port.unwrap_or(service.port),
            balance: part.and_then(|(_, part)| part.balance).unwrap_or(balance),
            endpoints: endpoints
                .filter(|endpoint| part.is_none_or(|(_, part)| part.takes(endpoint)))
                .map(|endpoint| {
                    let target = Target::new(endpoint.address.clone(), service.protocol);
                    (target, endpoint.weight)
                })
                .chain(original)
                .collect(),
        });
        self.numbers.insert(identity, number);
        Arm::Cluster(number)
    }
}

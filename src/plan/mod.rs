//! From a policy to what serves requests: everything compiled, nothing left to go wrong.
//!
//! A [`Plan`] is immutable but for what its limits count. It decides; it connects to nobody.

mod claims;
mod compile;
mod doors;
mod entry;
mod routing;
mod select;

pub(crate) use doors::workload_of;
#[cfg(feature = "export")]
pub(crate) use entry::Port;
pub(crate) use entry::{Entry, Gateway, Listener, without_tls};
pub(crate) use routing::Group;
pub(crate) use routing::Routing;
pub(crate) use select::{Rank, Selector, Spot};

use crate::balance::Target;
use crate::cors::Sharing;
use crate::fault::Injection;
use crate::gate::{Decision, Gate as _, TrustedHops};
use crate::limit::Limits;
use crate::mirror::Share;
use crate::policy::registry::host_and_port;
use crate::policy::{
    self, Address, Errors, OutboundTrafficPolicy, Places, Policy, Severity, Workload,
};
use crate::reply::{Flags, Head, Refusal};
use crate::retry::Tries;
use crate::rng::Chance;
use crate::route::{Answer, Asked, Changes, HeaderEdit, Located, Normalize, OnReply};
use crate::split::Choice;
use crate::timeout::Allowed;
use ahash::AHashMap;
use compile::Compiler;
use entry::no_route;
use http::{Method, Request, StatusCode};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// A compiled policy, as one workload sees it, and each of the policy's gateways.
pub struct Plan {
    /// Who asks.
    pub(crate) workload: Workload,
    /// What requests of clients in the mesh find.
    pub(crate) mesh: Routing,
    pub(crate) gateways: Box<[Gateway]>,
    /// The numbers of the gateways.
    pub(crate) gateway_of: AHashMap<Box<str>, u32>,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) clusters: Box<[Cluster]>,
    pub(crate) inbound: Box<[Inbound]>,
    /// The numbers of the services' inbound settings.
    pub(crate) inbound_of: AHashMap<Box<str>, u32>,
    pub(crate) outbound: OutboundTrafficPolicy,
    pub(crate) normalize: Normalize,
    /// The rule of hosts that the policy does not know.
    pub(crate) unknown: u32,
    policy: Arc<Policy>,
    /// Where the policy was written, for who explains.
    places: Arc<Places>,
    /// What other workloads see, for questions. No request asks for it.
    elsewhere: Mutex<Vec<Arc<Self>>>,
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
    /// Where the policy has it, by route and index; `None` for what no route says.
    pub(crate) written: Option<(u32, u32)>,
    pub(crate) fault: Injection,
    pub(crate) cors: Option<Sharing>,
    pub(crate) limits: Option<Limits>,
    /// What the rule says itself, instead of passing requests on.
    pub(crate) answer: Option<Box<Answer>>,
    /// `None`: no destination has any weight.
    pub(crate) split: Option<Choice>,
    pub(crate) arms: Box<[Arm]>,
    pub(crate) mirrors: Box<[Mirror]>,
    /// What is done to the requests of each destination; empty where nothing is done to any.
    changes: Box<[Changes]>,
    pub(crate) timeout: Allowed,
    /// `None`: a request is tried once.
    pub(crate) tries: Option<Tries>,
    /// What is changed in replies that no destination is to give.
    response: HeaderEdit,
}

/// A destination of a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arm {
    /// The number of a cluster.
    Cluster(u32),
    /// A service or a subset that does not exist, and the status with which that is answered.
    Missing(StatusCode),
}

/// Who gets copies of a rule's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mirror {
    /// The number of a cluster.
    pub(crate) cluster: u32,
    pub(crate) share: Share,
    /// Its number among the rule's mirrors, which tells its draws apart from theirs.
    pub(crate) number: usize,
}

/// Endpoints that do the same: a service or one of its subsets.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The service's name in the policy, by which its live state goes.
    pub(crate) service: Box<str>,
    /// The service's host; of a Kubernetes service the name alone.
    pub(crate) name: Box<str>,
    /// The namespace of a Kubernetes service.
    pub(crate) namespace: Option<Box<str>>,
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

impl Cluster {
    /// As Istio names it to Envoy.
    fn istio_name(&self) -> String {
        let (host, _) = host_and_port(&self.service);
        let subset = self.subset.as_deref().unwrap_or_default();
        format!("outbound|{}|{subset}|{host}", self.port)
    }
}

impl Policy {
    /// Checks the policy and compiles it for a [`Workload`] in the namespace `default` without
    /// labels.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: see [`Policy::validate`]. Warnings are no errors.
    pub fn compile(&self) -> Result<Plan, Errors> {
        self.compile_for(&Workload::default())
    }

    /// Checks the policy and compiles what this workload sees of it.
    ///
    /// # Errors
    ///
    /// As [`compile`](Self::compile).
    pub fn compile_for(&self, workload: &Workload) -> Result<Plan, Errors> {
        Plan::with_previous(self, workload, None)
    }
}

impl Plan {
    /// As [`Policy::compile_for`]; limits that the plan before had, too, go on counting where they
    /// were.
    ///
    /// # Errors
    ///
    /// As [`Policy::compile`].
    pub fn with_previous(
        policy: &Policy,
        workload: &Workload,
        previous: Option<&Self>,
    ) -> Result<Self, Errors> {
        let errors = policy.validate().into_iter();
        match Errors::from_findings(errors.filter(|e| e.severity == Severity::Error).collect()) {
            Some(errors) => Err(errors),
            None => Ok(Self::lenient(policy, workload, previous)),
        }
    }

    /// Compiles a policy whatever is wrong with it: destinations that do not exist answer with
    /// an error, of two that claim the same the first has it.
    pub fn lenient(policy: &Policy, workload: &Workload, previous: Option<&Self>) -> Self {
        Self::keeping(&Arc::new(policy.clone()), workload, previous)
    }

    fn keeping(policy: &Arc<Policy>, workload: &Workload, previous: Option<&Self>) -> Self {
        Compiler::new(policy, previous).compile(workload, policy.clone())
    }

    /// Who asks.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Says where the policy was written, so that explanations can point there.
    #[must_use]
    pub fn written_at(mut self, places: Places) -> Self {
        self.places = Arc::new(places);
        self
    }

    /// Where the policy was written, as far as the plan was told.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// What the plan was compiled from.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The same policy as another workload sees it. It is compiled at the first asking; the last
    /// 64 are kept, which is plenty for the clients that one set of questions speaks of.
    pub(crate) fn seen_by(&self, workload: &Workload) -> Arc<Self> {
        let mut elsewhere = self.elsewhere.lock();
        if let Some(at) = { elsewhere.iter() }.position(|plan| plan.workload == *workload) {
            let plan = elsewhere.remove(at);
            elsewhere.push(plan.clone());
            return plan;
        }
        let mut plan = Self::keeping(&self.policy, workload, Some(self));
        plan.places = self.places.clone();
        let plan = Arc::new(plan);
        if elsewhere.len() == MOST_ELSEWHERE {
            elsewhere.remove(0);
        }
        elsewhere.push(plan.clone());
        plan
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
        entry: Entry,
        request: &mut Request<B>,
        decision: &mut Decision,
    ) -> Option<Refusal> {
        if !Asked::is_addressed(request) {
            return Some(missing_host());
        }
        // A client's own URI may lack a path; what comes in has one.
        if entry != Entry::Mesh && !has_target(request) {
            return Some(bad_request());
        }
        // Before anything looks at the path.
        if let Some(refusal) = self.normalize.admit(request, decision) {
            return Some(refusal);
        }
        if let Entry::Gateway(gateway, port) = entry {
            let hops = self.policy.mesh.trusted_hops;
            decision.trusted_hops = match hops {
                0 => TrustedHops::default(),
                hops => TrustedHops(hops.saturating_add(decision.forwarded.into())),
            };
            return match self.gateways.get(gateway as usize) {
                Some(gateway) => gateway.enter(port, request, decision),
                None => Some(no_route()),
            };
        }
        let refusal = self.mesh.admit(request, decision);
        if refusal.is_none() && decision.rule.is_none() {
            match self.outbound {
                OutboundTrafficPolicy::AllowAny => decision.rule = Some(self.unknown),
                OutboundTrafficPolicy::RegistryOnly => return Some(unknown_host()),
            }
        }
        refusal
    }

    /// Where requests come in at a gateway's port, whether there is such a port or not; `None` for
    /// a gateway that the policy does not have. Without a port the gateway's lowest.
    pub(crate) fn entry(&self, gateway: &str, port: Option<u16>) -> Option<Entry> {
        let number = *self.gateway_of.get(gateway)?;
        let ports = &self.gateways[number as usize].ports;
        let port = port.or_else(|| Some(ports.first()?.number));
        Some(Entry::Gateway(number, port.unwrap_or(80)))
    }

    /// Where the table behind a door has a request that [`enter`](Self::enter) has seen: its path is
    /// as the gates look at it. `None` where no table is asked, or none of its routes has the host.
    pub(crate) fn locate<B>(
        &self,
        entry: Entry,
        request: &Request<B>,
    ) -> Option<(&Routing, Located)> {
        let routing = match entry {
            Entry::Mesh => &self.mesh,
            Entry::Gateway(gateway, number) => {
                let mut ports = self.gateways.get(gateway as usize)?.ports.iter();
                let port = ports.find(|port| port.number == number)?;
                match port.listener_of(request)? {
                    (_, Listener::Routes(routing)) => routing,
                    (_, Listener::Rule(_)) => return None,
                }
            }
        };
        Some((routing, routing.table.locate(&Asked::of(request))?))
    }

    /// Says whether what comes in there comes over TLS.
    pub(crate) fn is_https(&self, entry: Entry) -> bool {
        let Entry::Gateway(gateway, number) = entry else {
            return false;
        };
        let gateway = self.gateways.get(gateway as usize);
        gateway.is_some_and(|gateway| {
            let mut ports = gateway.ports.iter();
            ports.any(|port| port.number == number && port.https)
        })
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
            Some(Arm::Missing(status)) => Err(cluster_not_found(*status)),
            None => Err(cluster_not_found(StatusCode::INTERNAL_SERVER_ERROR)),
        }
    }

    /// Changes a request as its destination is to see it: once, and before the first attempt.
    #[inline]
    pub(crate) fn change<B>(&self, request: &mut Request<B>, decision: &mut Decision) {
        if let Some(changes) = self.changes_for(decision.destination) {
            changes.apply(request, decision);
        }
    }

    /// Says whether [`change`](Self::change) does anything to this destination's requests.
    pub(crate) fn has_changes(&self, destination: Option<u32>) -> bool {
        let changes = self.changes_for(destination);
        changes.is_some_and(|changes| !changes.spares_request())
    }

    /// Changes the head of a reply, be it the endpoint's or made instead of it. `bound` is what
    /// of the changes depends on the request, as [`bind`](Self::bind) has given it.
    #[inline]
    pub(crate) fn change_reply<'a>(
        &self,
        destination: Option<u32>,
        bound: Option<&HeaderEdit>,
        head: &mut Head<'_>,
        endpoint: impl FnOnce() -> Option<&'a Address>,
    ) {
        let edit = bound.unwrap_or_else(|| self.response(destination));
        if !edit.is_empty() {
            edit.apply(&mut OnReply {
                status: head.status,
                headers: head.headers,
                local: head.local,
                endpoint: endpoint(),
            });
        }
    }

    /// What is changed in the head of the reply to this request, where that depends on the
    /// request.
    #[inline]
    pub(crate) fn bind<B>(
        &self,
        request: &Request<B>,
        decision: &mut Decision,
    ) -> Option<Box<HeaderEdit>> {
        let edit = self.response(decision.destination);
        if edit.is_empty() {
            return None;
        }
        edit.bind(request, decision).map(Box::new)
    }

    /// What is changed in the head of a reply.
    #[inline]
    pub(crate) fn response(&self, destination: Option<u32>) -> &HeaderEdit {
        match self.changes_for(destination) {
            Some(changes) => changes.response(),
            None => &self.response,
        }
    }

    #[inline]
    fn changes_for(&self, destination: Option<u32>) -> Option<&Changes> {
        self.changes.get(destination? as usize)
    }
}

impl Rule {
    /// The mirrors that get a copy of a request, each with its own chance.
    pub(crate) fn drawn_mirrors(&self, chance: Chance) -> impl Iterator<Item = (&Mirror, Chance)> {
        self.mirrors.iter().filter_map(move |mirror| {
            let own = mirror.share.draw(chance, mirror.number)?;
            Some((mirror, own))
        })
    }
}

fn missing_host() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Flags::NONE, "missing_host_header")
}

/// Servers take `GET exact` for the authority of a `CONNECT`, and `GET *` as it is. Envoy's codec
/// takes neither.
fn has_target<B>(request: &Request<B>) -> bool {
    match (request.uri().path(), request.method()) {
        (_, &Method::CONNECT) | ("*", &Method::OPTIONS) => true,
        (path, _) => path.starts_with('/'),
    }
}

fn bad_request() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Flags::DPE, "http1.codec_error").body("Bad Request")
}

/// As Istio's `REGISTRY_ONLY` answers.
pub(crate) fn unknown_host() -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, Flags::NONE, "direct_response")
}

fn cluster_not_found(status: StatusCode) -> Refusal {
    Refusal::new(status, Flags::NC, "cluster_not_found")
}

/// A route and its rule, or none and a service's label. The names of limits alone would not do: a
/// route that is named as a service may have a rule `inbound`, and the two would share buckets.
type Place<'a> = (Option<&'a str>, &'a str);

impl Rule {
    /// The rule of a host without a route: all of it to one destination.
    fn straight_to(host: &str, arm: Arm, tries: Option<Tries>) -> Self {
        Self {
            label: host.into(),
            route: None,
            name: "".into(),
            written: None,
            fault: Injection::default(),
            cors: None,
            limits: None,
            answer: None,
            split: Choice::compile([(host, None, 1)], None),
            arms: [arm].into(),
            mirrors: [].into(),
            changes: [].into(),
            timeout: Allowed::default(),
            tries,
            response: HeaderEdit::default(),
        }
    }
}

/// Not the policy, which may set headers that are nobody's business.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("workload", &self.workload)
            .field("rules", &self.rules.len())
            .field("clusters", &self.clusters.len())
            .finish_non_exhaustive()
    }
}

const MOST_ELSEWHERE: usize = 64;

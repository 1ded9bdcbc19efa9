//! Who asks, as far as a policy tells clients apart.

use crate::plan::{Arm, Plan};
use crate::policy::registry::{host_and_port, in_kubernetes};
use crate::policy::{Clients, Host, Policy, Workload};
use crate::testing::strategy::worlds::{Labels, World};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The mesh as everybody sees it whom the policy tells apart: one for each way to see it. Only those
/// of this namespace are asked, if there is one, and only with these labels.
pub(super) fn worlds(plan: &Arc<Plan>, namespace: Option<&str>, own: &Labels) -> Vec<World> {
    let mut found: Vec<(Seen, World)> = Vec::new();
    for client in distinct(plan.policy(), namespace, own) {
        let plan = match client == *plan.workload() {
            true => plan.clone(),
            false => plan.seen_by(&client),
        };
        let seen = Seen::of(&plan);
        match found.iter_mut().find(|(other, _)| *other == seen) {
            Some((_, world)) => world.clients.push(client),
            None => found.push((seen, World::mesh(plan, vec![client]))),
        }
    }
    found.into_iter().map(|(_, world)| world).collect()
}

/// All that makes a difference to a client.
#[derive(PartialEq)]
struct Seen {
    groups: Vec<(Vec<Host>, Vec<Entry>)>,
    lets_strangers_out: bool,
}

#[derive(PartialEq)]
struct Entry {
    rule: Option<(u32, u32)>,
    matching: Option<u32>,
    /// The destinations with the numbers of their endpoints; `None` for one that is missing.
    to: Vec<Option<(String, Option<String>, usize)>>,
}

impl Seen {
    fn of(plan: &Plan) -> Self {
        let groups = plan.mesh.groups.iter().map(|group| {
            let entries = group.entries.iter().map(|entry| {
                let rule = plan.rule(Some(entry.rule));
                let arms = rule.map_or(&[][..], |rule| &rule.arms);
                Entry {
                    rule: rule.and_then(|rule| rule.written),
                    matching: entry.matching,
                    to: arms.iter().map(|arm| destination(plan, *arm)).collect(),
                }
            });
            (group.hosts.to_vec(), entries.collect())
        });
        Self {
            groups: groups.collect(),
            lets_strangers_out: plan.outbound == Default::default(),
        }
    }
}

fn destination(plan: &Plan, arm: Arm) -> Option<(String, Option<String>, usize)> {
    let Arm::Cluster(number) = arm else {
        return None;
    };
    let cluster = &plan.clusters[number as usize];
    let subset = cluster.subset.as_deref().map(str::to_owned);
    Some((cluster.service.to_string(), subset, cluster.endpoints.len()))
}

/// Clients of which each is in other groups than those before: in every namespace that the policy
/// names and in one that it does not, with the labels of each of its selectors, of all, and none.
fn distinct(policy: &Policy, namespace: Option<&str>, own: &Labels) -> Vec<Workload> {
    let selectors: Vec<&Clients> = selectors(policy).collect();
    let mut labels = vec![Labels::new()];
    for selector in &selectors {
        if !labels.contains(&selector.labels) {
            labels.push(selector.labels.clone());
        }
    }
    let all = selectors
        .iter()
        .flat_map(|selector| selector.labels.clone());
    let all: Labels = all.collect();
    if !labels.contains(&all) {
        labels.push(all);
    }
    let namespaces = match namespace {
        Some(namespace) => vec![namespace.to_owned()],
        None => namespaces(policy, &selectors),
    };
    let mut clients = Vec::new();
    let mut known = BTreeSet::new();
    // No client is asked about whom a short loop does not find.
    for labels in labels.iter().take(MOST_LABELS) {
        for namespace in namespaces.iter().take(MOST_NAMESPACES) {
            let mut client = Workload::new(namespace);
            client.labels.clone_from(labels);
            client.labels.extend(own.clone());
            let within = selectors.iter().map(|selector| selector.include(&client));
            if known.insert((namespace, within.collect::<Vec<_>>())) {
                clients.push(client);
            }
        }
    }
    // Each takes a plan of its own.
    let rules: usize = policy.routes.iter().map(|route| route.rules.len()).sum();
    clients.truncate((MANY_RULES / (rules + 1)).clamp(4, MOST));
    clients
}

fn selectors(policy: &Policy) -> impl Iterator<Item = &Clients> {
    let rules = policy.routes.iter().flat_map(|route| &route.rules);
    let matches = rules.flat_map(|rule| &rule.matches);
    let services = policy.services.values();
    let settings = services.flat_map(|service| &service.clients);
    let sidecars = policy.sidecars.iter().map(|sidecar| &sidecar.from);
    matches
        .map(|matching| &matching.from)
        .chain(settings.map(|settings| &settings.from))
        .chain(sidecars)
        .filter(|selector| !selector.are_all())
}

/// `default` first, where nobody says otherwise.
fn namespaces(policy: &Policy, selectors: &[&Clients]) -> Vec<String> {
    let mut namespaces = vec!["default".to_owned(), "elsewhere".to_owned()];
    let mut name = |namespace: &str| {
        if !namespaces.iter().any(|known| known == namespace) {
            namespaces.push(namespace.to_owned());
        }
    };
    for selector in selectors {
        selector.namespaces.iter().for_each(|named| name(named));
    }
    for route in &policy.routes {
        let visible = route.visible_to.iter().flatten();
        visible
            .chain(&route.namespace)
            .for_each(|named| name(named));
    }
    for (key, service) in &policy.services {
        let visible = service.visible_to.iter().flatten();
        visible
            .chain(&service.namespace)
            .for_each(|named| name(named));
        let home = in_kubernetes(host_and_port(key).0, &policy.mesh.cluster_domain);
        home.into_iter().for_each(|(_, home)| name(home));
    }
    namespaces
}

/// So many are plenty to tell policies apart, and few enough to compile one for each.
const MOST: usize = 48;
const MANY_RULES: usize = 100_000;
const MOST_LABELS: usize = 64;
const MOST_NAMESPACES: usize = 64;

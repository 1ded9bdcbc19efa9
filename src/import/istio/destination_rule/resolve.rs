use crate::import::istio::destination_rule::DestinationRule;
use crate::import::istio::destination_rule::index::{Group, Index};
use crate::import::model::Model;
use crate::policy::registry::{host_and_port, in_kubernetes};
use crate::policy::trail::Trail;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{ClientSettings, Clients, Policy, Service, Subset};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Tells each service how its clients see it. All services and routes are there.
pub(in crate::import::istio) fn resolve(
    rules: &[DestinationRule<'_>],
    root_namespace: &str,
    model: &mut Model,
) {
    if rules.is_empty() {
        return;
    }
    let policy = model.policy();
    let index = Index::new(rules, &policy.mesh.cluster_domain);
    let mut served = vec![Served::default(); index.groups.len()];
    let mut all = Vec::new();
    for (key, service) in &policy.services {
        let host = host_and_port(key).0;
        let found = index.find(host);
        for at in &found {
            served[*at].note(&index.groups[*at], service);
        }
        let home = service.namespace.as_deref();
        let home = home.or_else(|| Some(in_kubernetes(host, &policy.mesh.cluster_domain)?.1));
        let order = order(&index, &found, home, root_namespace);
        if !order.is_empty() {
            all.push((key.clone(), order, service.port));
        }
    }
    tell(&index, &served, policy);
    for (key, order, port) in all {
        let trail = Trail::default().key("services").key(&key).key("clients");
        let Some(service) = model.service_mut(&key) else {
            continue;
        };
        let first = service.clients.len();
        let mut fields = Vec::new();
        for (at, from) in order {
            let group = &index.groups[at];
            service.clients.push(settings(group, from, port));
            fields.extend(group.host_fields.first());
        }
        for (number, field) in fields.into_iter().enumerate() {
            model.register(trail.index(first + number), field);
        }
    }
}

/// Which rules hold for which clients, the first that includes a client before the others.
fn order(
    index: &Index<'_, '_>,
    found: &[usize],
    home: Option<&str>,
    root: &str,
) -> Vec<(usize, Clients)> {
    let mut order = Vec::new();
    // Of the client's own namespace, whoever else may see them.
    let mut own: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in found {
        own.entry(index.groups[*at].namespace)
            .or_default()
            .push(*at);
    }
    for (namespace, groups) in &own {
        for at in groups {
            let group = &index.groups[*at];
            let private = group.visible_to.is_some_and(|to| to == &[root]);
            if *namespace == root && !private {
                continue;
            }
            let labels = group.selector.cloned().unwrap_or_default();
            let namespaces = vec![(*namespace).to_owned()];
            order.push((*at, Clients { namespaces, labels }));
            if group.selector.is_none() {
                break;
            }
        }
    }
    // What the service's namespace exports, and then the root's.
    let homes = [home, Some(root).filter(|root| home != Some(*root))];
    for namespace in homes.into_iter().flatten() {
        for at in own.get(namespace).into_iter().flatten() {
            let group = &index.groups[*at];
            if group.selector.is_some() {
                continue;
            }
            let namespaces = group.visible_to.cloned().unwrap_or_default();
            if namespaces.is_empty() && group.visible_to.is_some() {
                continue;
            }
            let clients = Clients {
                namespaces,
                labels: BTreeMap::new(),
            };
            let all = clients.are_all();
            order.push((*at, clients));
            // Nobody is left for what comes after it.
            if all {
                return order;
            }
        }
    }
    order
}

fn settings(group: &Group<'_, '_>, from: Clients, port: u16) -> ClientSettings {
    let subsets = group.subsets.iter().map(|subset| {
        let made = Subset {
            labels: subset.labels.clone(),
            locality: None,
            balance: subset.traffic.balance(port),
        };
        (subset.name.to_owned(), made)
    });
    ClientSettings {
        from,
        balance: group
            .traffic
            .and_then(|traffic| traffic.balance(port))
            .unwrap_or_default(),
        subsets: subsets.collect(),
    }
}

/// What is known of the services that a rule is for.
#[derive(Clone, Default)]
struct Served {
    any: bool,
    endpoints: bool,
    /// The subsets, by their places, in which there is an endpoint.
    filled: BTreeSet<usize>,
}

impl Served {
    fn note(&mut self, group: &Group<'_, '_>, service: &Service) {
        self.any = true;
        self.endpoints |= !service.endpoints.is_empty();
        for (number, subset) in group.subsets.iter().enumerate() {
            if self.filled.contains(&number) {
                continue;
            }
            let takes = |labels: &BTreeMap<String, String>| {
                let mut wanted = subset.labels.iter();
                wanted.all(|(name, value)| labels.get(name) == Some(value))
            };
            if service
                .endpoints
                .iter()
                .any(|endpoint| takes(&endpoint.labels))
            {
                self.filled.insert(number);
            }
        }
    }
}

/// Tells what can hardly be meant.
fn tell(index: &Index<'_, '_>, served: &[Served], policy: &Policy) {
    // The hosts of whose services the routes use a subset.
    let mut used: HashMap<&str, HashSet<&str>> = HashMap::new();
    for rule in policy.routes.iter().flat_map(|route| &route.rules) {
        let to = rule.to.iter().map(|to| (to.subset.as_deref(), &to.service));
        let copies = rule
            .mirrors
            .iter()
            .map(|mirror| (mirror.subset.as_deref(), &mirror.service));
        for (subset, service) in to.chain(copies) {
            if let Some(subset) = subset {
                used.entry(subset)
                    .or_default()
                    .insert(host_and_port(service).0);
            }
        }
    }
    for (group, served) in index.groups.iter().zip(served) {
        if !served.any {
            let message = format!("there is no service `{}`", shortened(&group.host));
            let known = policy.services.keys().map(|key| host_and_port(key).0);
            let advice = choose_from(&group.host, known);
            for field in &group.host_fields {
                field.warn("unknown-service", message.clone(), advice.clone());
            }
            continue;
        }
        for (number, subset) in group.subsets.iter().enumerate() {
            let name = shortened(subset.name);
            let hosts = used.get(subset.name);
            let is_used = hosts.is_some_and(|hosts| match group.host.strip_prefix('*') {
                Some(suffix) => hosts.iter().any(|host| host.ends_with(suffix)),
                None => hosts.iter().any(|host| {
                    let short = !host.contains('.') && group.host.starts_with(&format!("{host}."));
                    *host == group.host || short
                }),
            });
            if !is_used {
                let message = format!("no route uses the subset `{name}`");
                subset
                    .field
                    .warn("unused-subset", message, "remove it, or route to it");
            }
            if served.endpoints && !served.filled.contains(&number) {
                let message = format!(
                    "no endpoint has the labels of the subset `{name}`: every request to it gets \
                     503"
                );
                let advice = "compare its labels with the endpoints'";
                subset.field.warn("no-endpoints", message, advice);
            }
        }
    }
}

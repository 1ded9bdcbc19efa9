use crate::balance::Picker;
use crate::explain::explanation::make::Way;
use crate::explain::explanation::tried::unfollowed;
use crate::plan::Cluster;
use crate::policy::{Balance, Endpoint, Place, Service, Subset};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Who may get a request at a destination, and who does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Endpoints {
    /// The service, by its name in the policy; empty for hosts that the policy does not know.
    pub service: String,
    /// Its subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// Where that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// By which algorithm one is picked.
    pub balance: Balance,
    /// Those among which it is picked.
    pub considered: Vec<Considered>,
    /// The service's others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Which one it is.
    pub pick: Pick,
}

/// An endpoint that may get the request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Considered {
    /// Its address; absent where requests go to whichever host they address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Its weight.
    pub weight: u32,
    /// How many requests are under way at it; absent offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<u64>,
}

/// An endpoint of the service that is not in the subset.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// Its address.
    pub address: String,
    /// What the subset asks of it: `label version`, `locality`.
    pub predicate: String,
    /// What it wants there.
    pub wanted: String,
    /// What the endpoint has; absent if it has nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

/// Which endpoint gets the request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pick {
    /// There is only one.
    Only,
    /// This one; offline it is the one that a mesh would pick in which nothing else is under way.
    Picked {
        /// Its number among those [considered](Endpoints::considered).
        endpoint: usize,
        /// Those whose load was looked at, in that order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<Candidate>,
    },
    /// The one whose turn it is, which is for the running mesh to say.
    ByTurns,
    /// It is drawn for each request.
    Drawn,
    /// There is none: the request is answered with 503.
    Nobody,
}

/// An endpoint whose load was looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// Its number among those considered.
    pub endpoint: usize,
    /// How many requests were under way at it.
    pub under_way: u64,
}

pub(super) fn endpoints(way: &Way<'_>, cluster: &Cluster) -> Endpoints {
    let live = way.live.map(|live| live(cluster));
    let considered = cluster.endpoints.iter().enumerate();
    let considered = considered.map(|(number, (target, weight))| Considered {
        address: target.address().map(ToString::to_string),
        weight: *weight,
        under_way: { live.as_ref() }.and_then(|live| Some(live.load(number)?.count())),
    });
    let subset = cluster.subset.as_deref();
    let at = match subset {
        Some(subset) => way.places.subset(&cluster.service, subset),
        None => way.places.service(&cluster.service),
    };
    let service = way.plan.policy().services.get(&*cluster.service);
    let part = service.zip(subset);
    let part = part.and_then(|(service, subset)| subsets(service, way).get(subset));
    let others = service.zip(part).map(|(service, part)| {
        let others = service.endpoints.iter();
        others.filter_map(|endpoint| left_out(part, endpoint))
    });
    Endpoints {
        service: cluster.service.as_ref().to_owned(),
        subset: subset.map(str::to_owned),
        at: at.map(unfollowed),
        balance: cluster.balance,
        considered: considered.collect(),
        left_out: others.into_iter().flatten().collect(),
        pick: pick(way, cluster, live.as_ref()),
    }
}

/// The subsets of a service as its clients see them.
fn subsets<'a>(service: &'a Service, way: &Way<'_>) -> &'a BTreeMap<String, Subset> {
    let mut clients = service.clients.iter();
    let own = clients.find(|settings| settings.from.include(&way.workload));
    own.map_or(&service.subsets, |settings| &settings.subsets)
}

fn left_out(part: &Subset, endpoint: &Endpoint) -> Option<LeftOut> {
    if part.takes(endpoint) {
        return None;
    }
    let mut labels = part.labels.iter();
    let label = labels.find(|(name, value)| endpoint.labels.get(*name) != Some(value));
    let address = endpoint.address.to_string();
    Some(match label {
        Some((name, value)) => LeftOut {
            address,
            predicate: format!("label {name}"),
            wanted: value.clone(),
            has: endpoint.labels.get(name).cloned(),
        },
        None => LeftOut {
            address,
            predicate: "locality".to_owned(),
            wanted: part
                .locality
                .as_ref()
                .map(|place| place.0.clone())
                .unwrap_or_default(),
            has: endpoint.locality.as_ref().map(|place| place.0.clone()),
        },
    })
}

fn pick(way: &Way<'_>, cluster: &Cluster, live: Option<&crate::balance::Cluster>) -> Pick {
    let by_turns = cluster.balance == Balance::RoundRobin;
    match cluster.endpoints.len() {
        0 => return Pick::Nobody,
        1 => return Pick::Only,
        _ if by_turns && live.is_none() => return Pick::ByTurns,
        _ => {}
    }
    // Turns draw nothing.
    let nothing = by_turns.then(|| crate::rng::Chance::new(0));
    let Some(chance) = way.chance.or(nothing) else {
        return Pick::Drawn;
    };
    let candidates = RefCell::new(Vec::new());
    let looked = |endpoint, under_way| {
        let candidate = Candidate {
            endpoint,
            under_way,
        };
        let mut candidates = candidates.borrow_mut();
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    };
    let picked = match live {
        Some(live) => live.peek(chance, looked),
        None => {
            let weights: Vec<_> = cluster
                .endpoints
                .iter()
                .map(|(_, weight)| *weight)
                .collect();
            let picker = Picker::new(cluster.balance, &weights);
            let idle = |endpoint| {
                looked(endpoint, 0);
                0
            };
            picker.pick(weights.len(), chance, || 0, idle)
        }
    };
    let mut candidates = candidates.take();
    // The algorithm looks at the second first.
    candidates.reverse();
    match picked {
        Some(endpoint) => Pick::Picked {
            endpoint,
            candidates,
        },
        None => Pick::Nobody,
    }
}

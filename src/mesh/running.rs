use crate::balance::{Cluster, Load, MakeEndpoint, Target, Turns};
use crate::live::Live;
use crate::mesh::counters::Counters;
use crate::plan::{self, Plan};
use crate::rng::Rng;
use ahash::AHashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// A plan at work: what serves requests until the next reload.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) plan: Plan,
    /// By the numbers of the plan's clusters.
    pub(super) clusters: Box<[Cluster]>,
    pub(super) counters: Arc<Counters>,
    pub(super) version: u64,
    live: LiveState,
}

/// What outlives a plan, by stable names. An endpoint is one for all subsets of its service.
#[derive(Debug, Default)]
struct LiveState {
    loads: AHashMap<Name, Arc<Load>>,
    turns: AHashMap<Part, Arc<Turns>>,
}

/// A service or one of its subsets.
type Part = (Box<str>, Option<Box<str>>);

/// An endpoint of a service.
type Name = (Box<str>, Target);

impl Running {
    pub(super) fn new(
        plan: Plan,
        before: Option<&Self>,
        counters: &Arc<Counters>,
        rng: &Rng,
    ) -> Self {
        let mut live = LiveState::default();
        let clusters = plan
            .clusters
            .iter()
            .map(|cluster| live.cluster(cluster, before.map(|before| &before.live), rng))
            .collect();
        Self {
            plan,
            clusters,
            counters: counters.clone(),
            version: before.map_or(1, |before| before.version + 1),
            live,
        }
    }

    /// A cluster of this plan, or of the same policy as another client sees it, with the loads and
    /// turns that are there under its names.
    pub(super) fn cluster_as(&self, cluster: &plan::Cluster) -> Cluster {
        // Where none are there, nothing is under way and nobody has had a turn.
        LiveState::default().cluster(cluster, Some(&self.live), &Rng::seeded(0))
    }
}

impl LiveState {
    /// Takes over what was there before under the same names, and makes the rest.
    fn cluster(&mut self, cluster: &plan::Cluster, before: Option<&Self>, rng: &Rng) -> Cluster {
        let among = cluster.endpoints.len();
        let endpoints: Vec<_> = cluster
            .endpoints
            .iter()
            .map(|(target, weight)| {
                let name = (cluster.service.clone(), target.clone());
                let load = self.loads.entry(name).or_insert_with_key(|name| {
                    let kept = before.and_then(|before| before.loads.get(name));
                    kept.map_or_else(|| Arc::new(Load::new(among)), Arc::clone)
                });
                (*weight, load.clone())
            })
            .collect();
        let name = (cluster.service.clone(), cluster.subset.clone());
        let turns = self.turns.entry(name).or_insert_with_key(|name| {
            let kept = before.and_then(|before| before.turns.get(name));
            kept.map_or_else(|| Arc::new(Turns::new(rng)), Arc::clone)
        });
        Cluster::new(cluster.balance, endpoints, turns.clone())
    }
}

/// A plan at work with one client's endpoints: what its requests pin.
#[derive(Debug)]
pub(super) struct Wired<E> {
    pub(super) running: Arc<Running>,
    /// By the numbers of the clusters and of the endpoints in them.
    pub(super) endpoints: Box<[Box<[Arc<E>]>]>,
    made: AHashMap<Name, Arc<E>>,
}

impl<E> Wired<E> {
    /// Takes over the endpoints that were there before, with their connections, and makes the
    /// rest.
    fn new<M: MakeEndpoint<Endpoint = E>>(
        running: Arc<Running>,
        maker: &M,
        before: Option<&Self>,
    ) -> Self {
        let mut made = AHashMap::new();
        let endpoints = running
            .plan
            .clusters
            .iter()
            .map(|cluster| {
                let targets = cluster.endpoints.iter();
                targets
                    .map(|(target, _)| {
                        let name = (cluster.service.clone(), target.clone());
                        let endpoint = made.entry(name).or_insert_with_key(|name| {
                            let kept = before.and_then(|before| before.made.get(name));
                            kept.map_or_else(|| Arc::new(maker.make(target)), Arc::clone)
                        });
                        endpoint.clone()
                    })
                    .collect()
            })
            .collect();
        Self {
            running,
            endpoints,
            made,
        }
    }
}

/// Who has to hear of a new plan.
pub(super) trait Follow: Send + Sync + std::fmt::Debug {
    /// Makes what the plan needs. What is returned puts it to work.
    fn prepare(self: Arc<Self>, running: &Arc<Running>) -> Box<dyn FnOnce()>;
}

/// A client's endpoints, and how new ones are made.
pub(super) struct Wires<M: MakeEndpoint> {
    pub(super) live: Arc<Live<Wired<M::Endpoint>>>,
    /// Only who reloads holds it.
    maker: Mutex<M>,
}

impl<M: MakeEndpoint> Wires<M> {
    pub(super) fn new(maker: M, running: Arc<Running>) -> Self {
        Self {
            live: Arc::new(Live::new(Wired::new(running, &maker, None))),
            maker: Mutex::new(maker),
        }
    }
}

impl<M> Follow for Wires<M>
where
    M: MakeEndpoint + Send + Sync + 'static,
{
    fn prepare(self: Arc<Self>, running: &Arc<Running>) -> Box<dyn FnOnce()> {
        let maker = self.maker.lock();
        let before = self.live.pin();
        let wired = Wired::new(running.clone(), &*maker, Some(&before));
        drop(maker);
        Box::new(move || self.live.publish(wired))
    }
}

impl<M: MakeEndpoint> std::fmt::Debug for Wires<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wires").finish_non_exhaustive()
    }
}

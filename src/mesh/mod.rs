//! The roof: a plan and live state become client and server stacks.
//!
//! ```no_run
//! # #[cfg(all(feature = "yaml", feature = "http"))]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use bytes::Bytes;
//! use http_body_util::Empty;
//! use tower::ServiceExt;
//! use tower_mesh::{Mesh, connect};
//!
//! let mesh = Mesh::load("mesh.yaml")?;
//! let client = mesh.client(connect::Hyper::new());
//! let request = http::Request::get("http://reviews/api/1").body(Empty::<Bytes>::new())?;
//! let reply = client.oneshot(request).await?;
//! # Ok(())
//! # }
//! ```

mod client;
mod context;
mod copies;
mod counters;
mod crumbs;
mod forward;
mod gateway;
mod running;
mod serve;
mod server;
mod tries;
mod under_way;
#[cfg(feature = "yaml")]
mod watch;

pub use client::Client;
pub use context::{Context, Scope};
pub use counters::Stats;
pub use forward::Forward;
pub use gateway::Gateway;
pub use serve::{Serve, Served};
pub use server::{Server, ServerLayer};
pub use under_way::UnderWay;
#[cfg(feature = "yaml")]
pub use watch::Watching;

use crate::balance::{self, MakeEndpoint};
use crate::event::{Event, Sink};
use crate::gate::TrustedHops;
use crate::live::Live;
use crate::mirror::{Bounds, Room};
use crate::plan::{self, Plan};
use crate::policy::{Errors, Places, Policy, Workload};
use crate::rng::Rng;
use counters::Counters;
use parking_lot::Mutex;
use running::{Follow, Running};
use std::fmt;
use std::sync::{Arc, Weak};

/// A policy at work. Clones are the same mesh.
///
/// It makes [client stacks](Self::client) and [server stacks](Self::server), which all follow a
/// [`reload`](Self::reload). Buckets, requests under way and turns belong to names in the policy
/// and outlive it; a request under way keeps the policy that it began with.
#[derive(Clone)]
pub struct Mesh {
    shared: Arc<Shared>,
}

struct Shared {
    /// What server stacks read, and what a new client stack begins with.
    live: Live<Running>,
    /// The client stacks. Whoever reloads holds the lock; no request does.
    followers: Mutex<Vec<Weak<dyn Follow>>>,
    counters: Arc<Counters>,
    rng: Rng,
    trusted_hops: Option<TrustedHops>,
    workload: Workload,
    lenient: bool,
    /// Where the policy of this version stands since it was written anew without having changed.
    moved: Mutex<Option<(u64, Arc<Places>)>>,
}

/// What a [`Mesh`] is made with beside its policy.
#[derive(Debug, Default)]
pub struct Builder {
    rng: Rng,
    sink: Sink,
    trusted_hops: Option<TrustedHops>,
    workload: Workload,
    copies: Bounds,
    lenient: bool,
    places: Places,
}

impl Builder {
    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    /// Says who asks: what the policy has for some clients only is chosen by it. Default: a
    /// workload in the namespace `default`, without labels.
    #[must_use]
    pub fn workload(mut self, workload: Workload) -> Self {
        self.workload = workload;
        self
    }

    /// Tells every event to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }

    /// How much copies for mirrors may take up, in the whole mesh. Default: [`Bounds`]'.
    #[must_use]
    pub fn copies(mut self, bounds: Bounds) -> Self {
        self.copies = bounds;
        self
    }

    /// So many trusted proxies stand in front of the server stacks, whatever the policies say
    /// under `mesh.trustedHops`. [`TrustedHops`] says how they are counted.
    #[must_use]
    pub fn trusted_hops(mut self, hops: u32) -> Self {
        self.trusted_hops = Some(TrustedHops(hops));
        self
    }

    /// Puts policies to work whatever is wrong with them, as a gateway has to that serves the
    /// documents of many: requests for a service or a subset that does not exist are answered with
    /// an error, of two that claim the same the first has it, and everything else is served. By
    /// default a policy with an error is refused as a whole. See [`Plan::lenient`].
    ///
    /// What files hold is read as strictly as ever; [`Documents`](crate::import::Documents) reads
    /// what can be read.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Says where the policy was written, so that [explanations](Mesh::explain) can point there:
    /// [`Read::places`](crate::import::Read::places).
    #[must_use]
    pub fn written_at(mut self, places: Places) -> Self {
        self.places = places;
        self
    }

    /// Compiles the policy and puts it to work.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the policy; nothing if the mesh is
    /// [`lenient`](Self::lenient).
    pub fn build(self, policy: &Policy) -> Result<Mesh, Errors> {
        let plan = match self.lenient {
            true => Plan::lenient(policy, &self.workload, None),
            false => policy.compile_for(&self.workload)?,
        };
        let plan = plan.written_at(self.places);
        let counters = Arc::new(Counters::new(self.sink, Room::new(self.copies)));
        let running = Running::new(plan, None, &counters, &self.rng.aside());
        Ok(Mesh {
            shared: Arc::new(Shared {
                live: Live::new(running),
                followers: Mutex::default(),
                counters,
                rng: self.rng,
                trusted_hops: self.trusted_hops,
                workload: self.workload,
                lenient: self.lenient,
                moved: Mutex::default(),
            }),
        })
    }
}

impl Mesh {
    /// Compiles a policy and puts it to work.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the policy.
    pub fn new(policy: &Policy) -> Result<Self, Errors> {
        Self::builder().build(policy)
    }

    /// With more than a policy.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Reads a policy from a file or a folder and puts it to work.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, each with its place.
    #[cfg(feature = "yaml")]
    pub fn load(path: impl AsRef<std::path::Path>) -> Result<Self, Errors> {
        let (policy, places) = read(path.as_ref())?;
        Self::builder().written_at(places).build(&policy)
    }

    /// A client stack: routed, limited, faulted, split and balanced, over endpoints that `maker`
    /// makes. Clients share what the mesh counts, but not their connections: make one and clone
    /// it.
    ///
    /// `maker` is asked while a reload is kept waiting, so it must not itself reload the mesh or
    /// make another client of it: that would wait for ever.
    pub fn client<M>(&self, maker: M) -> Client<M::Endpoint>
    where
        M: MakeEndpoint + Send + Sync + 'static,
    {
        // Under the lock, or a reload between the two steps would be missed.
        let mut followers = self.shared.followers.lock();
        let running = self.shared.live.pin().value();
        let (client, follower) = Client::new(maker, running, self.shared.rng.clone());
        followers.retain(|follower| follower.strong_count() > 0);
        followers.push(follower);
        client
    }

    /// A gateway stack: what comes in from outside at one of the policy's gateways, by its name
    /// there (`ns/name`, for documents of Istio and the Gateway API), routed, limited, faulted,
    /// split and balanced. See [`Gateway`] for the ports.
    ///
    /// As for [`client`](Self::client), make one and clone it. A gateway that the policy does not
    /// name answers 404, until a reload names it.
    pub fn gateway<M>(&self, name: impl Into<Arc<str>>, maker: M) -> Gateway<M::Endpoint>
    where
        M: MakeEndpoint + Send + Sync + 'static,
    {
        Gateway::new(self.client(maker), name.into())
    }

    /// A server stack, as a layer: what the policy puts under `services.<service>.inbound`. A
    /// service that the policy does not name passes everything, until a reload names it.
    pub fn server(&self, service: impl Into<Arc<str>>) -> ServerLayer {
        ServerLayer::new(self.clone(), service.into())
    }

    /// Replaces the policy, for all stacks at once: a request sees the one or the other. Returns
    /// the version: 1 was the first.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the new policy. The one before stays in force then, and the
    /// refusal is counted and told.
    pub fn reload(&self, policy: &Policy) -> Result<u64, Errors> {
        self.reload_written_at(policy, Places::default())
    }

    /// As [`reload`](Self::reload), with where the policy was written.
    ///
    /// # Errors
    ///
    /// As [`reload`](Self::reload).
    pub fn reload_written_at(&self, policy: &Policy, places: Places) -> Result<u64, Errors> {
        // Told when the lock is let go: whoever listens may want to reload, too.
        let version = self
            .replace(policy, places)
            .inspect_err(|errors| self.refuse(errors))?;
        self.shared.counters.tell(&Event::Reload { version });
        Ok(version)
    }

    fn replace(&self, policy: &Policy, places: Places) -> Result<u64, Errors> {
        let shared = &self.shared;
        let followers = shared.followers.lock();
        let before = shared.live.pin().value();
        let previous = Some(&before.plan);
        let plan = match shared.lenient {
            true => Plan::lenient(policy, &shared.workload, previous),
            false => Plan::with_previous(policy, &shared.workload, previous)?,
        };
        let running = Arc::new(Running::new(
            plan.written_at(places),
            Some(&before),
            &shared.counters,
            &shared.rng.aside(),
        ));
        let version = running.version;
        // All endpoints are made before anything is published. It may take a while, and a maker
        // may panic: then the policy before stays in force everywhere.
        let prepared: Vec<_> = followers
            .iter()
            .filter_map(Weak::upgrade)
            .map(|follower| follower.prepare(&running))
            .collect();
        shared.live.publish(running);
        for publish in prepared {
            publish();
        }
        Ok(version)
    }

    /// Reads a policy from a file or a folder and [replaces](Self::reload) the one in force.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, each with its place. The policy before stays in
    /// force then.
    #[cfg(feature = "yaml")]
    pub fn reload_from(&self, path: impl AsRef<std::path::Path>) -> Result<u64, Errors> {
        let read = read(path.as_ref()).inspect_err(|errors| self.refuse(errors))?;
        let (policy, places) = read;
        self.reload_written_at(&policy, places)
    }

    fn refuse(&self, errors: &Errors) {
        let errors = errors.to_string();
        self.shared
            .counters
            .tell(&Event::ReloadRefused { errors: &errors });
    }

    /// Who asks, as it was said when the mesh was built.
    pub fn workload(&self) -> &Workload {
        &self.shared.workload
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.shared
            .live
            .with(|running| running.plan.policy().clone())
    }

    /// Says whether this is the policy in force; then it is written here now.
    #[cfg(feature = "yaml")]
    fn has_moved(&self, policy: &Policy, places: &Places) -> bool {
        // Compared and dated by one look: a reload in between would get the lines of another file.
        let running = self.shared.live.pin().value();
        let is_it = *policy == **running.plan.policy();
        if is_it {
            *self.shared.moved.lock() = Some((running.version, Arc::new(places.clone())));
        }
        is_it
    }

    /// Looks at the plan in force, at where it was written, and at the endpoints of a cluster with
    /// their loads and turns, whoever the cluster was compiled for.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&Plan, &Places, &dyn Fn(&plan::Cluster) -> balance::Cluster) -> T,
    ) -> T {
        let running = self.shared.live.pin().value();
        let moved = self.shared.moved.lock().clone();
        let moved = moved.filter(|(version, _)| *version == running.version);
        let places = { moved.as_ref() }.map_or_else(|| running.plan.places(), |(_, places)| places);
        look(&running.plan, places, &|cluster| {
            running.cluster_as(cluster)
        })
    }

    /// What has been counted so far.
    pub fn stats(&self) -> Stats {
        let version = self.shared.live.with(|running| running.version);
        self.shared.counters.stats(version)
    }

    /// Refuses every new request with 503 and waits until those under way have ended, with their
    /// bodies.
    pub async fn shutdown(&self) {
        self.shared.counters.drain().await;
    }
}

/// A policy from a file or a folder, and where its parts stand in it.
#[cfg(feature = "yaml")]
fn read(path: &std::path::Path) -> Result<(Policy, Places), Errors> {
    let documents = crate::import::Documents::new().add_path(path)?;
    documents.read().into_policy_and_places()
}

/// Not the policy, which may be long and set headers that are nobody's business.
impl fmt::Debug for Mesh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.shared.live.with(|running| running.version);
        f.debug_struct("Mesh")
            .field("version", &version)
            .finish_non_exhaustive()
    }
}

//! Copies of one request for its rule's mirrors, from the draw to the tasks that send them.

use crate::balance::Endpoint;
use crate::event::Event;
use crate::mesh::running::{Running, Wired};
use crate::mirror::{DEFAULT_TIME, End, Slot, errand, shadow};
use crate::plan::{Mirror, Rule};
use crate::rng::Chance;
use crate::tee::{CopyBody, Tap, Tee, pipe};
use crate::upgrade::is_for_tunnel;
use http::Request;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Copies that are about to be sent. Dropping them sends none.
pub(super) struct Copies {
    ready: Vec<Copy>,
    time: Duration,
    runtime: Handle,
}

struct Copy {
    tap: Tap,
    request: Request<CopyBody>,
    counted: Counted,
}

/// A copy that is counted at its endpoint and in the mesh's room until this is dropped.
struct Counted {
    running: Arc<Running>,
    rule: Option<u32>,
    cluster: u32,
    endpoint: usize,
    stripe: usize,
    _slot: Slot,
}

impl Copies {
    /// The copies that are drawn for a request as it is about to be sent. Nothing for a rule
    /// without mirrors.
    pub(super) fn of<B>(
        running: &Arc<Running>,
        number: Option<u32>,
        request: &Request<B>,
        chance: Chance,
    ) -> Option<Box<Self>> {
        let rule = running.plan.rule(number)?;
        if rule.mirrors.is_empty() {
            return None;
        }
        Self::draw(running, (number, rule), request, chance)
    }

    #[cold]
    fn draw<B>(
        running: &Arc<Running>,
        (number, rule): (Option<u32>, &Rule),
        request: &Request<B>,
        chance: Chance,
    ) -> Option<Box<Self>> {
        if is_for_tunnel(request) {
            return None;
        }
        let mut drawn = rule.drawn_mirrors(chance).peekable();
        drawn.peek()?;
        let Ok(runtime) = Handle::try_current() else {
            drawn.for_each(|_| running.shed(number, "no_runtime"));
            return None;
        };
        let ready: Vec<_> = drawn
            .filter_map(|(mirror, own)| {
                Copy::new(running, number, mirror, request, own)
                    .map_err(|why| running.shed(number, why))
                    .ok()
            })
            .collect();
        let time = rule.timeout.after().unwrap_or(DEFAULT_TIME);
        (!ready.is_empty()).then(|| {
            Box::new(Self {
                ready,
                time,
                runtime,
            })
        })
    }

    /// Lets the original be sent, and sends each copy to its own endpoint.
    #[cold]
    pub(super) fn send<E, B>(
        self,
        wired: &Wired<E>,
        original: impl FnOnce(Tee) -> E::Future,
    ) -> E::Future
    where
        E: Endpoint<B>,
    {
        let Self {
            ready,
            time,
            runtime,
        } = self;
        let (taps, copies): (Vec<_>, Vec<_>) = ready
            .into_iter()
            .map(|copy| (copy.tap, (copy.request, copy.counted)))
            .unzip();
        // First, for now it shows whether this endpoint lets itself be copied.
        let tee: Tee = taps.into_iter().collect();
        let answer = original(tee);
        for (copy, counted) in copies {
            let watch = copy.body().watch();
            let endpoints = wired.endpoints.get(counted.cluster as usize);
            let endpoint = endpoints.and_then(|all| all.get(counted.endpoint));
            let sending = endpoint
                .filter(|_| watch.has_begun())
                .and_then(|endpoint| endpoint.send_copy(copy));
            let Some(sending) = sending else {
                counted.shed("endpoint");
                continue;
            };
            counted.running.counters.room().count_sent();
            runtime.spawn(async move {
                if errand(sending, watch, time).await == End::Behind {
                    counted.shed("behind");
                }
            });
        }
        answer
    }
}

impl Copy {
    fn new<B>(
        running: &Arc<Running>,
        rule: Option<u32>,
        mirror: &Mirror,
        request: &Request<B>,
        own: Chance,
    ) -> Result<Self, &'static str> {
        let room = running.counters.room();
        let slot = room.enter().ok_or("no_room")?;
        let cluster = &running.clusters[mirror.cluster as usize];
        let endpoint = cluster.pick(own).ok_or("no_healthy_upstream")?;
        let load = cluster.load(endpoint).ok_or("no_healthy_upstream")?;
        let (tap, body) = pipe(room.bounds().bytes_per_copy);
        let request = shadow(request, body).ok_or("host")?;
        Ok(Self {
            tap,
            request,
            counted: Counted {
                running: running.clone(),
                rule,
                cluster: mirror.cluster,
                endpoint,
                stripe: load.begin(),
                _slot: slot,
            },
        })
    }
}

impl Counted {
    fn shed(&self, why: &'static str) {
        self.running.shed(self.rule, why);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let cluster = &self.running.clusters[self.cluster as usize];
        if let Some(load) = cluster.load(self.endpoint) {
            load.end(self.stripe);
        }
    }
}

impl Running {
    fn shed(&self, rule: Option<u32>, why: &'static str) {
        let rule = self.plan.rule(rule).map(|rule| &*rule.label);
        self.counters.room().count_shed();
        self.counters.tell(&Event::MirrorShed { rule, why });
    }
}

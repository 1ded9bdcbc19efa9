use crate::event::{Event, Sink};
use crate::mirror::Room;
use crate::reply::{Flags, Refusal};
use crate::stripe::Striped;
use http::StatusCode;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// What a mesh counts, a line for each thread, and whom it tells.
#[derive(Debug)]
pub(super) struct Counters {
    lines: Striped<Line>,
    draining: AtomicBool,
    drained: Notify,
    sink: Sink,
    room: Room,
}

#[derive(Debug)]
struct Line {
    begun: AtomicU64,
    ended: AtomicU64,
    delays: AtomicU64,
    retries: AtomicU64,
    retries_exhausted: AtomicU64,
    local_replies: Box<[AtomicU64]>,
    reloads_refused: AtomicU64,
}

/// What a mesh has counted so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The version of the policy in force: 1 for the first, one more for each reload.
    pub version: u64,
    /// Reloads that were refused.
    pub reloads_refused: u64,
    /// Requests that have come, to client and server stacks.
    pub requests: u64,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests that were held back on purpose.
    pub delays: u64,
    /// Tries after the first.
    pub retries: u64,
    /// Requests whose last try, too, came to something on which requests are tried again.
    pub retries_exhausted: u64,
    /// Copies that were sent to mirrors.
    pub mirrored: u64,
    /// Copies that were drawn but not sent, or were given up because they could not keep up.
    pub mirrors_shed: u64,
    /// Local replies by flag; one with two flags counts under both, one without any under `-`.
    pub local_replies: BTreeMap<String, u64>,
}

impl Counters {
    pub(super) fn new(sink: Sink, room: Room) -> Self {
        Self {
            lines: Striped::new(|| Line {
                begun: AtomicU64::default(),
                ended: AtomicU64::default(),
                delays: AtomicU64::default(),
                retries: AtomicU64::default(),
                retries_exhausted: AtomicU64::default(),
                local_replies: reasons().map(|_| AtomicU64::default()).collect(),
                reloads_refused: AtomicU64::default(),
            }),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            sink,
            room,
        }
    }

    /// The room that copies have.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// A request begins; [`end`](Self::end) has to follow. Refused while the mesh shuts down.
    pub(super) fn begin(&self) -> Option<Refusal> {
        // Counted before the flag is read, and the flag set before the counts are: one of the two
        // sees the other.
        self.lines.local().begun.fetch_add(1, Ordering::SeqCst);
        self.draining.load(Ordering::SeqCst).then(|| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Flags::LR, "mesh_shut_down")
                .body("mesh is shut down")
        })
    }

    /// A request ends.
    pub(super) fn end(&self) {
        self.lines.local().ended.fetch_add(1, Ordering::SeqCst);
        if self.draining.load(Ordering::SeqCst) {
            self.drained.notify_waiters();
        }
    }

    /// Counts an event and tells it.
    pub(super) fn tell(&self, event: &Event<'_>) {
        let line = self.lines.local();
        match event {
            Event::LocalReply { flags, .. } => {
                for (flag, count) in reasons().zip(&line.local_replies) {
                    let none = flag == Flags::NONE;
                    if *flags == flag || !none && flags.contains(flag) {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            Event::Delay { .. } => {
                line.delays.fetch_add(1, Ordering::Relaxed);
            }
            Event::Retry { .. } => {
                line.retries.fetch_add(1, Ordering::Relaxed);
            }
            Event::RetriesExhausted { .. } => {
                line.retries_exhausted.fetch_add(1, Ordering::Relaxed);
            }
            Event::ReloadRefused { .. } => {
                line.reloads_refused.fetch_add(1, Ordering::Relaxed);
            }
            Event::MirrorShed { .. } | Event::Reload { .. } => {}
        }
        self.sink.tell(event);
    }

    /// Refuses every new request and waits for those under way.
    pub(super) async fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        loop {
            // Listening before looking: an end in between is not missed.
            let drained = self.drained.notified();
            if self.in_flight() == 0 {
                return;
            }
            drained.await;
        }
    }

    fn in_flight(&self) -> u64 {
        // The ends first: a request that ends meanwhile is seen as under way, never the reverse.
        let ended = self.sum(|line| &line.ended);
        self.sum(|line| &line.begun).saturating_sub(ended)
    }

    pub(super) fn stats(&self, version: u64) -> Stats {
        let local_replies = reasons()
            .enumerate()
            .map(|(index, flag)| {
                (
                    flag.to_string(),
                    self.sum(|line| &line.local_replies[index]),
                )
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        Stats {
            version,
            reloads_refused: self.sum(|line| &line.reloads_refused),
            in_flight: self.in_flight(),
            requests: self.sum(|line| &line.begun),
            delays: self.sum(|line| &line.delays),
            retries: self.sum(|line| &line.retries),
            retries_exhausted: self.sum(|line| &line.retries_exhausted),
            mirrored: self.room.sent(),
            mirrors_shed: self.room.shed(),
            local_replies,
        }
    }

    fn sum(&self, of: impl Fn(&Line) -> &AtomicU64) -> u64 {
        let counts = self.lines.iter();
        counts.map(|line| of(line).load(Ordering::SeqCst)).sum()
    }
}

/// Every flag, and that there is none.
fn reasons() -> impl Iterator<Item = Flags> {
    Flags::all().chain([Flags::NONE])
}

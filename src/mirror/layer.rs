use crate::event::Sink;
use crate::mirror::{Bounds, DEFAULT_TIME, Mirror, Room, Share};
use crate::policy::Percent;
use crate::rng::Rng;
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// Sends copies of a share of the requests to another service.
#[derive(Debug)]
pub struct MirrorLayer<C> {
    pub(super) shared: Arc<Shared<C>>,
}

/// What all services of one layer share.
#[derive(Clone, Debug)]
pub(super) struct Shared<C> {
    pub(super) to: C,
    pub(super) share: Share,
    pub(super) time: Duration,
    pub(super) room: Room,
    pub(super) rng: Rng,
    pub(super) sink: Sink,
}

impl<C: Clone> MirrorLayer<C> {
    /// Copies all requests to this service. A clone of it is readied and called for each.
    pub fn to(service: C) -> Self {
        Self {
            shared: Arc::new(Shared {
                to: service,
                share: Share::new(Percent::HUNDRED),
                time: DEFAULT_TIME,
                room: Room::default(),
                rng: Rng::default(),
                sink: Sink::default(),
            }),
        }
    }

    /// Copies this share of the requests alone.
    #[must_use]
    pub fn percent(mut self, percent: Percent) -> Self {
        Arc::make_mut(&mut self.shared).share = Share::new(percent);
        self
    }

    /// How long a copy's answer may take. Default 15 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.shared).time = timeout;
        self
    }

    /// How much copies may take up. Counting begins anew.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        Arc::make_mut(&mut self.shared).room = Room::new(bounds);
        self
    }

    /// Draws from this source instead of the operating system's.
    #[must_use]
    pub fn rng(mut self, rng: Rng) -> Self {
        Arc::make_mut(&mut self.shared).rng = rng;
        self
    }

    /// Tells every copy that is shed to this listener.
    #[must_use]
    pub fn events(mut self, sink: Sink) -> Self {
        Arc::make_mut(&mut self.shared).sink = sink;
        self
    }

    /// How many copies are under way, were sent and were shed.
    pub fn room(&self) -> Room {
        self.shared.room.clone()
    }
}

impl<S, C> Layer<S> for MirrorLayer<C> {
    type Service = Mirror<S, C>;

    fn layer(&self, inner: S) -> Mirror<S, C> {
        Mirror {
            inner,
            shared: self.shared.clone(),
        }
    }
}

impl<C> Clone for MirrorLayer<C> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How much copies may take up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// How many copies may be under way at once; what is beyond is not copied. Default 1,024.
    pub copies: usize,
    /// How many bytes of a body may wait for a copy that is slower than its original; beyond, the
    /// copy is given up. Default 256 KiB. A single frame is always taken: it is the original's own
    /// memory.
    pub bytes_per_copy: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            copies: 1_024,
            bytes_per_copy: 256 * 1_024,
        }
    }
}

/// The room that copies have, and what became of them. Clones are the same room.
#[derive(Clone, Debug, Default)]
pub struct Room(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    bounds: Bounds,
    under_way: AtomicUsize,
    sent: AtomicU64,
    shed: AtomicU64,
}

/// The place of one copy under way; dropping it makes the place free.
#[derive(Debug)]
pub struct Slot(Room);

impl Room {
    /// Room within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            bounds,
            ..Shared::default()
        }))
    }

    /// A place for one more copy, if there is one.
    pub fn enter(&self) -> Option<Slot> {
        let most = self.0.bounds.copies;
        let more = |under_way: usize| (under_way < most).then(|| under_way + 1);
        let count = &self.0.under_way;
        // Only the number counts: nothing else is published with it.
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()
            .map(|_| Slot(self.clone()))
    }

    /// The bounds.
    pub fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    /// How many copies are under way.
    pub fn under_way(&self) -> usize {
        self.0.under_way.load(Ordering::Relaxed)
    }

    /// How many copies have been sent off.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How many copies that were drawn have not been sent off, or have been given up.
    pub fn shed(&self) -> u64 {
        self.0.shed.load(Ordering::Relaxed)
    }

    /// Counts a copy that is sent off.
    pub fn count_sent(&self) {
        self.0.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a copy that is not sent off or is given up.
    pub fn count_shed(&self) {
        self.0.shed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whoever comes and goes, there are never more than fit, and everybody who fits enters.
        #[test]
        fn no_more_enter_than_fit(copies in 0_usize..5, comes in prop::collection::vec(any::<bool>(), 0..40)) {
            let room = Room::new(Bounds { copies, ..Bounds::default() });
            let mut slots = Vec::new();
            for comes in comes {
                match comes {
                    true => match room.enter() {
                        Some(slot) => slots.push(slot),
                        None => prop_assert_eq!(slots.len(), copies),
                    },
                    false => drop(slots.pop()),
                }
                prop_assert_eq!(room.under_way(), slots.len());
                prop_assert!(slots.len() <= copies);
            }
        }
    }

    #[test]
    fn threads_share_one_room() {
        let room = Room::new(Bounds {
            copies: 3,
            ..Bounds::default()
        });
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let slot = room.enter();
                        assert!(room.under_way() <= 3);
                        drop(slot);
                    }
                });
            }
        });
        assert_eq!(room.under_way(), 0);
    }
}

//! A value that many read and one replaces.
//!
//! A request looks at the value with [`Live::with`] or keeps it with [`Live::pin`]; it sees it
//! whole, and what it has pinned does not change under it. Two traps are kept out by the types
//! (measured on two cores): a guard of arc-swap that is held across awaits slows every load of its
//! thread (there are eight fast slots to a thread), so none is handed out; and a reference count
//! that all threads share costs 60 ns at two threads, so each stripe has a handle of its own.

use crate::stripe;
use arc_swap::ArcSwap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value that readers see whole while a writer replaces it.
///
/// What belongs together is published together: one `T`, or a request could meet new endpoints
/// with an old picker.
pub struct Live<T>(ArcSwap<Handles<T>>);

struct Handles<T> {
    of_stripe: Box<[Arc<Handle<T>>]>,
}

// On a line that no other stripe's reference count shares.
#[repr(align(128))]
struct Handle<T> {
    value: Arc<T>,
}

/// A value as it was when it was pinned. Cloning and dropping it writes a line of the pinning
/// thread's own.
pub struct Pinned<T>(Arc<Handle<T>>);

impl<T> Live<T> {
    /// Publishes a first value.
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self(ArcSwap::from_pointee(Handles::of(&value.into())))
    }

    /// Looks at the value as it stands.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.load().mine().value)
    }

    /// The value as it stands, to be kept as long as a request lasts.
    pub fn pin(&self) -> Pinned<T> {
        Pinned(self.0.load().mine().clone())
    }

    /// Replaces the value. Requests under way keep the one that they have pinned.
    pub fn publish(&self, value: impl Into<Arc<T>>) {
        self.0.store(Arc::new(Handles::of(&value.into())));
    }
}

impl<T> Handles<T> {
    fn of(value: &Arc<T>) -> Self {
        Self {
            of_stripe: (0..stripe::count())
                .map(|_| {
                    Arc::new(Handle {
                        value: value.clone(),
                    })
                })
                .collect(),
        }
    }

    fn mine(&self) -> &Arc<Handle<T>> {
        // The number of stripes is a power of two, so the mask keeps the index inside.
        &self.of_stripe[stripe::ordinal() & (self.of_stripe.len() - 1)]
    }
}

impl<T> Pinned<T> {
    /// The value itself, to be kept for longer than a request lasts.
    pub fn value(&self) -> Arc<T> {
        self.0.value.clone()
    }
}

impl<T> Deref for Pinned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Clone for Pinned<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|value| f.debug_tuple("Live").field(value).finish())
    }
}

impl<T: fmt::Debug> fmt::Debug for Pinned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pinned").field(&**self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn what_is_pinned_stays_while_the_value_is_replaced() {
        let live = Live::new(1);
        let before = live.pin();
        live.publish(2);
        assert_eq!((*before, *live.pin(), live.with(|value| *value)), (1, 2, 2));
    }

    #[test]
    fn an_old_value_goes_with_the_last_request_that_pinned_it() {
        struct Counted(Arc<AtomicUsize>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let live = Live::new(Counted(dropped.clone()));
        let pinned = live.pin();
        live.publish(Counted(dropped.clone()));
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        drop(pinned);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn each_stripe_has_a_handle_on_a_line_of_its_own() {
        let live = Live::new(1);
        let handles = live.0.load();
        assert_eq!(handles.of_stripe.len(), stripe::count());
        let mut places: Vec<usize> = handles
            .of_stripe
            .iter()
            .map(|handle| Arc::as_ptr(handle).addr())
            .collect();
        places.sort_unstable();
        for pair in places.windows(2) {
            // The count stands before the value, on the line before it.
            assert!(pair[1] - pair[0] >= 256);
        }
        let mine = &handles.of_stripe[stripe::ordinal() & (stripe::count() - 1)];
        assert!(Arc::ptr_eq(&live.pin().0, mine));
    }

    #[test]
    fn readers_never_see_half_an_update() {
        let live = Live::new((0_u64, 0_u64));
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..20_000 {
                            let pinned = live.pin();
                            let (left, right) = *pinned;
                            assert_eq!(left, right);
                        }
                    })
                })
                .collect();
            for version in 1..2_000 {
                live.publish((version, version));
            }
            for reader in readers {
                reader.join().unwrap();
            }
        });
    }
}

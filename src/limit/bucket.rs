use crate::limit::{Moment, Pace};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One bucket for all: exact, lock-free, one word.
///
/// It starts full and fills steadily. The [`Pace`] is handed in, so that it can change while the
/// bucket goes on.
///
/// The law: of the requests whose moments lie in any window of the length `w`, in whatever order
/// and from however many threads they come, at most `burst + w / interval` pass.
#[derive(Debug, Default)]
// A line of its own: every request of every thread writes it.
#[repr(align(128))]
pub struct Bucket {
    // Relaxed throughout: nothing else is published by this word, and what threads write to one
    // word has one order anyway.
    full_at: AtomicU64,
}

impl Bucket {
    /// A full bucket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one request.
    ///
    /// # Errors
    ///
    /// How long to wait, exactly, if the bucket is empty. Nothing is taken then.
    pub fn take(&self, pace: Pace, now: Moment) -> Result<(), Duration> {
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let (then, told) = match pace.take(full_at, now) {
                Ok(then) => (then, Ok(())),
                Err(soon) => match soon.instead {
                    None => return Err(soon.wait),
                    Some(then) => (then, Err(soon.wait)),
                },
            };
            match self.full_at.compare_exchange_weak(
                full_at,
                then,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return told,
                Err(seen) => full_at = seen,
            }
        }
    }

    /// How many requests would pass at this moment, at least one, without taking any.
    ///
    /// # Errors
    ///
    /// How long one would have to wait.
    pub fn peek(&self, pace: Pace, now: Moment) -> Result<u32, Duration> {
        pace.peek(self.full_at.load(Ordering::Relaxed), now)
    }
}

#[cfg(test)]
mod tests;

use crate::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Sees how a body is read, for who has to know when all of it was there.
///
/// Nothing is allocated before there is something to see: a body that is empty has been read.
#[derive(Clone, Debug, Default)]
pub struct Upload(Option<Arc<Progress>>);

/// The end of an [`Upload`] that whoever reads the body reports to.
#[derive(Debug)]
pub(super) struct Reader(Arc<Progress>);

#[derive(Debug)]
struct Progress {
    begun: Instant,
    /// Nanoseconds from the beginning to when the last frame was there; [`WAITING`] while the next
    /// one is waited for.
    last: AtomicU64,
}

impl Upload {
    /// A body is about to be read.
    pub(super) fn begin(&mut self) -> Reader {
        let progress = Arc::new(Progress {
            begun: clock::now(),
            last: AtomicU64::new(0),
        });
        self.0 = Some(progress.clone());
        Reader(progress)
    }

    /// Says whether anything is seen of the body.
    pub fn is_seen(&self) -> bool {
        self.0.is_some()
    }

    /// When the last frame was there that was asked for: of a body that is at its end, when it was
    /// complete. `None` while the body's source is being waited for, and where nothing is seen.
    pub fn last(&self) -> Option<Instant> {
        let progress = self.0.as_deref()?;
        match progress.last.load(Ordering::Acquire) {
            WAITING => None,
            nanos => Some(progress.begun + Duration::from_nanos(nanos)),
        }
    }
}

impl Reader {
    pub(super) fn waits(&self) {
        self.0.last.store(WAITING, Ordering::Release);
    }

    pub(super) fn reads(&self) {
        let since = clock::now().saturating_duration_since(self.0.begun);
        let nanos = u64::try_from(since.as_nanos()).unwrap_or(WAITING);
        self.0.last.store(nanos.min(WAITING - 1), Ordering::Release);
    }
}

/// Who stops reading waits for nothing more.
impl Drop for Reader {
    fn drop(&mut self) {
        if self.0.last.load(Ordering::Acquire) == WAITING {
            self.reads();
        }
    }
}

/// More than 500 years.
const WAITING: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_last_frame_counts_and_nothing_while_one_is_waited_for() {
        let mut upload = Upload::default();
        assert!(!upload.is_seen() && upload.last().is_none());
        let reader = upload.begin();
        let begun = clock::now();
        let after = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        assert_eq!(upload.last(), Some(begun));
        after(1).await;
        assert_eq!(upload.last(), Some(begun));
        reader.waits();
        assert_eq!(upload.last(), None);
        after(2).await;
        reader.reads();
        assert_eq!(upload.last(), Some(begun + Duration::from_secs(3)));
        reader.waits();
        after(4).await;
        drop(reader);
        after(5).await;
        assert_eq!(upload.last(), Some(begun + Duration::from_secs(7)));
    }
}

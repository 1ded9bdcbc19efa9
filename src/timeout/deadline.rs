use crate::clock;
use crate::tee::Upload;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

pin_project! {
    /// A timer that is set at the first waiting.
    ///
    /// Most answers are there at the first poll or shortly after; a timer that is made for each
    /// of them costs 30 ns, a `None` nothing.
    #[derive(Debug, Default)]
    pub struct Deadline {
        after: Option<Duration>,
        until: Option<Instant>,
        upload: Upload,
        begun: Option<Instant>,
        // Not before then, whenever the request was complete.
        earliest: Option<Instant>,
        #[pin]
        timer: Option<Sleep>,
    }
}

/// What is left of a deadline for the body of an answer whose head is there.
#[derive(Debug, Default)]
pub(super) enum Rest {
    /// As long as it likes.
    #[default]
    Off,
    /// So long after the first waiting, of which there was none yet, and no longer than until
    /// then.
    After(Duration, Option<Instant>),
    /// Until then.
    At(Instant),
    /// The request may not be complete yet, or the timer is set.
    Kept(Pin<Box<Deadline>>),
}

impl Deadline {
    /// So long after the first poll; `None`: never.
    pub fn new(after: Option<Duration>) -> Self {
        Self {
            after,
            ..Self::default()
        }
    }

    /// So long after the request is complete, as far as that is seen: while its body is waited
    /// for the time stands still, and it begins anew with each part of it that is there. Where
    /// nothing is seen of the body the time begins with the first poll.
    #[must_use]
    pub fn watching(mut self, upload: Upload) -> Self {
        self.upload = upload;
        self
    }

    /// Counted from now at the earliest: of a request that is complete already, which is sent
    /// again.
    #[must_use]
    pub fn from_now(mut self) -> Self {
        // Only who watches may find that the time began before.
        if self.after.is_some() {
            self.earliest = Some(clock::now());
        }
        self
    }

    /// What is seen of the request.
    pub fn upload(&self) -> &Upload {
        &self.upload
    }

    /// What is left if nothing more is seen of the request; `None`: as long as it likes.
    pub fn left(&self) -> Option<Duration> {
        if self.after.is_none() && self.until.is_none() {
            return None;
        }
        let now = clock::now();
        Some(self.due(now).saturating_duration_since(now))
    }

    /// And in no case longer than until then.
    #[must_use]
    pub fn until(mut self, until: Option<Instant>) -> Self {
        self.until = until;
        self
    }

    /// Ready when the time is up.
    pub fn poll_elapsed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.after.is_none() && self.until.is_none() {
            return Poll::Pending;
        }
        self.poll_timer(cx)
    }

    fn poll_timer(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.is_none() {
            let now = clock::now();
            let begun = self.as_mut().project().begun;
            begun.get_or_insert(now);
            let due = self.due(now);
            let sleep = tokio::time::sleep_until(due.into());
            self.as_mut().project().timer.set(Some(sleep));
        }
        loop {
            let timer = self.as_mut().project().timer.as_pin_mut();
            let Some(timer) = timer else {
                return Poll::Pending;
            };
            ready!(timer.poll(cx));
            let now = clock::now();
            let due = self.due(now);
            if due <= now {
                return Poll::Ready(());
            }
            if let Some(timer) = self.as_mut().project().timer.as_pin_mut() {
                timer.reset(due.into());
            }
        }
    }

    /// When the time is up if nothing more is seen of the request, or the earliest that it can be.
    fn due(&self, now: Instant) -> Instant {
        let begun = match self.upload.is_seen() {
            true => self.upload.last().unwrap_or(now),
            false => self.begun.unwrap_or(now),
        };
        let begun = self.earliest.map_or(begun, |earliest| begun.max(earliest));
        let due = self.after.and_then(|after| begun.checked_add(after));
        let due = due.into_iter().chain(self.until).min();
        due.unwrap_or_else(|| now + FAR)
    }

    /// What is left of it.
    pub(super) fn rest(self: Pin<&mut Self>) -> Rest {
        let this = self.project();
        let (after, until) = (*this.after, *this.until);
        if after.is_none() && until.is_none() {
            return Rest::Off;
        }
        if this.upload.is_seen() {
            let upload = std::mem::take(this.upload);
            let deadline = Self::new(after).watching(upload).until(until);
            return Rest::Kept(Box::pin(deadline));
        }
        let end = this
            .begun
            .zip(after)
            .and_then(|(begun, after)| begun.checked_add(after));
        match (end, after, until) {
            (None, Some(after), until) => Rest::After(after, until),
            (end, _, until) => match end.into_iter().chain(until).min() {
                Some(at) => Rest::At(at),
                None => Rest::Off,
            },
        }
    }
}

impl Rest {
    /// Ready when the time is up.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let deadline = match self {
                Self::Off => return Poll::Pending,
                Self::After(after, until) => Deadline::new(Some(*after)).until(*until),
                Self::At(at) => Deadline::default().until(Some(*at)),
                Self::Kept(deadline) => return deadline.as_mut().poll_elapsed(cx),
            };
            *self = Self::Kept(Box::pin(deadline));
        }
    }
}

/// Longer than anything here lasts.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

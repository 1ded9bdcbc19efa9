use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

pin_project! {
    /// A timer that is set at the first waiting.
    ///
    /// Most answers are there at the first poll or shortly after; a timer that is made for each
    /// of them costs 30 ns, a `None` nothing.
    #[derive(Debug)]
    pub struct Deadline {
        after: Option<Duration>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl Deadline {
    /// So long after the first poll; `None`: never.
    pub fn new(after: Option<Duration>) -> Self {
        Self { after, timer: None }
    }

    /// Ready when the time is up.
    pub fn poll_elapsed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(after) = *this.after else {
            return Poll::Pending;
        };
        if this.timer.is_none() {
            this.timer.set(Some(tokio::time::sleep(after)));
        }
        this.timer
            .as_pin_mut()
            .map_or(Poll::Pending, |timer| timer.poll(cx))
    }
}

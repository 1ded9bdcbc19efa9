use crate::tee::Watch;
use bytes::Buf as _;
use http_body::Body;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::sleep;

/// How a copy ended. None of it is the original's business.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// It was answered, or it failed.
    Over,
    /// It could not keep up with its original and was given up.
    Behind,
    /// It was not answered in time.
    Late,
}

/// Drives a copy to its end: its being answered, its falling behind, or its time's being up. To
/// be run in a task of its own.
///
/// The time counts from now; a copy whose original is still being read when it is up gets the
/// same time once more.
pub async fn errand(copy: impl Future<Output = ()>, watch: Watch, time: Duration) -> End {
    let mut copy = pin!(copy);
    let mut timer = pin!(sleep(time));
    poll_fn(|cx| {
        let over = copy.as_mut().poll(cx).is_ready();
        // Whoever reads the copy may see first that it was cut short, and fail by that.
        if watch.poll_behind(cx).is_ready() {
            return Poll::Ready(End::Behind);
        }
        if over {
            return Poll::Ready(End::Over);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if watch.is_over() {
                return Poll::Ready(End::Late);
            }
            timer.set(sleep(time));
        }
        Poll::Pending
    })
    .await
}

/// Reads an answer that nobody wants, so that its connection can be used again; a long one is
/// dropped.
pub async fn forget<B: Body>(body: B) {
    let mut body = pin!(body);
    let mut left = LONGEST;
    while let Some(Ok(frame)) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let length = frame.data_ref().map_or(0, |data| data.remaining());
        match left.checked_sub(length) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// Where the rule of the original has no timeout: Envoy's for routes that have none.
pub const DEFAULT_TIME: Duration = Duration::from_secs(15);

/// Beyond this a new connection is cheaper.
const LONGEST: usize = 64 * 1_024;

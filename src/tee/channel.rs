use crate::tee::CopyBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Joins an original to one copy. At most `most` bytes lie in store between the two, or one frame
/// where a frame alone is more; each frame counts for 64 bytes more than it has.
pub fn pipe(most: usize) -> (Tap, CopyBody) {
    let channel = Arc::new(Channel {
        state: Mutex::new(State::default()),
        most,
    });
    (Tap(channel.clone()), CopyBody::new(channel))
}

/// The end of a pipe into which the original's frames go. Dropped before the original's end, it
/// cuts the copy short.
#[derive(Debug)]
pub struct Tap(Arc<Channel>);

/// Sees how a copy does without reading it.
#[derive(Clone, Debug)]
pub struct Watch(pub(super) Arc<Channel>);

/// Why a copy is not whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CutShort {
    /// The original was never sent in a way that can be copied.
    #[error("the original was not copied")]
    NeverBegun,
    /// The original failed, or was dropped before its end.
    #[error("the original ended early")]
    OriginalFailed,
    /// The original was too far ahead.
    #[error("the copy could not keep up")]
    Behind,
}

#[derive(Debug)]
pub(super) struct Channel {
    state: Mutex<State>,
    most: usize,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame<Bytes>>,
    /// What they weigh.
    weight: usize,
    flow: Flow,
    /// How long the original said it would be.
    length: Option<u64>,
    /// How much of that the copy has got.
    given: u64,
    /// Nobody reads the copy any more.
    abandoned: bool,
    reader: Option<Waker>,
    watcher: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Flow {
    #[default]
    Waiting,
    Open,
    Ended,
    Cut(CutShort),
}

impl Tap {
    /// The original is about to be read.
    pub(super) fn open(&self, hint: &SizeHint) {
        let mut state = self.0.state.lock();
        state.flow = Flow::Open;
        state.length = hint.exact();
    }

    /// Gives the copy a frame, unless it is too far behind.
    pub(super) fn pass(&self, frame: &Frame<Bytes>) {
        let Some(frame) = clone_of(frame) else {
            return;
        };
        self.0.change(|state| {
            if state.flow != Flow::Open || state.abandoned {
                return;
            }
            let weight = weight(&frame);
            // A frame that is alone is the original's own memory and no more than that.
            if !state.frames.is_empty() && state.weight + weight > self.0.most {
                state.forget_frames();
                state.flow = Flow::Cut(CutShort::Behind);
                return;
            }
            state.weight += weight;
            state.frames.push_back(frame);
        });
    }

    /// The original is at its end.
    pub(super) fn finish(self) {
        self.0.change(|state| {
            if state.flow == Flow::Open {
                state.flow = Flow::Ended;
            }
        });
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.0.change(|state| match state.flow {
            Flow::Waiting => state.flow = Flow::Cut(CutShort::NeverBegun),
            // What is in store is still given: where the length is known, it may be all.
            Flow::Open => state.flow = Flow::Cut(CutShort::OriginalFailed),
            Flow::Ended | Flow::Cut(_) => {}
        });
    }
}

impl Watch {
    /// Says whether the original was, or is being, sent in a way that can be copied.
    pub fn has_begun(&self) -> bool {
        let flow = self.0.state.lock().flow;
        !matches!(flow, Flow::Waiting | Flow::Cut(CutShort::NeverBegun))
    }

    /// Says whether the original is at its end, one way or the other.
    pub fn is_over(&self) -> bool {
        let flow = self.0.state.lock().flow;
        matches!(flow, Flow::Ended | Flow::Cut(_))
    }

    /// Ready when the copy was cut short because it could not keep up. Whoever waits for the far
    /// side to take a frame does not read, and would not see it otherwise. One at a time may wait.
    pub fn poll_behind(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.0.state.lock();
        if state.flow == Flow::Cut(CutShort::Behind) {
            return Poll::Ready(());
        }
        keep(&mut state.watcher, cx);
        Poll::Pending
    }
}

impl Channel {
    /// Changes the state, and wakes whom it concerns when the lock is let go.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        let reader = state.reader.take();
        let behind = state.flow == Flow::Cut(CutShort::Behind);
        let watcher = behind.then(|| state.watcher.take()).flatten();
        drop(state);
        reader.into_iter().chain(watcher).for_each(Waker::wake);
    }

    pub(super) fn poll_frame(
        &self,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let mut state = self.state.lock();
        if let Some(frame) = state.frames.pop_front() {
            state.weight -= weight(&frame);
            state.given += frame.data_ref().map_or(0, |data| data.len() as u64);
            return Poll::Ready(Some(Ok(frame)));
        }
        match state.flow {
            Flow::Ended => Poll::Ready(None),
            Flow::Cut(why) => Poll::Ready(Some(Err(why))),
            Flow::Waiting | Flow::Open => {
                keep(&mut state.reader, cx);
                Poll::Pending
            }
        }
    }

    pub(super) fn is_end(&self) -> bool {
        let state = self.state.lock();
        state.flow == Flow::Ended && state.frames.is_empty()
    }

    pub(super) fn left(&self) -> SizeHint {
        let state = self.state.lock();
        match state.length {
            Some(length) => SizeHint::with_exact(length.saturating_sub(state.given)),
            None => SizeHint::default(),
        }
    }

    pub(super) fn abandon(&self) {
        let mut state = self.state.lock();
        state.abandoned = true;
        state.forget_frames();
    }
}

impl State {
    fn forget_frames(&mut self) {
        self.frames = VecDeque::new();
        self.weight = 0;
    }
}

fn keep(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}

fn clone_of(frame: &Frame<Bytes>) -> Option<Frame<Bytes>> {
    let data = frame.data_ref().map(|data| Frame::data(data.clone()));
    data.or_else(|| Some(Frame::trailers(frame.trailers_ref()?.clone())))
}

/// So that frames without any bytes are bounded, too.
fn weight(frame: &Frame<Bytes>) -> usize {
    let data = frame.data_ref().map_or(0, Bytes::len);
    let trailers = frame.trailers_ref().map_or(0, |trailers| {
        let lines = trailers.iter();
        lines
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum()
    });
    data + trailers + FRAME
}

const FRAME: usize = 64;

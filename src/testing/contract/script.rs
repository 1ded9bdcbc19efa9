use crate::reply::ReplyBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tower_service::Service;

/// What a [`Scripted`] service is to do, and what has been done to it. Clones are the same script.
#[derive(Clone, Debug, Default)]
pub(super) struct Script(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    waiting: Vec<Waker>,
    readiness: Option<Failure>,
    answer: Option<Failure>,
    pauses: usize,
    frames: usize,
    calls: usize,
    unready_calls: usize,
    alive: usize,
}

impl Script {
    /// Not ready until [`open`](Self::open) is called.
    pub(super) fn closed(self) -> Self {
        self.0.lock().closed = true;
        self
    }

    /// Readiness fails.
    pub(super) fn failing_when_readied(self, failure: Failure) -> Self {
        self.0.lock().readiness = Some(failure);
        self
    }

    /// Every answer is an error.
    pub(super) fn failing_when_called(self, failure: Failure) -> Self {
        self.0.lock().answer = Some(failure);
        self
    }

    /// Every answer lets itself be polled so often in vain.
    pub(super) fn pausing(self, polls: usize) -> Self {
        self.0.lock().pauses = polls;
        self
    }

    /// Every body has so many frames, each after a poll in vain.
    pub(super) fn saying(self, frames: usize) -> Self {
        self.0.lock().frames = frames;
        self
    }

    pub(super) fn service(&self) -> Scripted {
        Scripted {
            script: self.clone(),
            ready: false,
        }
    }

    /// Becomes ready, and wakes who waits for that.
    pub(super) fn open(&self) {
        let waiting = {
            let mut state = self.0.lock();
            state.closed = false;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// How many requests came.
    pub(super) fn calls(&self) -> usize {
        self.0.lock().calls
    }

    /// How many of them came to an instance that was not ready.
    pub(super) fn unready_calls(&self) -> usize {
        self.0.lock().unready_calls
    }

    /// How many futures and bodies have not been dropped.
    pub(super) fn alive(&self) -> usize {
        self.0.lock().alive
    }

    fn live(&self) -> Alive {
        self.0.lock().alive += 1;
        Alive(self.clone())
    }
}

/// Counts while it lives.
#[derive(Debug)]
struct Alive(Script);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.lock().alive -= 1;
    }
}

/// The inner service of the probes: strict about being readied, and doing what the probe says.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
    ready: bool,
}

/// A clone is not ready, whatever the original was: so tower has it.
impl Clone for Scripted {
    fn clone(&self) -> Self {
        self.script.service()
    }
}

/// The error of a [`Scripted`] service.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the inner service failed, number {0}")]
pub struct Failure(pub(super) u32);

impl<B> Service<Request<B>> for Scripted {
    type Response = Response<ScriptedBody>;
    type Error = Failure;
    type Future = ScriptedFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let mut state = self.script.0.lock();
        if let Some(failure) = state.readiness {
            return Poll::Ready(Err(failure));
        }
        if state.closed {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<B>) -> ScriptedFuture {
        let mut state = self.script.0.lock();
        state.calls += 1;
        state.unready_calls += usize::from(!self.ready);
        self.ready = false;
        let (pauses, failure) = (state.pauses, state.answer);
        drop(state);
        ScriptedFuture {
            script: self.script.clone(),
            pauses,
            failure,
            _alive: self.script.live(),
        }
    }
}

/// The future of a [`Scripted`] service.
#[derive(Debug)]
pub struct ScriptedFuture {
    script: Script,
    pauses: usize,
    failure: Option<Failure>,
    _alive: Alive,
}

impl Future for ScriptedFuture {
    type Output = Result<Response<ScriptedBody>, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.pauses > 0 {
            self.pauses -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(failure) = self.failure {
            return Poll::Ready(Err(failure));
        }
        let frames = self.script.0.lock().frames;
        Poll::Ready(Ok(Response::new(ScriptedBody {
            text: Bytes::from_static(b"said by the inner service"),
            frames,
            paused: false,
            _alive: Some(self.script.live()),
        })))
    }
}

/// The body of a [`Scripted`] service's answers.
#[derive(Debug)]
pub struct ScriptedBody {
    text: Bytes,
    frames: usize,
    paused: bool,
    _alive: Option<Alive>,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.frames == 0 {
            return Poll::Ready(None);
        }
        self.paused = !self.paused;
        if self.paused {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.frames -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.text.clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.frames == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.frames * self.text.len()) as u64)
    }
}

impl ReplyBody for ScriptedBody {
    type Out = Self;

    fn keep(self) -> Self {
        self
    }

    fn local(text: Bytes) -> Self {
        Self {
            frames: usize::from(!text.is_empty()),
            text,
            paused: false,
            _alive: None,
        }
    }
}

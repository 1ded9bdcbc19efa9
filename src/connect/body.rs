use crate::retry::MOST_KEPT;
use crate::tee::{Kept, Replay, ReplayBody, Tee, Teed, Upload};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A request body whose type is forgotten, so that one client takes them all. An empty one, which
/// most requests have, is not boxed.
pub struct RequestBody(Erased);

enum Erased {
    Empty,
    Boxed(UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>),
    Replayed(ReplayBody),
}

impl RequestBody {
    pub(super) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            return Self(Erased::Empty);
        }
        Self(Erased::Boxed(body.map_err(Into::into).boxed_unsync()))
    }

    /// The same, and somebody sees how it is read, if it has to be read at all.
    pub(super) fn seen<B>(body: B, upload: &mut Upload) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            return Self(Erased::Empty);
        }
        Self::teed(body, Tee::default().seen_by(upload))
    }

    /// The same, and what is read of it goes to copies, too.
    pub(super) fn teed<B>(body: B, tee: Tee) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Teed::new(body, tee))
    }

    /// The same, and what is read of it is kept for another try. What goes elsewhere, too, goes
    /// there once.
    pub(super) fn kept<B>(body: B, tee: Tee, upload: &mut Upload, kept: &mut Kept) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            *kept = Kept::Empty;
            return Self::teed(body, tee);
        }
        let replay = Replay::new(Teed::new(body, tee.seen_by(upload)), MOST_KEPT);
        let first = Self::replayed(replay.body());
        *kept = Kept::Body(replay);
        first
    }

    /// A body that was kept, from its beginning.
    pub(super) fn replayed(body: ReplayBody) -> Self {
        match body.is_end_stream() {
            true => Self(Erased::Empty),
            false => Self(Erased::Replayed(body)),
        }
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.get_mut().0 {
            Erased::Empty => Poll::Ready(None),
            Erased::Boxed(body) => Pin::new(body).poll_frame(cx),
            Erased::Replayed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Erased::Empty => true,
            Erased::Boxed(body) => body.is_end_stream(),
            Erased::Replayed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Erased::Empty => SizeHint::with_exact(0),
            Erased::Boxed(body) => body.size_hint(),
            Erased::Replayed(body) => body.size_hint(),
        }
    }
}

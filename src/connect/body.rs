use crate::tee::{Tee, Teed, Upload};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A request body whose type is forgotten, so that one client takes them all. An empty one, which
/// most requests have, is not boxed.
pub(super) enum RequestBody {
    Empty,
    Boxed(UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>),
}

impl RequestBody {
    pub(super) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            return Self::Empty;
        }
        Self::Boxed(body.map_err(Into::into).boxed_unsync())
    }

    /// The same, and somebody sees how it is read, if it has to be read at all.
    pub(super) fn seen<B>(body: B, upload: &mut Upload) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if body.is_end_stream() {
            return Self::Empty;
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
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Boxed(body) => body.size_hint(),
        }
    }
}

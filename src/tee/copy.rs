use crate::tee::channel::Channel;
use crate::tee::{CutShort, Watch};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The body of a copy: what the original's reader has read, trailers included. It fails where the
/// original does.
#[derive(Debug)]
pub struct CopyBody(Arc<Channel>);

impl CopyBody {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self(channel)
    }

    /// For who wants to see how the copy does while somebody else reads it.
    pub fn watch(&self) -> Watch {
        Watch(self.0.clone())
    }
}

impl Body for CopyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        self.0.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.left()
    }
}

impl Drop for CopyBody {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

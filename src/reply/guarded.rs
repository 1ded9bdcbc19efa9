use crate::reply::ReplyBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A body that holds something until its end: a count of requests in flight, for one.
    ///
    /// The end is the first of: `None`, a trailers frame, `is_end_stream` after a frame, an error,
    /// the body's being dropped. A body that is at its end from the beginning holds nothing at
    /// all. An upgraded connection is held to its 101 only, since its body ends there. A caller
    /// who keeps an unread response keeps what it holds.
    #[derive(Debug)]
    pub struct Guarded<B, G> {
        #[pin]
        body: B,
        held: Option<G>,
    }
}

impl<B: Body, G> Guarded<B, G> {
    /// Holds `held` until the end of `body`.
    pub fn new(body: B, held: G) -> Self {
        // Whoever reads a HEAD's or a 204's answer need not poll its body at all.
        let held = (!body.is_end_stream()).then_some(held);
        Self { body, held }
    }
}

impl<B, G> Guarded<B, G> {
    /// A body that holds nothing.
    pub fn free(body: B) -> Self {
        Self { body, held: None }
    }

    /// Another body that holds the same.
    pub fn map<C>(self, map: impl FnOnce(B) -> C) -> Guarded<C, G> {
        Guarded {
            body: map(self.body),
            held: self.held,
        }
    }
}

impl<B: Body, G> Body for Guarded<B, G> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        // A reader who knows the length stops at the last frame and never sees the `None`.
        let over = match &frame {
            Some(Ok(frame)) => frame.is_trailers() || this.body.is_end_stream(),
            Some(Err(_)) | None => true,
        };
        if over {
            *this.held = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: ReplyBody, G> ReplyBody for Guarded<B, G> {
    type Out = Guarded<B::Out, G>;

    fn keep(self) -> Self::Out {
        Guarded {
            body: self.body.keep(),
            held: self.held,
        }
    }

    fn local(text: Bytes) -> Self::Out {
        Guarded::free(B::local(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
    use std::convert::Infallible;
    use std::sync::Arc;

    fn held() -> (Arc<()>, Arc<()>) {
        let watch = Arc::new(());
        (watch.clone(), watch)
    }

    fn is_released(watch: &Arc<()>) -> bool {
        Arc::strong_count(watch) == 1
    }

    #[tokio::test]
    async fn a_body_of_known_length_lets_go_at_its_last_frame() {
        let (guard, watch) = held();
        let mut body = Guarded::new(Full::new(Bytes::from_static(b"text")), guard);
        assert!(!is_released(&watch));
        assert_eq!(body.size_hint().exact(), Some(4));
        body.frame().await.unwrap().unwrap();
        assert!(is_released(&watch));
    }

    #[test]
    fn an_empty_body_holds_nothing() {
        let (guard, watch) = held();
        let _body = Guarded::new(Empty::<Bytes>::new(), guard);
        assert!(is_released(&watch));
    }

    #[tokio::test]
    async fn a_stream_is_held_to_its_trailers() {
        let (guard, watch) = held();
        let frames = [
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"a"))),
            Ok(Frame::trailers(http::HeaderMap::new())),
        ];
        let mut body = Guarded::new(StreamBody::new(tokio_stream::iter(frames)), guard);
        body.frame().await.unwrap().unwrap();
        assert!(!is_released(&watch));
        body.frame().await.unwrap().unwrap();
        assert!(is_released(&watch));
    }

    #[test]
    fn a_dropped_body_lets_go() {
        let (guard, watch) = held();
        drop(Guarded::new(Full::new(Bytes::from_static(b"text")), guard));
        assert!(is_released(&watch));
    }
}

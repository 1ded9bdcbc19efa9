use crate::reply::ReplyBody;
use crate::timeout::Deadline;
use crate::timeout::deadline::Rest;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The body of an answer that has to be complete in time. When it is not, it fails with
    /// [`BodyError::Late`] and lets go of the far side: the caller has the status already, and no
    /// other way is left to tell it that something is missing.
    ///
    /// What the far side has sent is given to a slow reader however late it comes for it.
    #[derive(Debug)]
    pub struct TimedBody<B> {
        // `None` when the time was up.
        #[pin]
        body: Option<B>,
        rest: Rest,
    }
}

/// Why there is no more of an answer's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The body itself failed.
    #[error(transparent)]
    Failed(#[from] E),
    /// The rule's timeout was over before the answer was complete.
    #[error("the answer was not complete in time")]
    Late,
}

impl<B: Body> TimedBody<B> {
    /// A body that has what is left of a deadline.
    pub fn within(body: B, deadline: Pin<&mut Deadline>) -> Self {
        let rest = match body.is_end_stream() {
            true => Rest::Off,
            false => deadline.rest(),
        };
        Self {
            body: Some(body),
            rest,
        }
    }
}

impl<B> TimedBody<B> {
    /// A body that may take its time.
    pub fn untimed(body: B) -> Self {
        Self {
            body: Some(body),
            rest: Rest::Off,
        }
    }
}

impl<B: Body> Body for TimedBody<B> {
    type Data = B::Data;
    type Error = BodyError<B::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = body.poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Failed)));
        }
        if this.rest.poll_elapsed(cx).is_pending() {
            return Poll::Pending;
        }
        this.body.set(None);
        Poll::Ready(Some(Err(BodyError::Late)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B: ReplyBody> ReplyBody for TimedBody<B> {
    type Out = TimedBody<B::Out>;

    fn keep(self) -> Self::Out {
        TimedBody {
            body: self.body.map(ReplyBody::keep),
            rest: self.rest,
        }
    }

    fn local(text: Bytes) -> Self::Out {
        TimedBody::untimed(B::local(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
    use std::convert::Infallible;
    use std::pin::pin;
    use std::time::Duration;

    /// Never says anything.
    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    /// A layer around a client stack keeps what the far side says, and so its time.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_passed_on_has_the_same_time() {
        let begun = clock::now();
        let deadline = pin!(Deadline::new(Some(Duration::from_secs(3))));
        let body = TimedBody::within(UnsyncBoxBody::new(Silent), deadline);
        let mut kept = body.keep();
        let minute = Duration::from_secs(60);
        let frame = tokio::time::timeout(minute, kept.frame()).await.unwrap();
        assert!(matches!(frame, Some(Err(BodyError::Late))));
        assert_eq!((clock::now() - begun).as_secs(), 3);
        assert!(kept.frame().await.is_none());
    }
}

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What of a request's body is kept while it is sent, for who may have to send it again.
#[derive(Debug, Default)]
pub enum Kept {
    /// Nothing: it cannot be sent again.
    #[default]
    Nothing,
    /// There is no body.
    Empty,
    /// What was read of it.
    Body(Replay),
}

impl Kept {
    /// The body from its beginning; `None` where not all of it is kept. Who reads it otherwise
    /// gets no more.
    pub fn body(&self) -> Option<ReplayBody> {
        match self {
            Self::Nothing => None,
            Self::Empty => Some(ReplayBody(None)),
            Self::Body(replay) => replay.is_whole().then(|| replay.body()),
        }
    }

    /// Says whether the body can be sent again.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Empty => true,
            Self::Body(replay) => replay.is_whole(),
        }
    }
}

/// A body that is kept as it is read and can be read from its beginning again, even before all of
/// it is there. Its frames are kept by reference count, trailers included.
///
/// What is longer than the bound is not kept: whoever reads it goes on undisturbed, and nobody can
/// read it again. When this is dropped, nothing is kept any more either.
pub struct Replay(Arc<Mutex<Source>>);

/// A body from its beginning: what is kept, and then the rest as it comes. Of several readers of
/// one [`Replay`] the latest alone gets anything.
pub struct ReplayBody(Option<Reader>);

impl ReplayBody {
    /// No body at all.
    pub fn empty() -> Self {
        Self(None)
    }
}

struct Reader {
    source: Arc<Mutex<Source>>,
    number: u32,
}

/// Why a body is not read to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Interrupted {
    /// It is being sent again.
    #[error("the request is sent again elsewhere")]
    SentAgain,
    /// It failed, and whoever read it then was told why.
    #[error("the request's body failed")]
    Failed,
}

type BoxError = Box<dyn Error + Send + Sync>;
type Original = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;
type NextFrame = Option<Result<Frame<Bytes>, BoxError>>;

struct Source {
    /// `None` at its end.
    original: Option<Original>,
    /// What is kept, and, once nothing is to be kept, what is kept still for who reads.
    frames: VecDeque<Frame<Bytes>>,
    bytes: usize,
    most: usize,
    keeping: bool,
    failed: bool,
    /// How long the body said it would be.
    length: Option<u64>,
    /// The reader that counts, how many frames it has got, and how many bytes.
    reader: u32,
    at: usize,
    given: u64,
}

impl Replay {
    /// Keeps up to `most` bytes of what is read of this body.
    pub fn new<B>(body: B, most: usize) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let length = body.size_hint().exact();
        let original = http_body_util::BodyExt::map_err(body, Into::into);
        Self(Arc::new(Mutex::new(Source {
            original: Some(Box::pin(original)),
            frames: VecDeque::new(),
            bytes: 0,
            most,
            keeping: true,
            failed: false,
            length,
            reader: 0,
            at: 0,
            given: 0,
        })))
    }

    /// Says whether all that was read is kept.
    pub fn is_whole(&self) -> bool {
        let source = self.0.lock();
        source.keeping && !source.failed
    }

    /// The body from its beginning. Who has read it so far gets no more of it.
    pub fn body(&self) -> ReplayBody {
        let mut source = self.0.lock();
        source.reader += 1;
        source.at = 0;
        source.given = 0;
        ReplayBody(Some(Reader {
            source: self.0.clone(),
            number: source.reader,
        }))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let mut source = self.0.lock();
        source.keeping = false;
        // Who reads may not have got all of it yet.
        let got = source.at;
        source.frames.drain(..got);
        source.at = 0;
    }
}

impl Source {
    /// The next frame of what is kept.
    fn kept(&mut self) -> Option<Frame<Bytes>> {
        if !self.keeping {
            return self.frames.pop_front();
        }
        let frame = copy_of(self.frames.get(self.at)?)?;
        self.at += 1;
        Some(frame)
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if !self.keeping {
            return;
        }
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if bytes == 0 && frame.is_data() {
            return;
        }
        self.bytes += bytes;
        if self.bytes > self.most || self.frames.len() == MOST_FRAMES {
            // The one who reads has got all of it.
            self.keeping = false;
            self.frames = VecDeque::new();
            self.at = 0;
            return;
        }
        self.frames.extend(copy_of(frame));
        self.at = self.frames.len();
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<NextFrame> {
        if let Some(frame) = self.kept() {
            self.give(&frame);
            return Poll::Ready(Some(Ok(frame)));
        }
        if self.failed {
            return Poll::Ready(Some(Err(Interrupted::Failed.into())));
        }
        let Some(original) = &mut self.original else {
            return Poll::Ready(None);
        };
        let frame = ready!(original.as_mut().poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.keep(frame);
                self.give(frame);
            }
            Some(Err(_)) => {
                self.failed = true;
                self.original = None;
            }
            None => self.original = None,
        }
        Poll::Ready(frame)
    }

    fn give(&mut self, frame: &Frame<Bytes>) {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        self.given += bytes as u64;
    }

    fn is_at_end(&self) -> bool {
        let kept = match self.keeping {
            true => self.frames.len() - self.at,
            false => self.frames.len(),
        };
        let original = self.original.as_ref();
        kept == 0 && !self.failed && original.is_none_or(|original| original.is_end_stream())
    }
}

fn copy_of(frame: &Frame<Bytes>) -> Option<Frame<Bytes>> {
    let data = frame.data_ref().map(|data| Frame::data(data.clone()));
    data.or_else(|| Some(Frame::trailers(frame.trailers_ref()?.clone())))
}

impl Body for ReplayBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(reader) = &self.0 else {
            return Poll::Ready(None);
        };
        let mut source = reader.source.lock();
        match source.reader == reader.number {
            true => source.poll_frame(cx),
            false => Poll::Ready(Some(Err(Interrupted::SentAgain.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|reader| {
            let source = reader.source.lock();
            source.reader == reader.number && source.is_at_end()
        })
    }

    fn size_hint(&self) -> SizeHint {
        let Some(reader) = &self.0 else {
            return SizeHint::with_exact(0);
        };
        let source = reader.source.lock();
        match source.length {
            Some(length) if source.reader == reader.number => {
                SizeHint::with_exact(length.saturating_sub(source.given))
            }
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").finish_non_exhaustive()
    }
}

impl fmt::Debug for ReplayBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBody").finish_non_exhaustive()
    }
}

/// As many as 1 MiB in frames of 64 bytes: what is sent byte by byte costs more than its bytes.
const MOST_FRAMES: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderValue};
    use http_body_util::{BodyExt as _, StreamBody};
    use proptest::prelude::*;
    use std::convert::Infallible;
    use tokio_stream::iter;

    fn sent(
        parts: &[Vec<u8>],
        trailer: bool,
    ) -> StreamBody<impl tokio_stream::Stream<Item = Result<Frame<Bytes>, Infallible>> + use<>>
    {
        let mut frames: Vec<_> = parts
            .iter()
            .map(|part| Ok(Frame::data(Bytes::from(part.clone()))))
            .collect();
        if trailer {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-end", HeaderValue::from_static("1"));
            frames.push(Ok(Frame::trailers(trailers)));
        }
        StreamBody::new(iter(frames))
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    async fn read(body: ReplayBody) -> (Bytes, Option<HeaderMap>) {
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        (collected.to_bytes(), trailers)
    }

    proptest! {
        /// However far each try came, the next one sends the same from the beginning.
        #[test]
        fn every_try_sends_the_same(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
            trailer: bool,
            stops in prop::collection::vec(0_usize..10, 0..5),
        ) {
            let all: Vec<u8> = parts.concat();
            let replay = Replay::new(sent(&parts, trailer), all.len());
            block_on(async {
                for stop in stops {
                    let mut body = replay.body();
                    let mut got = Vec::new();
                    for _ in 0..stop {
                        let Some(frame) = body.frame().await else { break };
                        got.extend(frame.unwrap().into_data().unwrap_or_default());
                    }
                    prop_assert_eq!(&got, &all[..got.len()]);
                    prop_assert!(replay.is_whole());
                }
                let last = replay.body();
                drop(replay);
                let (bytes, trailers) = read(last).await;
                prop_assert_eq!(&bytes[..], &all[..]);
                prop_assert_eq!(trailers.is_some(), trailer);
                Ok(())
            })?;
        }

        /// Beyond the bound it is read as if nobody kept it, and only once.
        #[test]
        fn what_is_too_long_is_read_once(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..9), 1..9),
            less in 1_usize..9,
        ) {
            let all: Vec<u8> = parts.concat();
            let replay = Replay::new(sent(&parts, true), all.len().saturating_sub(less));
            block_on(async {
                let (bytes, trailers) = read(replay.body()).await;
                prop_assert_eq!(&bytes[..], &all[..]);
                prop_assert!(trailers.is_some());
                prop_assert!(!replay.is_whole());
                Ok(())
            })?;
        }
    }

    #[tokio::test]
    async fn who_read_before_gets_no_more() {
        let replay = Replay::new(sent(&[b"one".into(), b"two".into()], false), 99);
        let mut first = replay.body();
        assert_eq!(
            first.frame().await.unwrap().unwrap().into_data().unwrap(),
            "one"
        );
        let second = replay.body();
        let error = first.frame().await.unwrap().unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Interrupted::SentAgain));
        assert_eq!(read(second).await.0, "onetwo");
    }

    #[test]
    fn an_empty_one_and_one_of_known_length_say_so() {
        let body = Kept::Empty.body().unwrap();
        assert!(body.is_end_stream() && body.size_hint().exact() == Some(0));
        assert!(Kept::Nothing.body().is_none());
        let full = http_body_util::Full::new(Bytes::from_static(b"text"));
        let replay = Replay::new(full, 4);
        assert_eq!(replay.body().size_hint().exact(), Some(4));
    }

    #[tokio::test]
    async fn many_small_frames_are_bounded_too() {
        let parts = vec![vec![0]; MOST_FRAMES + 1];
        let replay = Replay::new(sent(&parts, false), usize::MAX);
        assert_eq!(read(replay.body()).await.0.len(), parts.len());
        assert!(!replay.is_whole());
    }
}

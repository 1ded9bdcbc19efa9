use crate::tee::upload::Reader;
use crate::tee::{Tap, Upload};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Where copies of a body go, and who sees how it is read. Dropped before the body's end, it cuts
/// all copies short.
#[derive(Debug, Default)]
pub struct Tee {
    taps: Vec<Tap>,
    reader: Option<Reader>,
}

impl FromIterator<Tap> for Tee {
    fn from_iter<T: IntoIterator<Item = Tap>>(taps: T) -> Self {
        Self {
            taps: taps.into_iter().collect(),
            reader: None,
        }
    }
}

impl Tee {
    /// Lets somebody see how the body is read.
    #[must_use]
    pub fn seen_by(mut self, upload: &mut Upload) -> Self {
        self.reader = Some(upload.begin());
        self
    }

    fn waits(&self) {
        if let Some(reader) = &self.reader {
            reader.waits();
        }
    }

    fn pass(&self, frame: &Frame<Bytes>) {
        self.taps.iter().for_each(|tap| tap.pass(frame));
        if let Some(reader) = &self.reader {
            reader.reads();
        }
    }

    fn finish(&mut self) {
        self.taps.drain(..).for_each(Tap::finish);
        self.reader = None;
    }
}

pin_project! {
    /// A body whose frames go to copies, too, as they are read.
    #[derive(Debug)]
    pub struct Teed<B> {
        #[pin]
        body: B,
        tee: Tee,
    }
}

impl<B> Teed<B> {
    /// A body of which nothing is copied.
    pub fn plain(body: B) -> Self {
        let tee = Tee::default();
        Self { body, tee }
    }
}

impl<B: Body<Data = Bytes>> Teed<B> {
    /// Copies what is read of `body` into `tee`.
    pub fn new(body: B, mut tee: Tee) -> Self {
        let hint = body.size_hint();
        tee.taps.iter().for_each(|tap| tap.open(&hint));
        // Who sees the end at once does not read.
        if body.is_end_stream() {
            tee.finish();
        }
        Self { body, tee }
    }
}

impl<B: Body<Data = Bytes>> Body for Teed<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Poll::Ready(frame) = this.body.as_mut().poll_frame(cx) else {
            this.tee.waits();
            return Poll::Pending;
        };
        match &frame {
            Some(Ok(frame)) => {
                this.tee.pass(frame);
                // A reader who knows the length stops here and never sees the `None`.
                if frame.is_trailers() || this.body.is_end_stream() {
                    this.tee.finish();
                }
            }
            Some(Err(_)) => drop(std::mem::take(this.tee)),
            None => this.tee.finish(),
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

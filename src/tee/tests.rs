use super::{CutShort, Teed, pipe};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use proptest::prelude::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

type Outcome = Result<Frame<Bytes>, &'static str>;

fn data(text: &str) -> Outcome {
    Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())))
}

fn trailers() -> Outcome {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    Ok(Frame::trailers(trailers))
}

fn stream(frames: Vec<Outcome>) -> impl http_body::Body<Data = Bytes, Error = &'static str> {
    StreamBody::new(tokio_stream::iter(frames))
}

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn now<F: Future>(future: F) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// What is left of a body: its bytes, its trailers, and why it ended early.
fn read<B>(body: B) -> (Vec<u8>, Option<HeaderMap>, Option<B::Error>)
where
    B: http_body::Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let (mut bytes, mut trailers) = (Vec::new(), None);
    loop {
        match now(body.frame()) {
            None => return (bytes, trailers, None),
            Some(Err(error)) => return (bytes, trailers, Some(error)),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => bytes.extend_from_slice(&data),
                Err(frame) => trailers = frame.into_trailers().ok(),
            },
        }
    }
}

#[test]
fn a_copy_has_the_length_that_the_original_has() {
    let (tap, copy) = pipe(100);
    let mut original = Teed::new(Full::new(Bytes::from("text")), [tap].into_iter().collect());
    assert_eq!(copy.size_hint().exact(), Some(4));
    assert!(!copy.is_end_stream());
    now(original.frame()).unwrap().unwrap();
    // The last frame is the end: nobody polls for more.
    assert!(copy.watch().is_over());
    assert_eq!(read(copy), (b"text".to_vec(), None, None));
}

#[test]
fn a_copy_of_nothing_is_at_its_end_at_once() {
    let (tap, copy) = pipe(100);
    let original = Teed::new(Empty::<Bytes>::new(), [tap].into_iter().collect());
    assert!(original.is_end_stream() && copy.is_end_stream());
    assert_eq!(copy.size_hint().exact(), Some(0));
}

#[test]
fn trailers_are_copied() {
    let (tap, copy) = pipe(1000);
    let frames = vec![data("a"), trailers()];
    let original = read(Teed::new(stream(frames), [tap].into_iter().collect()));
    let (bytes, trailers, end) = read(copy);
    assert_eq!((bytes, &trailers), (original.0, &original.1));
    assert_eq!((trailers.unwrap().len(), end), (1, None));
}

#[test]
fn a_copy_fails_where_the_original_fails() {
    let (tap, copy) = pipe(1000);
    let frames = vec![data("a"), Err("it broke"), data("b")];
    let original = Teed::new(stream(frames), [tap].into_iter().collect());
    assert_eq!(read(original).2, Some("it broke"));
    let failed = Some(CutShort::OriginalFailed);
    assert_eq!(read(copy), (b"a".to_vec(), None, failed));
}

#[test]
fn a_copy_fails_where_the_original_is_dropped() {
    let (tap, copy) = pipe(1000);
    let frames = vec![data("a"), data("b")];
    let mut original = Box::pin(Teed::new(stream(frames), [tap].into_iter().collect()));
    now(original.frame()).unwrap().unwrap();
    drop(original);
    let failed = Some(CutShort::OriginalFailed);
    assert_eq!(read(copy), (b"a".to_vec(), None, failed));
}

#[test]
fn an_original_that_is_never_sent_is_never_copied() {
    let (tap, copy) = pipe(1000);
    let watch = copy.watch();
    assert!(!watch.has_begun() && !watch.is_over());
    drop(tap);
    assert!(!watch.has_begun() && watch.is_over());
    assert_eq!(read(copy).2, Some(CutShort::NeverBegun));
}

#[test]
fn a_copy_that_cannot_keep_up_is_cut_short_and_the_original_is_not() {
    let (tap, copy) = pipe(1000);
    let watch = copy.watch();
    let block = "x".repeat(400);
    let frames = vec![data(&block), data(&block), data(&block)];
    let original = Teed::new(stream(frames), [tap].into_iter().collect());
    let mut cut = pin!(std::future::poll_fn(|cx| watch.poll_behind(cx)));
    assert!(poll(cut.as_mut()).is_pending());
    assert_eq!(read(original).0.len(), 1200);
    assert!(poll(cut.as_mut()).is_ready());
    // What was in store is gone with it.
    assert_eq!(read(copy), (vec![], None, Some(CutShort::Behind)));
}

#[test]
fn a_frame_that_is_alone_is_taken_whatever_its_size() {
    let (tap, copy) = pipe(10);
    let text = Bytes::from("x".repeat(5000));
    let original = Teed::new(Full::new(text), [tap].into_iter().collect());
    assert_eq!(read(original).0.len(), 5000);
    assert_eq!(read(copy).0.len(), 5000);
}

#[test]
fn frames_without_bytes_are_bounded_too() {
    let (tap, copy) = pipe(1_000);
    let frames = [""; 20].into_iter().map(data).collect();
    let original = Teed::new(stream(frames), [tap].into_iter().collect());
    assert_eq!(read(original).2, None);
    assert_eq!(read(copy).2, Some(CutShort::Behind));
}

#[test]
fn a_copy_that_nobody_reads_holds_nothing_up() {
    let (tap, copy) = pipe(10_000);
    let text = Bytes::from(vec![0_u8; 100]);
    let watch = copy.watch();
    drop(copy);
    let body = Full::new(text.clone());
    let mut original = Teed::new(body, [tap].into_iter().collect());
    let frame = now(original.frame()).unwrap().unwrap();
    drop(frame);
    drop(original);
    assert!(watch.is_over());
    assert!(text.is_unique(), "nothing is kept for nobody");
}

#[tokio::test]
async fn who_waits_for_a_frame_is_woken() {
    let (tap, mut copy) = pipe(1000);
    let (send, frames) = tokio::sync::mpsc::channel(1);
    let frames = tokio_stream::wrappers::ReceiverStream::new(frames);
    let original = Teed::new(StreamBody::new(frames), [tap].into_iter().collect());
    let reader = tokio::spawn(async move { copy.frame().await.unwrap().unwrap() });
    let original = tokio::spawn(original.collect());
    send.send(data("a")).await.unwrap();
    assert_eq!(reader.await.unwrap().into_data().unwrap(), "a");
    drop(send);
    assert_eq!(original.await.unwrap().unwrap().to_bytes(), "a");
}

/// What a test's reader does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Original,
    Copy(usize),
}

proptest! {
    /// However the readers take turns, the original is whole, and each copy is whole or is cut
    /// short at a frame's edge and says so.
    #[test]
    fn a_copy_is_the_original_or_says_that_it_is_not(
        texts in prop::collection::vec("[a-z]{0,60}", 0..12),
        fails: bool,
        most in 0_usize..400,
        steps in prop::collection::vec(
            prop_oneof![Just(Step::Original), (0_usize..2).prop_map(Step::Copy)],
            0..40,
        ),
    ) {
        let mut frames: Vec<Outcome> = texts.iter().map(|text| data(text)).collect();
        if fails {
            frames.push(Err("it broke"));
        }
        let whole = texts.concat().into_bytes();
        let (taps, copies): (Vec<_>, Vec<_>) = (0..2).map(|_| pipe(most)).unzip();
        let mut copies: Vec<_> = copies.into_iter().map(|copy| (copy, Vec::new())).collect();
        let mut original = Box::pin(Teed::new(stream(frames), taps.into_iter().collect()));
        let mut passed = Vec::new();
        let mut over = false;
        for step in steps {
            match step {
                Step::Original if !over => match now(original.frame()) {
                    Some(Ok(frame)) => passed.extend(frame.into_data().unwrap()),
                    Some(Err(_)) | None => over = true,
                },
                Step::Original => {}
                Step::Copy(which) => {
                    let (copy, got) = &mut copies[which];
                    if let Poll::Ready(Some(Ok(frame))) = poll(copy.frame()) {
                        got.extend(frame.into_data().unwrap());
                    }
                }
            }
        }
        if !over {
            passed.extend(read(original.as_mut()).0);
        }
        prop_assert_eq!(&passed, &whole);
        for (copy, mut got) in copies {
            let (rest, _, end) = read(copy);
            got.extend(rest);
            match end {
                None => prop_assert!(!fails && got == whole),
                Some(CutShort::OriginalFailed) => prop_assert!(fails && got == whole),
                Some(CutShort::Behind) => prop_assert!(whole.starts_with(&got)),
                Some(CutShort::NeverBegun) => prop_assert!(false, "it has begun"),
            }
        }
    }
}

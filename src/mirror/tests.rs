use super::{Bounds, MirrorLayer, Room};
use crate::clock;
use crate::event::{Event, Sink};
use crate::policy::Percent;
use crate::rng::Rng;
use crate::tee::{CopyBody, CutShort, Teed};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use parking_lot::Mutex;
use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

type Text = Full<Bytes>;
type Copied = (String, Result<Bytes, CutShort>);

/// Says of every copy which host it was for and what it said.
fn hears() -> (
    impl Service<Request<CopyBody>, Response = Response<Text>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    mpsc::UnboundedReceiver<Copied>,
) {
    let (send, receive) = mpsc::unbounded_channel();
    let service = service_fn(move |copy: Request<CopyBody>| {
        let send = send.clone();
        async move {
            let host = copy.uri().host().unwrap_or_default().to_owned();
            let text = copy.into_body().collect().await;
            let _ = send.send((host, text.map(|text| text.to_bytes())));
            Ok(Response::new(Full::from("forgotten")))
        }
    });
    (service, receive)
}

/// Never answers and never reads.
fn stuck()
-> impl Service<Request<CopyBody>, Response = Response<Text>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(|copy: Request<CopyBody>| async move {
        let _kept = copy;
        pending().await
    })
}

/// The original's service: answers with the text that it got.
async fn echo<B>(request: Request<Teed<B>>) -> Result<Response<Text>, B::Error>
where
    B: http_body::Body<Data = Bytes>,
{
    let text = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::new(text)))
}

fn post(text: &'static str) -> Request<Text> {
    let request = Request::post("http://reviews:9080/");
    request.body(Full::from(text)).unwrap()
}

async fn said(response: Response<Text>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

/// What was told of copies that were shed.
fn told() -> (Sink, Arc<Mutex<Vec<&'static str>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let sink = Sink::new(move |event| {
        if let Event::MirrorShed { why, .. } = event {
            listener.lock().push(*why);
        }
    });
    (sink, told)
}

/// Lets other tasks run until nothing is under way.
async fn until_over(room: &Room) {
    while room.under_way() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn both_get_the_body() {
    let (copies, mut heard) = hears();
    let layer = MirrorLayer::to(copies);
    let answer = layer.layer(service_fn(echo)).oneshot(post("text")).await;
    assert_eq!(said(answer.unwrap()).await, "text");
    let (host, copy) = heard.recv().await.unwrap();
    assert_eq!(
        (host.as_str(), copy.unwrap().as_ref()),
        ("reviews-shadow", &b"text"[..])
    );
    until_over(&layer.room()).await;
    assert_eq!((layer.room().sent(), layer.room().shed()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_is_stuck_holds_nobody_up_and_is_left_in_time() {
    let layer = MirrorLayer::to(stuck()).timeout(Duration::from_secs(3));
    let begun = clock::now();
    let answer = layer.layer(service_fn(echo)).oneshot(post("text")).await;
    assert_eq!(said(answer.unwrap()).await, "text");
    assert_eq!(clock::now(), begun);
    assert_eq!(layer.room().under_way(), 1);
    // Once so that its timer is set, then past it.
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(3)).await;
    until_over(&layer.room()).await;
    assert_eq!(clock::now() - begun, Duration::from_secs(3));
}

#[tokio::test]
async fn a_mirror_that_fails_fails_alone() {
    let fails =
        service_fn(|_: Request<CopyBody>| ready(Err::<Response<Text>, _>("the mirror is down")));
    let layer = MirrorLayer::to(fails);
    let answer = layer.layer(service_fn(echo)).oneshot(post("text")).await;
    assert_eq!(said(answer.unwrap()).await, "text");
    until_over(&layer.room()).await;
}

#[tokio::test]
async fn a_copy_that_falls_behind_is_given_up() {
    let (sink, told) = told();
    let layer = MirrorLayer::to(stuck()).events(sink).bounds(Bounds {
        bytes_per_copy: 1_000,
        ..Bounds::default()
    });
    let frame = || Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; 600])));
    let body = StreamBody::new(tokio_stream::iter([frame(), frame(), frame()]));
    let request = Request::post("http://reviews/").body(body).unwrap();
    let answer = layer
        .layer(service_fn(echo))
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(said(answer).await.len(), 1_800);
    until_over(&layer.room()).await;
    assert_eq!((*told.lock()).as_slice(), ["behind"]);
    assert_eq!(layer.room().shed(), 1);
}

/// The copy's reader may see it first, and fail: it was given up all the same.
#[tokio::test]
async fn a_copy_that_fails_because_it_fell_behind_counts_as_given_up() {
    let (copies, mut heard) = hears();
    let layer = MirrorLayer::to(copies).bounds(Bounds {
        bytes_per_copy: 1_000,
        ..Bounds::default()
    });
    let frame = || Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; 600])));
    let body = StreamBody::new(tokio_stream::iter([frame(), frame(), frame()]));
    let request = Request::post("http://reviews/").body(body).unwrap();
    layer
        .layer(service_fn(echo))
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(heard.recv().await.unwrap().1, Err(CutShort::Behind));
    until_over(&layer.room()).await;
    assert_eq!(layer.room().shed(), 1);
}

#[tokio::test]
async fn beyond_the_bound_nothing_is_copied() {
    let (sink, told) = told();
    let layer = MirrorLayer::to(stuck()).events(sink).bounds(Bounds {
        copies: 2,
        ..Bounds::default()
    });
    for _ in 0..5 {
        let answer = layer.layer(service_fn(echo)).oneshot(post("text")).await;
        assert_eq!(said(answer.unwrap()).await, "text");
    }
    let room = layer.room();
    assert_eq!((room.under_way(), room.sent(), room.shed()), (2, 2, 3));
    assert_eq!((*told.lock()).as_slice(), ["no_room"; 3]);
}

#[test]
fn without_a_runtime_nothing_is_copied() {
    let layer = MirrorLayer::to(stuck());
    let inner = service_fn(|_: Request<Teed<Text>>| -> Ready<Result<_, Infallible>> {
        ready(Ok(Response::new(Text::default())))
    });
    drop(layer.layer(inner).call(post("text")));
    assert_eq!((layer.room().sent(), layer.room().shed()), (0, 1));
}

#[tokio::test]
async fn an_original_that_is_dropped_takes_its_copy_along() {
    let (copies, mut heard) = hears();
    let layer = MirrorLayer::to(copies);
    let waits = service_fn(|request: Request<Teed<Text>>| async move {
        let _kept = request;
        pending::<Result<Response<Text>, Infallible>>().await
    });
    drop(layer.layer(waits).oneshot(post("never called")));
    let mut service = layer.layer(waits);
    drop(service.call(post("called, and dropped before it is read")));
    let (_, copy) = heard.recv().await.unwrap();
    assert_eq!(copy, Err(CutShort::OriginalFailed));
    assert_eq!(layer.room().sent(), 1);
}

#[tokio::test]
async fn the_seed_says_which_requests_are_copied() {
    let copied = |seed| async move {
        let (copies, mut heard) = hears();
        let layer = MirrorLayer::to(copies)
            .percent(Percent::try_from(30.0).unwrap())
            .rng(Rng::seeded(seed));
        let mut which = Vec::new();
        for number in 0..200 {
            let before = layer.room().sent();
            layer
                .layer(service_fn(echo))
                .oneshot(post("x"))
                .await
                .unwrap();
            if layer.room().sent() > before {
                which.push(number);
                assert_eq!(heard.recv().await.unwrap().1.unwrap(), "x");
            }
        }
        which
    };
    let which = copied(7).await;
    assert!((40..80).contains(&which.len()), "{}", which.len());
    assert_eq!(which, copied(7).await);
    assert_ne!(which, copied(8).await);
}

#[tokio::test]
async fn a_tunnel_is_not_copied() {
    let layer = MirrorLayer::to(stuck());
    let request = Request::connect("reviews:80")
        .body(Text::default())
        .unwrap();
    layer
        .layer(service_fn(echo))
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!((layer.room().sent(), layer.room().shed()), (0, 0));
}

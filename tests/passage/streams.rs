//! Bodies go as they come, in both directions, on every way.

use crate::world::{
    Body, Fault, Front, World, data, empty, eventually, next, stream, trailers, ways, within,
};
use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, Full};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::sync::{Mutex, mpsc};

fn post(path: &str) -> http::request::Builder {
    Request::post(path)
}

/// A service that answers with the body that it is given from outside.
fn answers(body: Body) -> Router {
    let body = Arc::new(Mutex::new(Some(body)));
    Router::new().fallback(async move |_: Served| {
        let body = body.lock().await.take().unwrap();
        let body = axum::body::Body::new(body);
        Response::builder()
            .header("trailer", "x-sum")
            .body(body)
            .unwrap()
    })
}

#[tokio::test]
async fn a_request_is_read_while_it_is_written() {
    for way in ways() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let app = Router::new().fallback(async move |request: Served| {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                let frame = frame.unwrap();
                let text = match frame.trailers_ref() {
                    Some(trailers) => format!("{trailers:?}"),
                    None => String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap(),
                };
                tell.send(text).unwrap();
            }
            "read"
        });
        let world = World::new(way, app).await;
        let (write, body) = stream();
        let request = post("/").header("trailer", "x-sum").body(body).unwrap();
        let answer = world.send(request);
        let asking = async {
            for chunk in ["one", "two", "three"] {
                write.send(data(chunk)).await.unwrap();
                // Before anything more is written.
                assert_eq!(within(told.recv()).await.unwrap(), chunk, "{way:?}");
            }
            write.send(trailers("x-sum", "3")).await.unwrap();
            drop(write);
        };
        let (answer, ()) = within(async { tokio::join!(answer, asking) }).await;
        assert_eq!(
            answer.into_body().collect().await.unwrap().to_bytes(),
            "read"
        );
        assert_eq!(told.recv().await.unwrap(), r#"{"x-sum": "3"}"#, "{way:?}");
        assert_eq!(world.mesh.stats().mirrored, u64::from(way.mirrored));
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn an_answer_is_read_while_it_is_written() {
    for way in ways() {
        let (write, body) = stream();
        let world = World::new(way, answers(body)).await;
        let request = Request::get("/").header("te", "trailers").body(empty());
        let answer = within(world.send(request.unwrap())).await;
        assert_eq!(world.mesh.stats().in_flight, 1);
        let mut answer = answer.into_body();
        for event in ["data: 1\n\n", "data: 2\n\n"] {
            write.send(data(event)).await.unwrap();
            assert_eq!(next(&mut answer).await, event, "{way:?}");
        }
        write.send(trailers("x-sum", "2")).await.unwrap();
        drop(write);
        let last = within(answer.frame()).await.unwrap().unwrap();
        assert_eq!(last.trailers_ref().unwrap()["x-sum"], "2", "{way:?}");
        assert!(within(answer.frame()).await.is_none());
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn who_is_answered_early_need_not_have_sent_everything() {
    for way in ways() {
        let app =
            Router::new().fallback(async |_: Served| (StatusCode::PAYLOAD_TOO_LARGE, "enough"));
        let world = World::new(way, app).await;
        let (write, body) = stream();
        write.send(data(vec![b'x'; 100])).await.unwrap();
        let answer = within(world.send(post("/").body(body).unwrap())).await;
        assert_eq!(answer.status(), 413, "{way:?}");
        let text = within(answer.into_body().collect()).await.unwrap();
        assert_eq!(text.to_bytes(), "enough");
        world.is_quiet().await;
        drop(write);
    }
}

/// Says when it is dropped.
struct Last(mpsc::UnboundedSender<()>);

impl Drop for Last {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn the_backend_sees_that_who_reads_is_gone() {
    for way in ways() {
        let (write, body) = stream();
        let (tell, mut told) = mpsc::unbounded_channel();
        let last = Last(tell);
        let body = body.map_frame(move |frame| {
            let _holds = &last;
            frame
        });
        let world = World::new(way, answers(body.boxed_unsync())).await;
        let request = Request::get("/").body(empty()).unwrap();
        let mut answer = within(world.send(request)).await.into_body();
        write.send(data("some")).await.unwrap();
        assert_eq!(next(&mut answer).await, "some");
        drop(answer);
        // A server may have to write to see it.
        eventually(|| {
            let _ = write.try_send(data("more"));
            told.try_recv().is_ok()
        })
        .await;
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn the_backend_sees_that_who_writes_is_gone() {
    for way in ways() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let app = Router::new().fallback(async move |request: Served| {
            let mut body = request.into_body();
            loop {
                let frame = body.frame().await;
                let is_last = !matches!(frame, Some(Ok(_)));
                let frame = frame.map(|frame| frame.map_err(|_| ()));
                let text = |frame: Frame<Bytes>| frame.into_data().unwrap();
                tell.send(frame.map(|frame| frame.map(text))).unwrap();
                if is_last {
                    break;
                }
            }
        });
        let world = World::new(way, app).await;
        let (write, body) = stream();
        write.send(data("some")).await.unwrap();
        let mut asking = Box::pin(world.send(post("/").body(body).unwrap()));
        let first = tokio::select! {
            _ = &mut asking => panic!("nothing is answered yet"),
            first = within(told.recv()) => first,
        };
        assert_eq!(first.unwrap(), Some(Ok(Bytes::from("some"))));
        drop(asking);
        // Not a clean end.
        assert_eq!(within(told.recv()).await, Some(Some(Err(()))), "{way:?}");
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_is_no_whole_one() {
    for way in ways() {
        let (tell, mut told) = mpsc::unbounded_channel();
        let app = Router::new().fallback(async move |request: Served| {
            let whole = request.into_body().collect().await;
            tell.send(whole.map(|whole| whole.to_bytes()).ok()).unwrap();
            "read"
        });
        let world = World::new(way, app).await;
        let (write, body) = stream();
        write.send(data("some")).await.unwrap();
        let writing = async {
            write.send(Err(Fault::other("it broke"))).await.unwrap();
            within(told.recv()).await.unwrap()
        };
        let asking = async {
            let request = post("/").body(body).unwrap();
            // Whoever asks hears of it, or of nothing any more.
            world.try_send(request).await.is_err()
        };
        let (seen, _) = tokio::join!(writing, asking);
        assert_eq!(seen, None, "{way:?}");
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_whole_one() {
    for way in ways() {
        let (write, body) = stream();
        let world = World::new(way, answers(body)).await;
        let request = Request::get("/").body(empty()).unwrap();
        let mut answer = within(world.send(request)).await.into_body();
        write.send(data("some")).await.unwrap();
        assert_eq!(next(&mut answer).await, "some");
        write.send(Err(Fault::other("it broke"))).await.unwrap();
        let last = within(answer.frame()).await;
        assert!(matches!(last, Some(Err(_))), "{way:?}: {last:?}");
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn lengths_are_kept() {
    for way in ways() {
        let app = Router::new().fallback(async |request: Served| {
            let length = request.headers().get("content-length").cloned();
            let chunked = request.headers().contains_key("transfer-encoding");
            let whole = request.into_body().collect().await.unwrap().to_bytes();
            format!("{length:?} {chunked} {}", whole.len())
        });
        let world = World::new(way, app).await;
        let body = Full::new(Bytes::from_static(b"12345"));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        let answer = within(world.send(post("/").body(body).unwrap())).await;
        assert_eq!(answer.headers()["content-length"], "17", "{way:?}");
        assert!(answer.headers().get("transfer-encoding").is_none());
        assert_eq!(answer.body().size_hint().exact(), Some(17));
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, r#"Some("5") false 5"#, "{way:?}");
    }
}

#[tokio::test]
async fn answers_without_a_body_say_what_they_say() {
    for way in ways() {
        let app = Router::new().fallback(async |request: Served| {
            let answer = Response::builder().header("etag", "\"1\"");
            match request.uri().path() {
                "/head" => answer.header("content-length", "1234"),
                "/204" => answer.status(204),
                _ => answer.status(304),
            }
            .body(axum::body::Body::empty())
            .unwrap()
        });
        let world = World::new(way, app).await;
        for (method, path, length) in [
            (Method::HEAD, "/head", Some("1234")),
            (Method::GET, "/204", None),
            (Method::GET, "/304", None),
        ] {
            let request = Request::builder().method(method).uri(path);
            let answer = within(world.send(request.body(empty()).unwrap())).await;
            let told = answer.headers().get("content-length");
            // axum says so of a 204, too, where hyper does not keep it from that.
            let told = told.filter(|told| *told != "0");
            assert_eq!(
                told.map(|told| told.to_str().unwrap()),
                length,
                "{way:?} {path}"
            );
            assert_eq!(answer.headers()["etag"], "\"1\"");
            assert!(answer.headers().get("transfer-encoding").is_none());
            let text = within(answer.into_body().collect()).await.unwrap();
            assert_eq!(text.to_bytes(), "");
        }
        world.is_quiet().await;
    }
}

const BLOCK: usize = 64 * 1024;
const BLOCKS: usize = 1024;
/// What sockets and flow control hold between two ends that are three hops apart.
const MOST_BETWEEN: usize = 40 * 1024 * 1024 / BLOCK;

/// What is sent: a prime number of bytes again and again, so that a piece that is lost or comes twice
/// shows wherever it is cut.
static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
    let round = (0..PRIME).map(|at| (at * at / 7) as u8);
    let round: Vec<u8> = round.collect();
    round.repeat(3).into()
});

const PRIME: usize = 65_521;

fn block(number: usize) -> Bytes {
    let from = number * BLOCK % PRIME;
    PATTERN.slice(from..from + BLOCK)
}

/// Writes blocks as long as they are taken, and counts them.
fn writes(count: Arc<AtomicUsize>) -> Body {
    let (write, body) = stream();
    tokio::spawn(async move {
        for number in 0..BLOCKS {
            if write.send(data(block(number))).await.is_err() {
                return;
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    body
}

/// Waits until nobody writes any more, and says how much was written.
async fn is_stuck(count: &AtomicUsize) -> usize {
    loop {
        let before = count.load(Ordering::SeqCst);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        if count.load(Ordering::SeqCst) == before && before > 0 {
            return before;
        }
    }
}

/// Reads all blocks.
async fn reads<B>(mut body: B)
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap();
        for piece in bytes.chunks(BLOCK) {
            let from = read % PRIME;
            assert!(*piece == PATTERN[from..from + piece.len()], "at {read}");
            read += piece.len();
        }
    }
    assert_eq!(read, BLOCK * BLOCKS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_mebibytes_pass_and_never_lie_anywhere() {
    for way in ways().filter(|way| !way.mirrored || way.front == Front::Http1) {
        let written = Arc::new(AtomicUsize::new(0));
        let go = Arc::new(tokio::sync::Notify::new());
        let app = Router::new().fallback({
            let (written, go) = (written.clone(), go.clone());
            async move |request: Served| {
                let body = request.into_body();
                if body.size_hint().exact() == Some(0) {
                    return Response::new(axum::body::Body::new(writes(written)));
                }
                go.notified().await;
                reads(body).await;
                Response::new(axum::body::Body::from("read"))
            }
        });
        let world = World::new(way, app).await;
        let asking = world.send(post("/").body(writes(written.clone())).unwrap());
        let stuck = async {
            let stuck = is_stuck(&written).await;
            go.notify_one();
            stuck
        };
        let (answer, stuck) = tokio::join!(asking, stuck);
        assert_eq!(
            answer.into_body().collect().await.unwrap().to_bytes(),
            "read"
        );
        assert!(
            stuck < MOST_BETWEEN,
            "{way:?}: {stuck} blocks lie somewhere"
        );

        written.store(0, Ordering::SeqCst);
        let request = Request::get("/").body(empty()).unwrap();
        let answer = within(world.send(request)).await;
        let stuck = is_stuck(&written).await;
        assert!(
            stuck < MOST_BETWEEN,
            "{way:?}: {stuck} blocks lie somewhere"
        );
        reads(answer.into_body()).await;
        world.is_quiet().await;
    }
}

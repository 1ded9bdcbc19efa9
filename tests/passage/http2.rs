//! HTTP/2 from end to end: many streams on one connection, and connections that go away.

use crate::support::{Backend, endpoint};
use crate::world::{
    Front, Way, World, data, empty, eventually, next, policy, serve_gateway, stream, within,
};
use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tower_mesh::Mesh;
use tower_mesh::policy::Protocol;

const HTTP2: Way = Way {
    front: Front::Http2,
    back: Protocol::Http2,
    mirrored: false,
};

#[tokio::test]
async fn two_hundred_streams_share_one_connection() {
    let together = Arc::new(Barrier::new(200));
    let app = Router::new().fallback(async move |request: Served| {
        together.wait().await;
        request.into_body()
    });
    let world = Arc::new(World::new(HTTP2, app).await);
    let asking: Vec<_> = (0..200_u16)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let (write, body) = stream();
                write
                    .send(data(number.to_be_bytes().to_vec()))
                    .await
                    .unwrap();
                drop(write);
                let answer = world.send(Request::post("/").body(body).unwrap()).await;
                let text = answer.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(text[..], number.to_be_bytes());
            })
        })
        .collect();
    for asking in asking {
        within(asking).await.unwrap();
    }
    assert_eq!(world.backend.connections(), 1);
    world.is_quiet().await;
}

#[tokio::test]
async fn who_does_not_read_holds_nobody_else_up() {
    let app = Router::new().fallback(async |request: Served| {
        if request.uri().path() != "/long" {
            return Response::new(axum::body::Body::from("short"));
        }
        let (write, body) = stream();
        tokio::spawn(async move { while write.send(data(vec![7; 64 * 1024])).await.is_ok() {} });
        Response::new(axum::body::Body::new(body))
    });
    for front in [Front::Client, Front::Http2] {
        let world = World::new(Way { front, ..HTTP2 }, app.clone()).await;
        let mut held = Vec::new();
        for _ in 0..SLOW_READERS {
            let request = Request::get("/long").body(empty()).unwrap();
            let mut answer = within(world.send(request)).await.into_body();
            assert!(!next(&mut answer).await.is_empty());
            held.push(answer);
        }
        // Until all that they are allowed lies in between.
        tokio::time::sleep(Duration::from_millis(500)).await;
        for _ in 0..20 {
            let request = Request::get("/short").body(empty()).unwrap();
            let answer = within(world.send(request)).await;
            let text = within(answer.into_body().collect()).await.unwrap();
            assert_eq!(text.to_bytes(), "short");
        }
        assert_eq!(world.backend.connections(), 1);
        drop(held);
        world.is_quiet().await;
    }
}

const SLOW_READERS: usize = 16;

/// What a server of bare HTTP/2 does with the requests of one connection.
#[derive(Clone, Copy)]
enum Deed {
    /// Answers one, and says that it will take no more.
    AnswersAndLeaves,
    /// Answers none, and closes the connection for this reason.
    Closes(h2::Reason),
    /// Resets each stream for this reason.
    Resets(h2::Reason),
    /// Answers, and resets each stream after a piece of the body.
    BreaksOff(h2::Reason),
}

async fn bare(deed: Deed) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut answer))) = connection.accept().await {
                    match deed {
                        Deed::AnswersAndLeaves => {
                            answer.send_response(Response::new(()), true).unwrap();
                            connection.graceful_shutdown();
                        }
                        Deed::Closes(reason) => connection.abrupt_shutdown(reason),
                        Deed::Resets(reason) => answer.send_reset(reason),
                        Deed::BreaksOff(reason) => {
                            let mut body = answer.send_response(Response::new(()), false).unwrap();
                            body.send_data(Bytes::from("some"), false).unwrap();
                            tokio::spawn(async move {
                                tokio::time::sleep(Duration::from_millis(50)).await;
                                body.send_reset(reason);
                            });
                        }
                    }
                }
            });
        }
    });
    (at, connections)
}

async fn around(at: SocketAddr) -> World {
    let mut backend = Backend::start("unused").await;
    backend.address = at;
    World::around(HTTP2, backend).await
}

#[tokio::test]
async fn nothing_is_lost_of_what_a_backend_that_leaves_has_not_taken() {
    let (at, connections) = bare(Deed::AnswersAndLeaves).await;
    let world = around(at).await;
    for _ in 0..50 {
        let request = Request::get("/").body(empty()).unwrap();
        let answer = within(world.send(request)).await;
        assert_eq!(answer.status(), 200);
    }
    assert!(connections.load(Ordering::SeqCst) > 1);
    // And all at once, so that many are on their way when it says so.
    let world = Arc::new(world);
    let asking = (0..50).map(|_| {
        let world = world.clone();
        tokio::spawn(async move {
            let request = Request::get("/").body(empty()).unwrap();
            world.send(request).await.status()
        })
    });
    for asking in asking.collect::<Vec<_>>() {
        assert_eq!(within(asking).await.unwrap(), 200);
    }
    world.is_quiet().await;
}

#[tokio::test]
async fn a_stream_that_is_reset_before_its_answer_is_a_local_reply() {
    for (deed, status, words) in [
        (
            Deed::Resets(h2::Reason::REFUSED_STREAM),
            503,
            "remote refused stream reset",
        ),
        (
            Deed::Resets(h2::Reason::INTERNAL_ERROR),
            503,
            "remote reset",
        ),
        (
            Deed::Resets(h2::Reason::PROTOCOL_ERROR),
            502,
            "protocol error",
        ),
        (
            Deed::Closes(h2::Reason::ENHANCE_YOUR_CALM),
            503,
            "connection termination",
        ),
        (
            Deed::Closes(h2::Reason::NO_ERROR),
            503,
            "connection termination",
        ),
    ] {
        let (at, _) = bare(deed).await;
        let world = around(at).await;
        for _ in 0..2 {
            let request = Request::get("/").body(empty()).unwrap();
            let answer = within(world.send(request)).await;
            assert_eq!(answer.status(), status, "{words}");
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(text.ends_with(&format!("reset reason: {words}")), "{text}");
        }
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_later_is_reset_for_its_reader_for_the_same_reason() {
    for reason in [
        h2::Reason::INTERNAL_ERROR,
        h2::Reason::CANCEL,
        h2::Reason::ENHANCE_YOUR_CALM,
    ] {
        let (at, _) = bare(Deed::BreaksOff(reason)).await;
        let world = around(at).await;
        let request = Request::get("/").body(empty()).unwrap();
        let mut answer = within(world.send(request)).await.into_body();
        assert_eq!(next(&mut answer).await, "some");
        let error = within(answer.frame()).await.unwrap().unwrap_err();
        let error = error.downcast::<hyper::Error>().unwrap();
        let source = std::error::Error::source(&*error).unwrap();
        let source = source.downcast_ref::<h2::Error>().unwrap();
        assert_eq!(source.reason(), Some(reason));
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn a_client_that_resets_its_stream_ends_the_backends() {
    let open = Arc::new(AtomicUsize::new(0));
    let counted = open.clone();
    let app = Router::new().fallback(async move |_: Served| {
        struct Open(Arc<AtomicUsize>);
        impl Drop for Open {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        counted.fetch_add(1, Ordering::SeqCst);
        let _open = Open(counted.clone());
        std::future::pending::<()>().await;
    });
    let world = Arc::new(World::new(HTTP2, app).await);
    let asking = tokio::spawn({
        let world = world.clone();
        async move {
            world.send(Request::get("/").body(empty()).unwrap()).await;
        }
    });
    eventually(|| open.load(Ordering::SeqCst) == 1).await;
    asking.abort();
    eventually(|| open.load(Ordering::SeqCst) == 0).await;
    world.is_quiet().await;
}

#[tokio::test]
async fn a_backend_that_speaks_the_other_version_is_told_by_its_service() {
    // The same server, by both.
    let backend = Backend::start("both").await;
    for back in [Protocol::Http1, Protocol::Http2] {
        let mut policy = policy(backend.address, back, false).await;
        policy.services.get_mut("app").unwrap().endpoints = vec![endpoint(backend.address)];
        let at = serve_gateway(&Mesh::new(&policy).unwrap()).await;
        let (_, answer) = crate::tunnels::ask(at, "GET / HTTP/1.1\nHost: app").await;
        let by_authority = answer.contains("x-seen-authority: app");
        assert_eq!(by_authority, back == Protocol::Http2);
    }
}

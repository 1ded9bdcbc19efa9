//! Copies over real sockets: what they get, and that nobody notices what becomes of them.
#![cfg(feature = "http")]

mod support;

use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use std::convert::Infallible;
use std::net::SocketAddr;
use support::{Backend, endpoint, get, text};
use tokio::sync::mpsc;
use tower::{ServiceExt as _, service_fn};
use tower_mesh::Mesh;
use tower_mesh::balance::Target;
use tower_mesh::connect::Hyper;
use tower_mesh::event::{Event, Sink};
use tower_mesh::mirror::Bounds;
use tower_mesh::policy::{
    Destination, Mirror, Percent, Policy, Protocol, Route, Rule, Service, Span,
};
use tower_mesh::rng::Rng;

/// What a server saw of a request: its host, its text and its trailers.
#[derive(Debug, Eq, PartialEq)]
struct Seen {
    line: String,
    host: String,
    version: Option<String>,
    text: Result<String, ()>,
    trailers: Option<HeaderMap>,
}

/// A server that says what it saw.
async fn sees() -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let (send, receive) = mpsc::unbounded_channel();
    let backend = Backend::serve(move |_| {
        Router::new().fallback(async move |request: Served| {
            let (head, body) = request.into_parts();
            let host = head.headers.get("host").map(|host| host.to_str().unwrap());
            let authority = head.uri.authority().map(|authority| authority.as_str());
            let path = head.uri.path_and_query();
            let version = head.headers.get("x-version");
            let mut seen = Seen {
                line: format!("{} {}", head.method, path.map_or("", |path| path.as_str())),
                host: authority.or(host).unwrap().to_owned(),
                version: version.map(|version| version.to_str().unwrap().to_owned()),
                text: Err(()),
                trailers: None,
            };
            if let Ok(body) = body.collect().await {
                seen.trailers = body.trailers().cloned();
                seen.text = Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap());
            }
            let _ = send.send(seen);
            "forgotten"
        })
    })
    .await;
    (backend.address, receive)
}

fn mirror(service: &str) -> Mirror {
    Mirror {
        service: service.into(),
        subset: None,
        percent: Percent::HUNDRED,
    }
}

/// Requests for `reviews` go to the first address; the other services get copies.
fn policy(to: SocketAddr, mirrors: &[(&str, SocketAddr)], protocol: Protocol) -> Policy {
    let mut policy = Policy::default();
    for (name, address) in mirrors.iter().copied().chain([("reviews", to)]) {
        let mut service = Service::new([endpoint(address)]);
        service.protocol = protocol;
        policy.services.insert(name.into(), service);
    }
    let mut rule = Rule::to([Destination::new("reviews")]);
    rule.mirrors = mirrors.iter().map(|(name, _)| mirror(name)).collect();
    let set = &mut rule.headers.request.set;
    set.insert("x-version".parse().unwrap(), "2".parse().unwrap());
    let route = Route::new("reviews", ["reviews".parse().unwrap()]);
    policy.routes.push(route.rule(rule));
    policy
}

type Given = Result<Frame<Bytes>, std::io::Error>;

fn stream(
    frames: impl IntoIterator<Item = Given>,
) -> StreamBody<tokio_stream::Iter<std::vec::IntoIter<Given>>> {
    let frames: Vec<_> = frames.into_iter().collect();
    StreamBody::new(tokio_stream::iter(frames))
}

fn data(text: &'static str) -> Given {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

/// Hears why copies were shed.
fn sheds() -> (
    Sink,
    mpsc::UnboundedReceiver<(Option<String>, &'static str)>,
) {
    let (send, receive) = mpsc::unbounded_channel();
    let sink = Sink::new(move |event| {
        if let Event::MirrorShed { rule, why, .. } = event {
            let _ = send.send((rule.map(str::to_owned), *why));
        }
    });
    (sink, receive)
}

#[tokio::test]
async fn everybody_gets_the_request_as_it_is_sent() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let (original, mut original_sees) = sees().await;
        let (one, mut one_sees) = sees().await;
        let (two, mut two_sees) = sees().await;
        let policy = policy(original, &[("one", one), ("two", two)], protocol);
        let mesh = Mesh::new(&policy).unwrap();
        let client = mesh.client(Hyper::new());
        let request = Request::post("http://reviews:9080/a?b=c")
            .body(stream([data("some "), data("text")]))
            .unwrap();
        let response = client.oneshot(request).await.unwrap();
        assert_eq!(text(response).await, "forgotten");
        let mut seen = original_sees.recv().await.unwrap();
        assert_eq!(seen.host, "reviews:9080");
        assert_eq!(seen.line, "POST /a?b=c");
        assert_eq!(seen.version.as_deref(), Some("2"));
        assert_eq!(seen.text.as_deref(), Ok("some text"));
        seen.host = "reviews-shadow:9080".into();
        assert_eq!(one_sees.recv().await.unwrap(), seen);
        assert_eq!(two_sees.recv().await.unwrap(), seen);
        let stats = mesh.stats();
        assert_eq!((stats.mirrored, stats.mirrors_shed), (2, 0));
        // Copies are nobody's requests.
        assert_eq!(stats.requests, 1);
    }
}

#[tokio::test]
async fn trailers_and_lengths_are_copied() {
    let (original, mut original_sees) = sees().await;
    let (copy, mut copy_sees) = sees().await;
    let policy = policy(original, &[("copy", copy)], Protocol::Http2);
    let mesh = Mesh::new(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let frames = [data("x"), Ok(Frame::trailers(trailers.clone()))];
    let request = Request::post("http://reviews/").body(stream(frames));
    client.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(
        original_sees.recv().await.unwrap().trailers.as_ref(),
        Some(&trailers)
    );
    assert_eq!(copy_sees.recv().await.unwrap().trailers, Some(trailers));
    // Without a body, too.
    client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!(copy_sees.recv().await.unwrap().text.as_deref(), Ok(""));
}

#[tokio::test]
async fn a_copy_fails_where_its_original_does() {
    let (original, _original_sees) = sees().await;
    let (copy, mut copy_sees) = sees().await;
    let mesh = Mesh::new(&policy(original, &[("copy", copy)], Protocol::Http1)).unwrap();
    // The first frame is there before the second is asked for, so both have heads that were sent.
    let (send, frames) = mpsc::channel(1);
    let frames = tokio_stream::wrappers::ReceiverStream::new(frames);
    let request = Request::post("http://reviews/").body(StreamBody::new(frames));
    let client = mesh.client(Hyper::new());
    let answer = tokio::spawn(client.oneshot(request.unwrap()));
    send.send(data("half")).await.unwrap();
    send.send(Err(std::io::Error::other("it broke")))
        .await
        .unwrap();
    assert!(answer.await.unwrap().unwrap().status().is_server_error());
    assert_eq!(copy_sees.recv().await.unwrap().text, Err(()));
}

#[tokio::test]
async fn a_mirror_that_does_not_read_is_left_and_the_original_is_not() {
    let (original, mut original_sees) = sees().await;
    let (sink, mut shed) = sheds();
    let mesh = Mesh::builder()
        .events(sink)
        .copies(Bounds {
            bytes_per_copy: 256 * 1024,
            ..Bounds::default()
        })
        .build(&policy(
            original,
            &[("silent", support::silent().await)],
            Protocol::Http1,
        ))
        .unwrap();
    // More than all buffers of two sockets hold.
    const BLOCK: &str = match str::from_utf8(&[b'x'; 64 * 1024]) {
        Ok(block) => block,
        Err(_) => panic!("it is text"),
    };
    let blocks = (0..512).map(|_| data(BLOCK));
    let request = Request::post("http://reviews/").body(stream(blocks));
    let client = mesh.client(Hyper::new());
    let response = client.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(text(response).await, "forgotten");
    let seen = original_sees.recv().await.unwrap();
    assert_eq!(seen.text.unwrap().len(), 512 * BLOCK.len());
    let told = shed.recv().await.unwrap();
    assert_eq!(told, (Some("reviews/0".into()), "behind"));
    assert_eq!((mesh.stats().mirrored, mesh.stats().mirrors_shed), (1, 1));
}

#[tokio::test]
async fn a_mirror_that_fails_is_not_noticed() {
    let (original, _sees) = sees().await;
    for broken in [
        support::nobody().await,
        support::says(None).await,
        support::says(Some(b"nonsense")).await,
        support::says(Some(b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n")).await,
    ] {
        let mesh = Mesh::new(&policy(original, &[("broken", broken)], Protocol::Http1)).unwrap();
        let request = Request::post("http://reviews/").body(stream([data("x")]));
        let response = mesh.client(Hyper::new()).oneshot(request.unwrap()).await;
        assert_eq!(response.unwrap().status(), StatusCode::OK);
        assert_eq!(mesh.stats().mirrored, 1);
        assert!(mesh.stats().local_replies.is_empty());
    }
}

#[tokio::test]
async fn beyond_the_bound_copies_are_shed_and_requests_are_not() {
    let (original, _sees) = sees().await;
    let (sink, mut shed) = sheds();
    let bounds = Bounds {
        copies: 1,
        ..Bounds::default()
    };
    let policy = policy(
        original,
        &[("silent", support::silent().await)],
        Protocol::Http1,
    );
    let mesh = Mesh::builder()
        .events(sink)
        .copies(bounds)
        .build(&policy)
        .unwrap();
    let client = mesh.client(Hyper::new());
    for _ in 0..3 {
        let response = client
            .clone()
            .oneshot(get("http://reviews/"))
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    // A reload keeps the room, and who is in it.
    mesh.reload(&policy).unwrap();
    client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!((mesh.stats().mirrored, mesh.stats().mirrors_shed), (1, 3));
    assert_eq!(shed.recv().await.unwrap().1, "no_room");
}

/// What `decide` says of a chance is what is done with it.
#[tokio::test]
async fn exactly_those_that_are_drawn_get_copies() {
    let (original, _original_sees) = sees().await;
    let (copy, mut copy_sees) = sees().await;
    let mut policy = policy(original, &[("one", copy), ("two", copy)], Protocol::Http1);
    let mirrors = &mut policy.routes[0].rules[0].mirrors;
    mirrors[0].percent = Percent::try_from(25.0).unwrap();
    mirrors[1].percent = Percent::try_from(50.0).unwrap();
    let mesh = Mesh::builder().rng(Rng::seeded(7)).build(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let plan = policy.compile().unwrap();
    let rng = Rng::seeded(7);
    let mut drawn = [0; 3];
    for _ in 0..100 {
        let before = mesh.stats().mirrored;
        let expected = plan
            .decide_by(&get("http://reviews/"), rng.chance())
            .mirrors;
        client
            .clone()
            .oneshot(get("http://reviews/"))
            .await
            .unwrap();
        assert_eq!(mesh.stats().mirrored - before, expected.len() as u64);
        for _ in &expected {
            copy_sees.recv().await.unwrap();
        }
        drawn[expected.len()] += 1;
    }
    assert!(drawn.iter().all(|times| *times > 0), "{drawn:?}");
}

#[tokio::test]
async fn a_tunnel_and_a_request_that_nobody_can_take_have_no_copies() {
    let (copy, mut copy_sees) = sees().await;
    let mut policy = policy(copy, &[("copy", copy)], Protocol::Http1);
    let mesh = Mesh::new(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let tunnel = Request::connect("reviews:80").body(Empty::<Bytes>::new());
    client.oneshot(tunnel.unwrap()).await.unwrap();
    assert_eq!(copy_sees.recv().await.unwrap().host, "reviews:80");
    policy
        .services
        .get_mut("reviews")
        .unwrap()
        .endpoints
        .clear();
    mesh.reload(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((mesh.stats().mirrored, mesh.stats().mirrors_shed), (0, 0));
}

/// An endpoint that is any tower service takes bodies of one type.
#[tokio::test]
async fn what_cannot_be_copied_is_sent_and_counted() {
    let (sink, mut shed) = sheds();
    let policy = policy(
        ([127, 0, 0, 1], 1).into(),
        &[("copy", ([127, 0, 0, 1], 2).into())],
        Protocol::Http1,
    );
    let mesh = Mesh::builder().events(sink).build(&policy).unwrap();
    let client = mesh.client(|_: &Target| {
        service_fn(async |_: Request<Empty<Bytes>>| {
            Ok::<_, Infallible>(http::Response::new(support::Body::from("ok")))
        })
    });
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!(text(response).await, "ok");
    assert_eq!(shed.recv().await.unwrap().1, "endpoint");
    assert_eq!((mesh.stats().mirrored, mesh.stats().mirrors_shed), (0, 1));
}

/// The rule's timeout is the copy's; the original has its answer and waits for nothing.
#[tokio::test]
async fn a_copy_that_is_not_answered_ends_with_the_rules_timeout() {
    let (original, _sees) = sees().await;
    let (open, mut closed) = held_open().await;
    let mut policy = policy(original, &[("silent", open)], Protocol::Http1);
    policy.routes[0].rules[0].timeout = Some(Span::from(std::time::Duration::from_millis(50)));
    let mesh = Mesh::new(&policy).unwrap();
    let client = mesh.client(Hyper::new());
    let response = client.oneshot(get("http://reviews/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    closed.recv().await.unwrap();
    assert_eq!((mesh.stats().mirrored, mesh.stats().mirrors_shed), (1, 0));
}

/// A server that never answers and says when its client goes.
async fn held_open() -> (SocketAddr, mpsc::UnboundedReceiver<()>) {
    use tokio::io::AsyncReadExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            while matches!(stream.read(&mut head).await, Ok(1..)) {}
            let _ = closed.send(());
        }
    });
    (address, hears)
}

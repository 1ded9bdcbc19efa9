//! Whatever is sent arrives: headers, bodies and trailers byte for byte, however they are cut.

use crate::world::{Body, World, data, empty, ways, within};
use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A message: some headers, its chunks, and its trailers.
#[derive(Clone, Debug)]
struct Message {
    headers: HeaderMap,
    chunks: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    // Visible bytes and those beyond ASCII, and spaces and tabs between them.
    let visible = prop_oneof![0x21_u8..=0x7e, 0x80_u8..=0xff];
    let inner = prop_oneof![4 => visible.clone(), 1 => Just(b' '), 1 => Just(b'\t')];
    let value = (
        visible.clone(),
        prop::collection::vec(inner, 0..30),
        visible,
    );
    let value = prop_oneof![
        1 => Just(Vec::new()),
        9 => value.prop_map(|(first, mut middle, last)| {
            middle.insert(0, first);
            middle.push(last);
            middle
        }),
    ];
    let line = ("x-p-[a-z0-9_]{0,3}", value);
    prop::collection::vec(line, 0..8).prop_map(|lines| {
        let lines = lines.into_iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).unwrap();
            (name, HeaderValue::from_bytes(&value).unwrap())
        });
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    })
}

fn message() -> impl Strategy<Value = Message> {
    let size = prop_oneof![Just(0_usize), 1..10_usize, 1_000..70_000_usize];
    let chunk = (size, any::<u8>()).prop_map(|(size, seed)| {
        let bytes = (0..size).map(|at| (at as u8).wrapping_mul(seed | 1));
        bytes.collect::<Bytes>()
    });
    let trailers = "[!-~]{1,20}".prop_map(|text| {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::try_from(text).unwrap());
        trailers
    });
    let parts = (
        headers(),
        prop::collection::vec(chunk, 0..8),
        prop::option::of(trailers),
    );
    parts.prop_map(|(headers, chunks, trailers)| Message {
        headers,
        chunks,
        trailers,
    })
}

impl Message {
    fn body(&self) -> Body {
        if self.chunks.is_empty() && self.trailers.is_none() {
            return empty();
        }
        let trailers = self
            .trailers
            .clone()
            .map(|trailers| Ok(Frame::trailers(trailers)));
        let chunks = self.chunks.clone().into_iter().map(data);
        let frames: Vec<_> = chunks.chain(trailers).collect();
        StreamBody::new(tokio_stream::iter(frames)).boxed_unsync()
    }

    /// What the other side has to see.
    fn told(&self) -> Told {
        (
            self.headers.clone(),
            self.chunks.concat().into(),
            self.trailers.clone(),
        )
    }
}

type Told = (HeaderMap, Bytes, Option<HeaderMap>);

/// What arrived, without what this hop's ends add.
async fn read<B>(headers: &HeaderMap, body: B) -> Told
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let mut own = HeaderMap::new();
    for (name, value) in headers {
        if name.as_str().starts_with("x-p-") {
            own.append(name.clone(), value.clone());
        } else {
            assert!(EXPECTED.contains(&name.as_str()), "{name} has been added");
        }
    }
    let whole = body.collect().await.unwrap();
    let trailers = whole.trailers().cloned();
    (own, whole.to_bytes(), trailers)
}

const EXPECTED: [&str; 8] = [
    "host",
    "date",
    "te",
    "trailer",
    "content-length",
    "transfer-encoding",
    // Who passed it on says where from.
    "x-forwarded-for",
    "x-forwarded-proto",
];

#[test]
fn whatever_is_sent_arrives_as_it_was_sent() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for way in ways() {
        // What the next request is answered, and what the last one was.
        let answer = Arc::new(Mutex::new(None::<Message>));
        let seen = Arc::new(Mutex::new(None::<Told>));
        let app = Router::new().fallback({
            let (answer, seen) = (answer.clone(), seen.clone());
            async move |request: Served| {
                let (head, body) = request.into_parts();
                *seen.lock().await = Some(read(&head.headers, body).await);
                let answer = answer.lock().await.take().unwrap();
                let mut response = Response::new(axum::body::Body::new(answer.body()));
                *response.headers_mut() = answer.headers;
                response
                    .headers_mut()
                    .insert("trailer", HeaderValue::from_static("x-sum"));
                response
            }
        });
        let world = runtime.block_on(World::new(way, app));
        let config = Config {
            cases: 24,
            ..Config::default()
        };
        let law = |(sent, back): (Message, Message)| {
            runtime.block_on(async {
                *answer.lock().await = Some(back.clone());
                let mut request = Request::post("/").body(sent.body()).unwrap();
                *request.headers_mut() = sent.headers.clone();
                let headers = request.headers_mut();
                headers.insert("te", HeaderValue::from_static("trailers"));
                headers.insert("trailer", HeaderValue::from_static("x-sum"));
                let response = within(world.send(request)).await;
                let (head, body) = response.into_parts();
                let told = within(read(&head.headers, body)).await;
                prop_assert_eq!(told, back.told(), "{:?}", way);
                let seen = seen.lock().await.take();
                prop_assert_eq!(seen, Some(sent.told()), "{:?}", way);
                Ok(())
            })
        };
        TestRunner::new(config)
            .run(&(message(), message()), law)
            .unwrap();
        runtime.block_on(world.is_quiet());
    }
}

//! What a rate limit does to requests, through the public API.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{Layer, Service, ServiceExt as _};
use tower_mesh::event::{Event, Sink};
use tower_mesh::limit::{RateLimit, RateLimitLayer, RateLimited};
use tower_mesh::policy::{Key, Limit, Rate};
use tower_mesh::reply::{Flags, LocalReply};

#[derive(Clone, Debug)]
struct Hello;

impl Service<Request<()>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Ok(Response::new(Full::new(Bytes::from("hello")))))
    }
}

async fn send(service: &RateLimit<Hello>, request: Request<()>) -> Response<Full<Bytes>> {
    let Ok(response) = service.clone().oneshot(request).await;
    response
}

async fn passes(service: &RateLimit<Hello>) -> bool {
    send(service, Request::new(())).await.status() == 200
}

fn keyed(value: &str) -> Request<()> {
    Request::get("/").header("x-key", value).body(()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn requests_pass_again_when_retry_after_is_over() {
    let service = RateLimitLayer::new(Rate::per(2, Duration::from_secs(5)).burst(1)).layer(Hello);
    assert!(passes(&service).await);
    let refused = send(&service, Request::new(())).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "3");
    tokio::time::advance(Duration::from_millis(2_499)).await;
    assert!(!passes(&service).await);
    tokio::time::advance(Duration::from_millis(501)).await;
    assert!(passes(&service).await);
}

#[tokio::test]
async fn a_refusal_is_a_response_that_says_it_is_local_and_which_limit_it_was() {
    let layer = RateLimitLayer::new(Rate::per_minute(1)).named("signup");
    let service = layer.layer(Hello);
    assert!(passes(&service).await);
    let refused = send(&service, Request::new(())).await;
    let reply = refused.extensions().get::<LocalReply>().unwrap();
    assert_eq!(reply.flags, Flags::RL);
    assert_eq!(reply.details, "local_rate_limited");
    let source = reply.source.as_ref().unwrap();
    let source = source.downcast_ref::<RateLimited>().unwrap();
    assert_eq!(&*source.limit, "signup");
    assert!(source.wait <= Duration::from_secs(60));
    assert_eq!(refused.headers()["content-length"], "18");
}

#[tokio::test]
async fn grpc_callers_get_a_grpc_status() {
    let service = RateLimitLayer::new(Rate::per_minute(1)).layer(Hello);
    assert!(passes(&service).await);
    let request = Request::post("/a.B/C")
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let refused = send(&service, request).await;
    assert_eq!(refused.status(), 200);
    assert_eq!(refused.headers()["grpc-status"], "14");
    assert_eq!(refused.headers()["retry-after"], "60");
}

#[tokio::test]
async fn all_services_of_a_layer_and_of_its_clones_share_the_bucket() {
    let layer = RateLimitLayer::new(Rate::per_minute(2));
    let (one, other) = (layer.layer(Hello), layer.clone().layer(Hello));
    assert!(passes(&one).await);
    assert!(passes(&other).await);
    assert!(!passes(&one).await);
    assert!(!passes(&layer.layer(Hello)).await);
}

#[tokio::test]
async fn a_clone_that_was_changed_shares_nothing() {
    let layer = RateLimitLayer::new(Rate::per_minute(1));
    assert!(passes(&layer.layer(Hello)).await);
    for changed in [
        layer.clone().named("other"),
        layer.clone().events(Sink::default()),
        layer.clone().keyed_by(Key::SourceIp),
        layer.clone().max_keys(NonZeroU32::MIN),
    ] {
        assert!(passes(&changed.layer(Hello)).await);
    }
    assert!(!passes(&layer.layer(Hello)).await);
}

#[tokio::test]
async fn each_key_has_a_bucket_and_those_without_share_one() {
    let layer =
        RateLimitLayer::from(Limit::new(Rate::per_minute(1)).keyed_by(Key::header("x-key")));
    let service = layer.layer(Hello);
    assert_eq!(send(&service, keyed("a")).await.status(), 200);
    assert_eq!(send(&service, keyed("b")).await.status(), 200);
    assert_eq!(send(&service, keyed("a")).await.status(), 429);
    assert!(passes(&service).await);
    assert!(!passes(&service).await);
}

#[tokio::test]
async fn every_refusal_is_told_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let sink = Sink::new(move |event| {
        if let Event::LocalReply { status, flags, .. } = event {
            heard.lock().unwrap().push((status.as_u16(), *flags));
        }
    });
    let service = RateLimitLayer::new(Rate::per_minute(1))
        .events(sink)
        .layer(Hello);
    assert!(passes(&service).await);
    assert!(!passes(&service).await);
    assert_eq!(*told.lock().unwrap(), [(429, Flags::RL)]);
}

#[test]
fn the_layer_is_what_routers_ask_for() {
    fn asked<T: Clone + Send + Sync + 'static>(_: T) {}
    let layer = RateLimitLayer::new(Rate::per_second(1));
    asked(layer.layer(Hello));
    asked(layer);
}

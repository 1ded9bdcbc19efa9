//! gRPC through the stack: a tonic client and a server in tonic's framing, over real sockets.

#[path = "support/raw.rs"]
mod raw;
mod support;

use axum::Router;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::StreamBody;
use raw::Raw;
use std::convert::Infallible;
use std::time::Duration;
use support::Backend;
use tonic::client::Grpc;
use tonic::{Code, Status};
use tower::ServiceBuilder;
use tower_mesh::Mesh;
use tower_mesh::connect::Hyper;
use tower_mesh::limit::RateLimitLayer;
use tower_mesh::policy::{Policy, Protocol, Rate, Service};

/// Answers every call with one message and trailers.
async fn greeter() -> Backend {
    Backend::serve(|_| {
        Router::new().fallback(async || {
            let mut message = vec![0, 0, 0, 0, 5];
            message.extend_from_slice(b"hello");
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let frames = [
                Ok::<_, Infallible>(Frame::data(Bytes::from(message))),
                Ok(Frame::trailers(trailers)),
            ];
            let body = StreamBody::new(tokio_stream::iter(frames));
            http::Response::builder()
                .header("content-type", "application/grpc")
                .body(axum::body::Body::new(body))
                .unwrap()
        })
    })
    .await
}

async fn say<S>(grpc: &mut Grpc<S>) -> Result<Bytes, Status>
where
    S: tonic::client::GrpcService<tonic::body::Body>,
    S::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <S::ResponseBody as http_body::Body>::Error:
        Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    grpc.ready()
        .await
        .map_err(|_| Status::internal("not ready"))?;
    let path = http::uri::PathAndQuery::from_static("/greet.Greeter/Say");
    let call = tonic::Request::new(Bytes::from_static(b"hi"));
    grpc.unary(call, path, Raw)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_tonic_client_calls_through_the_mesh_and_understands_its_refusals() {
    let backend = greeter().await;
    let mut policy = Policy::default();
    let mut service = Service::new([backend.endpoint()]);
    service.protocol = Protocol::Http2;
    policy.services.insert("greeter".into(), service);
    let mesh = Mesh::new(&policy).unwrap();
    // The first limit is around a body that cannot be made, the mesh's.
    let service = ServiceBuilder::new()
        .layer(RateLimitLayer::new(Rate::per(2, Duration::from_secs(3600))))
        .service(mesh.client(Hyper::new()));
    let mut grpc = Grpc::with_origin(service, http::Uri::from_static("http://greeter"));
    for _ in 0..2 {
        assert_eq!(say(&mut grpc).await.unwrap(), "hello");
    }
    // The count ends with the trailers.
    assert_eq!(mesh.stats().in_flight, 0);
    let refused = say(&mut grpc).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(refused.message(), "local_rate_limited");
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_unavailable() {
    let mut policy = Policy::default();
    let mut service = Service::new([support::endpoint(support::nobody().await)]);
    service.protocol = Protocol::Http2;
    policy.services.insert("greeter".into(), service);
    let client = Mesh::new(&policy).unwrap().client(Hyper::new());
    let mut grpc = Grpc::with_origin(client, http::Uri::from_static("http://greeter"));
    let failed = say(&mut grpc).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);
    assert!(failed.message().ends_with("remote connection failure"));
}

//! gRPC in all its four shapes, by tonic at both ends.
#![cfg(feature = "tonic")]

use crate::raw::Raw;
use crate::world::{Dial, Front, Way, World, within};
use axum::Router;
use axum::extract::Request as Served;
use bytes::Bytes;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::client::{Grpc, GrpcService};
use tonic::{Code, Request, Response, Status, Streaming};
use tower::service_fn;
use tower_mesh::connect::Hyper;
use tower_mesh::policy::Protocol;

type Messages = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// A stream that says each message twice, and ends as the last one says.
fn twice(mut messages: Streaming<Bytes>) -> Messages {
    let (send, said) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            let say = match message {
                Ok(message) if message == "fail" => vec![Err(Status::data_loss("it broke"))],
                Ok(message) => vec![Ok(message.clone()), Ok(message)],
                Err(status) => vec![Err(status)],
            };
            for message in say {
                if send.send(message).await.is_err() {
                    return;
                }
            }
        }
    });
    Box::pin(ReceiverStream::new(said))
}

/// A service in tonic's words.
fn service() -> Router {
    Router::new().fallback(async |request: Served| {
        let mut grpc = tonic::server::Grpc::new(Raw);
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/x.X/Unary" => {
                let say = async |request: Request<Bytes>| {
                    let mut response = Response::new(request.get_ref().clone());
                    let told = request.metadata().get_bin("x-bytes-bin").unwrap().clone();
                    response.metadata_mut().insert_bin("y-bytes-bin", told);
                    let timeout = request.metadata().get("grpc-timeout");
                    if let Some(timeout) = timeout {
                        response.metadata_mut().insert("y-timeout", timeout.clone());
                    }
                    Ok(response)
                };
                grpc.unary(service_fn(say), request).await
            }
            "/x.X/Fails" => {
                let fail = async |_: Request<Bytes>| {
                    let mut status = Status::not_found("no such thing: ü%");
                    status
                        .metadata_mut()
                        .insert("y-why", "because".parse().unwrap());
                    Err::<Response<Bytes>, _>(status)
                };
                grpc.unary(service_fn(fail), request).await
            }
            "/x.X/Gathers" => {
                let gather = async |request: Request<Streaming<Bytes>>| {
                    let mut messages = request.into_inner();
                    let mut all = Vec::new();
                    while let Some(message) = messages.next().await {
                        all.extend_from_slice(&message?);
                    }
                    Ok(Response::new(Bytes::from(all)))
                };
                grpc.client_streaming(service_fn(gather), request).await
            }
            "/x.X/Counts" => {
                let count = async |request: Request<Bytes>| {
                    let most = request.get_ref()[0];
                    let numbers = (0..most).map(|number| Ok(Bytes::from(vec![number])));
                    let numbers: Vec<_> = numbers.collect();
                    let numbers: Messages = Box::pin(tokio_stream::iter(numbers));
                    Ok(Response::new(numbers))
                };
                grpc.server_streaming(service_fn(count), request).await
            }
            "/hurry" => {
                let never = async |_: Request<Bytes>| {
                    std::future::pending::<Result<Response<Bytes>, Status>>().await
                };
                grpc.unary(service_fn(never), request).await
            }
            _ => {
                let twice = async |request: Request<Streaming<Bytes>>| {
                    Ok(Response::new(twice(request.into_inner())))
                };
                grpc.streaming(service_fn(twice), request).await
            }
        }
    })
}

/// Every way on which gRPC may go.
fn ways() -> impl Iterator<Item = Way> {
    crate::world::ways().filter(|way| way.is_http2())
}

/// Asks everything that a service may be asked.
async fn converse<S>(service: S, way: Way)
where
    S: GrpcService<tonic::body::Body>,
    S::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <S::ResponseBody as http_body::Body>::Error:
        Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    S::Error: std::fmt::Debug,
{
    let mut grpc = Grpc::with_origin(service, http::Uri::from_static("http://app"));
    let path = PathAndQuery::from_static;

    grpc.ready().await.unwrap();
    let mut request = Request::new(Bytes::from_static(b"hi"));
    let bytes = tonic::metadata::MetadataValue::from_bytes(b"\x00\xff\x7f");
    request
        .metadata_mut()
        .insert_bin("x-bytes-bin", bytes.clone());
    request.set_timeout(Duration::from_secs(7));
    let answer = grpc.unary(request, path("/x.X/Unary"), Raw).await.unwrap();
    assert_eq!(answer.get_ref(), "hi");
    assert_eq!(answer.metadata().get_bin("y-bytes-bin"), Some(&bytes));
    assert_eq!(
        answer.metadata().get("y-timeout").unwrap(),
        "7000000u",
        "{way:?}"
    );

    // A status without a message: trailers only.
    grpc.ready().await.unwrap();
    let request = Request::new(Bytes::new());
    let status = grpc
        .unary(request, path("/x.X/Fails"), Raw)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no such thing: ü%")
    );
    assert_eq!(status.metadata().get("y-why").unwrap(), "because");

    grpc.ready().await.unwrap();
    let messages = (0..100_u8).map(|number| Bytes::from(vec![number; 10_000]));
    let messages: Vec<_> = messages.collect();
    let request = Request::new(tokio_stream::iter(messages.clone()));
    let answer = grpc
        .client_streaming(request, path("/x.X/Gathers"), Raw)
        .await
        .unwrap();
    assert_eq!(answer.into_inner(), messages.concat());

    grpc.ready().await.unwrap();
    let request = Request::new(Bytes::from_static(&[200]));
    let answer = grpc
        .server_streaming(request, path("/x.X/Counts"), Raw)
        .await
        .unwrap();
    let mut numbers = answer.into_inner();
    for number in 0..200 {
        assert_eq!(numbers.next().await.unwrap().unwrap(), vec![number]);
    }
    assert!(numbers.next().await.is_none());

    // Each side speaks when the other has spoken.
    grpc.ready().await.unwrap();
    let (say, said) = mpsc::channel(1);
    say.send(Bytes::from_static(b"first")).await.unwrap();
    let request = Request::new(ReceiverStream::new(said));
    let answer = grpc
        .streaming(request, path("/x.X/Twice"), Raw)
        .await
        .unwrap();
    let mut answer = answer.into_inner();
    for (heard, next) in [("first", "second"), ("second", "third"), ("third", "fail")] {
        assert_eq!(answer.next().await.unwrap().unwrap(), heard, "{way:?}");
        assert_eq!(answer.next().await.unwrap().unwrap(), heard, "{way:?}");
        say.send(Bytes::from_static(next.as_bytes())).await.unwrap();
    }
    let status = answer.next().await.unwrap().unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DataLoss, "it broke")
    );

    // The rule gives up on it, and says so in gRPC's words.
    grpc.ready().await.unwrap();
    let request = Request::new(Bytes::new());
    let status = grpc.unary(request, path("/hurry"), Raw).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{way:?}");
    assert_eq!(status.message(), "upstream request timeout");
}

#[tokio::test]
async fn calls_of_every_shape_pass() {
    for way in ways() {
        let world = World::new(way, service()).await;
        match way.front {
            Front::Client => within(converse(world.mesh.client(Hyper::new()), way)).await,
            _ => {
                let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
                let client = builder.http2_only(true).build(Dial(world.at));
                within(converse(client, way)).await;
            }
        }
        world.is_quiet().await;
    }
}

#[tokio::test]
async fn who_gives_up_on_a_call_ends_it_at_both_ends() {
    for way in [Front::Client, Front::Http2].map(|front| Way {
        front,
        back: Protocol::Http2,
        mirrored: false,
    }) {
        let (tell, mut told) = mpsc::unbounded_channel::<()>();
        let (begun, mut has_begun) = mpsc::unbounded_channel::<()>();
        let app = Router::new().fallback(async move |_: Served| {
            let _ends = Ends(tell.clone());
            let _ = begun.send(());
            std::future::pending::<()>().await;
        });
        let world = World::new(way, app).await;
        let request = Request::new(Bytes::new());
        let builder = || hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        let asking = async {
            let origin = http::Uri::from_static("http://app");
            let path = PathAndQuery::from_static("/x.X/Never");
            match way.front {
                Front::Client => {
                    let mut grpc = Grpc::with_origin(world.mesh.client(Hyper::new()), origin);
                    grpc.ready().await.unwrap();
                    grpc.unary(request, path, Raw).await.is_ok()
                }
                _ => {
                    let client = builder().http2_only(true).build(Dial(world.at));
                    let mut grpc = Grpc::with_origin(client, origin);
                    grpc.ready().await.unwrap();
                    grpc.unary(request, path, Raw).await.is_ok()
                }
            }
        };
        // The caller goes away while the server is at it.
        tokio::select! {
            answered = asking => panic!("answered: {answered}"),
            there = within(has_begun.recv()) => assert!(there.is_some()),
        }
        within(told.recv()).await;
        world.is_quiet().await;
    }
}

/// Tells when it is dropped.
struct Ends(mpsc::UnboundedSender<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

use crate::balance::{Copying, Driven, Endpoint, MakeEndpoint, ServiceEndpoint, Target};
use crate::connect::body::RequestBody;
use crate::mirror::forget;
use crate::reply::ReplyBody;
use crate::tee::{CopyBody, Kept, ReplayBody, Tee, Upload};
use bytes::Bytes;
use http::{Request, Response};
use std::error::Error;
use tower_service::Service;

/// Makes endpoints of services that take requests of every body, as a [`RequestBody`]. So
/// requests can be tried again there, and copied; a closure that makes services for one type of
/// body cannot have either.
///
/// ```
/// use tower_mesh::connect::{AnyBody, RequestBody};
/// # use bytes::Bytes;
/// # use http_body_util::Full;
/// let endpoints = AnyBody(|at: &tower_mesh::balance::Target| {
///     let place = at.to_string();
///     tower::service_fn(move |_: http::Request<RequestBody>| {
///         let answer = http::Response::new(Full::new(Bytes::from(place.clone())));
///         std::future::ready(Ok::<_, std::io::Error>(answer))
///     })
/// });
/// # let policy: tower_mesh::Policy = Default::default();
/// let client = tower_mesh::Mesh::new(&policy).unwrap().client(endpoints);
/// # let _: tower_mesh::mesh::Client<_> = client;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AnyBody<F>(pub F);

/// An endpoint that is a service for requests of every body.
#[derive(Clone, Debug)]
pub struct AnyBodyEndpoint<S>(ServiceEndpoint<S>);

impl<F, S> MakeEndpoint for AnyBody<F>
where
    F: Fn(&Target) -> S,
    S: Send + Sync + 'static,
{
    type Endpoint = AnyBodyEndpoint<S>;

    fn make(&self, at: &Target) -> Self::Endpoint {
        AnyBodyEndpoint(ServiceEndpoint((self.0)(at)))
    }
}

impl<S, B, R> Endpoint<B> for AnyBodyEndpoint<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    R: ReplyBody + http_body::Body + Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Body = R;
    type Future = Driven<S, Request<RequestBody>>;

    fn send(&self, request: Request<B>) -> Self::Future {
        self.0.send(request.map(RequestBody::new))
    }

    fn send_teed(&self, request: Request<B>, tee: Tee) -> Self::Future {
        let request = request.map(|body| RequestBody::teed(body, tee));
        self.0.send(request)
    }

    fn send_seen(&self, request: Request<B>, upload: &mut Upload) -> Self::Future {
        let request = request.map(|body| RequestBody::seen(body, upload));
        self.0.send(request)
    }

    fn keeps(&self) -> bool {
        true
    }

    fn send_kept(
        &self,
        request: Request<B>,
        tee: Tee,
        upload: &mut Upload,
        kept: &mut Kept,
    ) -> Self::Future {
        let request = request.map(|body| RequestBody::kept(body, tee, upload, kept));
        self.0.send(request)
    }

    fn send_again(&self, again: Request<ReplayBody>) -> Option<Self::Future> {
        Some(self.0.send(again.map(RequestBody::replayed)))
    }

    fn send_copy(&self, copy: Request<CopyBody>) -> Option<Copying> {
        let answer = self.0.send(copy.map(RequestBody::new));
        Some(Box::pin(async move {
            // Whatever goes wrong, it is nobody's business.
            let answer = answer.await.ok();
            if let Some(response) = answer {
                forget(response.into_body()).await;
            }
        }))
    }
}

use crate::balance::{Reset, Target};
use crate::drive::Drive;
use crate::reply::ReplyBody;
use crate::tee::{CopyBody, Kept, ReplayBody, Tee, Upload};
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// Makes an endpoint of an address, once; it is kept as long as the address stays in the set.
///
/// `connect::Hyper` is one. So is every closure from a [`Target`] to a service: a clone of the
/// service is readied and called for each request.
pub trait MakeEndpoint {
    /// What is made.
    type Endpoint: Send + Sync + 'static;

    /// Makes the endpoint. Should return at once: connect at first use.
    fn make(&self, at: &Target) -> Self::Endpoint;
}

/// What answers the requests at one address. It is called by reference: a shared client needs no
/// clone, and a clone of hyper-util's costs 160 ns when two threads make them.
pub trait Endpoint<B> {
    /// The body of its answers.
    type Body: ReplyBody;
    /// The answer, or why there is none.
    type Future: Future<Output = Result<Response<Self::Body>, Reset>>;

    /// Sends a request.
    fn send(&self, request: Request<B>) -> Self::Future;

    /// Sends a request and lets `tee` have what is read of its body, for copies of it. An endpoint
    /// that takes bodies of one type alone cannot; it sends the request and drops the tee, and
    /// nothing is copied.
    fn send_teed(&self, request: Request<B>, tee: Tee) -> Self::Future {
        drop(tee);
        self.send(request)
    }

    /// Sends a request and lets `upload` see its body being read, for who has to know when the
    /// request is complete. An endpoint that takes bodies of one type alone shows nothing, and the
    /// request counts as complete when it is sent.
    fn send_seen(&self, request: Request<B>, upload: &mut Upload) -> Self::Future {
        let _ = upload;
        self.send(request)
    }

    /// Says whether requests can be [kept](Self::send_kept) and [sent again](Self::send_again). An
    /// endpoint that takes bodies of one type alone cannot: requests are tried there once.
    fn keeps(&self) -> bool {
        false
    }

    /// Sends a request and keeps what is read of its body, up to a bound, for who may have to send
    /// it again. The body goes to `tee` once however often it is sent, and `upload` sees it.
    fn send_kept(
        &self,
        request: Request<B>,
        tee: Tee,
        upload: &mut Upload,
        kept: &mut Kept,
    ) -> Self::Future {
        let _ = kept;
        self.send_teed(request, tee.seen_by(upload))
    }

    /// Sends a request again. `None` where the endpoint does not take such a body.
    fn send_again(&self, again: Request<ReplayBody>) -> Option<Self::Future> {
        drop(again);
        None
    }

    /// Sends a copy of somebody else's request. What is returned is run in a task of its own and
    /// drops the answer. `None` where the endpoint does not take such a body.
    fn send_copy(&self, copy: Request<CopyBody>) -> Option<Copying> {
        drop(copy);
        None
    }
}

/// A copy of a request under way.
pub type Copying = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An endpoint that is a tower service.
#[derive(Clone, Debug)]
pub struct ServiceEndpoint<S>(pub S);

impl<F, S> MakeEndpoint for F
where
    F: Fn(&Target) -> S,
    S: Send + Sync + 'static,
{
    type Endpoint = ServiceEndpoint<S>;

    fn make(&self, at: &Target) -> ServiceEndpoint<S> {
        ServiceEndpoint(self(at))
    }
}

impl<S, B, R> Endpoint<B> for ServiceEndpoint<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    R: ReplyBody,
{
    type Body = R;
    type Future = Driven<S, Request<B>>;

    fn send(&self, request: Request<B>) -> Self::Future {
        Driven {
            drive: Drive::new(self.0.clone(), request),
        }
    }
}

pin_project! {
    /// The future of [`ServiceEndpoint`].
    pub struct Driven<S: Service<Q>, Q> {
        #[pin]
        drive: Drive<S, Q>,
    }
}

impl<S, Q> Future for Driven<S, Q>
where
    S: Service<Q>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Result<S::Response, Reset>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project()
            .drive
            .poll(cx)
            .map_err(|error| Reset::of(error.into()))
    }
}

impl<S: Service<Q>, Q> fmt::Debug for Driven<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driven").finish_non_exhaustive()
    }
}

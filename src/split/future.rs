use crate::drive::DriveEither;
use http::Response;
use http::header::{HeaderValue, SET_COOKIE};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

pin_project! {
    /// The future of [`Split`](crate::split::Split): the chosen service's answer, with the cookie
    /// that the caller is known by from now on.
    pub struct SplitFuture<S: Service<Q>, D: Service<Q>, Q> {
        #[pin]
        drive: DriveEither<S, D, Q>,
        cookie: Option<Box<HeaderValue>>,
    }
}

impl<S: Service<Q>, D: Service<Q>, Q> SplitFuture<S, D, Q> {
    pub(super) fn new(drive: DriveEither<S, D, Q>, cookie: Option<Box<HeaderValue>>) -> Self {
        Self { drive, cookie }
    }
}

impl<S, D, Q, B> Future for SplitFuture<S, D, Q>
where
    S: Service<Q, Response = Response<B>>,
    D: Service<Q, Response = Response<B>, Error = S::Error>,
{
    type Output = Result<Response<B>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.drive.poll(cx));
        if let (Ok(response), Some(cookie)) = (&mut answer, this.cookie.take()) {
            response.headers_mut().append(SET_COOKIE, *cookie);
        }
        Poll::Ready(answer)
    }
}

impl<S: Service<Q>, D: Service<Q>, Q> fmt::Debug for SplitFuture<S, D, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitFuture").finish_non_exhaustive()
    }
}

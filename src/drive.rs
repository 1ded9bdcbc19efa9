//! A service driven to its answer: made ready, then called, in one future.
//!
//! What chooses a service by the request cannot be ready before the request is there. It says
//! that it is, and drives a clone of the chosen one here.

use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

pin_project! {
    /// Readies a service, calls it with the request, and answers with what it answers.
    pub struct Drive<S: Service<Q>, Q> {
        #[pin]
        state: State<S, Q, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Q, F> {
        Readying { call: Option<(S, Q)> },
        Called { #[pin] future: F },
    }
}

impl<S: Service<Q>, Q> Drive<S, Q> {
    /// Drives `service`, which need not be ready yet.
    pub fn new(service: S, request: Q) -> Self {
        Self {
            state: State::Readying {
                call: Some((service, request)),
            },
        }
    }
}

impl<S: Service<Q>, Q> Future for Drive<S, Q> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Called { future } => return future.poll(cx),
                StateProjection::Readying { call } => {
                    let Some((service, _)) = call else {
                        // Only a panic of the service between the two states leads here.
                        return Poll::Pending;
                    };
                    ready!(service.poll_ready(cx))?;
                    if let Some((mut service, request)) = call.take() {
                        let future = service.call(request);
                        this.state.set(State::Called { future });
                    }
                }
            }
        }
    }
}

impl<S: Service<Q>, Q> fmt::Debug for Drive<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").finish_non_exhaustive()
    }
}

pin_project! {
    /// Drives one of two services that answer alike.
    pub struct DriveEither<L: Service<Q>, R: Service<Q>, Q> {
        #[pin]
        chosen: Chosen<L, R, Q>,
    }
}

pin_project! {
    #[project = ChosenProjection]
    enum Chosen<L: Service<Q>, R: Service<Q>, Q> {
        Left { #[pin] drive: Drive<L, Q> },
        Right { #[pin] drive: Drive<R, Q> },
    }
}

impl<L: Service<Q>, R: Service<Q>, Q> DriveEither<L, R, Q> {
    /// Drives the one kind of service.
    pub fn left(service: L, request: Q) -> Self {
        Self {
            chosen: Chosen::Left {
                drive: Drive::new(service, request),
            },
        }
    }

    /// Drives the other kind of service.
    pub fn right(service: R, request: Q) -> Self {
        Self {
            chosen: Chosen::Right {
                drive: Drive::new(service, request),
            },
        }
    }
}

impl<L, R, Q> Future for DriveEither<L, R, Q>
where
    L: Service<Q>,
    R: Service<Q, Response = L::Response, Error = L::Error>,
{
    type Output = Result<L::Response, L::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().chosen.project() {
            ChosenProjection::Left { drive } => drive.poll(cx),
            ChosenProjection::Right { drive } => drive.poll(cx),
        }
    }
}

impl<L: Service<Q>, R: Service<Q>, Q> fmt::Debug for DriveEither<L, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriveEither").finish_non_exhaustive()
    }
}

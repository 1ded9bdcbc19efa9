//! Polling by hand, with an eye on the waker.

use super::{Sent, Violation};
use http::Request;
use http_body::Body;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use tower_service::Service;

/// What one probe polls with.
#[derive(Debug)]
pub(super) struct Drive {
    law: &'static str,
    wakes: Arc<Wakes>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drive {
    pub(super) fn new(law: &'static str) -> Self {
        let wakes = Arc::new(Wakes::default());
        Self {
            law,
            waker: Waker::from(wakes.clone()),
            wakes,
        }
    }

    pub(super) fn broken<T>(&self, what: impl Into<String>) -> Result<T, Violation> {
        Err(Violation::new(self.law, what))
    }

    pub(super) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }

    pub(super) fn poll_ready<S: Service<Sent>>(
        &self,
        service: &mut S,
    ) -> Poll<Result<(), S::Error>> {
        service.poll_ready(&mut Context::from_waker(&self.waker))
    }

    pub(super) fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    /// Readies a service that has no reason to wait or to fail.
    pub(super) fn ready<S: Service<Sent>>(&self, service: &mut S) -> Result<(), Violation> {
        match self.poll_ready(service) {
            Poll::Ready(Ok(())) => Ok(()),
            Poll::Ready(Err(_)) => {
                self.broken("readiness failed though the inner service's did not")
            }
            Poll::Pending => self.broken("it is not ready though the inner service is"),
        }
    }

    /// Drives a future to its end. Whenever it is pending somebody must have taken its waker, and
    /// nothing here waits for anything but itself: so that somebody must have woken it already.
    pub(super) fn run<F: Future>(&self, future: F) -> Result<F::Output, Violation> {
        self.run_pinned(pin!(future))
    }

    pub(super) fn run_pinned<F: Future>(
        &self,
        mut future: Pin<&mut F>,
    ) -> Result<F::Output, Violation> {
        for _ in 0..MOST_POLLS {
            let before = self.wakes();
            if let Poll::Ready(output) = self.poll(future.as_mut()) {
                return Ok(output);
            }
            if self.wakes() == before {
                return self.broken(
                    "its future is pending and was not woken when the inner service could go on",
                );
            }
        }
        self.broken(format!("its future is not done after {MOST_POLLS} polls"))
    }

    /// Readies, calls and drives. The request has no reason to fail.
    pub(super) fn request<S: Service<Sent>>(
        &self,
        service: &mut S,
    ) -> Result<S::Response, Violation> {
        self.ready(service)?;
        self.passed(self.run(service.call(request()))?)
    }

    pub(super) fn passed<T, E>(&self, answer: Result<T, E>) -> Result<T, Violation> {
        match answer {
            Ok(response) => Ok(response),
            Err(_) => self.broken("a request failed though the inner service did not"),
        }
    }

    /// Polls a body so often, or to its end. Says whether the end was reached.
    pub(super) fn read<B: Body>(&self, mut body: Pin<&mut B>, polls: usize) -> bool {
        let mut context = Context::from_waker(&self.waker);
        (0..polls).any(|_| matches!(body.as_mut().poll_frame(&mut context), Poll::Ready(None)))
    }
}

pub(super) fn request() -> Sent {
    let mut request = Request::new(http_body_util::Full::default());
    // Layers that route want a host.
    *request.uri_mut() = http::Uri::from_static("http://probe.test/");
    request
}

/// Far more than any layer needs, so that one which polls itself for ever is found out.
pub(super) const MOST_POLLS: usize = 1000;

//! A limit on what is under way, right or wrong in one of many ways.

use crate::reply::ReplyBody as _;
use crate::testing::contract::{Failure, Scripted, ScriptedBody, ScriptedFuture, Sent};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the layer does wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    Nothing,
    /// Not wrong: it readies a clone of the inner service in its future.
    AlwaysReady,
    CallsAClone,
    CallsWithoutReadying,
    RefusesAll,
    ForgetsWakersOfReadiness,
    ForgetsWakersOfFutures,
    ReplacesErrors,
    LosesErrors,
    KeepsWhatReadinessTook,
    KeepsWhatAFutureTook,
    KeepsWhatABodyTook,
    KeepsTheInnerFuture,
    CountsEndedBodies,
    CountsPerService,
    CountsPerCloneOfTheService,
    CountsPerCloneOfTheLayer,
}

#[derive(Debug)]
pub(super) struct InFlightLayer {
    fault: Fault,
    capacity: usize,
    count: Arc<AtomicUsize>,
}

impl InFlightLayer {
    pub(super) fn new(capacity: usize, fault: Fault) -> Self {
        let count = Arc::default();
        Self {
            fault,
            capacity,
            count,
        }
    }

    pub(super) fn held(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Clone for InFlightLayer {
    fn clone(&self) -> Self {
        Self {
            fault: self.fault,
            capacity: self.capacity,
            count: shared_unless(self.fault == Fault::CountsPerCloneOfTheLayer, &self.count),
        }
    }
}

impl Layer<Scripted> for InFlightLayer {
    type Service = InFlight;

    fn layer(&self, inner: Scripted) -> InFlight {
        InFlight {
            inner,
            fault: self.fault,
            capacity: self.capacity,
            count: shared_unless(self.fault == Fault::CountsPerService, &self.count),
        }
    }
}

fn shared_unless(apart: bool, count: &Arc<AtomicUsize>) -> Arc<AtomicUsize> {
    if apart { Arc::default() } else { count.clone() }
}

#[derive(Debug)]
pub(super) struct InFlight {
    inner: Scripted,
    fault: Fault,
    capacity: usize,
    count: Arc<AtomicUsize>,
}

impl Clone for InFlight {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            fault: self.fault,
            capacity: self.capacity,
            count: shared_unless(self.fault == Fault::CountsPerCloneOfTheService, &self.count),
        }
    }
}

impl Service<Sent> for InFlight {
    type Response = Response<Counted>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Counted>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut deaf = Context::from_waker(Waker::noop());
        let cx = match self.fault {
            Fault::AlwaysReady | Fault::CallsWithoutReadying => return Poll::Ready(Ok(())),
            Fault::ForgetsWakersOfReadiness => &mut deaf,
            _ => cx,
        };
        if self.fault == Fault::KeepsWhatReadinessTook {
            std::mem::forget(Permit::take(&self.count));
        }
        let ready = Service::<Sent>::poll_ready(&mut self.inner, cx);
        ready.map_err(|failure| self.fault.tell(failure))
    }

    fn call(&mut self, request: Sent) -> Self::Future {
        let fault = self.fault;
        let (permit, before) = Permit::take(&self.count);
        if before >= self.capacity || fault == Fault::RefusesAll {
            let mut refusal = Response::new(Counted::new(
                ScriptedBody::local(Bytes::new()),
                permit,
                fault,
            ));
            *refusal.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        let clone = self.inner.clone();
        let readied = std::mem::replace(&mut self.inner, clone.clone());
        let mut inner = match fault {
            Fault::CallsAClone => clone,
            _ => readied,
        };
        if fault == Fault::AlwaysReady {
            return Box::pin(async move {
                // Ready, or not, when the future runs: the caller has been told nothing of it.
                poll_fn(|cx| Service::<Sent>::poll_ready(&mut inner, cx)).await?;
                let response = inner.call(request).await?;
                Ok(response.map(|body| Counted::new(body, permit, fault)))
            });
        }
        let mut pending = Pending {
            answer: Some(Box::pin(inner.call(request))),
            permit: Some(permit),
            fault,
        };
        Box::pin(async move {
            let answer = poll_fn(|cx| pending.poll(cx)).await;
            let permit = pending.permit.take();
            drop(pending.answer.take());
            match answer {
                Ok(response) => Ok(response.map(|body| Counted::new(body, permit, fault))),
                Err(_) if fault == Fault::LosesErrors => {
                    let lost = ScriptedBody::local(Bytes::new());
                    Ok(Response::new(Counted::new(lost, permit, fault)))
                }
                Err(failure) => Err(fault.tell(failure)),
            }
        })
    }
}

impl Fault {
    fn tell(self, failure: Failure) -> BoxError {
        match self {
            Self::ReplacesErrors => "something went wrong".into(),
            _ => failure.into(),
        }
    }
}

/// One of those that are under way.
#[derive(Debug)]
struct Permit(Arc<AtomicUsize>);

impl Permit {
    /// Also says how many there were before.
    fn take(count: &Arc<AtomicUsize>) -> (Self, usize) {
        let before = count.fetch_add(1, Ordering::Relaxed);
        (Self(count.clone()), before)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is dropped when a future is.
struct Pending {
    answer: Option<Pin<Box<ScriptedFuture>>>,
    permit: Option<Permit>,
    fault: Fault,
}

impl Pending {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<ScriptedBody>, Failure>> {
        let mut deaf = Context::from_waker(Waker::noop());
        let cx = match self.fault {
            Fault::ForgetsWakersOfFutures => &mut deaf,
            _ => cx,
        };
        let answer = self.answer.as_mut().expect("polled after it was done");
        answer.as_mut().poll(cx)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        match self.fault {
            Fault::KeepsWhatAFutureTook => std::mem::forget(self.permit.take()),
            Fault::KeepsTheInnerFuture => std::mem::forget(self.answer.take()),
            _ => {}
        }
    }
}

/// A body that counts until it ends.
#[derive(Debug)]
pub(super) struct Counted {
    inner: ScriptedBody,
    permit: Option<Permit>,
    fault: Fault,
}

impl Counted {
    fn new(inner: ScriptedBody, permit: impl Into<Option<Permit>>, fault: Fault) -> Self {
        let mut body = Self {
            inner,
            permit: permit.into(),
            fault,
        };
        body.release_if(body.inner.is_end_stream());
        body
    }

    fn release_if(&mut self, ended: bool) {
        if ended && self.fault != Fault::CountsEndedBodies {
            self.permit = None;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.fault == Fault::KeepsWhatABodyTook {
            std::mem::forget(self.permit.take());
        }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let ended = frame.is_none() || self.inner.is_end_stream();
        self.release_if(ended);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

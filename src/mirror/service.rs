use crate::drive::Drive;
use crate::event::Event;
use crate::mirror::layer::Shared;
use crate::mirror::{End, Slot, errand, forget, shadow};
use crate::tee::{CopyBody, Tap, Teed, pipe};
use crate::upgrade::is_for_tunnel;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tower_service::Service;

/// The service made by [`MirrorLayer`](crate::mirror::MirrorLayer). Its inner service gets
/// requests whose body is [`Teed`].
#[derive(Debug)]
pub struct Mirror<S, C> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<C>>,
}

impl<S, C, B, R> Service<Request<B>> for Mirror<S, C>
where
    S: Service<Request<Teed<B>>>,
    B: Body<Data = Bytes>,
    C: Service<Request<CopyBody>, Response = Response<R>> + Clone + Send + Sync + 'static,
    C::Future: Send,
    R: Body + Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let Some(copy) = Copy::of(&request, &self.shared) else {
            return self.inner.call(request.map(Teed::plain));
        };
        let Copy {
            tap,
            request: copied,
            slot,
            runtime,
        } = copy;
        let tee = [tap].into_iter().collect();
        let future = self.inner.call(request.map(|body| Teed::new(body, tee)));
        let shared = self.shared.clone();
        shared.room.count_sent();
        runtime.spawn(async move {
            let watch = copied.body().watch();
            let drive = Drive::new(shared.to.clone(), copied);
            let copy = async {
                // Whatever goes wrong, it is nobody's business.
                let answer = drive.await.ok();
                if let Some(response) = answer {
                    forget(response.into_body()).await;
                }
            };
            if errand(copy, watch, shared.time).await == End::Behind {
                shared.shed("behind");
            }
            drop(slot);
        });
        future
    }
}

/// A copy that is about to be sent.
struct Copy {
    tap: Tap,
    request: Request<CopyBody>,
    slot: Slot,
    runtime: Handle,
}

impl Copy {
    fn of<B, C>(request: &Request<B>, shared: &Shared<C>) -> Option<Self> {
        shared.share.draw(shared.rng.chance(), 0)?;
        if is_for_tunnel(request) {
            return None;
        }
        let shed = |why| {
            shared.shed(why);
            None
        };
        let Ok(runtime) = Handle::try_current() else {
            return shed("no_runtime");
        };
        let Some(slot) = shared.room.enter() else {
            return shed("no_room");
        };
        let (tap, body) = pipe(shared.room.bounds().bytes_per_copy);
        let Some(copy) = shadow(request, body) else {
            return shed("host");
        };
        Some(Self {
            tap,
            request: copy,
            slot,
            runtime,
        })
    }
}

impl<C> Shared<C> {
    fn shed(&self, why: &'static str) {
        self.room.count_shed();
        self.sink.tell(&Event::MirrorShed { rule: None, why });
    }
}

impl<S: Clone, C> Clone for Mirror<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
        }
    }
}

use crate::balance::{Endpoint, MakeEndpoint};
use crate::gate::Decision;
use crate::live::Live;
use crate::mesh;
use crate::mesh::crumbs;
use crate::mesh::forward::{Forward, Next};
use crate::mesh::running::{Follow, Running, Wired, Wires};
use crate::mesh::under_way::UnderWay;
use crate::plan::{Entry, Plan};
use crate::reply::{Guarded, ReplyBody};
use crate::rng::Rng;
use crate::tee::Upload;
use crate::timeout::TimedBody;
use http::{Request, Response, Version};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use tower_service::Service;

/// A client stack of a [`Mesh`](crate::mesh::Mesh): a tower service for requests of every body
/// that its endpoints take. Clones share their connections.
///
/// It is always ready and never fails: what cannot be answered by an endpoint is answered with a
/// [`LocalReply`](crate::reply::LocalReply).
///
/// An upgrade that an endpoint agrees to is the caller's, who takes it off the 101 with
/// `hyper::upgrade::on`; a request that comes straight from a server is joined with it instead. See
/// [`connect::Hyper`](crate::connect).
pub struct Client<E> {
    shared: Arc<Shared<E>>,
    in_scope: bool,
}

struct Shared<E> {
    live: Arc<Live<Wired<E>>>,
    rng: Rng,
    /// Follows reloads as long as there is a client.
    _follower: Arc<dyn Follow>,
}

impl<E: Send + Sync + 'static> Client<E> {
    pub(super) fn new<M>(maker: M, running: Arc<Running>, rng: Rng) -> (Self, Weak<dyn Follow>)
    where
        M: MakeEndpoint<Endpoint = E> + Send + Sync + 'static,
    {
        let wires = Arc::new(Wires::new(maker, running));
        let live = wires.live.clone();
        let follower: Arc<dyn Follow> = wires;
        let weak = Arc::downgrade(&follower);
        let shared = Shared {
            live,
            rng,
            _follower: follower,
        };
        (
            Self {
                shared: Arc::new(shared),
                in_scope: true,
            },
            weak,
        )
    }

    /// The same client for calls that are nobody's part: it does not look for the
    /// [`Context`](mesh::Context) of the scope that it is called in. One among a request's
    /// extensions is still heard.
    #[must_use]
    pub fn without_scope(mut self) -> Self {
        self.in_scope = false;
        self
    }
}

impl<E, B> Service<Request<B>> for Client<E>
where
    E: Endpoint<B>,
    <E::Body as ReplyBody>::Out: http_body::Body,
{
    type Response = Response<Guarded<TimedBody<<E::Body as ReplyBody>::Out>, UnderWay<E>>>;
    type Error = Infallible;
    type Future = Forward<E, B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Forward<E, B> {
        self.send(request, |_, _, _| Entry::Mesh)
    }
}

impl<E> Client<E> {
    /// Sends a request that comes in somewhere.
    #[inline]
    pub(super) fn send<B>(
        &self,
        mut request: Request<B>,
        entry: impl FnOnce(&Plan, &mut Request<B>, &mut Decision) -> Entry,
    ) -> Forward<E, B>
    where
        E: Endpoint<B>,
    {
        if request.version() == Version::HTTP_2 {
            crumbs::join(request.headers_mut());
        }
        let wired = self.shared.live.pin();
        let mut decision = Decision::new(self.shared.rng.chance());
        let entry = entry(&wired.running.plan, &mut request, &mut decision);
        // First of all, as rules may look at what is added.
        decision.deadline = mesh::Context::send(&mut request, self.in_scope);
        // The gates look at the request by reference, and it is sent from here: each time that it
        // is passed by value it is copied.
        match UnderWay::begin(wired, entry, &mut request, decision) {
            Next::Send(departure) if departure.is_plain() => match departure.endpoint() {
                Some(endpoint) => {
                    let mut upload = Upload::default();
                    let future = match departure.is_timed() {
                        true => endpoint.send_seen(request, &mut upload),
                        false => endpoint.send(request),
                    };
                    Forward::sent(departure, future, None, upload)
                }
                None => Forward::go(Next::Send(departure), request),
            },
            next => Forward::go(next, request),
        }
    }
}

impl<E> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            in_scope: self.in_scope,
        }
    }
}

impl<E> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

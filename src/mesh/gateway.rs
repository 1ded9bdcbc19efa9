use crate::balance::Endpoint;
use crate::gate::Source;
use crate::mesh::client::Client;
use crate::mesh::forward::Forward;
use crate::mesh::under_way::UnderWay;
use crate::plan::Entry;
use crate::reply::{Guarded, ReplyBody};
use crate::timeout::TimedBody;
use http::header::HeaderName;
use http::{HeaderValue, Request, Response};
use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// A gateway stack of a [`Mesh`](crate::mesh::Mesh): a tower service that a hyper or axum server
/// mounts. Clones share their connections.
///
/// A gateway may listen on several ports, and which routes a request finds depends on the port:
/// mount one service for each, [`on_port`](Self::on_port). The port is the one that the *policy*
/// gives to the listener; the socket may have another, as behind a Kubernetes Service.
///
/// TLS is taken off in front of it. What comes to a listener with the protocol `https` counts as
/// having come over TLS; endpoints are spoken to as their services say.
///
/// Requests that pass carry where they came from: the address of the connection's other end (see
/// [`Source`]) is added to `x-forwarded-for`, and `x-forwarded-proto` says the scheme.
///
/// WebSockets and other upgrades pass, in either version of HTTP, wherever rules let their requests
/// pass; nothing has to be switched on for them. [`connect::Hyper`](crate::connect) joins the
/// client's connection with its endpoint's, and says what passes. A rule's timeout is for the
/// answer, not for the connection after it, and mirrors get no copies of them. A WebSocket over
/// HTTP/2 (an extended `CONNECT`) is a `GET` for rules, as it is over HTTP/1.1. The server needs
/// hyper's `with_upgrades`, which `axum::serve` has.
///
/// The several `cookie` lines in which HTTP/2 may send one cookie are joined before a rule looks at
/// them.
///
/// It is always ready and never fails: what cannot be answered by an endpoint is answered with a
/// [`LocalReply`](crate::reply::LocalReply).
pub struct Gateway<E> {
    client: Client<E>,
    name: Arc<str>,
    port: Option<u16>,
}

impl<E> Gateway<E> {
    pub(super) fn new(client: Client<E>, name: Arc<str>) -> Self {
        Self {
            client,
            name,
            port: None,
        }
    }

    /// The same gateway for requests that come in on this port of it. Default: its lowest.
    #[must_use]
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

impl<E, B> Service<Request<B>> for Gateway<E>
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
        self.client.send(request, |plan, request, decision| {
            let entry = plan
                .entry(&self.name, self.port)
                // No plan has as many gateways: it is one that the policy does not name.
                .unwrap_or(Entry::Gateway(u32::MAX, 0));
            if let Some(source) = Source::of(request) {
                forwarded_for(request, source);
                decision.forwarded = true;
            }
            let scheme = if plan.is_https(entry) {
                "https"
            } else {
                "http"
            };
            let scheme = HeaderValue::from_static(scheme);
            request.headers_mut().insert(FORWARDED_PROTO, scheme);
            entry
        })
    }
}

/// Adds where the request came from, behind what it says itself.
fn forwarded_for<B>(request: &mut Request<B>, source: IpAddr) {
    let mut addresses: Vec<u8> = Vec::new();
    for line in request.headers().get_all(&FORWARDED_FOR) {
        addresses.extend_from_slice(line.as_bytes());
        addresses.push(b',');
    }
    addresses.extend_from_slice(source.to_string().as_bytes());
    // Only bytes of header values and of an address.
    if let Ok(addresses) = HeaderValue::from_bytes(&addresses) {
        request.headers_mut().insert(FORWARDED_FOR, addresses);
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl<E> Clone for Gateway<E> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            name: self.name.clone(),
            port: self.port,
        }
    }
}

impl<E> fmt::Debug for Gateway<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("name", &self.name)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

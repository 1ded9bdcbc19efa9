//! What a server stack has learned of a request, for the calls that its handler makes.

#[cfg(feature = "axum")]
mod axum;
mod scope;
mod trace;

pub use scope::Scope;
pub(super) use scope::enter;

use crate::clock;
use crate::gate::TrustedHops;
use crate::reply::ReplyTo;
use crate::timeout::told as timeout;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trace::Line;

/// What a server stack has learned of a request that is of use to the calls made for it: by when
/// the answer is needed, and to which trace it belongs.
///
/// A [server stack](crate::Mesh::server) runs its handler in a [scope](Self::scope) of this. So a
/// [client stack](crate::Mesh::client) that the handler calls
///
/// - gives up when the caller has given up: what is left of the [deadline](Self::deadline) caps
///   the rule's timeout, nothing is sent when nothing is left (504, flag `UT`), and a gRPC request
///   is told in its `grpc-timeout`;
/// - passes on the [trace headers](Self::trace) that the request came with. A header is added only
///   if the request has none of its family: who sets `traceparent` has its own `tracestate`, too.
///
/// ```
/// use axum::{Router, routing::get};
/// # use bytes::Bytes;
/// # use http_body_util::{BodyExt as _, Empty, Full};
/// use tower::ServiceExt;
/// use tower_mesh::{Mesh, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mesh = Mesh::new(&Policy::default())?;
/// # let ratings = |_: &tower_mesh::balance::Target| {
/// #     tower::service_fn(async |request: http::Request<Empty<Bytes>>| {
/// #         let id = request.headers()["x-request-id"].as_bytes().to_vec();
/// #         Ok::<_, std::io::Error>(http::Response::new(Full::new(Bytes::from(id))))
/// #     })
/// # };
/// # /*
/// let client = mesh.client(connect::Hyper::new());
/// # */
/// # let client = mesh.client(ratings);
/// let handler = async move || {
///     let request = http::Request::get("http://ratings/").body(Empty::<Bytes>::new()).unwrap();
///     let reply = client.oneshot(request).await.unwrap(); // with the caller's `x-request-id`
///     // …
/// #   reply.into_body().collect().await.unwrap().to_bytes()
/// };
/// let app: Router = Router::new().route("/", get(handler)).layer(mesh.server("reviews"));
/// # let request = http::Request::get("/").header("x-request-id", "id-1");
/// # let reply = app.oneshot(request.body(axum::body::Body::empty())?).await?;
/// # let reply = axum::body::to_bytes(reply.into_body(), 100).await?;
/// # assert_eq!(reply, "id-1");
/// # Ok(())
/// # }
/// ```
///
/// # Where the scope does not reach
///
/// It ends with the handler's future. **A task that the handler spawns has no scope**, nor has a
/// body that is streamed after the handler has returned: their calls have no deadline and start a
/// trace of their own. Take the context along and enter it there, or give it to the one request as
/// an extension, which goes before any scope:
///
/// ```
/// use tower_mesh::mesh::Context;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let prefetch = || async {};
/// // In a handler; with the feature `axum` a `Context` is an extractor as well.
/// let context = Context::current();
/// tokio::spawn(context.clone().scope(prefetch()));
/// // What goes on when the caller has its answer keeps the trace, not the deadline.
/// tokio::spawn(context.clone().without_deadline().scope(prefetch()));
/// // One request by hand.
/// let request = http::Request::get("http://ratings/").extension(context);
/// # let _ = request.body(());
/// # }
/// ```
///
/// An empty context, `Context::default()`, as an extension keeps a request out of the scope;
/// [`Client::without_scope`](crate::mesh::Client::without_scope) does for a client.
///
/// # Cost
///
/// A server looks once at the names of a request's headers. A context is copied by a reference
/// count, and allocates only for a request that came with a deadline or a trace.
#[derive(Clone, Default)]
pub struct Context {
    source: Option<IpAddr>,
    carried: Option<Arc<Carried>>,
}

/// What is in few requests, or in none.
#[derive(Clone, Debug, Default)]
struct Carried {
    deadline: Option<Instant>,
    trace: Vec<Line>,
}

impl Context {
    const NONE: Self = Self {
        source: None,
        carried: None,
    };

    /// The context of a request: the one among its extensions, else the scope's. It is what a
    /// client stack goes by.
    ///
    /// A server stack puts the context of a request with a deadline or a trace among its
    /// extensions, for handlers that are given the request and for layers in between.
    pub fn of<B>(request: &Request<B>) -> Self {
        Self::among(request.extensions())
    }

    fn among(extensions: &Extensions) -> Self {
        extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(Self::current)
    }

    /// The context of the scope that this code runs in; outside of all scopes an empty one.
    pub fn current() -> Self {
        scope::with(Self::clone).unwrap_or_default()
    }

    /// When the caller will have given up. `None`: it has not told.
    ///
    /// It is known from the `grpc-timeout` of a gRPC request, and from Envoy's
    /// `x-envoy-expected-rq-timeout-ms` if the server stack
    /// [trusts it](crate::mesh::ServerLayer::trust_expected_timeout).
    pub fn deadline(&self) -> Option<Instant> {
        self.carried.as_ref()?.deadline
    }

    /// The address of the request's client, as limits by [`Key::SourceIp`] see it. `None` if
    /// nothing has told it.
    ///
    /// [`Key::SourceIp`]: crate::policy::Key::SourceIp
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The headers that say to which trace the request belongs, as they came.
    ///
    /// These are what applications in Istio pass on: `x-request-id`; `traceparent` and
    /// `tracestate`; `baggage`; `b3` and `x-b3-*`; `x-ot-span-context`; `grpc-trace-bin`;
    /// `x-cloud-trace-context`; `x-datadog-*`; `sw8`.
    pub fn trace(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let lines = self.carried.iter().flat_map(|carried| &carried.trace);
        lines.map(|line| (&line.name, &line.value))
    }

    /// The same with this deadline, unless its own is earlier.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        let carried = Arc::make_mut(self.carried.get_or_insert_default());
        carried.deadline = earlier(carried.deadline, Some(deadline));
        self
    }

    /// The same without a deadline, for what outlives the caller's waiting.
    #[must_use]
    pub fn without_deadline(mut self) -> Self {
        if let Some(carried) = &mut self.carried
            && carried.deadline.is_some()
        {
            Arc::make_mut(carried).deadline = None;
        }
        self
    }

    /// Runs a future in the scope of this context: calls that it makes belong to it. Inside, the
    /// scope around it is out of sight.
    pub fn scope<F: Future>(self, future: F) -> Scope<F> {
        Scope::new(self, future)
    }

    /// Reads a request that comes in, and puts the context among its extensions if it holds more
    /// than an address.
    pub(super) fn receive<B>(
        request: &mut Request<B>,
        hops: TrustedHops,
        trusts_timeout: bool,
    ) -> Self {
        let mut trace = Vec::new();
        let (mut grpc, mut expected) = (None, None);
        // One look at each name: seventeen look-ups cost more than the names that most have.
        for (name, value) in request.headers() {
            match name.as_str() {
                text if !trace::may_matter(text) => {}
                timeout::GRPC => grpc = earlier(grpc, timeout::read_grpc(value.as_bytes())),
                timeout::EXPECTED => {
                    expected = earlier(expected, timeout::read_millis(value.as_bytes()));
                }
                text => {
                    if let Some(family) = trace::family(text) {
                        trace.push(Line::new(family, name, value));
                    }
                }
            }
        }
        let grpc = grpc.filter(|_| ReplyTo::of(request).is_grpc());
        let expected = expected.filter(|_| trusts_timeout);
        let after = |timeout: Duration| clock::now().checked_add(timeout);
        let told = earlier(grpc, expected).and_then(after);
        // A stack further out has read the same headers earlier.
        let outer = request.extensions().get::<Self>().and_then(Self::deadline);
        let deadline = earlier(told, outer);
        let is_carried = deadline.is_some() || !trace.is_empty();
        let context = Self {
            source: hops.client(request),
            carried: is_carried.then(|| Arc::new(Carried { deadline, trace })),
        };
        if is_carried {
            request.extensions_mut().insert(context.clone());
        } else {
            request.extensions_mut().remove::<Self>();
        }
        context
    }

    /// Puts a request that goes out into its context. Returns its deadline.
    pub(super) fn send<B>(request: &mut Request<B>, in_scope: bool) -> Option<Instant> {
        let explicit = request.extensions().get::<Self>().cloned();
        match explicit {
            Some(explicit) => explicit.join(request.headers_mut()),
            None if in_scope => scope::with(|context| context.join(request.headers_mut()))?,
            None => None,
        }
    }

    fn join(&self, headers: &mut HeaderMap) -> Option<Instant> {
        let carried = self.carried.as_deref()?;
        trace::add(&carried.trace, headers);
        carried.deadline
    }
}

/// The smaller of those that there are.
fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.into_iter().chain(other).min()
}

/// Not the values: `baggage` may hold what is nobody's business.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.trace().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Context")
            .field("source", &self.source)
            .field("deadline", &self.deadline())
            .field("trace", &names)
            .finish()
    }
}

#[cfg(test)]
mod tests;

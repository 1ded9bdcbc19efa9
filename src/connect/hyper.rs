use crate::balance::{Copying, Endpoint, MakeEndpoint, Reason, Reset, Target};
use crate::connect::body::RequestBody;
use crate::connect::connector::Pinned;
use crate::connect::error;
use crate::connect::upgrade::{self, Upgrade};
use crate::mirror::forget;
use crate::policy::Protocol;
use crate::tee::{CopyBody, Kept, ReplayBody, Tee, Upload};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::ext::Protocol as Extended;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pin_project_lite::pin_project;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Makes a pooled HTTP/1.1 or HTTP/2 client of each address, with hyper-util. Plain TCP.
///
/// An endpoint connects at its first request and keeps its connections as long as it stays in the
/// policy. When it goes, its connections close when they are idle and the last request that began
/// before has ended, to whatever endpoint; else after the idle timeout. It has to be used within a
/// tokio runtime.
///
/// Requests may come straight from a server: what they say of the connection they came over, such
/// as `connection` and `keep-alive`, stays behind. Bodies and trailers are passed on as they come,
/// never whole, and no faster than they are read. HTTP/1.1 sends those trailers that a `trailer`
/// header announces.
///
/// Over HTTP/2 all requests to an endpoint share one connection. Beyond the number of streams that
/// the endpoint allows at once, requests wait for one to end. Up to 1 MiB of an answer may lie
/// unread, and 32 MiB of all answers.
///
/// # Upgrades
///
/// WebSockets and other upgrades pass, and so does `CONNECT`:
///
/// - Of a request that the caller has made, the caller gets the 101 and takes the connection with
///   `hyper::upgrade::on`.
/// - Of a request that a hyper or axum server has handed over, with the server's own end among its
///   extensions, both connections are joined once the endpoint agrees: bytes pass both ways, no
///   faster than they are read, until both directions have ended or one side fails. Whoever wants
///   to speak for itself takes the server's end out first, with `hyper::upgrade::on`. A server that
///   does not serve `with_upgrades` has no such end.
/// - Any other answer passes as it is.
///
/// Each side speaks its own version of HTTP: to an endpoint that speaks HTTP/2 a WebSocket is an
/// extended `CONNECT` (RFC 8441), and what is one already becomes an upgrade for HTTP/1.1. Headers
/// of the WebSocket are passed on; where HTTP/1.1 needs `sec-websocket-key` or
/// `sec-websocket-accept` and HTTP/2 has none, they are made. Other upgrades are not asked of
/// HTTP/2, which has none, and the request is sent without. Upgrades to versions of HTTP, such as
/// `h2c`, are never asked for, as with Envoy: nobody would look at the requests within.
///
/// An upgraded connection has no timeout and counts as under way up to its 101 alone: it outlives
/// reloads and endpoints that go, and a shutdown does not wait for it.
///
/// An endpoint that switches without having been asked to is answered for with 502 and the flag
/// `UPE`; so is one that says 200 to an extended `CONNECT` without a tunnel.
#[derive(Clone, Debug)]
pub struct Hyper {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle: usize,
}

impl Hyper {
    /// Connects within 10 s (Istio's default), closes connections that were idle for 90 s, and
    /// keeps any number of them.
    pub fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            max_idle: usize::MAX,
        }
    }

    /// How long connecting may take; then 503 with the flag `UF`.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection may be idle before it is closed.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many idle connections are kept to one endpoint.
    #[must_use]
    pub fn max_idle_per_endpoint(mut self, connections: usize) -> Self {
        self.max_idle = connections;
        self
    }
}

/// How much of one answer may lie unread, where HTTP/2 is spoken, and how much of all on one
/// connection. All requests to an endpoint share one: with hyper's own windows, of 2 MiB and 5 MiB,
/// three that nobody reads would hold up all others.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 32 * STREAM_WINDOW;

impl Default for Hyper {
    fn default() -> Self {
        Self::new()
    }
}

impl MakeEndpoint for Hyper {
    type Endpoint = HttpEndpoint;

    fn make(&self, at: &Target) -> HttpEndpoint {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(self.connect_timeout));
        let address = at
            .address()
            .map(|address| Authority::try_from(address.to_string()));
        let unreachable = matches!(address, Some(Err(_)));
        let address = address.and_then(Result::ok);
        let uri = address.clone().map(|address| absolute(address, None));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle)
            .http2_only(at.protocol == Protocol::Http2)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            // `Host` is set below, by the authority alone.
            .build(Pinned::new(http, uri));
        HttpEndpoint {
            client,
            addressed: address.filter(|_| at.protocol == Protocol::Http1),
            protocol: at.protocol,
            unreachable,
        }
    }
}

/// One address as a pooled client. Takes every body of bytes; one that is not empty is boxed.
pub struct HttpEndpoint {
    client: Client<Pinned, RequestBody>,
    /// What requests' URIs are to say in place of the logical host. The client keeps connections
    /// apart by it, and clients may ask for any number of hosts. `None` where the URI has to say
    /// the logical host: HTTP/2 makes `:authority` of it.
    addressed: Option<Authority>,
    protocol: Protocol,
    /// An address that no URI can hold; policies have none, but code may.
    unreachable: bool,
}

impl<B> Endpoint<B> for HttpEndpoint
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Body = Incoming;
    type Future = HttpFuture;

    fn send(&self, request: Request<B>) -> HttpFuture {
        self.send_erased(request.map(RequestBody::new))
    }

    fn send_teed(&self, request: Request<B>, tee: Tee) -> HttpFuture {
        self.send_erased(request.map(|body| RequestBody::teed(body, tee)))
    }

    fn send_seen(&self, request: Request<B>, upload: &mut Upload) -> HttpFuture {
        self.send_erased(request.map(|body| RequestBody::seen(body, upload)))
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
    ) -> HttpFuture {
        self.send_erased(request.map(|body| RequestBody::kept(body, tee, upload, kept)))
    }

    fn send_again(&self, again: Request<ReplayBody>) -> Option<HttpFuture> {
        Some(self.send_erased(again.map(RequestBody::replayed)))
    }

    fn send_copy(&self, copy: Request<CopyBody>) -> Option<Copying> {
        let answer = self.send_erased(copy.map(RequestBody::new));
        Some(Box::pin(async move {
            // Whatever goes wrong, it is nobody's business.
            let answer = answer.await.ok();
            if let Some(response) = answer {
                forget(response.into_body()).await;
            }
        }))
    }
}

impl HttpEndpoint {
    fn send_erased(&self, mut request: Request<RequestBody>) -> HttpFuture {
        if self.unreachable {
            return HttpFuture::failed("the endpoint's address is not one that can be dialled");
        }
        if request
            .uri()
            .scheme()
            .is_some_and(|scheme| *scheme != Scheme::HTTP)
        {
            // Rather no answer than plain text where the caller asked for TLS.
            return HttpFuture::failed("connect::Hyper speaks plain HTTP: write `http://`");
        }
        let upgrade = Upgrade::of(&mut request, self.protocol);
        if !address(&mut request, self.addressed.as_ref()) {
            return HttpFuture::failed("the request names no host");
        }
        frame(&mut request);
        *request.version_mut() = Version::HTTP_11;
        HttpFuture {
            state: State::Sent {
                answer: self.client.request(request),
                upgrade,
            },
        }
    }
}

/// Lets the request say where it is meant for, in one place and without userinfo: nobody is to
/// read passwords off it. False if it names no host.
fn address<B>(request: &mut Request<B>, addressed: Option<&Authority>) -> bool {
    let named = match request.uri().authority() {
        Some(authority) => Some(authority.clone()),
        None => request
            .headers()
            .get(HOST)
            .and_then(|host| Authority::try_from(host.as_bytes()).ok()),
    };
    let Some(host) = named.and_then(without_userinfo) else {
        return false;
    };
    // The target of a CONNECT is the authority; there is nowhere else to say it. One that is
    // extended has a path, too.
    let tunnels =
        *request.method() == Method::CONNECT && request.extensions().get::<Extended>().is_none();
    let addressed = addressed.filter(|_| !tunnels);
    // The URI's authority is what the client addresses; a `Host` beside it would contradict.
    request.headers_mut().remove(HOST);
    let path = request.uri().path_and_query().cloned();
    match addressed {
        Some(addressed) => {
            // With its port where the caller wrote it, be it the default.
            let Ok(text) = HeaderValue::from_str(host.as_str()) else {
                return false;
            };
            request.headers_mut().insert(HOST, text);
            *request.uri_mut() = absolute(addressed.clone(), path);
        }
        None if tunnels => {
            let mut parts = http::uri::Parts::default();
            parts.authority = Some(host);
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        }
        None => *request.uri_mut() = absolute(host, path),
    }
    true
}

fn without_userinfo(authority: Authority) -> Option<Authority> {
    match authority.as_str().rfind('@') {
        None => Some(authority),
        Some(at) => Authority::try_from(&authority.as_str()[at + 1..]).ok(),
    }
}

/// The body knows how long it is. A header that says otherwise, left over from a request that
/// somebody passes on without its body, would make the far side take the next request on the
/// connection for the rest of this one.
fn frame<B: http_body::Body>(request: &mut Request<B>) {
    let Some(length) = request.body().size_hint().exact() else {
        return;
    };
    let says = |line: &HeaderValue| line.to_str().ok()?.parse().ok();
    let mut lines = request.headers().get_all(CONTENT_LENGTH).iter();
    if lines.any(|line| says(line) != Some(length)) {
        request.headers_mut().remove(CONTENT_LENGTH);
    }
}

fn absolute(authority: Authority, path: Option<PathAndQuery>) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    // All three parts are there, and nothing else can be wrong.
    Uri::from_parts(parts).unwrap_or_default()
}

pin_project! {
    /// The answer of an [`HttpEndpoint`].
    pub struct HttpFuture {
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State {
        Sent {
            #[pin]
            answer: ResponseFuture,
            // Boxed, since few requests ask for one.
            upgrade: Option<Box<Upgrade>>,
        },
        Failed { why: &'static str },
    }
}

impl HttpFuture {
    fn failed(why: &'static str) -> Self {
        Self {
            state: State::Failed { why },
        }
    }
}

impl Future for HttpFuture {
    type Output = Result<Response<Incoming>, Reset>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Sent { answer, upgrade } => {
                let mut response = ready!(answer.poll(cx)).map_err(error::reset)?;
                // Who passes the answer on speaks for itself: it says 1.1 and frames the body anew.
                if response.version() == Version::HTTP_10 {
                    *response.version_mut() = Version::HTTP_11;
                }
                match upgrade.take() {
                    None => upgrade::unasked(&mut response)?,
                    Some(upgrade) => upgrade.answered(&mut response)?,
                }
                Poll::Ready(Ok(response))
            }
            StateProjection::Failed { why } => Poll::Ready(Err(Reset {
                reason: Reason::LocalReset,
                source: Arc::from(Box::<dyn Error + Send + Sync>::from(*why)),
            })),
        }
    }
}

impl fmt::Debug for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEndpoint").finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFuture").finish_non_exhaustive()
    }
}

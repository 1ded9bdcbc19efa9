use crate::balance::{Endpoint, MakeEndpoint, Reason, Reset, Target};
use crate::connect::body::RequestBody;
use crate::connect::connector::Pinned;
use crate::connect::error;
use crate::policy::Protocol;
use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pin_project_lite::pin_project;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Makes a pooled HTTP/1.1 or HTTP/2 client of each address, with hyper-util. Plain TCP.
///
/// An endpoint connects at its first request and keeps its connections as long as it stays in the
/// policy. When it goes, its idle connections close at once and those under way when they are
/// done. It has to be used within a tokio runtime.
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
        let uri = at.address().map(|address| {
            let authority = Authority::try_from(address.to_string());
            authority.map(|authority| absolute(authority, None))
        });
        let unreachable = matches!(uri, Some(Err(_)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle)
            .http2_only(at.protocol == Protocol::Http2)
            // `Host` is set below, by the authority alone.
            .build(Pinned::new(http, uri.and_then(Result::ok)));
        HttpEndpoint {
            client,
            http2: at.protocol == Protocol::Http2,
            unreachable,
        }
    }
}

/// One address as a pooled client. Takes every body of bytes; one that is not empty is boxed.
pub struct HttpEndpoint {
    client: Client<Pinned, RequestBody>,
    http2: bool,
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
        if self.unreachable {
            return HttpFuture::failed("the endpoint's address is not one that can be dialled");
        }
        if request.uri().scheme() == Some(&Scheme::HTTPS) {
            // Rather no answer than plain text where the caller asked for TLS.
            return HttpFuture::failed("connect::Hyper speaks plain HTTP and was asked for https");
        }
        let mut request = request.map(RequestBody::new);
        if !make_absolute(&mut request) {
            return HttpFuture::failed("the request names no host");
        }
        // The URI's authority is what the client addresses; a `Host` beside it would contradict.
        request.headers_mut().remove(HOST);
        if !self.http2 {
            keep_default_port(&mut request);
        }
        *request.version_mut() = Version::HTTP_11;
        HttpFuture {
            state: State::Sent {
                answer: self.client.request(request),
            },
        }
    }
}

/// Whoever writes `reviews:80` is heard as that: hyper-util makes `Host` of the URI, and would
/// leave out the port which is the scheme's own.
fn keep_default_port<B>(request: &mut Request<B>) {
    let uri = request.uri();
    if uri.port_u16() == Some(80)
        && let Some(host) = uri.host()
        && let Ok(host) = HeaderValue::try_from(format!("{host}:80"))
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// Gives the request's URI the authority of its `Host`, where it has none of its own.
fn make_absolute<B>(request: &mut Request<B>) -> bool {
    if request.uri().authority().is_some() {
        return true;
    }
    let Some(host) = request.headers().get(HOST) else {
        return false;
    };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    *request.uri_mut() = absolute(authority, request.uri().path_and_query().cloned());
    true
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
        Sent { #[pin] answer: ResponseFuture },
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
            StateProjection::Sent { answer } => answer.poll(cx).map_err(error::reset),
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

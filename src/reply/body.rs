use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt as _, Either, Full};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_layer::Layer;
use tower_service::Service;

/// A response body in which a local reply can be said.
///
/// `Out` is the body itself wherever a text can be made into one; for bodies that nobody can make
/// it is another: `hyper::body::Incoming` becomes `MeshBody<Incoming>`. So a layer around a bare
/// hyper client changes the body's type, and one around axum or tonic does not.
///
/// Implemented for the bodies of http-body-util, hyper (feature `http`), axum (`axum`) and tonic
/// (`tonic`). For any other put [`MeshBodyLayer`] innermost.
#[diagnostic::on_unimplemented(
    message = "no local reply can be said in the body `{Self}`",
    note = "put `MeshBodyLayer` innermost, or switch on the feature of the framework it is from"
)]
pub trait ReplyBody: Sized {
    /// The body that answers have, whoever gives them.
    type Out: ReplyBody;

    /// The far side's own answer.
    fn keep(self) -> Self::Out;

    /// An answer of ours; an empty text is an empty body.
    fn local(text: Bytes) -> Self::Out;
}

macro_rules! reply_body_made_from_bytes {
    ($(#[$cfg:meta])* [$($generics:tt)*] $body:ty, $text:ident => $local:expr) => {
        $(#[$cfg])*
        impl<$($generics)*> ReplyBody for $body {
            type Out = Self;

            fn keep(self) -> Self {
                self
            }

            fn local($text: Bytes) -> Self {
                $local
            }
        }
    };
}

reply_body_made_from_bytes!([] Full<Bytes>, text => Self::new(text));
reply_body_made_from_bytes!([B] MeshBody<B>, text => Self::local(text));
reply_body_made_from_bytes!([E] BoxBody<Bytes, E>, text =>
    Self::new(Full::new(text).map_err(|never| match never {})));
reply_body_made_from_bytes!([E] UnsyncBoxBody<Bytes, E>, text =>
    Self::new(Full::new(text).map_err(|never| match never {})));
reply_body_made_from_bytes!(#[cfg(feature = "axum")] [] axum::body::Body, text => Self::from(text));
reply_body_made_from_bytes!(#[cfg(feature = "tonic")] [] tonic::body::Body, text => {
    if text.is_empty() { Self::empty() } else { Self::new(Full::new(text)) }
});

#[cfg(feature = "http")]
impl ReplyBody for hyper::body::Incoming {
    type Out = MeshBody<Self>;

    fn keep(self) -> MeshBody<Self> {
        MeshBody::inner(self)
    }

    fn local(text: Bytes) -> MeshBody<Self> {
        MeshBody::local(text)
    }
}

/// Said in the left kind.
impl<L: ReplyBody, R> ReplyBody for Either<L, R> {
    type Out = Either<L::Out, R>;

    fn keep(self) -> Self::Out {
        match self {
            Self::Left(left) => Either::Left(left.keep()),
            Self::Right(right) => Either::Right(right),
        }
    }

    fn local(text: Bytes) -> Self::Out {
        Either::Left(L::local(text))
    }
}

pin_project! {
    /// A body that is either the far side's or a local reply.
    #[derive(Debug)]
    pub struct MeshBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<B> {
        Local { text: Bytes },
        Inner { #[pin] body: B },
    }
}

impl<B> MeshBody<B> {
    /// The far side's body.
    pub fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    /// A local reply.
    pub fn local(text: Bytes) -> Self {
        Self {
            kind: Kind::Local { text },
        }
    }
}

impl<B: Body<Data = Bytes>> Body for MeshBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Local { text } => {
                Poll::Ready((!text.is_empty()).then(|| Ok(Frame::data(std::mem::take(text)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Local { text } => text.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Local { text } => SizeHint::with_exact(text.len() as u64),
        }
    }
}

/// Wraps every response body in [`MeshBody`], for bodies that [`ReplyBody`] does not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeshBodyLayer;

/// The service made by [`MeshBodyLayer`].
#[derive(Clone, Copy, Debug)]
pub struct MeshBodyService<S>(S);

impl<S> Layer<S> for MeshBodyLayer {
    type Service = MeshBodyService<S>;

    fn layer(&self, inner: S) -> MeshBodyService<S> {
        MeshBodyService(inner)
    }
}

impl<S, Q, B> Service<Request<Q>> for MeshBodyService<S>
where
    S: Service<Request<Q>, Response = Response<B>>,
{
    type Response = Response<MeshBody<B>>;
    type Error = S::Error;
    type Future = MeshBodyFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Q>) -> Self::Future {
        MeshBodyFuture {
            inner: self.0.call(request),
        }
    }
}

pin_project! {
    /// The future of [`MeshBodyService`].
    #[derive(Debug)]
    pub struct MeshBodyFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for MeshBodyFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<MeshBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().inner.poll(cx));
        Poll::Ready(answer.map(|response| response.map(MeshBody::inner)))
    }
}

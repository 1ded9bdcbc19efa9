use crate::balance::Reset;
use crate::reply::{Guarded, Head, Refusal, ReplyBody, ReplyTo};
use http::Response;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What is held while a request is under way and let go, by drop, at its end.
pub trait Hold {
    /// A local reply is made instead of the endpoint's.
    fn tell(&self, refusal: &Refusal);

    /// The reply's head is there, the endpoint's or a local one: what is to be changed in it?
    fn head(&self, _: Head<'_>) {}
}

/// Makes a local reply for who holds something.
pub fn refused<B: ReplyBody, H: Hold>(
    mut refusal: Refusal,
    to: ReplyTo,
    held: Option<&H>,
) -> Response<Guarded<B::Out, H>> {
    let held = held.filter(|_| !refusal.is_as_is());
    // Before the reply is made: as with Envoy, what it says of its own body comes after.
    if let Some(held) = held {
        held.head(refusal.head_mut());
    }
    refusal.into_response::<Guarded<B, H>>(to)
}

pin_project! {
    /// A request on its way to an endpoint: the answer, or the local reply that stands for why
    /// there is none. What is held goes over into the body and is let go at its end.
    #[derive(Debug)]
    pub struct Sending<F, H> {
        #[pin]
        future: F,
        held: Option<H>,
        to: ReplyTo,
    }
}

impl<F, H> Sending<F, H> {
    /// Holds `held` as long as the request is under way.
    pub fn new(future: F, held: H, to: ReplyTo) -> Self {
        Self {
            future,
            held: Some(held),
            to,
        }
    }

    /// What is held.
    pub fn held(&self) -> Option<&H> {
        self.held.as_ref()
    }

    /// Gives up on the endpoint's answer: what is held, for who answers instead.
    pub fn give_up(self: Pin<&mut Self>) -> (Option<H>, ReplyTo) {
        let this = self.project();
        (this.held.take(), *this.to)
    }
}

impl<F, B, H> Sending<F, H>
where
    F: Future<Output = Result<Response<B>, Reset>>,
    B: ReplyBody,
    B::Out: http_body::Body,
    H: Hold,
{
    /// As polling does, for who has the answer made otherwise.
    pub fn poll_answer(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Response<Guarded<B::Out, H>>> {
        let came = ready!(self.as_mut().poll_reset(cx));
        Poll::Ready(self.finish(came.map_err(Reset::into_refusal)))
    }

    /// What the endpoint's call comes to, for who may call another one.
    pub fn poll_reset(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }

    /// The answer made of that, or the reply that stands for it.
    pub fn finish(
        self: Pin<&mut Self>,
        came: Result<Response<B>, Refusal>,
    ) -> Response<Guarded<B::Out, H>> {
        let this = self.project();
        let held = this.held.take();
        match came {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                if let Some(held) = &held {
                    held.head(Head {
                        status: head.status,
                        headers: &mut head.headers,
                        local: None,
                    });
                }
                let body = match held {
                    Some(held) => Guarded::new(body.keep(), held),
                    None => Guarded::free(body.keep()),
                };
                Response::from_parts(head, body)
            }
            Err(refusal) => {
                if let Some(held) = &held {
                    held.tell(&refusal);
                }
                refused::<B, H>(refusal, *this.to, held.as_ref())
            }
        }
    }
}

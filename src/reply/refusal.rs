use crate::reply::{Flags, ReplyBody};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

/// A request is not to be passed on, and this is what it is answered.
///
/// One word wide, so that a gate's `Option<Refusal>` costs the allowed request nothing.
#[derive(Debug)]
pub struct Refusal(Box<Reason>);

#[derive(Debug)]
struct Reason {
    status: StatusCode,
    /// Text: UTF-8.
    body: Bytes,
    headers: HeaderMap,
    /// Nobody changes it on its way.
    as_is: bool,
    reply: LocalReply,
}

/// Tells a local reply from the far side's own answer: a response extension.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LocalReply {
    /// The status that stands for it; a gRPC caller sees 200 and a `grpc-status` made of it.
    pub status: StatusCode,
    /// The reason in Envoy's short names.
    pub flags: Flags,
    /// The reason in Envoy's long form, such as `no_healthy_upstream`.
    pub details: Cow<'static, str>,
    /// The error behind it, if there was one.
    pub source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The head of a reply, whoever gives it, to be changed.
#[derive(Debug)]
pub struct Head<'a> {
    /// The status; of a local reply to a gRPC request the one that stands for it.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a mut HeaderMap,
    /// What a local reply says of itself; `None` for the far side's own.
    pub local: Option<&'a LocalReply>,
}

/// What a local reply has to know of the request that it answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplyTo {
    head: bool,
    grpc: bool,
}

impl ReplyTo {
    /// Looks at a request.
    pub fn of<B>(request: &Request<B>) -> Self {
        Self {
            head: request.method() == Method::HEAD,
            grpc: request
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(|kind| is_grpc(kind.as_bytes())),
        }
    }

    /// Whether it is a gRPC request, by its `content-type`.
    pub fn is_grpc(self) -> bool {
        self.grpc
    }
}

/// As Envoy does: exactly `application/grpc` or with a `+` after it, in this case. Neither
/// `application/grpc;charset=…` nor `application/grpc-web` counts.
fn is_grpc(content_type: &[u8]) -> bool {
    content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| rest.is_empty() || rest[0] == b'+')
}

impl Refusal {
    /// A reply with an empty body. `details` is Envoy's name for the reason.
    pub fn new(status: StatusCode, flags: Flags, details: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Reason {
            status,
            body: Bytes::new(),
            headers: HeaderMap::new(),
            as_is: false,
            reply: LocalReply {
                status,
                flags,
                details: details.into(),
                source: None,
            },
        }))
    }

    /// Sets the text that the reply says.
    #[must_use]
    pub fn body(mut self, body: impl Into<Cow<'static, str>>) -> Self {
        self.0.body = match body.into() {
            Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => text.into(),
        };
        self
    }

    /// Sets the text that the reply says, shared with others that say the same. What is no UTF-8
    /// is no text.
    pub(crate) fn shared_body(mut self, body: Bytes) -> Self {
        self.0.body = body;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Keeps the error that led to it.
    #[must_use]
    pub fn source(mut self, source: Arc<dyn Error + Send + Sync>) -> Self {
        self.0.reply.source = Some(source);
        self
    }

    /// Adds flags to those that are set.
    #[must_use]
    pub fn flag(mut self, flags: Flags) -> Self {
        self.0.reply.flags = self.0.reply.flags | flags;
        self
    }

    /// Keeps the reply as it is made: a rule's changes of response headers are not for it, and
    /// gRPC callers get it in HTTP's words. The answer to a preflight is such a one.
    #[must_use]
    pub fn as_is(mut self) -> Self {
        self.0.as_is = true;
        self
    }

    /// Says whether nothing in the reply is to be changed.
    pub fn is_as_is(&self) -> bool {
        self.0.as_is
    }

    /// The status that stands for it.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The reason in Envoy's short names.
    pub fn flags(&self) -> Flags {
        self.0.reply.flags
    }

    /// The reason in Envoy's long form.
    pub fn details(&self) -> &str {
        &self.0.reply.details
    }

    /// The text that the reply says.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0.body).unwrap_or_default()
    }

    /// The headers beyond those of every local reply.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// To change them. What every local reply says of its body is not among them and is written
    /// afterwards.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.0.headers
    }

    /// Its head, to be changed. What every local reply says of its body is not among the headers
    /// and is written afterwards.
    pub fn head_mut(&mut self) -> Head<'_> {
        let reason = &mut *self.0;
        Head {
            status: reason.status,
            headers: &mut reason.headers,
            local: Some(&reason.reply),
        }
    }

    /// The reply, in a body of the caller's kind.
    pub fn into_response<B: ReplyBody>(self, to: ReplyTo) -> Response<B::Out> {
        let reason = *self.0;
        let mut headers = reason.headers;
        let bodiless = reason.status.is_informational()
            || matches!(
                reason.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
        let mut status = reason.status;
        let mut body = Bytes::new();
        // Whatever a policy has put there, the body is as long as it is.
        headers.remove(CONTENT_LENGTH);
        if to.grpc && !reason.as_is {
            status = StatusCode::OK;
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers
                .entry(GRPC_STATUS)
                .or_insert_with(|| grpc_status(reason.status).into());
            if !to.head && !reason.body.is_empty() {
                headers.insert(GRPC_MESSAGE, grpc_message(&reason.body));
            }
        } else if !reason.body.is_empty() && !bodiless {
            headers.insert(CONTENT_LENGTH, reason.body.len().into());
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("text/plain"));
            // hyper's HTTP/2 server sends the body of an answer to HEAD, and the client then
            // sees a protocol error.
            if !to.head {
                body = reason.body;
            }
        } else {
            headers.remove(CONTENT_TYPE);
        }
        let mut response = Response::new(B::local(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.extensions_mut().insert(reason.reply);
        response
    }
}

/// The `grpc-status` that stands for an HTTP status, by Envoy's map for its own replies.
fn grpc_status(status: StatusCode) -> u16 {
    match status.as_u16() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// A text as gRPC's wire format wants it: all but printable ASCII, and `%`, escaped.
fn grpc_message(text: &[u8]) -> HeaderValue {
    let mut escaped = String::with_capacity(text.len());
    for &byte in text {
        if (0x20..0x7f).contains(&byte) && byte != b'%' {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(escaped).unwrap_or(HeaderValue::from_static(""))
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::Full;
    use proptest::prelude::*;

    fn limited() -> Refusal {
        Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            Flags::RL,
            "local_rate_limited",
        )
        .body("local_rate_limited")
    }

    fn answer(refusal: Refusal, request: &Request<()>) -> Response<Full<Bytes>> {
        refusal.into_response::<Full<Bytes>>(ReplyTo::of(request))
    }

    #[test]
    fn a_grpc_request_is_answered_with_trailers_only() {
        let request = Request::post("/s/M")
            .header("content-type", "application/grpc+proto")
            .body(())
            .unwrap();
        let response = answer(limited().body("50% of\nall"), &request);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        assert_eq!(response.headers()["grpc-status"], "14");
        assert_eq!(response.headers()["grpc-message"], "50%25 of%0Aall");
        assert!(response.headers().get("content-length").is_none());
        assert!(response.body().is_end_stream());
        assert_eq!(
            response.extensions().get::<LocalReply>().unwrap().status,
            429
        );
    }

    #[test]
    fn a_reply_that_is_kept_as_it_is_speaks_http_to_everybody() {
        let request = Request::post("/s/M")
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let response = answer(limited().as_is(), &request);
        assert_eq!(response.status(), 429);
        assert!(response.headers().get("grpc-status").is_none());
    }

    #[test]
    fn grpc_web_and_parameters_are_not_grpc() {
        for kind in [
            "application/grpc-web",
            "application/grpc;x",
            "Application/grpc",
        ] {
            assert!(!is_grpc(kind.as_bytes()), "{kind}");
        }
    }

    #[test]
    fn an_answer_to_head_has_the_length_but_no_body() {
        let request = Request::head("/").body(()).unwrap();
        let response = answer(limited(), &request);
        assert_eq!(response.headers()["content-length"], "18");
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert!(response.body().is_end_stream());
    }

    #[test]
    fn statuses_without_a_body_have_none() {
        let request = Request::get("/").body(()).unwrap();
        for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
            let response = answer(Refusal::new(status, Flags::FI, "x").body("text"), &request);
            assert!(response.body().is_end_stream());
            assert!(response.headers().is_empty());
        }
    }

    #[test]
    fn what_a_policy_puts_into_a_local_reply_stays_but_for_its_framing() {
        let request = Request::get("/").body(()).unwrap();
        let spoilt = |mut refusal: Refusal| {
            let headers = refusal.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("9999"));
            headers.insert("x", HeaderValue::from_static("1"));
            answer(refusal, &request)
        };
        let full = spoilt(limited());
        assert_eq!(full.headers()["content-type"], "text/html");
        assert_eq!(full.headers()["content-length"], "18");
        let empty = spoilt(limited().body(""));
        assert_eq!(empty.headers().len(), 1);
        assert_eq!(empty.headers()["x"], "1");
    }

    #[test]
    fn a_refusal_is_one_word_wide() {
        assert_eq!(size_of::<Option<Refusal>>(), size_of::<usize>());
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_grpc_message(text: String) {
            let message = grpc_message(text.as_bytes());
            prop_assert!(message.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte)));
            prop_assert_eq!(message.is_empty(), text.is_empty());
        }
    }
}

//! A request that asks its connection to become something else, on its way to an endpoint and
//! back: each end asks and answers in its own version of HTTP.

use crate::balance::{Reason, Reset};
use crate::connect::websocket;
use crate::policy::Protocol;
use crate::rng::{Purpose, Rng};
use crate::upgrade::{asked, names};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, TE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::ext::Protocol as Extended;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::sync::Arc;
use tokio::io::copy_bidirectional;

/// What was asked for, and who waits for it.
pub(super) struct Upgrade {
    asked: Asked,
    over: Protocol,
    /// The end that a server holds, of a request that came over one.
    server: Option<OnUpgrade>,
}

enum Asked {
    /// HTTP/1.1's `upgrade`.
    Upgrade {
        /// What the answer to a WebSocket's key is, where the endpoint knows of none.
        accept: Option<HeaderValue>,
    },
    /// HTTP/2's extended `CONNECT` (RFC 8441).
    Extended,
    /// `CONNECT`.
    Tunnel,
}

impl Upgrade {
    /// Says of the request's new connection what is true of it. What is returned has to see the
    /// answer.
    pub(super) fn of<B>(request: &mut Request<B>, over: Protocol) -> Option<Box<Self>> {
        let asked = drop_what_is_of_a_connection(request.headers_mut());
        // HTTP/1.0 has no upgrades (RFC 9110, 7.8).
        let asked = asked.filter(|_| request.version() != Version::HTTP_10);
        if asked.is_none() && *request.method() != Method::CONNECT {
            return None;
        }
        Self::ask(request, asked, over)
    }

    #[cold]
    fn ask<B>(
        request: &mut Request<B>,
        asked: Option<HeaderValue>,
        over: Protocol,
    ) -> Option<Box<Self>> {
        let asked = match (*request.method() == Method::CONNECT, asked) {
            (true, _) => match request.extensions_mut().remove::<Extended>() {
                Some(to) => {
                    ask_extended(request, to, over);
                    Asked::Extended
                }
                None => Asked::Tunnel,
            },
            (false, Some(to)) => {
                let accept = ask_upgrade(request, to, over)?;
                Asked::Upgrade { accept }
            }
            (false, None) => return None,
        };
        Some(Box::new(Self {
            asked,
            over,
            server: request.extensions_mut().remove(),
        }))
    }

    /// Looks at the answer, and joins the two connections if both are here and are to be joined.
    pub(super) fn answered<B>(mut self, response: &mut Response<B>) -> Result<(), Reset> {
        let status = response.status();
        let agreed = response.extensions_mut().remove::<OnUpgrade>();
        let Some(endpoint) = agreed else {
            return self.refused(response);
        };
        let headers = response.headers_mut();
        match (self.asked, self.over) {
            (Asked::Upgrade { .. }, Protocol::Http1) => {}
            (Asked::Upgrade { accept }, Protocol::Http2) => {
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, WEBSOCKET);
                if let Some(accept) = accept {
                    headers.entry(SEC_WEBSOCKET_ACCEPT).or_insert(accept);
                }
                *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            }
            (Asked::Tunnel, _) if status == StatusCode::SWITCHING_PROTOCOLS => {
                return Err(protocol_error(UNASKED));
            }
            (Asked::Tunnel | Asked::Extended, _) => {
                drop_what_is_of_a_connection(headers);
                if status == StatusCode::SWITCHING_PROTOCOLS {
                    headers.remove(SEC_WEBSOCKET_ACCEPT);
                    *response.status_mut() = StatusCode::OK;
                }
            }
        }
        match self.server.take() {
            Some(server) => {
                tokio::spawn(join(server, endpoint));
            }
            // Whoever has sent the request speaks for itself.
            None => {
                response.extensions_mut().insert(endpoint);
            }
        }
        Ok(())
    }

    /// Whatever the endpoint says instead, it passes as it is; unless the caller would take it for
    /// an agreement.
    fn refused<B>(self, response: &mut Response<B>) -> Result<(), Reset> {
        let status = response.status();
        let by_header = matches!(self.asked, Asked::Upgrade { .. });
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(protocol_error(UNASKED));
        }
        if status.is_success() && !(by_header && self.over == Protocol::Http1) {
            return Err(protocol_error("the endpoint succeeded without a tunnel"));
        }
        let offered = drop_what_is_of_a_connection(response.headers_mut());
        // Such as with a 426: what would have been taken.
        if let Some(offered) = offered.filter(|_| by_header) {
            set(response.headers_mut(), offered);
        }
        Ok(())
    }
}

/// An answer to who asked for no upgrade.
pub(super) fn unasked<B>(response: &mut Response<B>) -> Result<(), Reset> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(protocol_error(UNASKED));
    }
    drop_what_is_of_a_connection(response.headers_mut());
    Ok(())
}

/// Asks for an upgrade in the endpoint's words: the answer to the WebSocket's key, if it is not the
/// endpoint that gives it. `None`: there are no such words, and nothing is asked for. Who asks to
/// upgrade has to expect that (RFC 9110, 7.8).
fn ask_upgrade<B>(
    request: &mut Request<B>,
    to: HeaderValue,
    over: Protocol,
) -> Option<Option<HeaderValue>> {
    match over {
        Protocol::Http1 => {
            set(request.headers_mut(), to);
            Some(None)
        }
        Protocol::Http2 if names(&to, "websocket") => {
            *request.method_mut() = Method::CONNECT;
            let extended = Extended::from_static("websocket");
            request.extensions_mut().insert(extended);
            let key = request.headers().get(SEC_WEBSOCKET_KEY);
            Some(key.map(websocket::accept))
        }
        Protocol::Http2 => None,
    }
}

fn ask_extended<B>(request: &mut Request<B>, to: Extended, over: Protocol) {
    match over {
        Protocol::Http2 => {
            request.extensions_mut().insert(to);
        }
        Protocol::Http1 => {
            *request.method_mut() = Method::GET;
            let headers = request.headers_mut();
            if to.as_str().eq_ignore_ascii_case("websocket") {
                let draw = || u128::from(Rng::default().chance().draw(Purpose::Pick));
                headers
                    .entry(SEC_WEBSOCKET_KEY)
                    .or_insert_with(|| websocket::key(draw() << 64 | draw()));
            }
            if let Ok(to) = HeaderValue::from_str(to.as_str()) {
                set(headers, to);
            }
        }
    }
}

/// Lets bytes through in both directions until both are at their end, or one side fails. Neither
/// side is read faster than the other takes it.
async fn join(server: OnUpgrade, endpoint: OnUpgrade) {
    // If one of them is gone already, the other closes by being dropped.
    if let (Ok(endpoint), Ok(server)) = (endpoint.await, server.await) {
        let (mut server, mut endpoint) = (TokioIo::new(server), TokioIo::new(endpoint));
        // Its sides know what went wrong; there is nobody else to tell.
        let _ = copy_bidirectional(&mut server, &mut endpoint).await;
    }
}

/// What a message that came over one connection says of it is not true of another. So nobody's
/// caller closes the endpoint's connections; and nobody takes a header for this hop's own because
/// a caller listed its name under `connection`: hyper's HTTP/2 drops such headers, proxies do, too.
///
/// Returns what the message asks its connection to become.
fn drop_what_is_of_a_connection(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let mut to = None;
    if headers.contains_key(UPGRADE) {
        to = asked(headers);
        headers.remove(UPGRADE);
        headers.remove(HTTP2_SETTINGS);
    }
    headers.remove(CONNECTION);
    headers.remove(KEEP_ALIVE);
    headers.remove(PROXY_CONNECTION);
    // gRPC asks for trailers, and they are passed on.
    if headers.get(TE).is_some_and(|te| te != "trailers") {
        let mut lines = headers.get_all(TE).iter();
        let trailers = lines.any(|te| names(te, "trailers"));
        headers.remove(TE);
        if trailers {
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
    }
    to
}

fn set(headers: &mut HeaderMap, upgrade: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, upgrade);
}

fn protocol_error(why: &'static str) -> Reset {
    Reset {
        reason: Reason::ProtocolError,
        source: Arc::from(Box::<dyn Error + Send + Sync>::from(why)),
    }
}

const UNASKED: &str = "the endpoint switched protocols, and nobody had asked it to";
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

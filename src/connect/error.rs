use crate::balance::{Reason, Reset};
use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;

/// What an error of hyper-util's client means, in Envoy's distinctions.
pub(super) fn reset(error: hyper_util::client::legacy::Error) -> Reset {
    let reason = reason(&error);
    Reset {
        reason,
        source: Arc::new(error),
    }
}

fn reason(error: &hyper_util::client::legacy::Error) -> Reason {
    if error.is_connect() {
        return match cause::<std::io::Error>(error).map(std::io::Error::kind) {
            Some(ErrorKind::TimedOut) => Reason::ConnectionTimeout,
            _ => Reason::RemoteConnectionFailure,
        };
    }
    // Before hyper's own words: hyper wraps what h2 says.
    if let Some(h2) = cause::<h2::Error>(error) {
        return match h2.reason() {
            _ if h2.is_io() => Reason::ConnectionTermination,
            Some(h2::Reason::REFUSED_STREAM) if h2.is_remote() => Reason::RemoteRefusedStreamReset,
            Some(h2::Reason::PROTOCOL_ERROR) => Reason::ProtocolError,
            Some(_) if h2.is_remote() && h2.is_reset() => Reason::RemoteReset,
            Some(_) if h2.is_remote() => Reason::ConnectionTermination,
            // What this side's own h2 complains of: bytes that are no HTTP/2.
            _ => Reason::ProtocolError,
        };
    }
    match cause::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse() => Reason::ProtocolError,
        Some(hyper) if hyper.is_user() => Reason::LocalReset,
        _ => Reason::ConnectionTermination,
    }
}

/// The first cause of that type, the error itself included.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

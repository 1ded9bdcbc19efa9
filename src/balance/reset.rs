use crate::reply::{Flags, Refusal};
use http::StatusCode;
use std::borrow::Cow;
use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;

/// An endpoint gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .reason.words())]
pub struct Reset {
    /// What happened.
    pub reason: Reason,
    /// The error that told of it.
    #[source]
    pub source: Arc<dyn Error + Send + Sync>,
}

/// Why an endpoint gave no answer, in Envoy's distinctions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It could not be connected to.
    RemoteConnectionFailure,
    /// Connecting took too long.
    ConnectionTimeout,
    /// It closed the connection before it answered.
    ConnectionTermination,
    /// It reset the stream.
    RemoteReset,
    /// It refused the stream before it looked at it.
    RemoteRefusedStreamReset,
    /// This side gave up, such as over a failing request body.
    LocalReset,
    /// What it sent was no HTTP.
    ProtocolError,
}

impl Reason {
    /// In Envoy's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::RemoteConnectionFailure => "remote connection failure",
            Self::ConnectionTimeout => "connection timeout",
            Self::ConnectionTermination => "connection termination",
            Self::RemoteReset => "remote reset",
            Self::RemoteRefusedStreamReset => "remote refused stream reset",
            Self::LocalReset => "local reset",
            Self::ProtocolError => "protocol error",
        }
    }

    fn flags(self) -> Flags {
        match self {
            Self::RemoteConnectionFailure | Self::ConnectionTimeout => Flags::UF,
            Self::ConnectionTermination => Flags::UC,
            Self::RemoteReset | Self::RemoteRefusedStreamReset => Flags::UR,
            Self::LocalReset => Flags::LR,
            Self::ProtocolError => Flags::UPE,
        }
    }
}

impl Reset {
    /// Reads the reason off an error, by the input-output errors among its causes; an error that
    /// tells nothing counts as a closed connection.
    pub fn of(error: Box<dyn Error + Send + Sync>) -> Self {
        let source: Arc<dyn Error + Send + Sync> = Arc::from(error);
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*source);
        let mut reason = Reason::ConnectionTermination;
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                reason = match io.kind() {
                    ErrorKind::ConnectionRefused
                    | ErrorKind::AddrNotAvailable
                    | ErrorKind::HostUnreachable
                    | ErrorKind::NetworkUnreachable => Reason::RemoteConnectionFailure,
                    ErrorKind::TimedOut => Reason::ConnectionTimeout,
                    _ => reason,
                };
            }
            cause = error.source();
        }
        Self { reason, source }
    }

    /// The reply that stands for it: 503, or 502 for an answer that was no HTTP.
    pub fn into_refusal(self) -> Refusal {
        self.said("reset reason")
    }

    /// The same for a request that was tried before.
    pub fn into_latest_refusal(self) -> Refusal {
        self.said("retried and the latest reset reason")
    }

    fn said(self, what: &str) -> Refusal {
        let status = match self.reason {
            Reason::ProtocolError => StatusCode::BAD_GATEWAY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let words = self.reason.words();
        let failure = match self.reason {
            Reason::RemoteConnectionFailure => connect_error(&*self.source),
            _ => None,
        };
        let failure = failure.map(|error| format!("|delayed_connect_error:_{error}"));
        let details = format!(
            "upstream_reset_before_response_started{{{words}{}}}",
            failure.unwrap_or_default()
        )
        .replace(' ', "_");
        let body =
            format!("upstream connect error or disconnect/reset before headers. {what}: {words}");
        Refusal::new(status, self.reason.flags(), Cow::Owned(details))
            .body(body)
            .source(self.source)
    }
}

/// What the operating system says of a connection that did not come about, such as `Connection
/// refused`.
fn connect_error(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.raw_os_error().is_some()
        {
            let text = io.to_string();
            // The standard library writes the number behind it.
            let end = text.find(" (os error").unwrap_or(text.len());
            return Some(text[..end].to_owned());
        }
        cause = error.source();
    }
    None
}

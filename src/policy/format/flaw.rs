use crate::policy::format::Written;
use crate::policy::wording::{choose_from, shortened};

/// A text that is no header's value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}; {advice}")]
pub struct NotAHeaderText {
    message: String,
    advice: String,
    unsupported: bool,
}

impl NotAHeaderText {
    fn new(message: String, advice: impl Into<String>) -> Self {
        Self {
            message,
            advice: advice.into(),
            unsupported: false,
        }
    }

    /// Says whether Envoy would take it: it holds a command that Envoy has and that is not
    /// evaluated here.
    pub fn is_unsupported(&self) -> bool {
        self.unsupported
    }
}

pub(in crate::policy) fn not_visible(text: &str) -> NotAHeaderText {
    NotAHeaderText::new(
        format!("`{}` is no header value", shortened(text)),
        "write visible ASCII without spaces at its ends",
    )
}

pub(super) fn no_command(text: &str, at: usize) -> NotAHeaderText {
    NotAHeaderText::new(
        format!(
            "the `%` at byte {at} of `{}` begins no command",
            shortened(text)
        ),
        "write `%%` for a percent sign, or a command such as `%REQ(x-name)%`",
    )
}

pub(super) fn unknown(written: &Written<'_>) -> NotAHeaderText {
    let text = shortened(&written.text());
    if KNOWN_TO_ENVOY.contains(&written.name) {
        return unsupported(format!("`%{text}%` is not known inside the process"));
    }
    let advice = choose_from(written.name, SUPPORTED.iter().copied());
    NotAHeaderText::new(format!("there is no command `%{text}%`"), advice)
}

pub(super) fn unsupported(message: String) -> NotAHeaderText {
    let mut flaw = NotAHeaderText::new(message, choose_from("", SUPPORTED.iter().copied()));
    flaw.unsupported = true;
    flaw
}

pub(super) fn no_argument(written: &Written<'_>, what: &str, example: &str) -> NotAHeaderText {
    NotAHeaderText::new(
        format!("`%{}%` names no {what}", shortened(&written.text())),
        format!("write `%{}({example})%`", written.name),
    )
}

pub(super) fn too_much(written: &Written<'_>, what: &str) -> NotAHeaderText {
    NotAHeaderText::new(
        format!("`%{}%` takes no {what}", shortened(&written.text())),
        format!("write `%{}%`", written.name),
    )
}

pub(super) fn too_many_headers(argument: &str) -> NotAHeaderText {
    NotAHeaderText::new(
        format!(
            "`{}` is more than a header and another in its place",
            shortened(argument)
        ),
        "write `%REQ(x-first?x-second)%`",
    )
}

pub(super) fn not_a_header(name: &str) -> NotAHeaderText {
    NotAHeaderText::new(
        format!("`{}` is no header", shortened(name)),
        "write letters, digits and hyphens, or `:path`, `:authority`, `:method` or `:scheme` of a \
         request or `:status` of a reply",
    )
}

/// In the order in which advice lists them.
const SUPPORTED: &[&str] = &[
    "REQ",
    "RESP",
    "PROTOCOL",
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "ROUTE_NAME",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_HOST",
    "RESPONSE_CODE",
    "RESPONSE_FLAGS",
    "RESPONSE_CODE_DETAILS",
    "START_TIME",
    "ENVIRONMENT",
    "HOSTNAME",
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "UPSTREAM_CLUSTER_RAW",
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_REMOTE_PORT",
];

/// What Envoy 1.40 has beside those.
const KNOWN_TO_ENVOY: &[&str] = &[
    "ACCESS_LOG_TYPE",
    "BYTES_RECEIVED",
    "BYTES_SENT",
    "CEL",
    "CLUSTER_METADATA",
    "COALESCE",
    "COMMON_DURATION",
    "CONNECTION_ID",
    "CONNECTION_TERMINATION_DETAILS",
    "CUSTOM_FLAGS",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_DIRECT_LOCAL_PORT",
    "DOWNSTREAM_HANDSHAKE_DURATION",
    "DOWNSTREAM_HEADER_BYTES_RECEIVED",
    "DOWNSTREAM_HEADER_BYTES_SENT",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "DOWNSTREAM_LOCAL_DNS_SAN",
    "DOWNSTREAM_LOCAL_EMAIL_SAN",
    "DOWNSTREAM_LOCAL_IP_SAN",
    "DOWNSTREAM_LOCAL_PORT",
    "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_LOCAL_URI_SAN",
    "DOWNSTREAM_PEER_CERT",
    "DOWNSTREAM_PEER_CERT_V_END",
    "DOWNSTREAM_PEER_CERT_V_START",
    "DOWNSTREAM_PEER_DNS_SAN",
    "DOWNSTREAM_PEER_FINGERPRINT_1",
    "DOWNSTREAM_PEER_FINGERPRINT_256",
    "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SERIAL",
    "DOWNSTREAM_PEER_SUBJECT",
    "DOWNSTREAM_PEER_URI_SAN",
    "DOWNSTREAM_TLS_CIPHER",
    "DOWNSTREAM_TLS_SESSION_ID",
    "DOWNSTREAM_TLS_VERSION",
    "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "DOWNSTREAM_WIRE_BYTES_RECEIVED",
    "DOWNSTREAM_WIRE_BYTES_SENT",
    "DURATION",
    "DYNAMIC_METADATA",
    "EMIT_TIME",
    "EMIT_TIME_LOCAL",
    "FILTER_CHAIN_NAME",
    "FILTER_STATE",
    "GRPC_STATUS",
    "GRPC_STATUS_NUMBER",
    "LOCAL_REPLY_BODY",
    "METADATA",
    "PATH",
    "QUERY_PARAM",
    "QUERY_PARAMS",
    "REQUESTED_SERVER_NAME",
    "REQUEST_DURATION",
    "REQUEST_HEADERS_BYTES",
    "REQUEST_TX_DURATION",
    "RESPONSE_DURATION",
    "RESPONSE_FLAGS_LONG",
    "RESPONSE_HEADERS_BYTES",
    "RESPONSE_TRAILERS_BYTES",
    "RESPONSE_TX_DURATION",
    "ROUNDTRIP_DURATION",
    "START_TIME_LOCAL",
    "STREAM_ID",
    "TLS_JA3_FINGERPRINT",
    "TLS_JA4_FINGERPRINT",
    "TRACE_ID",
    "TRAILER",
    "UNIQUE_ID",
    "UPSTREAM_CONNECTION_ID",
    "UPSTREAM_CONNECTION_POOL_READY_DURATION",
    "UPSTREAM_FILTER_STATE",
    "UPSTREAM_HEADER_BYTES_RECEIVED",
    "UPSTREAM_HEADER_BYTES_SENT",
    "UPSTREAM_HOST_NAME",
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_PORT",
    "UPSTREAM_METADATA",
    "UPSTREAM_PEER_CERT",
    "UPSTREAM_PEER_ISSUER",
    "UPSTREAM_PEER_SUBJECT",
    "UPSTREAM_PROTOCOL",
    "UPSTREAM_REQUEST_ATTEMPT_COUNT",
    "UPSTREAM_TLS_CIPHER",
    "UPSTREAM_TLS_SESSION_ID",
    "UPSTREAM_TLS_VERSION",
    "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "UPSTREAM_WIRE_BYTES_RECEIVED",
    "UPSTREAM_WIRE_BYTES_SENT",
    "VIRTUAL_CLUSTER_NAME",
];

use crate::import::field::Field;
use crate::import::istio::parts::{duration, written};
use crate::policy::wording::{choose_from, shortened};

/// Checks the retries of a route, where no attempts said are none allowed.
pub(super) fn check_route(field: &Field<'_>) {
    let unsaid = field.is_mapping() && field.peek("attempts").is_none();
    check_attempts(field, unsaid);
}

/// Checks the retries of the mesh.
pub(in crate::import::istio) fn check(field: &Field<'_>) {
    check_attempts(field, false);
}

/// Checks what is said of retries, about which nothing is done yet.
fn check_attempts(field: &Field<'_>, none: bool) {
    let fields = field.fields(&[
        "attempts",
        "perTryTimeout",
        "retryOn",
        "retryRemoteLocalities",
        "retryIgnorePreviousHosts",
        "backoff",
    ]);
    let attempts = fields
        .get("attempts")
        .map(|attempts| attempts.integer(0, i128::from(i32::MAX)));
    if none || attempts == Some(Some(0u32)) {
        for key in ["perTryTimeout", "retryOn", "retryRemoteLocalities"] {
            if let Some(idle) = written(&fields, key) {
                let message = format!("`{key}` says how to retry, but nothing is to be retried");
                let advice = "take it out, or allow `attempts`, which are 0 where none are written";
                idle.refused("invalid-value", message, advice);
            }
        }
    }
    for key in ["perTryTimeout", "backoff"] {
        if let Some(time) = fields.get(key) {
            duration(&time);
        }
    }
    for key in ["retryRemoteLocalities", "retryIgnorePreviousHosts"] {
        if let Some(flag) = fields.get(key) {
            flag.boolean();
        }
    }
    if let Some(on) = fields.get("retryOn") {
        check_conditions(&on);
    }
    field.ignored("requests are not retried");
}

fn check_conditions(field: &Field<'_>) {
    let Some(text) = field.text() else { return };
    for token in text.split(',').filter(|_| !text.is_empty()) {
        // Istio asks for a status that has a name.
        let status = token
            .parse::<u16>()
            .ok()
            .and_then(|code| http::StatusCode::from_u16(code).ok());
        let named = status.is_some_and(|status| status.canonical_reason().is_some());
        if !named && !CONDITIONS.contains(&token) {
            let message = format!("`{}` is no condition to retry on", shortened(token));
            let advice = choose_from(token, CONDITIONS.iter().copied());
            field.refused("invalid-value", message, advice);
        }
    }
}

const CONDITIONS: &[&str] = &[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

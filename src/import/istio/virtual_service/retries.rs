use crate::import::field::Field;
use crate::import::istio::parts::{duration, written};
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Condition, Retries, Status};

/// Reads how often the requests of a route are tried again, and when. No attempts said are none
/// allowed.
pub(super) fn convert_route(field: &Field<'_>) -> Retries {
    let unsaid = field.is_mapping() && field.peek("attempts").is_none();
    convert_said(field, unsaid)
}

/// The same for the mesh, of which Istio checks less.
pub(in crate::import::istio) fn convert(field: &Field<'_>) -> Retries {
    convert_said(field, false)
}

fn convert_said(field: &Field<'_>, none: bool) -> Retries {
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
    if none || attempts == Some(Some(0_u32)) {
        for key in ["perTryTimeout", "retryOn", "retryRemoteLocalities"] {
            if let Some(idle) = written(&fields, key) {
                let message = format!("`{key}` says how to retry, but nothing is to be retried");
                let advice = "take it out, or allow `attempts`, which are 0 where none are written";
                idle.refused("invalid-value", message, advice);
            }
        }
    }
    // As in Istio, nothing that is said of attempts means none.
    let mut retries = Retries::new(attempts.flatten().unwrap_or(0));
    let [per_try, backoff] = ["perTryTimeout", "backoff"].map(|key| {
        let field = fields.get(key)?;
        duration(&field)
    });
    if let Some(on) = fields.get("retryOn") {
        conditions(&on, &mut retries);
    }
    let avoid = { fields.get("retryIgnorePreviousHosts") }.and_then(|flag| flag.boolean());
    if let Some(flag) = fields.get("retryRemoteLocalities")
        && flag.boolean() == Some(true)
    {
        flag.ignored("every try is for the endpoints of all localities");
    }
    if retries.attempts > 0 {
        retries.per_try_timeout = per_try;
        retries.backoff.base = backoff;
        retries.avoid_tried = avoid.unwrap_or(true);
        return retries;
    }
    Retries::new(0)
}

fn conditions(field: &Field<'_>, retries: &mut Retries) {
    let Some(text) = field.text().filter(|text| !text.is_empty()) else {
        return;
    };
    retries.on.clear();
    for token in text.split(',') {
        // Istio asks for a status that has a name.
        let status = { token.parse::<u16>().ok() }
            .and_then(|code| http::StatusCode::from_u16(code).ok())
            .filter(|status| status.canonical_reason().is_some());
        if let Some(status) = status {
            match Status::try_from(status.as_u16()) {
                Ok(status) => retries.codes.push(status),
                Err(_) => field.approximated("no answer has a status below 200"),
            }
        } else if let Some(condition) = Condition::of_word(token) {
            if !retries.on.contains(&condition) {
                retries.on.push(condition);
            }
        } else if token == HTTP3 {
            field.approximated("there is no HTTP/3, so it never fails after connecting");
        } else {
            let known = Condition::ALL.into_iter().map(Condition::word);
            let message = format!("`{}` is no condition to retry on", shortened(token));
            let advice = choose_from(token, known.chain([HTTP3]));
            field.refused("invalid-value", message, advice);
        }
    }
    // What is left may be nothing that ever is.
    if retries.on.is_empty() && retries.codes.is_empty() {
        *retries = Retries::new(0);
    }
}

const HTTP3: &str = "http3-post-connect-failure";

use crate::import::field::{Field, Fields};
use crate::import::istio::parts::{at_least_one, duration, one_of, percent, whole_percent};
use crate::import::istio::virtual_service::actions::answer_status;
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{Abort, Delay, Fault, Percent, Status};

pub(super) fn convert(field: &Field<'_>) -> Option<Fault> {
    let fields = field.fields(&["delay", "abort"]);
    at_least_one(&fields, &["delay", "abort"]);
    Some(Fault {
        delay: fields.get("delay").and_then(|field| delay(&field)),
        abort: fields.get("abort").and_then(|field| abort(&field)),
    })
}

fn delay(field: &Field<'_>) -> Option<Delay> {
    let fields = field.fields(&["fixedDelay", "exponentialDelay", "percentage", "percent"]);
    let percent = share(&fields, "delay");
    if let Some(exponential) = fields.get("exponentialDelay") {
        let message = "delays that grow are not supported, by Istio neither";
        exponential.refused("unsupported-field", message, "write `fixedDelay`");
        return None;
    }
    Some(Delay {
        fixed: duration(&fields.need("fixedDelay")?)?,
        percent: percent?,
    })
}

fn abort(field: &Field<'_>) -> Option<Abort> {
    let fields = field.fields(&[
        "httpStatus",
        "grpcStatus",
        "http2Error",
        "percentage",
        "percent",
    ]);
    let percent = share(&fields, "abort");
    let kinds = one_of(&fields, &["httpStatus", "grpcStatus", "http2Error"]);
    let Some((kind, value)) = kinds.into_iter().next() else {
        let message = "the abort does not say with which status";
        field.warn("missing-field", message, "write `httpStatus`");
        field.ignored("no request is aborted");
        return None;
    };
    let status = match kind {
        "httpStatus" => answer_status(&value)?,
        "grpcStatus" => grpc(&value)?,
        _ => {
            let message = "errors of HTTP/2 are not supported, by Istio neither";
            value.refused(
                "unsupported-field",
                message,
                "write `httpStatus` or `grpcStatus`",
            );
            return None;
        }
    };
    Some(Abort {
        status,
        percent: percent?,
    })
}

/// The share of requests. Nothing said means none of them, in Istio as well.
fn share(fields: &Fields<'_>, what: &str) -> Option<Percent> {
    let share = match (fields.get("percentage"), fields.get("percent")) {
        (Some(percentage), old) => {
            if let Some(old) = old {
                whole_percent(&old, "percentage");
                old.ignored("`percentage` holds");
            }
            return percent(&percentage);
        }
        (None, Some(old)) => return whole_percent(&old, "percentage"),
        (None, None) => Percent::default(),
    };
    let message = format!("the {what} says no `percentage`, so that it meets no request");
    fields
        .of()
        .warn("fault-never", message, "write `percentage: { value: 100 }`");
    Some(share)
}

/// The HTTP status that stands for a gRPC one, so that gRPC clients see the same where HTTP has
/// one for it.
fn grpc(field: &Field<'_>) -> Option<Status> {
    let text = field.text()?;
    let number = text.parse().ok().filter(|number| *number < CODES.len());
    let number = number.or_else(|| CODES.iter().position(|(name, ..)| *name == text));
    let Some((name, http, seen)) = number.and_then(|number| CODES.get(number)) else {
        let message = format!("`{}` is no status of gRPC", shortened(text));
        let advice = choose_from(text, CODES.iter().map(|(name, ..)| *name));
        field.refused("invalid-value", message, advice);
        return None;
    };
    field.approximated(match name == seen {
        true => format!("requests that are not gRPC are answered with {http}"),
        false => format!("requests are answered with {http}, those of gRPC with {seen}"),
    });
    Status::try_from(*http).ok()
}

/// The codes of gRPC in their order: the HTTP status that is sent, and the code which gRPC
/// requests see then.
const CODES: &[(&str, u16, &str)] = &[
    ("OK", 200, "UNKNOWN"),
    ("CANCELLED", 500, "UNKNOWN"),
    ("UNKNOWN", 500, "UNKNOWN"),
    ("INVALID_ARGUMENT", 400, "INTERNAL"),
    ("DEADLINE_EXCEEDED", 504, "UNAVAILABLE"),
    ("NOT_FOUND", 404, "UNIMPLEMENTED"),
    ("ALREADY_EXISTS", 409, "UNKNOWN"),
    ("PERMISSION_DENIED", 403, "PERMISSION_DENIED"),
    ("RESOURCE_EXHAUSTED", 429, "UNAVAILABLE"),
    ("FAILED_PRECONDITION", 400, "INTERNAL"),
    ("ABORTED", 409, "UNKNOWN"),
    ("OUT_OF_RANGE", 400, "INTERNAL"),
    ("UNIMPLEMENTED", 404, "UNIMPLEMENTED"),
    ("INTERNAL", 400, "INTERNAL"),
    ("UNAVAILABLE", 503, "UNAVAILABLE"),
    ("DATA_LOSS", 500, "UNKNOWN"),
    ("UNAUTHENTICATED", 401, "UNAUTHENTICATED"),
];

//! What is said of further tries has to lead to some.

use crate::policy::trail::Trail;
use crate::policy::validate::check_span;
use crate::policy::{Condition, Error, Retries};

pub(super) fn check(retries: &Retries, trail: &Trail, found: &mut Vec<Error>) {
    if let Some(span) = retries.per_try_timeout {
        check_span(span, trail.key("perTryTimeout"), found);
    }
    let backoff = trail.key("backoff");
    for (key, span) in [("base", retries.backoff.base), ("max", retries.backoff.max)] {
        if let Some(span) = span {
            check_span(span, backoff.key(key), found);
        }
    }
    if let (Some(base), Some(max)) = (retries.backoff.base, retries.backoff.max)
        && max < base
    {
        let message = format!("the waits begin at {base}, above {max}");
        let error = Error::new("invalid-value", backoff.key("max"), message);
        found.push(error.advise("write the longer one as `max`"));
    }
    if retries.attempts == 0 {
        let on = retries.on != Condition::STANDARD;
        let idle = [
            ("perTryTimeout", retries.per_try_timeout.is_some()),
            ("on", on),
            ("codes", !retries.codes.is_empty()),
            ("headers", !retries.headers.is_empty()),
        ];
        for (key, _) in idle.iter().filter(|(_, there)| *there) {
            let message = format!("`{key}` says how to retry, but nothing is to be retried");
            let error = Error::new("invalid-value", trail.key(key), message);
            let error = error.because(trail.key("attempts"));
            found.push(error.advise("take it out, or allow attempts"));
        }
        return;
    }
    if retries.conditions().is_empty() {
        let message = "there is nothing on which to try again";
        let error = Error::new("invalid-value", trail.key("on"), message);
        found.push(error.advise("write conditions such as `5xx`, or take `on` out"));
    }
}

//! Limits and faults, which rules and services share.

use crate::policy::trail::Trail;
use crate::policy::validate::{check_names, check_span, name_or_index};
use crate::policy::{Error, Fault, Limit, Rate};
use std::time::Duration;

pub(super) fn check(limits: &[Limit], trail: &Trail, found: &mut Vec<Error>) {
    let names = limits
        .iter()
        .enumerate()
        .map(|(index, limit)| name_or_index(trail.index(index), limit.name.as_deref(), index));
    check_names("limits", names, found);
    for (index, limit) in limits.iter().enumerate() {
        let trail = trail.index(index);
        check_rate(&limit.rate, &trail.key("rate"), found);
        if limit.max_keys.is_some_and(|most| most.get() > MOST_KEYS) {
            let message = format!("more than {MOST_KEYS} clients cannot be kept apart");
            let at = trail.key("maxKeys");
            let advice = format!("write at most {MOST_KEYS}");
            found.push(Error::new("out-of-range", at, message).advise(advice));
        }
    }
}

fn check_rate(rate: &Rate, trail: &Trail, found: &mut Vec<Error>) {
    let before = found.len();
    check_span(rate.per, trail.key("per"), found);
    if found.len() > before {
        return;
    }
    // Buckets count in whole nanoseconds; a faster rate would have to be rounded to no limit.
    if rate.per.get().as_nanos() < u128::from(rate.requests.get()) {
        let message = format!(
            "{} requests in {} is more than one in a nanosecond",
            rate.requests, rate.per
        );
        let error = Error::new("out-of-range", trail.key("requests"), message);
        found.push(error.advise("write fewer requests or a longer time"));
    }
}

pub(super) fn check_fault(fault: &Fault, trail: &Trail, found: &mut Vec<Error>) {
    let Some(delay) = &fault.delay else {
        return;
    };
    let at = trail.key("delay").key("fixed");
    if delay.fixed.is_valid() && delay.fixed < SHORTEST_DELAY.into() {
        let message = format!("a delay of {} is shorter than 1ms", delay.fixed);
        found.push(Error::new("out-of-range", at, message).advise("write 1ms or more"));
    } else {
        check_span(delay.fixed, at, found);
    }
}

/// As many as `Limit::max_keys` promises.
const MOST_KEYS: u32 = 1 << 24;
/// tokio's timer knows no shorter time, and Istio refuses it likewise.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

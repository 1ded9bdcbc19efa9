//! Further tries, as a plan tells them. What comes of them is in `tests/retry.rs`.

use crate::{gateway, get, istio, native};
use tower_mesh::explain::{Answer, Retry};

const TO: &str = "route: [{ destination: { host: a } }]";

fn asked(http: &str) -> Answer {
    istio(&format!("  - {{ {TO}{http} }}\n")).decide(&get("http://h.example/"))
}

fn retry(http: &str) -> Option<(u32, String, Vec<u16>)> {
    asked(http).retry.map(told)
}

fn told(retry: Retry) -> (u32, String, Vec<u16>) {
    (retry.attempts, retry.on.join(","), retry.codes)
}

const STANDARD: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

#[test]
fn point_16_the_default_tries_twice_again_and_not_on_503() {
    assert_eq!(retry(""), Some((2, STANDARD.to_owned(), vec![])));
    assert_eq!(
        retry(", retries: { attempts: 3 }"),
        Some((3, STANDARD.to_owned(), vec![]))
    );
    assert_eq!(retry(", retries: { attempts: 0 }"), None);
    assert_eq!(retry(", retries: {}"), None);
    // Who writes a native rule says so.
    let rule = native("  - { to: [{ service: a }] }\n").decide(&get("http://h.example/"));
    assert_eq!(rule.retry, None);
    let route = gateway("  - { backendRefs: [{ name: a, port: 80 }] }\n");
    let default = route.decide(&get("http://h.example/")).retry.map(told);
    assert_eq!(default, Some((2, STANDARD.to_owned(), vec![])));
}

#[test]
fn point_17_attempts_are_tries_after_the_first_and_statuses_are_conditions() {
    let on = |on: &str| retry(&format!(", retries: {{ attempts: 1, retryOn: '{on}' }}"));
    assert_eq!(on("5xx,reset"), Some((1, "5xx,reset".to_owned(), vec![])));
    assert_eq!(
        on("503,5xx,429"),
        Some((1, "5xx,retriable-status-codes".to_owned(), vec![503, 429]))
    );
    let route = gateway(
        "  - { backendRefs: [{ name: a, port: 80 }], retry: { codes: [500], attempts: 4 } }\n",
    );
    let retry = route.decide(&get("http://h.example/")).retry.map(told);
    assert_eq!(retry, Some((4, STANDARD.to_owned(), vec![500])));
}

#[test]
fn point_15_a_try_has_less_time_than_all_or_none_of_its_own() {
    let of = |http: &str| {
        let answer = asked(http);
        (answer.timeout_ms, answer.per_try_timeout_ms)
    };
    let per_try = ", retries: { attempts: 1, perTryTimeout: 100ms }";
    assert_eq!(of(per_try), (None, Some(100)));
    assert_eq!(
        of(&format!(", timeout: 1s{per_try}")),
        (Some(1_000), Some(100))
    );
    assert_eq!(of(&format!(", timeout: 100ms{per_try}")), (Some(100), None));
    let route = |more: &str| {
        let rule = format!(
            "  - {{ backendRefs: [{{ name: a, port: 80 }}], timeouts: {{ request: 2s, backendRequest: 1s }}{more} }}\n"
        );
        let answer = gateway(&rule).decide(&get("http://h.example/"));
        (answer.timeout_ms, answer.per_try_timeout_ms)
    };
    assert_eq!(route(""), (Some(1_000), None));
    assert_eq!(
        route(", retry: { attempts: 1 }"),
        (Some(2_000), Some(1_000))
    );
}

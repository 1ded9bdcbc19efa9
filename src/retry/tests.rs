use crate::policy::{Condition, Retries};
use crate::retry::{Failure, Outcome, Tries, Verdict};
use crate::rng::Chance;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

/// What upstreams did, and under which tokens Envoy tried again.
const OWN: &str = include_str!("observed.json");

/// Each behaviour that was recorded, as a try's outcome. A status in the trailers is not in the
/// head.
fn judged(tries: &Tries, behaviour: &str) -> Verdict {
    let mut headers = HeaderMap::new();
    let failure = match behaviour {
        "connection refused" | "connect timeout" => Some(Failure::Connect),
        "HTTP/2 RST REFUSED_STREAM" => Some(Failure::Refused),
        "circuit breaker overflow" => Some(Failure::Overflow),
        "per-try timeout" => Some(Failure::TimedOut),
        "connection closed after the request"
        | "invalid HTTP"
        | "HTTP/2 RST CANCEL"
        | "HTTP/2 RST INTERNAL_ERROR"
        | "HTTP/2 connection closed" => Some(Failure::Reset),
        _ => None,
    };
    if let Some(failure) = failure {
        return tries.judge(Outcome::Failure(failure), 1, Chance::new(1));
    }
    let mut put = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).unwrap();
        headers.insert(HeaderName::from_static(name), value);
    };
    let status = match behaviour.split_once(' ') {
        Some(("grpc-status", rest)) => {
            if let Some(code) = rest.strip_suffix(" in headers") {
                put("grpc-status", code);
            } else {
                assert!(rest.ends_with(" in trailers"), "{behaviour}");
            }
            "200"
        }
        Some((status, "with x-envoy-ratelimited")) => {
            put("x-envoy-ratelimited", "true");
            status
        }
        Some((status, "with the configured retriable header")) => {
            put("x-again", "1");
            status
        }
        Some((status, "(configured as retriable status)")) => status,
        Some(_) => panic!("nobody knows `{behaviour}`"),
        None => behaviour,
    };
    let status: StatusCode = status.parse().unwrap();
    tries.judge(Outcome::Answer(status, &headers), 1, Chance::new(1))
}

fn agree(recorded: &Value) -> usize {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().unwrap().iter();
        items
            .map(|item| item.as_str().unwrap().to_owned())
            .collect()
    };
    let tokens = texts(&recorded["tokens"]);
    let mut compared = 0;
    for upstream in recorded["upstream"].as_array().unwrap() {
        let behaviour = upstream["behaviour"].as_str().unwrap();
        let retried_by = texts(&upstream["retried_by"]);
        for token in &tokens {
            let Some(condition) = Condition::of_word(token) else {
                // There is no HTTP/3 here, and nothing that was recorded was one.
                assert_eq!(token, "http3-post-connect-failure");
                assert!(!retried_by.contains(token));
                continue;
            };
            let mut retries = Retries::new(2).on([condition]);
            match condition {
                Condition::RetriableStatusCodes => retries.codes = vec![418.try_into().unwrap()],
                Condition::RetriableHeaders => retries.headers = vec!["x-again".parse().unwrap()],
                _ => {}
            }
            let tries = Tries::compile(&retries).unwrap();
            let again = matches!(judged(&tries, behaviour), Verdict::Again(_));
            assert_eq!(again, retried_by.contains(token), "{behaviour}: {token}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn each_token_retries_what_envoy_does() {
    let own: Value = serde_json::from_str(OWN).unwrap();
    assert_eq!(agree(&own), 29 * 15);
    match std::env::var_os("TOWER_MESH_CASES") {
        Some(folder) => {
            let file = std::path::Path::new(&folder).join("envoy/retries.json");
            let text = std::fs::read_to_string(&file);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(agree(&serde_json::from_str(&text).unwrap()), 29 * 15);
        }
        None => println!("TOWER_MESH_CASES is not set: only our own copy is tried"),
    }
}

#[test]
fn rate_limits_win_over_every_other_condition() {
    let mut headers = HeaderMap::new();
    headers.insert("x-envoy-ratelimited", HeaderValue::from_static("true"));
    let again = |on: &[Condition]| {
        let tries = Tries::compile(&Retries::new(1).on(on.iter().copied())).unwrap();
        let outcome = Outcome::Answer(StatusCode::SERVICE_UNAVAILABLE, &headers);
        tries.judge(outcome, 1, Chance::new(0)) != Verdict::Stands
    };
    assert!(!again(&[Condition::ServerError, Condition::GatewayError]));
    assert!(again(&[
        Condition::ServerError,
        Condition::EnvoyRatelimited
    ]));
}

#[test]
fn no_attempts_are_no_policy() {
    assert!(Tries::compile(&Retries::new(0)).is_none());
}

#[test]
fn a_try_has_a_time_of_its_own_only_below_that_of_all() {
    let ms = Duration::from_millis;
    let tries = Tries::compile(&Retries::new(1).per_try_timeout(ms(100).into())).unwrap();
    assert_eq!(tries.per_try(None), Some(ms(100)));
    assert_eq!(tries.per_try(Some(ms(101))), Some(ms(100)));
    assert_eq!(tries.per_try(Some(ms(100))), None);
}

proptest! {
    /// There is an end to it: never more than one try more than `attempts`, whatever comes back.
    #[test]
    fn there_are_never_more_tries_than_allowed(attempts in 1_u32..50, chance: u64) {
        let retries = Retries::new(attempts).on(Condition::ALL);
        let tries = Tries::compile(&retries).unwrap();
        let mut made = 1;
        while let Verdict::Again(wait) =
            tries.judge(Outcome::Failure(Failure::Connect), made, Chance::new(chance))
        {
            prop_assert!(wait < Duration::from_millis(250));
            made += 1;
        }
        prop_assert_eq!(made, attempts + 1);
    }

    /// What went well stands, whatever the conditions.
    #[test]
    fn a_success_stands(
        on in prop::collection::vec(prop::sample::select(&Condition::ALL[..]), 1..9),
        status in 200_u16..400,
    ) {
        let tries = Tries::compile(&Retries::new(3).on(on)).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let verdict = tries.judge(Outcome::Answer(status, &HeaderMap::new()), 1, Chance::new(0));
        prop_assert_eq!(verdict, Verdict::Stands);
    }

    /// What cannot be helped by another try never leads to one.
    #[test]
    fn what_is_of_no_use_is_never_done(made in 1_u32..9) {
        let tries = Tries::compile(&Retries::new(9).on(Condition::ALL)).unwrap();
        for failure in [Failure::Overflow, Failure::Local] {
            let verdict = tries.judge(Outcome::Failure(failure), made, Chance::new(0));
            prop_assert_eq!(verdict, Verdict::Stands);
        }
    }
}

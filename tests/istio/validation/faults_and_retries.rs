//! 9.1, rules 21 to 26.

use crate::validation::{VS, beside};

fn delay(fields: &str) -> String {
    beside(&format!("fault: {{delay: {{{fields}}}}}"))
}

fn abort(fields: &str) -> String {
    beside(&format!("fault: {{abort: {{{fields}}}}}"))
}

fn retries(fields: &str) -> String {
    beside(&format!("retries: {{{fields}}}"))
}

#[test]
fn rule_9_1_21_a_fault_is_a_delay_or_an_abort() {
    let words = ("missing-field", "says what to do", "`delay`, `abort`");
    VS.refuses(&beside("‸fault: {}"), words);
    VS.admits(&delay("fixedDelay: 1s, percentage: {value: 1}"));
    VS.admits(&abort("httpStatus: 500, percentage: {value: 1}"));
}

#[test]
fn rule_9_1_21_a_percentage_is_none_or_0_0001_to_100() {
    let both = |percent: &str| {
        [
            delay(&format!("fixedDelay: 1s, percentage: {{value: {percent}}}")),
            abort(&format!(
                "httpStatus: 500, percentage: {{value: {percent}}}"
            )),
        ]
    };
    let beyond = ("invalid-value", "is no percentage", "from 0 to 100");
    let finer = ("invalid-value", "finer than percentages go", "0.0001");
    for (percents, words) in [(["100.1", "-1"], beyond), (["0.00001", "0.00009"], finer)] {
        for percent in percents {
            for document in both(&format!("‸{percent}")) {
                VS.refuses(&document, words);
            }
        }
    }
    for percent in ["0", "0.0001", "0.5", "100"] {
        for document in both(percent) {
            VS.admits(&document);
        }
    }
}

#[test]
fn rule_9_1_21_an_old_percentage_is_told_and_checked() {
    let words = ("deprecated-field", "deprecated", "write `percentage");
    for percent in ["0", "100"] {
        VS.warns(
            &delay(&format!("fixedDelay: 1s, percent: ‸{percent}")),
            words,
        );
    }
    for percent in ["101", "-1"] {
        let found = VS.found(&delay(&format!("fixedDelay: 1s, percent: {percent}")));
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, ["deprecated-field", "out-of-range"]);
        assert!(found[1].message.contains("from 0 to 100"), "{found:?}");
    }
    VS.admits(&delay("fixedDelay: 1s, percentage: {value: 100}"));
}

#[test]
fn rule_9_1_22_an_abort_that_does_not_say_with_what() {
    let words = ("missing-field", "with which status", "write `httpStatus`");
    VS.warns(&beside("fault: {‸abort: {percentage: {value: 1}}}"), words);
    VS.admits(&abort("httpStatus: 503, percentage: {value: 1}"));
}

#[test]
fn rule_9_1_22_an_abort_s_status_is_200_to_600() {
    let status = |status: &str| abort(&format!("httpStatus: {status}, percentage: {{value: 1}}"));
    for bad in ["199", "601", "0"] {
        VS.refuses(
            &status(&format!("‸{bad}")),
            ("out-of-range", "from 200 to 600", ""),
        );
    }
    VS.admits(&status("200"));
    VS.admits(&status("599"));
    VS.warns(
        &status("‸600"),
        (
            "unsupported-status",
            "no proxy answers with it",
            "200 to 599",
        ),
    );
}

#[test]
fn rule_9_1_22_an_abort_s_grpc_status_is_a_known_name() {
    let status = |status: &str| abort(&format!("grpcStatus: {status}, percentage: {{value: 1}}"));
    for bad in ["NO", "''", "unavailable"] {
        VS.refuses(
            &status(&format!("‸{bad}")),
            ("invalid-value", "is no status of gRPC", ""),
        );
    }
    VS.admits(&status("NOT_FOUND"));
    VS.admits(&status("UNAVAILABLE"));
}

#[test]
fn rule_9_1_22_an_abort_with_an_error_of_http_2_is_not_supported() {
    let words = (
        "unsupported-field",
        "errors of HTTP/2",
        "`httpStatus` or `grpcStatus`",
    );
    VS.refuses(
        &abort("http2Error: ‸PROTOCOL_ERROR, percentage: {value: 1}"),
        words,
    );
    VS.admits(&abort("grpcStatus: INTERNAL, percentage: {value: 1}"));
}

#[test]
fn rule_9_1_23_a_delay_is_fixed_and_whole_milliseconds() {
    let words = ("missing-field", "`fixedDelay` is missing", "add it");
    VS.refuses(&beside("fault: {‸delay: {percentage: {value: 1}}}"), words);
    for bad in ["0s", "-1s", "500us"] {
        let words = ("invalid-value", bad, "");
        VS.refuses(
            &delay(&format!("fixedDelay: ‸{bad}, percentage: {{value: 1}}")),
            words,
        );
    }
    let words = ("invalid-value", "no whole number of milliseconds", "50ms");
    VS.refuses(&delay("fixedDelay: ‸1500us, percentage: {value: 1}"), words);
    VS.admits(&delay("fixedDelay: 1ms, percentage: {value: 1}"));
}

#[test]
fn rule_9_1_23_a_delay_that_grows_is_not_supported() {
    let words = (
        "unsupported-field",
        "delays that grow",
        "write `fixedDelay`",
    );
    VS.refuses(
        &delay("exponentialDelay: ‸1s, percentage: {value: 1}"),
        words,
    );
    VS.admits(&delay("fixedDelay: 1s, percentage: {value: 1}"));
}

#[test]
fn rule_9_1_24_attempts_are_not_negative() {
    VS.refuses(&retries("attempts: ‸-1"), ("out-of-range", "from 0 to", ""));
    VS.admits(&retries("attempts: 0"));
    VS.admits(&retries("attempts: 3"));
}

#[test]
fn rule_9_1_24_without_attempts_nothing_is_said_of_them() {
    for idle in [
        "perTryTimeout: ‸1s",
        "retryOn: ‸5xx",
        "retryRemoteLocalities: ‸true",
    ] {
        let words = (
            "invalid-value",
            "nothing is to be retried",
            "allow `attempts`",
        );
        VS.refuses(&retries(&format!("attempts: 0, {idle}")), words);
        // None written are none.
        VS.refuses(&retries(idle), words);
        VS.admits(&retries(&format!("attempts: 1, {}", idle.replace('‸', ""))));
    }
    VS.admits(&retries(
        "attempts: 0, backoff: 25ms, retryIgnorePreviousHosts: true, retryOn: ''",
    ));
}

#[test]
fn rule_9_1_25_times_between_tries_are_whole_milliseconds() {
    for key in ["perTryTimeout", "backoff"] {
        for bad in ["0s", "-1s", "500us", "1500us"] {
            let words = ("invalid-value", bad, "");
            VS.refuses(&retries(&format!("attempts: 1, {key}: ‸{bad}")), words);
        }
        VS.admits(&retries(&format!("attempts: 1, {key}: 1ms")));
    }
}

#[test]
fn rule_9_1_25_a_try_may_take_longer_than_all_of_them() {
    VS.admits(&beside(
        "timeout: 1s\nretries: {attempts: 3, perTryTimeout: 2s}",
    ));
}

#[test]
fn rule_9_1_26_conditions_to_retry_on_are_known() {
    let on = |text: &str| retries(&format!("attempts: 1, retryOn: {text}"));
    let words = ("invalid-value", "no condition to retry on", "");
    for bad in [
        "'5xx, reset'",
        "5XXX",
        "6xx",
        "'5xx,'",
        "'599'",
        "'99'",
        "'503 '",
        "'306'",
        "'509'",
        "'999'",
        "retry",
    ] {
        VS.refuses(&on(&format!("‸{bad}")), words);
    }
    // Each part by itself.
    VS.refuses(&on("‸‸','"), words);
    VS.admits(&on(
        "'5xx,gateway-error,reset,reset-before-request,connect-failure,retriable-4xx,refused-stream'",
    ));
    VS.admits(&on(
        "'retriable-status-codes,retriable-headers,envoy-ratelimited,http3-post-connect-failure'",
    ));
    VS.admits(&on(
        "'cancelled,deadline-exceeded,internal,resource-exhausted,unavailable'",
    ));
    for good in ["'503'", "'503,5xx'", "'103'", "'425'", "'511'"] {
        VS.admits(&on(good));
    }
}

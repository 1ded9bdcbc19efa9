//! What a rule is in Envoy's words.

use crate::{only_route, with_rule};
use serde_json::json;

#[test]
fn a_timeout_that_is_not_there_is_none() {
    assert_eq!(
        only_route(&with_rule("to: [{ service: a }]"))["route"]["timeout"],
        "0s"
    );
    let exported = with_rule("to: [{ service: a }], timeout: 1500ms");
    assert_eq!(only_route(&exported)["route"]["timeout"], "1.5s");
    // As Istio writes it for gRPC requests, which may say less themselves.
    assert_eq!(only_route(&exported)["route"]["max_grpc_timeout"], "1.5s");
}

#[test]
fn durations_have_all_their_digits() {
    for (ours, envoys) in [("50ms", "0.05s"), ("1m", "60s"), ("1ms", "0.001s")] {
        let exported = with_rule(&format!("to: [{{ service: a }}], timeout: {ours}"));
        assert_eq!(only_route(&exported)["route"]["timeout"], envoys);
    }
}

#[test]
fn what_a_match_asks_is_asked_in_envoys_words() {
    let ignore = json!({ "prefix": "/", "case_sensitive": false });
    let absent = json!({ "name": "x", "present_match": true, "invert_match": true });
    // To us a header that is not there is not `a`, and so it has to be to Envoy.
    let not_a = json!({
        "name": "x",
        "string_match": { "exact": "a" },
        "invert_match": true,
        "treat_missing_header_as_empty": true,
    });
    let host = json!({ "name": ":authority", "string_match": { "exact": "a.test" } });
    for (matching, expected) in [
        ("path: { prefix: / }, ignorePathCase: true", ignore),
        (
            "path: { prefix: /a/ }",
            json!({ "path_separated_prefix": "/a" }),
        ),
        ("path: { startsWith: /a/ }", json!({ "prefix": "/a/" })),
        ("path: { exact: /a/ }", json!({ "path": "/a/" })),
        (
            "headers: { x: absent }",
            json!({ "prefix": "/", "headers": [absent] }),
        ),
        (
            "withoutHeaders: { x: { exact: a } }",
            json!({ "prefix": "/", "headers": [not_a] }),
        ),
        (
            "headers: { host: { exact: a.test } }",
            json!({ "prefix": "/", "headers": [host] }),
        ),
    ] {
        let exported = with_rule(&format!(
            "to: [{{ service: a }}], match: [{{ {matching} }}]"
        ));
        assert_eq!(only_route(&exported)["match"], expected, "{matching}");
    }
}

#[test]
fn shares_and_weights_are_the_policys() {
    let exported = with_rule(
        "to: [{ service: a, weight: 7 }, { service: b, weight: 3 }, { service: b, weight: 0 }], \
         mirrors: [{ service: b, percent: 12.5 }], \
         fault: { abort: { status: 418, percent: 0.5 } }",
    );
    let route = only_route(&exported);
    let clusters = route["route"]["weighted_clusters"]["clusters"].as_array();
    let weights: Vec<_> = clusters.unwrap().iter().map(|to| &to["weight"]).collect();
    assert_eq!(weights, [7, 3]);
    let share = &route["route"]["request_mirror_policies"][0]["runtime_fraction"];
    let eighth = json!({ "numerator": 125_000, "denominator": "MILLION" });
    assert_eq!(share["default_value"], eighth);
    let abort = &route["typed_per_filter_config"]["envoy.filters.http.fault"]["abort"];
    let half = json!({ "numerator": 5_000, "denominator": "MILLION" });
    assert_eq!(
        (&abort["http_status"], &abort["percentage"]),
        (&json!(418), &half)
    );
}

#[test]
fn a_redirect_names_no_port_that_its_scheme_has() {
    for (rule, expected) in [
        ("host: 'b.test:80'", json!({ "host_redirect": "b.test" })),
        ("host: 'b.test:81'", json!({ "host_redirect": "b.test:81" })),
        (
            "scheme: https, host: 'b.test:443'",
            json!({ "scheme_redirect": "https", "host_redirect": "b.test" }),
        ),
        ("port: listener", json!({ "port_redirect": 8080 })),
    ] {
        let mut expected = expected;
        expected["response_code"] = "MOVED_PERMANENTLY".into();
        let rule = format!("redirect: {{ {rule}, status: 301 }}");
        assert_eq!(
            only_route(&with_rule(&rule))["redirect"],
            expected,
            "{rule}"
        );
    }
}

#[test]
fn values_of_headers_are_written_as_they_are_but_for_the_rules_own_name() {
    let rule = "to: [{ service: a }], headers: { request: { set: { x: '%ROUTE_NAME%: 100%% %REQ(y?z):3%' } } }";
    let exported = with_rule(rule);
    let added = &only_route(&exported)["request_headers_to_add"][0];
    let expected = json!({ "key": "x", "value": "one: 100%% %REQ(y?z):3%" });
    assert_eq!(added["header"], expected);
}

#[test]
fn an_expression_of_no_characters_is_written_so_that_envoy_takes_it() {
    let exported = with_rule("to: [{ service: a }], match: [{ headers: { x: { regex: '' } } }]");
    let matcher = &only_route(&exported)["match"]["headers"][0]["string_match"];
    assert_eq!(matcher["safe_regex"]["regex"], "(?:)");
}

#[test]
fn what_stands_for_itself_in_a_path_stands_for_itself_in_an_expression() {
    let rewritten = |matching: &str, rewrite: &str| {
        let rule = format!(
            "to: [{{ service: a }}], match: [{{ path: {{ {matching} }} }}], \
             rewrite: {{ path: {{ {rewrite} }} }}"
        );
        only_route(&with_rule(&rule))["route"]["regex_rewrite"].clone()
    };
    let by = |pattern: &str, substitution: &str| json!({ "pattern": { "regex": pattern }, "substitution": substitution });
    assert_eq!(
        rewritten("startsWith: /a.b+", "matched: ''"),
        by(r"^/a\.b\+", "")
    );
    assert_eq!(
        rewritten("prefix: /a.b", "prefix: /"),
        by(r"^/a\.b(/?)(.*)", r"/\2")
    );
    assert_eq!(rewritten("exact: /a", r"full: '/\1'"), by("^/.*$", r"/\\1"));
}

#[test]
fn a_header_that_is_set_to_nothing_stays_as_it_is() {
    let exported = with_rule(
        "to: [{ service: a }], headers: { request: { set: { x: '', y: b }, remove: [z] } }",
    );
    let route = only_route(&exported);
    let added = route["request_headers_to_add"].as_array().unwrap();
    let names: Vec<_> = added.iter().map(|added| &added["header"]["key"]).collect();
    assert_eq!(names, ["y"]);
    assert_eq!(route["request_headers_to_remove"], json!(["z"]));
}

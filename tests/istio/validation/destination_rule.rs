//! 9.2, rules 1 to 6 and 10 to 13: hosts, subsets, connections, TLS and who a rule is for.

use crate::reading::{document, read};
use crate::validation::{DR, MARK};
use tower_mesh::import::Status;

/// A DestinationRule with this for its traffic.
pub(super) fn policy(fields: &str) -> String {
    format!("host: a\ntrafficPolicy: {{{fields}}}")
}

/// What is good and not done here is reported as ignored all the same.
pub(super) fn ignored(spec: &str) {
    DR.admits(spec);
    let report = read(&document("DestinationRule", "x", spec)).report;
    let told =
        { report.iter() }.any(|entry| entry.status == Status::Ignored && !entry.instead.is_empty());
    assert!(told, "{report:#?}");
}

#[test]
fn rule_9_2_01_the_host_is_a_dns_name() {
    let words = (
        "invalid-value",
        "is no host of services",
        "write a DNS name",
    );
    for bad in [
        "''", "a b", "'a:80'", "a.*", "10.0.0.1", "'::1'", "http://a",
    ] {
        DR.refuses(&format!("host: ‸{bad}"), words);
    }
    DR.lacks(
        "exportTo: [.]",
        ("missing-field", "`host` is missing", "add it"),
    );
    for good in [
        "a",
        "a.prod.svc.cluster.local",
        "'*.prod.svc.cluster.local'",
        "'*'",
    ] {
        DR.admits(&format!("host: {good}"));
    }
}

#[test]
fn rule_9_2_02_subsets_have_names() {
    let words = ("missing-field", "`name` is missing", "add it");
    DR.refuses("host: a\nsubsets: [‸{labels: {version: v1}}]", words);
    let words = ("invalid-value", "is no name of a subset", "letters");
    for bad in ["''", "a.b", "-a", "a b"] {
        DR.refuses(&format!("host: a\nsubsets: [{{name: ‸{bad}}}]"), words);
    }
    DR.admits("host: a\nsubsets: [{name: v1}]");
}

#[test]
fn rule_9_2_02_names_of_subsets_are_unique() {
    let words = ("duplicate-name", "given to two subsets", "rename");
    DR.refuses(
        "host: a\nsubsets: [{name: v1}, {name: v2}, {name: ‸v1}]",
        words,
    );
    DR.admits("host: a\nsubsets: [{name: v1}, {name: v2}]");
}

#[test]
fn rule_9_2_02_labels_of_subsets_are_labels() {
    let words = ("invalid-value", "is no label", "63 letters");
    for bad in ["a: ‸'-'", "'a b': ‸c", "'': ‸c", "a: ‸'b c'"] {
        DR.refuses(
            &format!("host: a\nsubsets: [{{name: v1, labels: {{{bad}}}}}]"),
            words,
        );
    }
    DR.admits("host: a\nsubsets: [{name: v1, labels: {version: v1}}]");
}

#[test]
fn rule_9_2_02_the_traffic_of_a_subset_is_checked_as_well() {
    let subset = |traffic: &str| format!("host: a\nsubsets: [{{name: v1, {traffic}}}]");
    let words = ("missing-field", "says what to do", "`loadBalancer`");
    DR.refuses(&subset("‸trafficPolicy: {}"), words);
    let words = ("out-of-range", "from 0 to 100", "");
    DR.refuses(
        &subset("trafficPolicy: {outlierDetection: {minHealthPercent: ‸101}}"),
        words,
    );
    DR.admits(&subset("trafficPolicy: {loadBalancer: {simple: RANDOM}}"));
}

#[test]
fn rule_9_2_02_a_subset_that_is_null() {
    let words = ("invalid-value", "nothing in the subset", "remove it");
    DR.refuses("host: a\nsubsets: [{name: v1}, ‸~]", words);
    DR.admits("host: a\nsubsets: [{name: v1}]");
}

#[test]
fn rule_9_2_03_traffic_says_something() {
    let words = ("missing-field", "says what to do", "`outlierDetection`");
    DR.refuses("host: a\n‸trafficPolicy: {}", words);
    DR.refuses("host: a\n‸trafficPolicy: {loadBalancer: ~}", words);
    DR.admits("host: a");
    DR.admits(&policy("loadBalancer: {simple: RANDOM}"));
}

#[test]
fn rule_9_2_03_a_port_s_settings_have_the_port_and_say_something() {
    let entry = |fields: &str| policy(&format!("portLevelSettings: [{fields}]"));
    let words = ("missing-field", "`port` is missing", "add it");
    DR.refuses(&entry("‸{loadBalancer: {simple: RANDOM}}"), words);
    let words = ("missing-field", "says what to do", "`tls`");
    DR.refuses(&entry("‸{port: {number: 80}}"), words);
    DR.refuses(&entry("‸~"), ("wrong-type", "found nothing", "write one"));
    // What is in it is checked as above it.
    let words = ("out-of-range", "from 0 to 100", "");
    DR.refuses(
        &entry("{port: {number: 80}, outlierDetection: {maxEjectionPercent: ‸101}}"),
        words,
    );
    DR.admits(&entry(
        "{port: {number: 80}, loadBalancer: {simple: RANDOM}}",
    ));
}

#[test]
fn rule_9_2_04_a_tunnel_does_not_go_with_the_proxy_protocol() {
    let words = (
        "invalid-value",
        "cannot stand beside `tunnel`",
        "one of the two",
    );
    DR.refuses(
        &policy("tunnel: {targetHost: a.b, targetPort: 1}, ‸proxyProtocol: {version: V1}"),
        words,
    );
    ignored(&policy("tunnel: {targetHost: a.b, targetPort: 1}"));
    ignored(&policy("proxyProtocol: {version: V1}"));
}

#[test]
fn rule_9_2_04_a_tunnel_says_how_and_where_to() {
    let tunnel = |protocol: &str, host: &str, port: &str| {
        policy(&format!(
            "tunnel: {{protocol: {protocol}, targetHost: {host}, targetPort: {port}}}"
        ))
    };
    DR.refuses(
        &tunnel("‸GET", "a.b", "1"),
        ("unknown-variant", "no `GET`", "`CONNECT`"),
    );
    for bad in ["''", "a b", "'*.b'"] {
        let words = ("invalid-value", "is no host", "an IP address");
        DR.refuses(&tunnel("POST", &format!("‸{bad}"), "1"), words);
    }
    for bad in ["0", "65536"] {
        let words = ("out-of-range", "from 1 to 65535", "");
        DR.refuses(&tunnel("POST", "a.b", &format!("‸{bad}")), words);
    }
    DR.refuses(
        &policy("‸tunnel: {targetPort: 1}"),
        ("missing-field", "`targetHost` is missing", "add it"),
    );
    DR.refuses(
        &policy("‸tunnel: {targetHost: a.b}"),
        ("missing-field", "`targetPort` is missing", "add it"),
    );
    for (protocol, host) in [("CONNECT", "a.b"), ("POST", "10.0.0.1"), ("''", "'::1'")] {
        ignored(&tunnel(protocol, host, "443"));
    }
}

fn outliers(fields: &str) -> String {
    policy(&format!("outlierDetection: {{{fields}}}"))
}

#[test]
fn rule_9_2_05_times_of_ejection_are_a_millisecond_at_least() {
    for key in ["interval", "baseEjectionTime"] {
        for bad in ["0s", "-1s", "500us", "1500us"] {
            let words = ("invalid-value", bad, "");
            DR.refuses(&outliers(&format!("{key}: ‸{bad}")), words);
        }
        ignored(&outliers(&format!("{key}: 1ms")));
    }
}

#[test]
fn rule_9_2_05_percentages_of_ejection_are_0_to_100() {
    for key in ["maxEjectionPercent", "minHealthPercent"] {
        for bad in ["-1", "101"] {
            DR.refuses(
                &outliers(&format!("{key}: ‸{bad}")),
                ("out-of-range", "from 0 to 100", ""),
            );
        }
        for good in ["0", "100"] {
            ignored(&outliers(&format!("{key}: {good}")));
        }
    }
}

#[test]
fn rule_9_2_05_consecutive_errors_are_old() {
    let words = ("deprecated-field", "deprecated", "`consecutive5xxErrors");
    DR.warns(&outliers("consecutiveErrors: ‸5"), words);
    ignored(&outliers("consecutiveErrors: 0"));
    ignored(&outliers(
        "consecutive5xxErrors: 5, consecutiveGatewayErrors: 5",
    ));
}

#[test]
fn rule_9_2_05_local_failures_are_counted_by_themselves() {
    let words = (
        "invalid-value",
        "not counted by themselves",
        "add `splitExternalLocalOriginErrors: true`",
    );
    DR.refuses(&outliers("consecutiveLocalOriginFailures: ‸5"), words);
    DR.refuses(
        &outliers("splitExternalLocalOriginErrors: false, consecutiveLocalOriginFailures: ‸5"),
        words,
    );
    ignored(&outliers(
        "splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 5",
    ));
    ignored(&outliers("consecutiveLocalOriginFailures: 0"));
}

fn pool(fields: &str) -> String {
    policy(&format!("connectionPool: {{{fields}}}"))
}

#[test]
fn rule_9_2_06_a_pool_is_of_tcp_or_http() {
    let words = ("missing-field", "says what to do", "`tcp`, `http`");
    DR.refuses(&policy("‸connectionPool: {}"), words);
    ignored(&pool("tcp: {maxConnections: 1}"));
    ignored(&pool("http: {maxRetries: 1}"));
}

#[test]
fn rule_9_2_06_numbers_of_a_pool_are_not_negative() {
    for field in [
        "http: {http1MaxPendingRequests: ",
        "http: {http2MaxRequests: ",
        "http: {maxRequestsPerConnection: ",
        "http: {maxRetries: ",
        "http: {maxConcurrentStreams: ",
        "tcp: {maxConnections: ",
    ] {
        DR.refuses(
            &pool(&format!("{field}‸-1}}")),
            ("out-of-range", "from 0 to", ""),
        );
        ignored(&pool(&format!("{field}0}}")));
    }
}

#[test]
fn rule_9_2_06_times_of_a_pool_are_whole_milliseconds() {
    for field in [
        "tcp: {connectTimeout: ",
        "tcp: {maxConnectionDuration: ",
        "http: {idleTimeout: ",
    ] {
        for bad in ["0s", "-1s", "500us", "1500us"] {
            DR.refuses(
                &pool(&format!("{field}‸{bad}}}")),
                ("invalid-value", bad, ""),
            );
        }
        ignored(&pool(&format!("{field}1ms}}")));
    }
}

#[test]
fn rule_9_2_06_idle_connections_may_stay_for_ever() {
    for bad in ["-1s", "500us", "1500us"] {
        DR.refuses(
            &pool(&format!("tcp: {{idleTimeout: ‸{bad}}}")),
            ("invalid-value", bad, ""),
        );
    }
    for good in ["0s", "0ms", "1h"] {
        ignored(&pool(&format!("tcp: {{idleTimeout: {good}}}")));
    }
}

#[test]
fn rule_9_2_06_who_upgrades_does_not_speak_as_the_client_does() {
    let words = ("invalid-value", "both be upgraded and stay", "take out one");
    DR.refuses(
        &pool("http: {h2UpgradePolicy: UPGRADE, useClientProtocol: ‸true}"),
        words,
    );
    for (upgrade, same) in [
        ("UPGRADE", false),
        ("DO_NOT_UPGRADE", true),
        ("DEFAULT", true),
    ] {
        ignored(&pool(&format!(
            "http: {{h2UpgradePolicy: {upgrade}, useClientProtocol: {same}}}"
        )));
    }
}

#[test]
fn rule_9_2_06_keep_alive_says_when_and_how_long() {
    let words = ("missing-field", "is missing", "add it");
    DR.refuses(&pool("http: {‸http2KeepAlive: {interval: 1s}}"), words);
    DR.refuses(&pool("http: {‸http2KeepAlive: {timeout: 1s}}"), words);
    DR.refuses(
        &pool("http: {http2KeepAlive: {interval: 1s, timeout: ‸0s}}"),
        ("invalid-value", "0s", ""),
    );
    ignored(&pool("http: {http2KeepAlive: {interval: 1s, timeout: 1s}}"));
    for key in ["time", "interval"] {
        DR.refuses(
            &pool(&format!("tcp: {{tcpKeepalive: {{{key}: ‸0s}}}}")),
            ("invalid-value", "0s", ""),
        );
        ignored(&pool(&format!(
            "tcp: {{tcpKeepalive: {{{key}: 75s, probes: 3}}}}"
        )));
    }
}

fn tls(fields: &str) -> String {
    policy(&format!("tls: {{{fields}}}"))
}

#[test]
fn rule_9_2_10_mutual_tls_needs_a_certificate_and_a_key() {
    let words = (
        "missing-field",
        "`privateKey` is missing",
        "`credentialName`",
    );
    DR.refuses(
        &policy("‸tls: {mode: MUTUAL, clientCertificate: /c}"),
        words,
    );
    DR.refuses(
        &policy("‸tls: {mode: MUTUAL, clientCertificate: /c, privateKey: ''}"),
        words,
    );
    let words = (
        "missing-field",
        "`clientCertificate` is missing",
        "`credentialName`",
    );
    DR.refuses(&policy("‸tls: {mode: MUTUAL, privateKey: /k}"), words);
    ignored(&tls("mode: MUTUAL, clientCertificate: /c, privateKey: /k"));
    ignored(&tls("mode: MUTUAL, credentialName: c"));
    ignored(&tls("mode: SIMPLE"));
}

#[test]
fn rule_9_2_10_a_credential_excludes_files() {
    let words = (
        "invalid-value",
        "cannot stand beside `credentialName`",
        "one of the two",
    );
    for mode in ["SIMPLE", "MUTUAL"] {
        for key in ["clientCertificate", "privateKey", "caCertificates", "caCrl"] {
            DR.refuses(
                &tls(&format!("mode: {mode}, credentialName: c, {key}: ‸/f")),
                words,
            );
            ignored(&tls(&format!("mode: {mode}, credentialName: c, {key}: ''")));
        }
    }
    ignored(&tls("mode: SIMPLE, caCertificates: /f, caCrl: /f"));
}

#[test]
fn rule_9_2_10_a_config_map_lies_in_the_rule_s_namespace() {
    let words = (
        "invalid-value",
        "in another namespace",
        "of the rule's namespace",
    );
    for mode in ["SIMPLE", "MUTUAL"] {
        DR.refuses(
            &tls(&format!(
                "mode: {mode}, credentialName: ‸'configmap://far/c'"
            )),
            words,
        );
        ignored(&tls(&format!(
            "mode: {mode}, credentialName: 'configmap://prod/c'"
        )));
    }
}

#[test]
fn rule_9_2_10_who_verifies_nothing_names_nothing_to_verify_by() {
    let words = (
        "invalid-value",
        "cannot stand beside `insecureSkipVerify`",
        "one of the two",
    );
    for key in [
        "caCertificates: ‸/f",
        "credentialName: ‸c",
        "‸subjectAltNames: [a]",
    ] {
        DR.refuses(
            &tls(&format!("mode: SIMPLE, insecureSkipVerify: true, {key}")),
            words,
        );
        ignored(&tls(&format!(
            "mode: SIMPLE, insecureSkipVerify: false, {}",
            key.replace(MARK, "")
        )));
    }
    let own = "mode: MUTUAL, insecureSkipVerify: true, clientCertificate: /c, privateKey: /k";
    for key in ["caCertificates: ‸/f", "‸subjectAltNames: [a]"] {
        DR.refuses(&tls(&format!("{own}, {key}")), words);
    }
    ignored(&tls(own));
    ignored(&tls(
        "mode: MUTUAL, insecureSkipVerify: true, credentialName: c",
    ));
}

#[test]
fn rule_9_2_10_of_the_other_modes_nothing_is_checked() {
    for mode in ["ISTIO_MUTUAL", "DISABLE"] {
        ignored(&tls(&format!(
            "mode: {mode}, credentialName: 'configmap://far/c', caCertificates: /f, privateKey: /k, \
             insecureSkipVerify: true, subjectAltNames: [a]"
        )));
    }
}

#[test]
fn rule_9_2_11_a_selector_has_neither_empty_names_nor_wildcards() {
    let words = ("invalid-value", "selects nobody", "no wildcards");
    for bad in ["'': ‸a", "'a*': ‸b", "a: ‸'*'", "a: ‸'b*'"] {
        DR.refuses(
            &format!("host: a\nworkloadSelector: {{matchLabels: {{{bad}}}}}"),
            words,
        );
    }
    // What is no label is not checked here.
    for good in ["app: web", "app: 'a b'", "app: ''"] {
        DR.admits(&format!(
            "host: a\nworkloadSelector: {{matchLabels: {{{good}}}}}"
        ));
    }
}

#[test]
fn rule_9_2_11_a_selector_without_labels() {
    let words = ("empty-selector", "takes every workload", "add a label");
    DR.warns("host: a\n‸workloadSelector: {}", words);
    DR.warns("host: a\n‸workloadSelector: {matchLabels: {}}", words);
    DR.admits("host: a\nworkloadSelector: {matchLabels: {app: web}}");
}

#[test]
fn rule_9_2_11_a_rule_that_selects_is_for_its_own_namespace() {
    let words = ("invalid-value", "for its own namespace", "`exportTo: [.]`");
    let spec = |to: &str| {
        format!("host: a\n‸exportTo: {to}\nworkloadSelector: {{matchLabels: {{app: web}}}}")
    };
    for bad in ["[far]", "['*']", "[., far]"] {
        DR.refuses(&spec(bad), words);
    }
    for good in ["[.]", "[prod]", "[]"] {
        DR.admits(&spec(good).replace(MARK, ""));
    }
    DR.admits("host: a\nexportTo: ['*']");
}

#[test]
fn rule_9_2_12_a_retry_budget_is_something_and_its_values_are_not_checked() {
    for budget in [
        "{percent: 20}",
        "{percent: 1000, minRetryConcurrency: 0}",
        "{}",
    ] {
        ignored(&policy(&format!("retryBudget: {budget}")));
    }
    DR.refuses(
        &policy("").replace("traffic", "‸traffic"),
        ("missing-field", "says what to do", ""),
    );
}

#[test]
fn rule_9_2_13_export_to_names_namespaces_each_once() {
    let words = ("invalid-value", "is no namespace", "`*` for all");
    for bad in ["'~'", "a.b", "''"] {
        DR.refuses(&format!("host: a\nexportTo: [‸{bad}]"), words);
    }
    let words = ("invalid-value", "is there twice", "write it once");
    for bad in ["[far, ‸far]", "[., ‸prod]"] {
        DR.refuses(&format!("host: a\nexportTo: {bad}"), words);
    }
    let words = ("invalid-value", "say all there is to say", "write it alone");
    DR.refuses("host: a\n‸exportTo: ['*', far]", words);
    for good in ["[.]", "['*']", "[far, near]"] {
        DR.admits(&format!("host: a\nexportTo: {good}"));
    }
}

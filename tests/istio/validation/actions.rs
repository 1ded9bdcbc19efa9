//! 9.1, rules 18 to 20 and 27 to 31: what is done with requests.

use crate::validation::{VS, beside, http};

#[test]
fn rule_9_1_18_names_of_changed_headers_are_tokens() {
    let words = ("invalid-value", "cannot be changed", "letters, digits");
    for kind in [
        "request: {set",
        "request: {add",
        "response: {set",
        "response: {add",
    ] {
        for bad in ["''", "'a b'", "':path'", "':method'"] {
            VS.refuses(
                &beside(&format!("headers: {{{kind}: {{{bad}: ‸x}}}}}}")),
                words,
            );
        }
        VS.admits(&beside(&format!("headers: {{{kind}: {{X-Beta_1: x}}}}}}")));
    }
    for kind in ["request", "response"] {
        for bad in ["''", "'a b'", "':path'"] {
            VS.refuses(
                &beside(&format!("headers: {{{kind}: {{remove: [‸{bad}]}}}}")),
                words,
            );
        }
        VS.admits(&beside(&format!("headers: {{{kind}: {{remove: [x-a]}}}}")));
    }
}

#[test]
fn rule_9_1_18_the_host_is_set_on_requests_only() {
    let words = (
        "invalid-value",
        "cannot be changed",
        "set the host of requests",
    );
    for name in ["host", "Host", "':authority'"] {
        for kind in ["set", "add"] {
            VS.refuses(
                &beside(&format!(
                    "headers: {{response: {{{kind}: {{{name}: ‸x}}}}}}"
                )),
                words,
            );
            VS.admits(&beside(&format!(
                "headers: {{request: {{{kind}: {{{name}: x}}}}}}"
            )));
        }
        for kind in ["request", "response"] {
            VS.refuses(
                &beside(&format!("headers: {{{kind}: {{remove: [‸{name}]}}}}")),
                words,
            );
        }
    }
}

#[test]
fn rule_9_1_18_values_hold_no_control_characters() {
    let words = ("invalid-value", "no control characters", "take them out");
    for bad in ["\\n", "\\u0000", "\\u007f"] {
        VS.refuses(
            &beside(&format!(
                "headers: {{request: {{set: {{x: ‸\"a{bad}b\"}}}}}}"
            )),
            words,
        );
        VS.refuses(
            &beside(&format!(
                "headers: {{response: {{add: {{x: ‸\"a{bad}b\"}}}}}}"
            )),
            words,
        );
    }
    VS.admits(&beside("headers: {request: {set: {x: \"a\\tb\"}}}"));
}

#[test]
fn rule_9_1_18_percent_signs_have_partners() {
    let words = ("invalid-value", "has no partner", "write `%%`");
    for bad in ["100%", "abc%123", "'%START_TIME%%'"] {
        VS.refuses(
            &beside(&format!("headers: {{request: {{set: {{x: ‸{bad}}}}}}}")),
            words,
        );
    }
    for good in ["100%%", "'%HOSTNAME%'", "prefix %HOSTNAME% suffix"] {
        VS.admits(&beside(&format!(
            "headers: {{request: {{set: {{x: {good}}}}}}}"
        )));
    }
}

#[test]
fn rule_9_1_19_the_host_is_set_in_one_place() {
    let words = (
        "invalid-value",
        "set here and in `rewrite.authority`",
        "one of the two",
    );
    VS.refuses(
        &beside("headers: {request: {set: {host: ‸a}}}\nrewrite: {authority: b}"),
        words,
    );
    VS.refuses(
        &beside("headers: {request: {add: {':authority': ‸a}}}\nrewrite: {authority: b}"),
        words,
    );
    VS.admits(&beside(
        "headers: {request: {set: {x: a}}}\nrewrite: {authority: b}",
    ));
    let words = ("invalid-value", "set twice", "set it once");
    VS.refuses(
        &beside("headers: {request: {set: {host: a}, add: {Host: ‸b}}}"),
        words,
    );
    VS.admits(&beside("headers: {request: {set: {host: a}}}"));
    // A destination's own is another matter.
    let to =
        "route: [{destination: {host: a}, headers: {request: {set: {host: a}, add: {host: b}}}}]";
    VS.admits(&http(&format!("{to}\nrewrite: {{authority: b}}")));
}

#[test]
fn rule_9_1_20_origins_are_not_empty() {
    let cors = |origin: &str| beside(&format!("corsPolicy: {{allowOrigins: [{origin}]}}"));
    let words = ("invalid-value", "the origin is empty", "");
    VS.refuses(&cors("‸{}"), words);
    VS.refuses(&cors("‸{exact: ''}"), words);
    VS.refuses(
        &cors("{regex: ‸''}"),
        ("invalid-value", "is empty", "write one"),
    );
    VS.refuses(
        &cors("{prefix: ‸''}"),
        ("invalid-value", "empty prefix", ""),
    );
    VS.admits(&cors(
        "{exact: 'https://a'}, {prefix: 'https://b'}, {exact: '*'}",
    ));
}

#[test]
fn rule_9_1_20_origins_regexes_are_re2_s() {
    let cors = |origin: &str| {
        beside(&format!(
            "corsPolicy: {{allowOrigins: [{{regex: {origin}}}]}}"
        ))
    };
    VS.refuses(
        &cors("‸'('"),
        ("invalid-value", "the regular expression", "RE2"),
    );
    VS.refuses(
        &cors("‸'*'"),
        ("invalid-value", "the regular expression", "RE2"),
    );
    VS.admits(&cors("'https://.*'"));
}

#[test]
fn rule_9_1_20_methods_are_known() {
    let cors = |methods: &str| beside(&format!("corsPolicy: {{allowMethods: [{methods}]}}"));
    let words = ("invalid-value", "is no method", "`*` for all");
    for bad in ["get", "PURGE", "''"] {
        VS.refuses(&cors(&format!("‸{bad}")), words);
    }
    VS.admits(&cors(
        "GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, OPTIONS, TRACE, '*'",
    ));
}

#[test]
fn rule_9_1_20_header_names_are_tokens() {
    let words = ("invalid-value", "is no header name", "`*` for all");
    for kind in ["allowHeaders", "exposeHeaders"] {
        for bad in ["''", "'a b'", "':path'"] {
            VS.refuses(&beside(&format!("corsPolicy: {{{kind}: [‸{bad}]}}")), words);
        }
        VS.admits(&beside(&format!("corsPolicy: {{{kind}: [X-A_1, '*']}}")));
    }
}

#[test]
fn rule_9_1_20_max_age_is_whole_seconds() {
    let cors = |age: &str| beside(&format!("corsPolicy: {{maxAge: {age}}}"));
    VS.refuses(&cors("‸1500ms"), ("invalid-value", "whole seconds", "10s"));
    VS.refuses(&cors("‸0s"), ("invalid-value", "0s", ""));
    VS.refuses(&cors("‸1ms"), ("invalid-value", "whole seconds", "10s"));
    VS.admits(&cors("1s"));
    VS.admits(&cors("24h"));
}

#[test]
fn rule_9_1_20_allow_origin_is_old() {
    let words = ("deprecated-field", "deprecated", "write `allowOrigins");
    VS.warns(&beside("corsPolicy: {‸allowOrigin: ['https://a']}"), words);
    VS.admits(&beside(
        "corsPolicy: {allowOrigins: [{exact: 'https://a'}]}",
    ));
}

#[test]
fn rule_9_1_27_a_timeout_is_a_millisecond_at_least() {
    for bad in ["0s", "0ms", "-1s", "500us"] {
        let words = ("invalid-value", bad, "");
        VS.refuses(&beside(&format!("timeout: ‸{bad}")), words);
    }
    VS.refuses(&beside("timeout: ‸5"), ("wrong-type", "a text", "quotes"));
    for good in ["1ms", "1.5s", "1h"] {
        VS.admits(&beside(&format!("timeout: {good}")));
    }
}

#[test]
fn rule_9_1_27_a_timeout_is_whole_milliseconds() {
    let words = ("invalid-value", "no whole number of milliseconds", "50ms");
    for bad in ["1500us", "0.0015s", "1ms1ns"] {
        VS.refuses(&beside(&format!("timeout: ‸{bad}")), words);
    }
    VS.admits(&beside("timeout: 1.501s"));
}

#[test]
fn rule_9_1_28_a_rewrite_of_the_path_is_one() {
    let words = ("invalid-value", "cannot stand beside `uri`", "write one of");
    VS.refuses(
        &beside("rewrite: {uri: /, ‸uriRegexRewrite: {match: a, rewrite: b}}"),
        words,
    );
    VS.admits(&beside("rewrite: {uri: /}"));
    VS.admits(&beside(
        "rewrite: {uri: '', uriRegexRewrite: {match: a, rewrite: b}}",
    ));
}

#[test]
fn rule_9_1_28_a_rewrite_changes_something() {
    let words = (
        "missing-field",
        "says what to do",
        "`uri`, `authority`, `uriRegexRewrite`",
    );
    VS.refuses(&beside("‸rewrite: {}"), words);
    VS.refuses(&beside("‸rewrite: {uri: '', authority: ''}"), words);
    VS.admits(&beside("rewrite: {authority: b}"));
}

#[test]
fn rule_9_1_28_a_rewrite_by_a_regex_needs_both_its_parts() {
    VS.refuses(
        &beside("rewrite: {‸uriRegexRewrite: {match: a}}"),
        ("missing-field", "`rewrite` is missing", "add it"),
    );
    VS.refuses(
        &beside("rewrite: {‸uriRegexRewrite: {rewrite: a}}"),
        ("missing-field", "`match` is missing", "add it"),
    );
    let words = ("invalid-value", "is empty", "write `match` and `rewrite`");
    VS.refuses(
        &beside("rewrite: {uriRegexRewrite: {match: ‸'', rewrite: a}}"),
        words,
    );
    VS.refuses(
        &beside("rewrite: {uriRegexRewrite: {match: a, rewrite: ‸''}}"),
        words,
    );
    let words = ("invalid-value", "the regular expression", "RE2");
    VS.refuses(
        &beside("rewrite: {uriRegexRewrite: {match: ‸'(', rewrite: a}}"),
        words,
    );
    VS.admits(&beside(
        "rewrite: {uriRegexRewrite: {match: '/(.*)', rewrite: '/b/\\1'}}",
    ));
}

#[test]
fn rule_9_1_29_a_redirect_changes_the_path_in_one_way() {
    let words = ("invalid-value", "cannot stand beside `uri`", "write one of");
    VS.refuses(&http("redirect: {uri: /a, prefixRewrite: ‸/b}"), words);
    VS.admits(&http("redirect: {uri: /a}"));
    VS.admits(&http(
        "match: [{uri: {prefix: /a}}]\nredirect: {uri: '', prefixRewrite: /b}",
    ));
}

#[test]
fn rule_9_1_29_who_replaces_a_prefix_matches_one() {
    let words = ("invalid-value", "which is none", "match a prefix");
    for other in ["exact: /a", "regex: /a"] {
        let entries = format!("[{{uri: {{prefix: /b}}}}, {{‸uri: {{{other}}}}}]");
        VS.refuses(
            &http(&format!(
                "match: {entries}\nredirect: {{prefixRewrite: /n}}"
            )),
            words,
        );
        VS.admits(&http(&format!(
            "match: [{{uri: {{{other}}}}}]\nredirect: {{uri: /n}}"
        )));
    }
    VS.admits(&http(
        "match: [{uri: {prefix: /b}}, {method: {exact: GET}}]\nredirect: {prefixRewrite: /n}",
    ));
}

#[test]
fn rule_9_1_29_a_redirect_says_where_to() {
    let words = ("missing-field", "says what to do", "`uri`, `prefixRewrite`");
    VS.refuses(&http("‸redirect: {}"), words);
    VS.refuses(
        &http("‸redirect: {uri: '', authority: '', scheme: '', redirectCode: 302}"),
        words,
    );
    for good in [
        "uri: /",
        "prefixRewrite: /",
        "authority: b",
        "port: 81",
        "derivePort: FROM_REQUEST_PORT",
        "scheme: https",
    ] {
        VS.admits(&http(&format!(
            "match: [{{uri: {{prefix: /a}}}}]\nredirect: {{{good}}}"
        )));
    }
}

#[test]
fn rule_9_1_29_the_code_of_a_redirect_is_300_to_399() {
    let redirect = |code: &str| http(&format!("redirect: {{uri: /, redirectCode: {code}}}"));
    VS.refuses(
        &redirect("‸299"),
        ("invalid-value", "sends clients elsewhere", "write 301"),
    );
    VS.refuses(
        &redirect("‸200"),
        ("invalid-value", "sends clients elsewhere", "write 301"),
    );
    VS.refuses(&redirect("‸400"), ("out-of-range", "from 0 to 399", ""));
    for good in ["0", "301", "302", "303", "307", "308"] {
        VS.admits(&redirect(good));
    }
    // These pass the webhook, and come to nothing.
    let words = (
        "unsupported-status",
        "no proxy redirects with it",
        "write 301",
    );
    for doubtful in ["300", "304", "399"] {
        VS.warns(&redirect(&format!("‸{doubtful}")), words);
    }
}

#[test]
fn rule_9_1_29_the_scheme_of_a_redirect_is_http_s() {
    let words = ("unknown-variant", "no `ftp`", "`http`, `https`");
    VS.refuses(&http("redirect: {uri: /, scheme: ‸ftp}"), words);
    VS.admits(&http("redirect: {uri: /, scheme: https}"));
}

#[test]
fn rule_9_1_29_the_port_of_a_redirect_is_one() {
    VS.refuses(
        &http("redirect: {port: ‸65536}"),
        ("out-of-range", "from 0 to 65535", ""),
    );
    let words = (
        "invalid-value",
        "cannot stand beside `port`",
        "write one of",
    );
    VS.refuses(
        &http("redirect: {port: 81, derivePort: ‸FROM_REQUEST_PORT}"),
        words,
    );
    VS.admits(&http("redirect: {port: 81}"));
}

#[test]
fn rule_9_1_30_the_status_of_an_answer_is_200_to_600() {
    let answer = |status: &str| http(&format!("directResponse: {{status: {status}}}"));
    for bad in ["199", "601", "0"] {
        VS.refuses(
            &answer(&format!("‸{bad}")),
            ("out-of-range", "from 200 to 600", ""),
        );
    }
    VS.refuses(
        &http("‸directResponse: {body: {string: a}}"),
        ("missing-field", "`status` is missing", "add it"),
    );
    VS.admits(&answer("200"));
    VS.admits(&answer("599"));
    VS.warns(
        &answer("‸600"),
        (
            "unsupported-status",
            "no proxy answers with it",
            "200 to 599",
        ),
    );
}

#[test]
fn rule_9_1_30_a_body_of_more_than_a_mebibyte() {
    let answer = |length: usize| {
        let body = "x".repeat(length);
        http(&format!(
            "directResponse: {{status: 200, ‸body: {{string: {body}}}}}"
        ))
    };
    let words = (
        "invalid-value",
        "is larger than 1 MiB",
        "let a server answer",
    );
    VS.refuses(&answer((1 << 20) + 1), words);
    let words = (
        "large-body",
        "is larger than 100 KiB",
        "let a server answer",
    );
    VS.warns(&answer(1 << 20), words);
    VS.warns(&answer((100 << 10) + 1), words);
    VS.admits(&answer(100 << 10).replace('‸', ""));
}

const TO: &str = "route: [{destination: {host: a}}]";

fn tls(entry: &str) -> String {
    format!("hosts: ['*.foo.com']\ntls: [{{match: [{entry}], {TO}}}]")
}

#[test]
fn rule_9_1_31_a_tls_route_has_matches_with_names() {
    let words = ("missing-field", "nothing in `match`", "at least one");
    VS.refuses(&format!("hosts: [a]\ntls: [{{‸match: [], {TO}}}]"), words);
    let words = ("missing-field", "`match` is missing", "add it");
    VS.refuses(&format!("hosts: [a]\ntls: [‸{{{TO}}}]"), words);
    let words = ("missing-field", "`sniHosts` is missing", "add it");
    VS.refuses(&tls("‸{port: 443}"), words);
    let words = ("missing-field", "nothing in `sniHosts`", "at least one");
    VS.refuses(&tls("{‸sniHosts: []}"), words);
    VS.refuses(&tls("‸~"), ("wrong-type", "found nothing", "write one"));
    VS.admits(&tls("{sniHosts: [a.foo.com]}"));
}

#[test]
fn rule_9_1_31_a_name_is_one_of_the_hosts() {
    let words = ("invalid-value", "is none of the hosts", "one below it");
    for bad in ["foo.com", "a.bar.com", "'*'", "'*.com'", "'a b'", "''"] {
        VS.refuses(&tls(&format!("{{sniHosts: [‸{bad}]}}")), words);
    }
    for good in ["a.foo.com", "'*.foo.com'", "'*.a.foo.com'"] {
        VS.admits(&tls(&format!("{{sniHosts: [{good}]}}")));
    }
}

#[test]
fn rule_9_1_31_an_address_is_no_name() {
    let words = ("never-matches", "an IP address by name", "write a host");
    VS.warns(&tls("{sniHosts: [‸10.0.0.1]}"), words);
    VS.admits(&tls("{sniHosts: [a.foo.com]}"));
}

#[test]
fn rule_9_1_31_connections_go_somewhere() {
    let tls = "tls: [‸{match: [{sniHosts: [a]}]}]";
    VS.refuses(
        &format!("hosts: [a]\n{tls}"),
        ("missing-field", "`route` is missing", "add it"),
    );
    VS.refuses(
        "hosts: [a]\ntcp: [‸{match: [{port: 1}]}]",
        ("missing-field", "`route` is missing", "add it"),
    );
    VS.refuses(
        "hosts: [a]\ntcp: [{‸route: []}]",
        ("missing-field", "nothing in `route`", "at least one"),
    );
    VS.admits(&format!("hosts: [a]\ntcp: [{{{TO}}}]"));
}

#[test]
fn rule_9_1_31_destinations_of_connections_are_checked_as_of_requests() {
    let tcp = |route: &str| format!("hosts: [a]\ntcp: [{{{route}}}]");
    let two = "route: [{destination: {host: a}}, {destination: {host: b}}]";
    VS.refuses(
        &tcp(&format!("‸{two}")),
        ("no-weight", "all weights are 0", "a weight"),
    );
    VS.refuses(
        &tcp("route: [{destination: {host: a}, weight: ‸-1}]"),
        ("out-of-range", "from 0 to", ""),
    );
    VS.refuses(
        &tcp("route: [‸{weight: 1}]"),
        ("missing-field", "`destination` is missing", "add it"),
    );
    VS.refuses(
        &tcp("route: [{destination: {host: ‸'*'}}]"),
        ("invalid-value", "is no host", ""),
    );
    VS.refuses(
        &tcp("route: [{destination: {host: a, subset: ‸a.b}}]"),
        ("invalid-value", "a subset", ""),
    );
    VS.refuses(
        &tcp("route: [{destination: {host: a, port: {number: ‸0}}}]"),
        ("out-of-range", "from 1 to", ""),
    );
    VS.admits(&tcp(
        "route: [{destination: {host: a}, weight: 1}, {destination: {host: b}, weight: 2}]",
    ));
    VS.admits(&tcp("route: [{destination: {host: a}, weight: 0}]"));
}

#[test]
fn rule_9_1_31_subnets_are_ranges_of_addresses() {
    let words = ("invalid-value", "no range of IP addresses", "10.0.0.0/8");
    for bad in ["10.0.0.0/33", "a", "''", "10.0.0.0/", "'::1/129'"] {
        VS.refuses(
            &format!("hosts: [a]\ntcp: [{{match: [{{destinationSubnets: [‸{bad}]}}], {TO}}}]"),
            words,
        );
        VS.refuses(
            &tls(&format!(
                "{{sniHosts: [a.foo.com], destinationSubnets: [‸{bad}]}}"
            )),
            words,
        );
    }
    for good in ["10.0.0.0/8", "10.0.0.1", "'2001:db8::/32'", "'::1'"] {
        VS.admits(&format!(
            "hosts: [a]\ntcp: [{{match: [{{destinationSubnets: [{good}]}}], {TO}}}]"
        ));
    }
}

#[test]
fn rule_9_1_31_ports_are_ones_that_there_can_be() {
    let words = ("out-of-range", "from 0 to 65535", "");
    VS.refuses(&tls("{sniHosts: [a.foo.com], port: ‸65536}"), words);
    VS.refuses(
        &format!("hosts: [a]\ntcp: [{{match: [{{port: ‸65536}}], {TO}}}]"),
        words,
    );
    VS.admits(&tls("{sniHosts: [a.foo.com], port: 443}"));
    VS.admits(&format!(
        "hosts: [a]\ntcp: [{{match: [{{port: 0}}], {TO}}}]"
    ));
}

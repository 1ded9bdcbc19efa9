//! 9.1, rules 14 to 17: what requests have to be like.

use crate::validation::{VS, matching};

#[test]
fn rule_9_1_14_a_header_s_name_is_a_token() {
    let words = ("invalid-value", "is no header name", "letters, digits");
    for kind in ["headers", "withoutHeaders"] {
        for bad in ["''", "'x y'", "ü", "'x:y'", "':'", "': x'"] {
            VS.refuses(
                &matching(&format!("{{{kind}: {{‸{bad}: {{exact: a}}}}}}")),
                words,
            );
        }
        for good in ["x", "X-Beta_1", "':method'", "':path'", "x.y"] {
            VS.admits(&matching(&format!("{{{kind}: {{{good}: {{exact: a}}}}}}")));
        }
    }
}

#[test]
fn rule_9_1_14_a_claim_s_name_is_whole() {
    let words = ("invalid-value", "is no header name", "");
    let at_gateway = |key: &str| {
        let spec = matching(&format!("{{headers: {{‸'{key}': {{exact: a}}}}}}"));
        spec.replace("hosts: [a]", "hosts: [x.example.com]\ngateways: [g]")
    };
    for bad in [
        "@request.auth.claims",
        "@request.auth.claims.",
        "@request.auth.claims[]",
        "@request.auth.claimsx",
    ] {
        VS.refuses(&at_gateway(bad), words);
    }
    let words = ("unsupported-match", "claims of tokens", "match a header");
    for good in [
        "@request.auth.claims.a.b",
        "@request.auth.claims[a][b.c]",
        "@REQUEST.auth.claims.a",
    ] {
        VS.warns(&at_gateway(good), words);
    }
}

#[test]
fn rule_9_1_14_nothing_is_asked_of_a_header() {
    let words = (
        "invalid-value",
        "nothing is asked of the header `x`",
        "write `{}`",
    );
    VS.refuses(&matching("{headers: {x: ‸~}}"), words);
    VS.admits(&matching("{headers: {x: {}}}"));
    VS.admits(&matching("{withoutHeaders: {x: ~}}"));
    VS.admits(&matching("{withoutHeaders: {x: {}}}"));
}

#[test]
fn rule_9_1_14_a_star_for_a_regex_passes_in_without_headers_only() {
    let words = (
        "star-for-regex",
        "`*` is no regular expression",
        "write `{}`",
    );
    VS.refuses(&matching("{headers: {x: {regex: ‸'*'}}}"), words);
    VS.refuses(&matching("{queryParams: {x: {regex: ‸'*'}}}"), words);
    VS.admits(&matching("{withoutHeaders: {x: {regex: '*'}}}"));
    VS.admits(&matching("{headers: {x: {regex: '.*'}}}"));
}

/// Where a text is matched, with `@` in place of how.
const TEXTS: [&str; 6] = [
    "{headers: {x: {@}}}",
    "{withoutHeaders: {x: {@}}}",
    "{queryParams: {x: {@}}}",
    "{scheme: {@}}",
    "{method: {@}}",
    "{authority: {@}}",
];

#[test]
fn rule_9_1_15_an_empty_prefix_says_nothing_but_of_a_path() {
    let words = ("invalid-value", "begins with an empty prefix", "write `{}`");
    for text in TEXTS {
        VS.refuses(&matching(&text.replace('@', "prefix: ‸''")), words);
        VS.admits(&matching(&text.replace('@', "prefix: a")));
        VS.admits(&matching(&text.replace('@', "exact: ''")));
    }
    VS.admits(&matching("{uri: {prefix: ''}}"));
}

#[test]
fn rule_9_1_15_and_17_a_regex_is_not_empty() {
    let words = (
        "invalid-value",
        "the regular expression is empty",
        "write one",
    );
    for text in TEXTS.into_iter().chain(["{uri: {@}}"]) {
        VS.refuses(&matching(&text.replace('@', "regex: ‸''")), words);
    }
    VS.admits(&matching("{uri: {regex: /a.*}}"));
}

#[test]
fn rule_9_1_15_and_17_a_regex_is_re2_s() {
    let words = ("invalid-value", "the regular expression", "RE2");
    for text in TEXTS.into_iter().chain(["{uri: {@}}"]) {
        for bad in ["'('", "'a(?=b)'", "'(a)\\1'", "'[a'"] {
            VS.refuses(
                &matching(&text.replace('@', &format!("regex: ‸{bad}"))),
                words,
            );
        }
        VS.admits(&matching(&text.replace('@', "regex: '(?i)[a-c]{1,3}|x+?'")));
    }
    let words = ("invalid-value", "the regular expression `*`", "RE2");
    for text in [
        "{uri: {@}}",
        "{scheme: {@}}",
        "{method: {@}}",
        "{authority: {@}}",
    ] {
        VS.refuses(&matching(&text.replace('@', "regex: ‸'*'")), words);
    }
}

#[test]
fn rule_9_1_15_a_regex_has_1024_bytes_at_most() {
    let words = ("invalid-value", "is too long", "at most 1024 bytes");
    for text in TEXTS.into_iter().chain(["{uri: {@}}"]) {
        let regex = |length| text.replace('@', &format!("regex: ‸{}", "a".repeat(length)));
        VS.refuses(&matching(&regex(1025)), words);
        VS.admits(&matching(&regex(1024).replace('‸', "")));
    }
}

#[test]
fn rule_9_1_16_a_port_is_one_that_there_can_be() {
    for bad in ["65536", "-1"] {
        let words = ("out-of-range", "a whole number from 0 to 65535", "");
        VS.refuses(&matching(&format!("{{port: ‸{bad}}}")), words);
    }
    // 0 is every port.
    for good in ["80", "65535", "0"] {
        VS.admits(&matching(&format!("{{port: {good}}}")));
    }
}

#[test]
fn rule_9_1_16_a_source_namespace_is_a_label() {
    let words = ("invalid-value", "is no name of a namespace", "63 letters");
    for bad in ["a.b", "'*'", "-a"] {
        VS.refuses(&matching(&format!("{{sourceNamespace: ‸{bad}}}")), words);
    }
    for good in ["prod", "''"] {
        VS.admits(&matching(&format!("{{sourceNamespace: {good}}}")));
    }
}

#[test]
fn rule_9_1_16_source_labels_are_labels() {
    let words = ("invalid-value", "is no label", "63 letters");
    for bad in [
        "a: ‸b c",
        "'': ‸b",
        "'a b': ‸c",
        "a: ‸-b",
        "'_/a': ‸b",
        "'/a': ‸b",
    ] {
        VS.refuses(&matching(&format!("{{sourceLabels: {{{bad}}}}}")), words);
    }
    for good in ["app: web", "app.kubernetes.io/name: Web_1.2", "a: ''"] {
        VS.admits(&matching(&format!("{{sourceLabels: {{{good}}}}}")));
    }
}

#[test]
fn rule_9_1_16_gateways_of_a_match_are_named_like_those_of_the_whole() {
    let words = (
        "invalid-value",
        "is no name of a gateway",
        "`namespace/name`",
    );
    for bad in ["''", "a b", "prod/a.b"] {
        VS.refuses(&matching(&format!("{{gateways: [‸{bad}]}}")), words);
    }
    let words = (
        "deprecated-field",
        "no longer named by a host",
        "write `prod/g`",
    );
    VS.warns(&matching("{gateways: [‸g.prod]}"), words);
    VS.admits(&matching("{gateways: [mesh]}"));
}

#[test]
fn rule_9_1_17_a_match_that_is_null() {
    let words = ("invalid-value", "nothing in the match", "write `{}`");
    VS.refuses(&matching("‸~"), words);
    VS.admits(&matching("{}"));
}

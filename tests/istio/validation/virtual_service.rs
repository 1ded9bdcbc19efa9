//! 9.1, rules 1 to 13: the document, its routes and their destinations.

use crate::reading::{document, is_error, read, services};
use crate::validation::{ROUTE, VS, beside, http};
use tower_mesh::import::Status;

/// The spec with a route in it.
fn with(spec: &str) -> String {
    format!("{spec}\nhttp: [{ROUTE}]")
}

#[test]
fn rule_9_1_01_a_delegate_has_no_gateways() {
    let words = ("invalid-value", "has no `gateways`", "add `hosts`");
    VS.refuses(&with("‸gateways: [g]"), words);
    VS.refuses(&with("hosts: []\n‸gateways: [g]"), words);
    VS.admits(&with("hosts: [x.example.com]\ngateways: [g]"));
    VS.admits(&with("exportTo: [.]"));
}

#[test]
fn rule_9_1_01_a_delegate_has_neither_tls_nor_tcp() {
    let route = "route: [{destination: {host: a}}]";
    let tls = format!("tls: [{{match: [{{sniHosts: [a.b]}}], {route}}}]");
    let words = ("invalid-value", "has no `tcp`", "add `hosts`");
    VS.refuses(&with(&format!("‸tcp: [{{{route}}}]")), words);
    // Nor is there a host for the one that is asked for by name.
    let tls = tls.replace("a.b", "‸a.b");
    let read = read(&document(
        "VirtualService",
        "x",
        &with(&tls.replace('‸', "")),
    ));
    let told = |part: &str| {
        read.findings
            .iter()
            .any(|finding| finding.message.contains(part))
    };
    assert!(
        told("has no `tls`") && told("none of the hosts"),
        "{:#?}",
        read.findings
    );
    VS.admits(&with(&format!(
        "hosts: [a.b]\n{}\ntcp: [{{{route}}}]",
        tls.replace('‸', "")
    )));
}

#[test]
fn rule_9_1_02_gateways_are_mesh_a_name_or_one_with_its_namespace() {
    let words = (
        "invalid-value",
        "is no name of a gateway",
        "`namespace/name`",
    );
    for bad in [
        "a b", "prod/", "/g", "prod/a.b", "prod/g/h", "./g", "'*'", "-g",
    ] {
        VS.refuses(
            &with(&format!("hosts: [x.example.com]\ngateways: [‸{bad}]")),
            words,
        );
    }
    for good in ["mesh", "g", "prod/g"] {
        VS.admits(&with(&format!(
            "hosts: [x.example.com]\ngateways: [{good}]"
        )));
    }
}

#[test]
fn rule_9_1_02_a_gateway_named_by_a_host_is_old() {
    let words = (
        "deprecated-field",
        "no longer named by a host",
        "write `prod/g`",
    );
    for old in ["g.prod", "g.prod.svc.cluster.local"] {
        VS.warns(
            &with(&format!("hosts: [x.example.com]\ngateways: [‸{old}]")),
            words,
        );
    }
    VS.admits(&with("hosts: [x.example.com]\ngateways: [prod/g]"));
}

#[test]
fn rule_9_1_02_an_empty_gateway_is_refused() {
    let words = ("invalid-value", "`` is no name", "write `mesh`");
    VS.refuses(&with("hosts: [x.example.com]\ngateways: [‸'']"), words);
    VS.admits(&with("hosts: [x.example.com]\ngateways: []"));
}

#[test]
fn rule_9_1_03_hosts_are_dns_names_wildcards_or_addresses() {
    let words = ("invalid-value", "is no host", "write a DNS name");
    for bad in [
        "a b",
        "''",
        "a.*",
        "'*.*.b'",
        "a_b",
        "'a:80'",
        "http://a",
        "10.0.0.256",
        "-a",
    ] {
        VS.refuses(&with(&format!("hosts: [‸{bad}]")), words);
    }
    for good in [
        "a",
        "x.prod",
        "x.example.com.",
        "'*.example.com'",
        "10.0.0.1",
        "'::1'",
    ] {
        VS.admits(&with(&format!("hosts: [{good}]")));
    }
}

#[test]
fn rule_9_1_03_a_star_is_no_host_in_the_mesh() {
    let words = ("invalid-value", "every service's requests", "or a gateway");
    VS.refuses(&with("hosts: [‸'*']"), words);
    VS.refuses(&with("hosts: [‸'*']\ngateways: [g, mesh]"), words);
    VS.admits(&with("hosts: ['*']\ngateways: [g]"));
}

#[test]
fn rule_9_1_04_hosts_that_are_there_twice() {
    let words = ("duplicate-host", "`x.foo.com` is there twice", "remove one");
    VS.refuses(&with("hosts: [x.foo.com, y.foo.com, ‸x.foo.com]"), words);
    VS.admits(&with("hosts: [x.foo.com, y.foo.com]"));
}

#[test]
fn rule_9_1_04_hosts_that_overlap() {
    let below = ("duplicate-host", "overlaps with `*.foo.com`", "remove one");
    VS.refuses(&with("hosts: ['*.foo.com', ‸a.foo.com]"), below);
    let above = (
        "duplicate-host",
        "`*.foo.com` overlaps with `a.foo.com`",
        "remove one",
    );
    VS.refuses(&with("hosts: [a.foo.com, ‸'*.foo.com']"), above);
    let wide = ("duplicate-host", "overlaps with `*.com`", "remove one");
    VS.refuses(&with("hosts: ['*.com', ‸'*.foo.com']"), wide);
    let all = ("duplicate-host", "overlaps with `*`", "remove one");
    VS.refuses(&with("hosts: ['*', ‸a.foo.com]\ngateways: [g]"), all);
    VS.admits(&with(
        "hosts: ['*.foo.com', foo.com, '*.bar.com', a.xfoo.com]",
    ));
}

#[test]
fn rule_9_1_04_holds_among_thousands_of_hosts() {
    let mut hosts: Vec<_> = (0..5_000)
        .map(|number| format!("h{number}.foo.com"))
        .collect();
    hosts.push("H0.foo.com".to_owned());
    hosts.push("x.h1.foo.com".to_owned());
    hosts.push("'*.h1.foo.com'".to_owned());
    let found = VS.found(&with(&format!("hosts: [{}]", hosts.join(", "))));
    let paths: Vec<_> = found
        .iter()
        .map(|finding| finding.at.path.as_str())
        .collect();
    assert_eq!(paths, ["spec.hosts[5000]", "spec.hosts[5002]"]);
}

#[test]
fn rule_9_1_05_there_is_http_tls_or_tcp() {
    let words = ("missing-field", "says what to do", "`http`, `tls`, `tcp`");
    VS.lacks("hosts: [a]", words);
    VS.admits(&format!("hosts: [a]\nhttp: [{ROUTE}]"));
    VS.admits("hosts: [a]\ntcp: [{route: [{destination: {host: a}}]}]");
}

#[test]
fn rule_9_1_06_claims_are_matched_at_gateways_only() {
    let claim = |head: &str, kind: &str| {
        let key = format!("{kind}: {{'@request.auth.claims.sub': ‸exact}}");
        let key = key.replace("‸exact", "{exact: a}");
        format!("{head}http: [{{match: [{{{key}}}], route: [{{destination: {{host: a}}}}]}}]")
    };
    let words = ("invalid-value", "at gateways only", "name a gateway");
    for kind in ["headers", "withoutHeaders"] {
        for head in [
            "hosts: [a]\n",
            "hosts: [x.example.com]\ngateways: [mesh]\n",
            "hosts: [x.example.com]\ngateways: [g, mesh]\n",
            // A delegate says nothing of gateways.
            "",
        ] {
            let spec = claim(head, kind).replace("'@", "‸'@");
            VS.refuses(&spec, words);
        }
        let good = claim("hosts: [x.example.com]\ngateways: [g]\n", kind);
        let told = VS.found(&good);
        let ids: Vec<_> = told.iter().map(|finding| finding.id).collect();
        // Nobody reads tokens here, which is no fault of the document.
        assert_eq!(ids, ["unsupported-match"]);
    }
}

#[test]
fn rule_9_1_07_export_to_names_namespaces() {
    let words = ("invalid-value", "is no namespace", "`*` for all");
    for bad in ["a.b", "''", "'~'", "a/b"] {
        VS.refuses(&with(&format!("hosts: [a]\nexportTo: [‸{bad}]")), words);
    }
    for good in ["[.]", "['*']", "[prod]", "[., far]", "[]"] {
        VS.admits(&with(&format!("hosts: [a]\nexportTo: {good}")));
    }
}

#[test]
fn rule_9_1_07_export_to_names_each_namespace_once() {
    let words = ("invalid-value", "is there twice", "write it once");
    for bad in ["[far, ‸far]", "[., ‸.]", "[., ‸prod]", "[prod, ‸.]"] {
        VS.refuses(&with(&format!("hosts: [a]\nexportTo: {bad}")), words);
    }
    VS.admits(&with("hosts: [a]\nexportTo: [far, near]"));
}

#[test]
fn rule_9_1_07_export_to_all_stands_alone() {
    let words = ("invalid-value", "say all there is to say", "write it alone");
    for bad in ["['*', far]", "[., '*']", "['*', '*']"] {
        VS.refuses(&with(&format!("hosts: [a]\n‸exportTo: {bad}")), words);
    }
    VS.admits(&with("hosts: [a]\nexportTo: ['*']"));
}

#[test]
fn rule_9_1_08_a_route_that_is_null() {
    let words = ("invalid-value", "nothing in the route", "remove it");
    VS.refuses(&format!("hosts: [a]\nhttp: [‸~, {ROUTE}]"), words);
    VS.admits(&format!("hosts: [a]\nhttp: [{ROUTE}]"));
}

#[test]
fn rule_9_1_08_a_route_says_what_becomes_of_requests() {
    let words = (
        "no-action",
        "what becomes of its requests",
        "`directResponse`",
    );
    VS.refuses(&http("‸name: r"), words);
    VS.refuses(&http("‸route: []"), words);
    for good in [
        "redirect: {uri: /}",
        "directResponse: {status: 200}",
        "delegate: {name: leaf}",
    ] {
        VS.admits(&http(good));
    }
}

#[test]
fn rule_9_1_09_who_delegates_has_no_route_and_no_redirect() {
    let words = (
        "invalid-value",
        "`delegate` cannot stand beside",
        "write one of",
    );
    VS.refuses(&beside("‸delegate: {name: leaf}"), words);
    VS.refuses(&http("redirect: {uri: /}\n‸delegate: {name: leaf}"), words);
    VS.admits(&http("delegate: {name: leaf}"));
}

#[test]
fn rule_9_1_09_what_else_a_delegating_route_says_is_not_checked() {
    let fault = "fault: {abort: {httpStatus: 500, percentage: {value: 1}}}";
    for more in [
        "directResponse: {status: 200}",
        fault,
        &format!("directResponse: {{status: 200}}\n{fault}\nrewrite: {{uri: /}}"),
        "mirror: {host: a}\nmirrors: [{destination: {host: b}}]",
        "timeout: 1s\nheaders: {}\nrewrite: {uri: /}",
    ] {
        VS.admits(&http(&format!("delegate: {{name: leaf}}\n{more}")));
    }
}

#[test]
fn rule_9_1_09_the_fault_of_a_delegating_route_meets_no_answer_of_the_delegate() {
    let root = "hosts: [a]\nhttp: [{delegate: {name: some}, fault: {abort: {httpStatus: 500, \
                percentage: {value: 1}}}}]";
    let some = "http:\n\
        - {match: [{uri: {prefix: /r}}], redirect: {uri: /}}\n\
        - {route: [{destination: {host: a}}]}";
    let read = read(
        &(document("VirtualService", "root", root)
            + &document("VirtualService", "some", some)
            + &services(&["a.prod.svc.cluster.local:80"])),
    );
    let errors = read.findings.iter().filter(|finding| is_error(finding));
    assert_eq!(errors.count(), 0, "{:#?}", read.findings);
    let rules = &read.policy.routes[0].rules;
    let faults = rules.iter().map(|rule| rule.fault.abort.is_some());
    assert_eq!(faults.collect::<Vec<_>>(), [false, true]);
    let told = { read.report.iter() }.find(|entry| entry.at.path == "spec.http[0].fault");
    assert_eq!(told.unwrap().status, Status::Approximated);
}

#[test]
fn rule_9_1_09_a_delegate_does_not_delegate() {
    let words = ("invalid-value", "cannot delegate", "routes of the last one");
    VS.refuses("http: [{‸delegate: {name: leaf}}]", words);
    VS.admits("hosts: [a]\nhttp: [{delegate: {name: leaf}}]");
}

#[test]
fn rule_9_1_10_a_redirect_excludes_other_actions() {
    let words = ("invalid-value", "cannot stand beside `redirect`", "");
    for other in [
        "‸fault: {delay: {fixedDelay: 1s, percentage: {value: 1}}}",
        "‸rewrite: {uri: /}",
        "‸directResponse: {status: 200}",
    ] {
        VS.refuses(&http(&format!("redirect: {{uri: /}}\n{other}")), words);
    }
    let words = (
        "invalid-value",
        "`redirect` cannot stand beside `route`",
        "write one of",
    );
    VS.refuses(&beside("‸redirect: {uri: /}"), words);
}

#[test]
fn rule_9_1_10_a_direct_response_excludes_other_actions() {
    let words = (
        "invalid-value",
        "cannot stand beside `directResponse`",
        "take out",
    );
    for other in [
        "‸fault: {delay: {fixedDelay: 1s, percentage: {value: 1}}}",
        "‸rewrite: {uri: /}",
    ] {
        VS.refuses(
            &http(&format!("directResponse: {{status: 200}}\n{other}")),
            words,
        );
    }
    let words = (
        "invalid-value",
        "`directResponse` cannot stand beside `route`",
        "write one of",
    );
    VS.refuses(&beside("‸directResponse: {status: 200}"), words);
}

#[test]
fn rule_9_1_10_timeout_retries_mirrors_and_cors_beside_an_answer_pass() {
    for action in ["redirect: {uri: /}", "directResponse: {status: 200}"] {
        for more in [
            "timeout: 1s",
            "retries: {attempts: 1}",
            "mirror: {host: a}",
            "mirrors: [{destination: {host: a}}]",
            "corsPolicy: {allowOrigins: [{exact: 'https://a'}]}",
            "headers: {response: {set: {x: y}}}",
        ] {
            VS.admits(&http(&format!("{action}\n{more}")));
        }
    }
}

#[test]
fn rule_9_1_11_mirror_and_mirrors_do_not_go_together() {
    let words = (
        "invalid-value",
        "`mirrors` cannot stand beside `mirror`",
        "put all into",
    );
    VS.refuses(
        &beside("mirror: {host: a}\n‸mirrors: [{destination: {host: a}}]"),
        words,
    );
    VS.admits(&beside(
        "mirrors: [{destination: {host: a}}, {destination: {host: b}}]",
    ));
    VS.admits(&beside("mirror: {host: a}"));
}

#[test]
fn rule_9_1_11_a_mirror_is_no_more_than_all() {
    let words = ("invalid-value", "is no percentage", "from 0 to 100");
    for percent in ["100.1", "-0.1"] {
        let value = format!("{{value: ‸{percent}}}");
        VS.refuses(
            &beside(&format!("mirror: {{host: a}}\nmirrorPercentage: {value}")),
            words,
        );
        let mirrors = format!("mirrors: [{{destination: {{host: a}}, percentage: {value}}}]");
        VS.refuses(&beside(&mirrors), words);
    }
    // Finer than anything that is drawn is none, and no fault.
    for percent in ["0", "0.5", "100", "0.00001"] {
        VS.admits(&beside(&format!(
            "mirror: {{host: a}}\nmirrorPercentage: {{value: {percent}}}"
        )));
    }
}

#[test]
fn rule_9_1_11_an_old_percentage_is_told_and_checked() {
    let words = ("deprecated-field", "deprecated", "write `mirrorPercentage");
    VS.warns(&beside("mirror: {host: a}\nmirrorPercent: ‸100"), words);
    let found = VS.found(&beside("mirror: {host: a}\nmirrorPercent: 101"));
    let found: Vec<_> = found
        .iter()
        .map(|finding| (finding.id, finding.at.line, finding.at.column))
        .collect();
    let at = (Some(10), Some(20));
    assert_eq!(
        found,
        [
            ("deprecated-field", at.0, at.1),
            ("out-of-range", at.0, at.1)
        ]
    );
    VS.admits(&beside("mirror: {host: a}\nmirrorPercentage: {value: 100}"));
}

#[test]
fn rule_9_1_12_weights_are_not_negative() {
    let route = |weight: &str| {
        http(&format!(
            "route: [{{destination: {{host: a}}, weight: {weight}}}]"
        ))
    };
    VS.refuses(
        &route("‸-1"),
        ("out-of-range", "a whole number from 0 to", ""),
    );
    VS.admits(&route("0"));
    VS.admits(&route("7"));
}

#[test]
fn rule_9_1_12_several_weights_sum_to_more_than_nothing() {
    let two = |one: u32, other: u32| {
        let to = |weight| format!("{{destination: {{host: a}}, weight: {weight}}}");
        http(&format!("‸route: [{}, {}]", to(one), to(other)))
    };
    VS.refuses(&two(0, 0), ("no-weight", "all weights are 0", "a weight"));
    let unsaid = http("‸route: [{destination: {host: a}}, {destination: {host: b}}]");
    VS.refuses(&unsaid, ("no-weight", "all weights are 0", "a weight"));
    // They need not sum to 100.
    for (one, other) in [(0, 1), (1, 2), (90, 90)] {
        VS.admits(&two(one, other).replace('‸', ""));
    }
}

#[test]
fn rule_9_1_12_header_changes_of_a_destination_are_checked_as_well() {
    let to = |headers: &str| {
        http(&format!(
            "route: [{{destination: {{host: a}}, headers: {headers}}}]"
        ))
    };
    let words = ("invalid-value", "cannot be changed", "");
    VS.refuses(&to("{request: {set: {':path': ‸a}}}"), words);
    VS.refuses(&to("{response: {add: {host: ‸a}}}"), words);
    VS.refuses(&to("{request: {remove: [‸host]}}"), words);
    VS.admits(&to("{request: {set: {x: a, host: b}}}"));
}

#[test]
fn rule_9_1_13_a_destination_is_required() {
    let words = ("missing-field", "`destination` is missing", "add it");
    VS.refuses(&http("route: [‸{weight: 1}]"), words);
    VS.refuses(&beside("mirrors: [‸{percentage: {value: 1}}]"), words);
    let words = ("missing-field", "`host` is missing", "add it");
    VS.refuses(&http("route: [{‸destination: {subset: v1}}]"), words);
    VS.refuses(&beside("‸mirror: {subset: v1}"), words);
    let words = ("wrong-type", "found nothing", "write one");
    VS.refuses(&http("route: [‸~]"), words);
    VS.refuses(&beside("mirrors: [‸~]"), words);
    VS.admits(&http("route: [{destination: {host: a}}]"));
}

#[test]
fn rule_9_1_13_the_host_of_a_destination_is_a_name_and_no_star() {
    let words = ("invalid-value", "is no host", "no port");
    for bad in ["'*'", "'a:80'", "a b", "''", "http://a", "a.*"] {
        VS.refuses(
            &http(&format!("route: [{{destination: {{host: ‸{bad}}}}}]")),
            words,
        );
        VS.refuses(&beside(&format!("mirror: {{host: ‸{bad}}}")), words);
    }
    for good in ["a", "a.prod.svc.cluster.local"] {
        VS.admits(&http(&format!(
            "route: [{{destination: {{host: {good}}}}}]"
        )));
    }
    // Names that nobody knows here, but hosts.
    for unknown in ["'*.example.com'", "x.example.com", "10.0.0.1"] {
        let found = VS.found(&http(&format!(
            "route: [{{destination: {{host: {unknown}}}}}]"
        )));
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, ["unknown-service"], "{unknown}");
    }
}

#[test]
fn rule_9_1_13_a_subset_is_a_label() {
    let words = ("invalid-value", "is no name of a subset", "letters");
    for bad in ["a.b", "-a", "a b"] {
        VS.refuses(
            &http(&format!(
                "route: [{{destination: {{host: a, subset: ‸{bad}}}}}]"
            )),
            words,
        );
    }
    for good in ["v1", "''"] {
        VS.admits(&http(&format!(
            "route: [{{destination: {{host: a, subset: {good}}}}}]"
        )));
    }
}

#[test]
fn rule_9_1_13_a_port_is_one_that_there_can_be() {
    let route = |port: &str| {
        http(&format!(
            "route: [{{destination: {{host: a, port: {{number: {port}}}}}}}]"
        ))
    };
    for bad in ["0", "65536", "-1"] {
        let words = ("out-of-range", "a whole number from 1 to 65535", "");
        VS.refuses(&route(&format!("‸{bad}")), words);
    }
    VS.admits(&route("80"));
}

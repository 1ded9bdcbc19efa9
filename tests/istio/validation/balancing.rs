//! 9.2, rules 7 to 9: how endpoints are chosen.

use crate::validation::DR;
use crate::validation::destination_rule::{ignored, policy};

fn balancer(fields: &str) -> String {
    policy(&format!("loadBalancer: {{{fields}}}"))
}

fn hash(fields: &str) -> String {
    balancer(&format!("consistentHash: {{{fields}}}"))
}

#[test]
fn rule_9_2_07_a_cookie_has_a_name() {
    let words = ("missing-field", "`name` is missing", "add it");
    DR.refuses(&hash("‸httpCookie: {ttl: 1s}"), words);
    let words = ("invalid-value", "the cookie's name is empty", "write one");
    DR.refuses(&hash("httpCookie: {name: ‸'', ttl: 1s}"), words);
    ignored(&hash("httpCookie: {name: user}"));
}

#[test]
fn rule_9_2_07_a_cookie_s_life_is_not_negative() {
    DR.refuses(
        &hash("httpCookie: {name: user, ttl: ‸-1s}"),
        ("invalid-value", "-1s", ""),
    );
    for good in ["0s", "1h", "0.5ms"] {
        ignored(&hash(&format!("httpCookie: {{name: user, ttl: {good}}}")));
    }
}

#[test]
fn rule_9_2_07_a_cookie_s_attributes_have_names_each_their_own() {
    let cookie = |attributes: &str| {
        hash(&format!(
            "httpCookie: {{name: user, attributes: [{attributes}]}}"
        ))
    };
    let words = ("invalid-value", "is empty, or there twice", "write another");
    DR.refuses(&cookie("{name: ‸'', value: a}"), words);
    DR.refuses(&cookie("{name: a, value: a}, {name: ‸a, value: b}"), words);
    DR.refuses(
        &cookie("‸{value: a}"),
        ("missing-field", "`name` is missing", "add it"),
    );
    ignored(&cookie("{name: a, value: a}, {name: b}"));
}

#[test]
fn rule_9_2_07_a_ring_s_size_at_its_old_place() {
    let words = ("deprecated-field", "deprecated", "`ringHash: ");
    DR.warns(&hash("useSourceIp: true, minimumRingSize: ‸1024"), words);
    ignored(&hash("useSourceIp: true, minimumRingSize: 0, ringHash: {}"));
    for other in ["ringHash: {}", "maglev: {tableSize: 65537}"] {
        let found = DR.found(&hash(&format!(
            "useSourceIp: true, minimumRingSize: 2, {other}"
        )));
        let ids: Vec<_> = found.iter().map(|finding| finding.id).collect();
        assert_eq!(ids, ["deprecated-field", "invalid-value"]);
        assert!(
            found[1].message.contains("in two places")
                && found[1].advice.contains("take this one out")
        );
    }
    ignored(&hash(
        "useSourceIp: true, ringHash: {minimumRingSize: 1024}",
    ));
}

#[test]
fn rule_9_2_07_a_maglev_table_s_size_is_a_prime_below_5000011() {
    let table = |size: &str| hash(&format!("useSourceIp: true, maglev: {{tableSize: {size}}}"));
    let words = ("missing-field", "`tableSize` is missing", "add it");
    DR.refuses(&hash("useSourceIp: true, ‸maglev: {}"), words);
    for bad in ["0", "4", "65536", "5000011", "5000017"] {
        let words = ("invalid-value", "is no prime below 5000011", "65537");
        DR.refuses(&table(&format!("‸{bad}")), words);
    }
    for good in ["2", "65537", "4999999"] {
        ignored(&table(good));
    }
}

#[test]
fn rule_9_2_07_one_way_to_choose_and_one_thing_to_choose_by() {
    let words = (
        "invalid-value",
        "cannot stand beside `simple`",
        "write one of",
    );
    DR.refuses(
        &balancer("simple: RANDOM, ‸consistentHash: {useSourceIp: true}"),
        words,
    );
    let words = (
        "invalid-value",
        "cannot stand beside `httpHeaderName`",
        "write one of",
    );
    DR.refuses(&hash("httpHeaderName: x, useSourceIp: ‸true"), words);
    DR.admits(&balancer("simple: RANDOM"));
    ignored(&hash("httpHeaderName: x"));
}

/// With outliers, so that nobody misses them.
fn locality(fields: &str) -> String {
    policy(&format!(
        "loadBalancer: {{localityLbSetting: {{{fields}}}}}, outlierDetection: {{}}"
    ))
}

#[test]
fn rule_9_2_08_localities_do_not_go_with_zones() {
    let words = (
        "invalid-value",
        "cannot stand beside `localityLbSetting`",
        "one of the two",
    );
    DR.refuses(
        &balancer("localityLbSetting: {enabled: true}, ‸zoneAware: {enabled: true}"),
        words,
    );
    ignored(&balancer("zoneAware: {enabled: true, minClusterSize: 6}"));
    ignored(&balancer("localityLbSetting: {enabled: true}"));
}

#[test]
fn rule_9_2_08_shares_do_not_go_with_failover() {
    let words = (
        "invalid-value",
        "cannot stand beside `distribute`",
        "write one of",
    );
    let share = "distribute: [{from: a, to: {a: 100}}]";
    DR.refuses(
        &locality(&format!("{share}, ‸failover: [{{from: a, to: b}}]")),
        words,
    );
    ignored(&locality(&format!("{share}, failover: []")));
    ignored(&locality("failover: [{from: a, to: b}]"));
}

#[test]
fn rule_9_2_08_shares_are_1_to_100_and_sum_to_100() {
    let to = |to: &str| locality(&format!("distribute: [{{from: a, {to}}}]"));
    for bad in ["0", "101"] {
        let words = ("out-of-range", "from 1 to 100", "");
        DR.refuses(&to(&format!("to: {{b: ‸{bad}}}")), words);
    }
    let words = ("invalid-value", "the shares sum to 99", "sum to 100");
    DR.refuses(&to("‸to: {b: 33, c: 66}"), words);
    DR.refuses(
        &locality("distribute: [‸{from: a}]"),
        ("missing-field", "`to` is missing", "add it"),
    );
    ignored(&to("to: {b: 33, c: 67}"));
}

#[test]
fn rule_9_2_08_localities_are_well_formed() {
    let words = ("invalid-value", "is no locality", "`region/zone/subzone`");
    for bad in ["''", "a//b", "/a", "a/", "'a/*/b'", "'*/*'", "'a*b'"] {
        DR.refuses(
            &locality(&format!("distribute: [{{from: ‸{bad}, to: {{b: 100}}}}]")),
            words,
        );
        DR.refuses(
            &locality(&format!("distribute: [{{from: a, to: {{{bad}: ‸100}}}}]")),
            words,
        );
    }
    DR.refuses(
        &locality("distribute: [‸{to: {a: 100}}]"),
        ("missing-field", "`from` is missing", "add it"),
    );
    for good in ["a", "a/b", "a/b/c", "'a/*'", "'a/b/*'", "'*'"] {
        ignored(&locality(&format!(
            "distribute: [{{from: {good}, to: {{{good}: 100}}}}]"
        )));
    }
}

#[test]
fn rule_9_2_08_places_to_share_from_do_not_overlap() {
    let words = (
        "invalid-value",
        "overlaps with one before it",
        "each place once",
    );
    let two = |one: &str, other: &str| {
        let from = |from: &str| format!("{{from: {from}, to: {{b: 100}}}}");
        locality(&format!("distribute: [{}, {}]", from(one), from(other)))
    };
    for (one, other) in [
        ("a", "a"),
        ("a", "a/b"),
        ("a/b", "a"),
        ("'a/*'", "a/b"),
        ("a/b", "a/b/c"),
        ("a/b/c", "a/b"),
        ("a/b/c", "a/b/c"),
        ("'a/b/*'", "a/b/c"),
        ("'*'", "a"),
    ] {
        DR.refuses(&two(one, &format!("‸{other}")), words);
    }
    // The first that fits is taken, so the finer may come first.
    for (one, other) in [
        ("a", "b"),
        ("a/b", "a/c"),
        ("a/b", "'a/*'"),
        ("a/b/c", "'a/b/*'"),
        ("a", "'*'"),
    ] {
        ignored(&two(one, other));
    }
}

#[test]
fn rule_9_2_08_nobody_fails_over_to_where_he_is() {
    let words = ("invalid-value", "to where he is", "another region");
    DR.refuses(&locality("failover: [{from: a, to: ‸a}]"), words);
    ignored(&locality("failover: [{from: a, to: b}]"));
}

#[test]
fn rule_9_2_08_failover_is_between_regions() {
    let words = ("invalid-value", "is no region", "a region alone");
    for bad in ["a/b", "'*'", "'a*'"] {
        DR.refuses(
            &locality(&format!("failover: [{{from: ‸{bad}, to: c}}]")),
            words,
        );
        DR.refuses(
            &locality(&format!("failover: [{{from: c, to: ‸{bad}}}]")),
            words,
        );
    }
    ignored(&locality("failover: [{from: a, to: c}]"));
}

#[test]
fn rule_9_2_08_failover_orders_regions_and_zones_already() {
    let words = ("invalid-value", "ordered by nearness", "another label");
    for label in [
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "topology.istio.io/subzone",
    ] {
        let both = format!("failover: [{{from: a, to: b}}], failoverPriority: [x, ‸{label}]");
        DR.refuses(&locality(&both), words);
        DR.refuses(
            &balancer(&format!("zoneAware: {{failoverPriority: [‸{label}]}}")),
            words,
        );
        ignored(&locality(&format!("failoverPriority: [{label}]")));
    }
    ignored(&locality(
        "failover: [{from: a, to: b}], failoverPriority: [topology.istio.io/network]",
    ));
    ignored(&balancer(
        "zoneAware: {failoverPriority: [topology.istio.io/network]}",
    ));
}

#[test]
fn rule_9_2_08_failover_needs_outlier_detection() {
    let words = (
        "missing-field",
        "nobody ever fails over",
        "add `outlierDetection`",
    );
    for kind in ["failover: [{from: a, to: b}]", "failoverPriority: [x]"] {
        DR.warns(&balancer(&format!("localityLbSetting: {{‸{kind}}}")), words);
        ignored(&locality(kind));
    }
    ignored(&balancer(
        "localityLbSetting: {failover: [], failoverPriority: []}",
    ));
}

#[test]
fn rule_9_2_09_warming_up_takes_its_time() {
    let warmup = |fields: &str| balancer(&format!("warmup: {{{fields}}}"));
    let words = ("missing-field", "`duration` is missing", "add it");
    DR.refuses(&balancer("‸warmup: {aggression: 1}"), words);
    for bad in ["0s", "500us", "-1s"] {
        DR.refuses(
            &warmup(&format!("duration: ‸{bad}")),
            ("invalid-value", bad, ""),
        );
    }
    ignored(&warmup("duration: 1ms"));
}

#[test]
fn rule_9_2_09_warming_up_begins_with_100_percent_at_most() {
    let warmup = |percent: &str| {
        balancer(&format!(
            "warmup: {{duration: 1s, minimumPercent: {percent}}}"
        ))
    };
    DR.refuses(
        &warmup("‸100.5"),
        ("out-of-range", "out of range", "0 to 100"),
    );
    for good in ["0", "100", "{value: 10}"] {
        ignored(&warmup(good));
    }
}

#[test]
fn rule_9_2_09_aggression_is_more_than_nothing() {
    let warmup = |aggression: &str| {
        balancer(&format!(
            "warmup: {{duration: 1s, aggression: {aggression}}}"
        ))
    };
    for bad in ["0", "-1"] {
        DR.refuses(
            &warmup(&format!("‸{bad}")),
            ("out-of-range", "out of range", "more than 0"),
        );
    }
    for good in ["0.5", "1", "{value: 2.5}"] {
        ignored(&warmup(good));
    }
}

#[test]
fn rule_9_2_09_the_old_warm_up_is_not_checked() {
    let words = ("deprecated-field", "deprecated", "`warmup: ");
    for any in ["1s", "0s", "1us"] {
        DR.warns(&balancer(&format!("warmupDurationSecs: ‸{any}")), words);
    }
}

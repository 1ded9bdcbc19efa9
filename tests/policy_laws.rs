//! What holds for every policy and every text.
#![cfg(feature = "yaml")]

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::time::Duration;
use tower_mesh::import::Documents;
use tower_mesh::policy::*;

/// Texts that YAML could take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        select(&[
            "", "1", "1.0", "true", "null", "~", "yes", "0x1F", "1e3", "- a", "a: b", "#", "*",
            "&a", "!x", "'", "\"", " a ", "a\nb\n", "\t", "|", "---", "...", "{", "[", "\u{0}",
            "ü", "<<"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        "[ -~]{100,200}",
    ]
}

fn span() -> impl Strategy<Value = Span> {
    (1_000_000u64..=31_536_000_000_000_000).prop_map(|nanos| Duration::from_nanos(nanos).into())
}

fn percent() -> impl Strategy<Value = Percent> {
    (0u32..=1_000_000).prop_map(|share| Percent::try_from(f64::from(share) / 10_000.0).unwrap())
}

fn host() -> impl Strategy<Value = Host> {
    "(\\*|\\[::[1-9]\\]|(\\*\\.)?[a-z][a-z0-9-]{0,5}(\\.[a-z]{2,5}){0,2})(:[1-9][0-9]{0,3})?"
        .prop_map(|text| text.parse().unwrap())
}

fn pattern() -> impl Strategy<Value = Pattern> {
    select(&["", "a|b", "(?x) a # c", "[0-9]+", "\\pL", "\"'", ": "])
        .prop_map(|text: &str| text.parse().unwrap())
}

fn path() -> impl Strategy<Value = Path> {
    "/[!-\"$->@-~]{0,12}".prop_map(|text| text.parse().unwrap())
}

fn value_match() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![
        text().prop_map(ValueMatch::Exact),
        text().prop_map(ValueMatch::Prefix),
        pattern().prop_map(ValueMatch::Regex),
        Just(ValueMatch::Present),
        Just(ValueMatch::Absent),
    ]
}

fn path_match() -> impl Strategy<Value = PathMatch> {
    prop_oneof![
        path().prop_map(PathMatch::Exact),
        path().prop_map(PathMatch::Prefix),
        pattern().prop_map(PathMatch::Regex),
    ]
}

prop_compose! {
    fn matching()(
        path in of(path_match()),
        method in of("[A-Z]{1,7}"),
        headers in btree_map("[a-z0-9-]{1,8}", value_match(), 0..3),
        query in btree_map(text(), value_match(), 0..3),
    ) -> Match {
        let mut matching = Match { path, ..Match::default() };
        matching.method = method.map(TextMatch::exact);
        matching.query = query;
        headers.into_iter().fold(matching, |matching, (name, value)| matching.header(&name, value))
    }
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        "[a-z-]{1,8}".prop_map(|name| Key::Header(name.parse().unwrap())),
        text().prop_map(Key::Query),
        Just(Key::SourceIp),
    ]
}

prop_compose! {
    fn limit()(
        name in of(text()),
        requests in 1u32..=1_000,
        per in span(),
        burst in of(1u32..),
        key in of(key()),
        keys in of(1u32..=1 << 24),
    ) -> Limit {
        let mut rate = Rate::per(requests, per.into());
        rate.burst = burst.and_then(std::num::NonZeroU32::new);
        let mut limit = Limit::new(rate);
        limit.max_keys = keys.and_then(std::num::NonZeroU32::new);
        Limit { name, key, ..limit }
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    let delay = (span(), percent()).prop_map(|(fixed, percent)| Delay { fixed, percent });
    let abort = (200u16..=599, percent()).prop_map(|(status, percent)| Abort {
        status: Status::try_from(status).unwrap(),
        percent,
    });
    (of(delay), of(abort)).prop_map(|(delay, abort)| Fault { delay, abort })
}

prop_compose! {
    fn destination()(service in text(), subset in of(text()), weight: u32) -> Destination {
        Destination { service, subset, weight, ..Destination::new("") }
    }
}

prop_compose! {
    fn rule()(
        name in of(text()),
        matches in vec(matching(), 0..3),
        to in vec(destination(), 0..3),
        timeout in of(span()),
        limits in vec(limit(), 0..2),
        fault in fault(),
        headers in headers(),
    ) -> Rule {
        Rule { name, matches, to, timeout, limits, fault, headers, ..Rule::default() }
    }
}

prop_compose! {
    fn changes()(
        remove in vec("[a-z0-9-]{1,8}".prop_map(|name| name.parse().unwrap()), 0..3),
        set in btree_map("[a-z0-9-]{1,8}", "[!-~]{0,8}", 0..3),
        add in btree_map("[a-z0-9-]{1,8}", "[!-~]{0,8}", 0..3),
    ) -> HeaderChanges {
        let texts = |map: std::collections::BTreeMap<String, String>| {
            let pairs = map.into_iter();
            pairs.map(|(name, text)| (name.parse().unwrap(), text.parse().unwrap())).collect()
        };
        HeaderChanges { remove, set: texts(set), add: texts(add) }
    }
}

fn headers() -> impl Strategy<Value = Headers> {
    (changes(), changes()).prop_map(|(request, response)| Headers { request, response })
}

prop_compose! {
    fn endpoint()(
        address in select(&["10.0.0.1:80", "[::1]:8080", "a.b:1"]),
        weight: u32,
        labels in btree_map(text(), text(), 0..3),
        locality in of(text().prop_map(Locality)),
    ) -> Endpoint {
        Endpoint { address: address.parse().unwrap(), weight, labels, locality }
    }
}

fn balance() -> impl Strategy<Value = Balance> {
    use Balance::*;
    select(&[RoundRobin, Random, Weighted, LeastRequest])
}

prop_compose! {
    fn subset()(
        labels in btree_map(text(), text(), 0..3),
        locality in of(text().prop_map(Locality)),
        balance in of(balance()),
    ) -> Subset {
        Subset { labels, locality, balance }
    }
}

prop_compose! {
    fn service()(
        port: u16,
        protocol in select(&[Protocol::Http1, Protocol::Http2]),
        balance in balance(),
        endpoints in vec(endpoint(), 0..3),
        subsets in btree_map(text(), subset(), 0..3),
        limits in vec(limit(), 0..2),
        fault in fault(),
    ) -> Service {
        Service {
            port, protocol, balance, endpoints, subsets,
            inbound: Inbound { limits, fault },
            ..Service::default()
        }
    }
}

prop_compose! {
    fn route()(
        name in text(),
        hosts in vec(host(), 0..3),
        rules in vec(rule(), 0..3),
    ) -> Route {
        Route { rules, ..Route::new(name, hosts) }
    }
}

prop_compose! {
    fn policy()(
        closed: bool,
        services in btree_map(text(), service(), 0..3),
        routes in vec(route(), 0..3),
    ) -> Policy {
        let mut policy = Policy { services, routes, ..Policy::default() };
        if closed {
            policy.mesh.outbound_traffic_policy = OutboundTrafficPolicy::RegistryOnly;
        }
        policy
    }
}

proptest! {
    #[test]
    fn every_policy_reads_back_as_it_was_written(policy in policy()) {
        let yaml = policy.to_yaml();
        let read = Documents::new().add_text("yaml", yaml.clone()).read();
        prop_assert!(!read.unreadable, "{:#?}\n{}", read.findings, yaml);
        prop_assert_eq!(&read.policy, &policy);

        let json = serde_json::to_string(&policy).unwrap();
        let read = Documents::new().add_text("json", json).read();
        prop_assert!(!read.unreadable, "{:#?}", read.findings);
        prop_assert_eq!(&read.policy, &policy);
    }

    /// Reading adds places to what validation finds, nothing else.
    #[test]
    fn reading_finds_what_validation_finds(policy in policy()) {
        let read = Documents::new().add_text("yaml", policy.to_yaml()).read();
        let mut found: Vec<_> = read.findings.iter().map(|e| (e.id, &e.at.path)).collect();
        prop_assert!(read.findings.iter().all(|error| error.at.line.is_some()));
        let expected = policy.validate();
        let mut expected: Vec<_> = expected.iter().map(|e| (e.id, &e.at.path)).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_makes_reading_panic(
        text in any::<String>(),
        yaml in "([a-z]{0,3}[:,\\-\\[\\]{}&*!|>'\"%@`#? \n\t]{0,3}){0,40}",
    ) {
        let _ = Policy::parse(&text);
        let _ = Policy::parse(&yaml);
    }

    #[test]
    fn a_spoilt_policy_is_read_or_refused_with_places(
        spoils in vec((any::<Index>(), "[ -~\n]{0,4}", 0usize..6), 1..6),
    ) {
        let mut text: Vec<char> = GOOD.chars().collect();
        for (at, new, old) in spoils {
            let at = at.index(text.len());
            let end = (at + old).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = Policy::parse(&text) {
            let lines = text.lines().count() as u32;
            for error in &errors {
                let line = error.at.line.unwrap();
                prop_assert!((1..=lines + 1).contains(&line), "{error}");
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}

const GOOD: &str = include_str!("policies/good.yaml");

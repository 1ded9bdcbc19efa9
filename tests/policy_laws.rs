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
        text().prop_map(PathMatch::StartsWith),
        pattern().prop_map(PathMatch::Regex),
    ]
}

fn text_match() -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        text().prop_map(TextMatch::Exact),
        text().prop_map(TextMatch::Prefix),
        pattern().prop_map(TextMatch::Regex),
    ]
}

fn method() -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        "[A-Z]{1,7}".prop_map(TextMatch::Exact),
        text().prop_map(TextMatch::Prefix),
        pattern().prop_map(TextMatch::Regex),
    ]
}

fn header() -> impl Strategy<Value = Header> {
    "[a-z0-9-]{1,8}".prop_map(|name| name.parse().unwrap())
}

fn clients() -> impl Strategy<Value = Clients> {
    (vec(text(), 0..2), btree_map(text(), text(), 0..3))
        .prop_map(|(namespaces, labels)| Clients { namespaces, labels })
}

fn door() -> impl Strategy<Value = Door> {
    "mesh|([a-z]{1,5}/)?[a-z]{1,5}(#[a-z]{1,5})?".prop_map(|door| door.parse().unwrap())
}

prop_compose! {
    fn matching()(
        path in of(path_match()),
        ignore_path_case: bool,
        texts in (of(method()), of(text_match()), of(text_match())),
        headers in btree_map(header(), value_match(), 0..3),
        without_headers in btree_map(header(), value_match(), 0..3),
        query in btree_map(text(), value_match(), 0..3),
        selectors in (of(1u16..), clients(), vec(door(), 0..2)),
    ) -> Match {
        let (method, scheme, authority) = texts;
        let (port, from, gateways) = selectors;
        Match {
            path, ignore_path_case, method, scheme, authority, headers, without_headers, query,
            port, from, gateways,
        }
    }
}

fn status() -> impl Strategy<Value = Status> {
    (200u16..=599).prop_map(|status| Status::try_from(status).unwrap())
}

fn path_rewrite() -> impl Strategy<Value = PathRewrite> {
    prop_oneof![
        text().prop_map(PathRewrite::Full),
        text().prop_map(PathRewrite::Prefix),
        text().prop_map(PathRewrite::Matched),
        (pattern(), text()).prop_map(|(pattern, substitution)| {
            PathRewrite::Regex(RegexRewrite {
                pattern,
                substitution,
            })
        }),
    ]
}

prop_compose! {
    fn rewrite()(authority in of(text()), path in of(path_rewrite())) -> Rewrite {
        Rewrite { authority, path }
    }
}

fn redirect_port() -> impl Strategy<Value = RedirectPort> {
    prop_oneof![
        select(&[
            RedirectPort::AsRequested,
            RedirectPort::Listener,
            RedirectPort::SchemeDefault
        ]),
        any::<u16>().prop_map(RedirectPort::Number),
    ]
}

prop_compose! {
    fn redirect()(
        scheme in of(select(&[Scheme::Http, Scheme::Https])),
        host in of(text()),
        port in redirect_port(),
        path in of(path_rewrite()),
        status in status(),
    ) -> Redirect {
        Redirect { scheme, host, port, path, status }
    }
}

prop_compose! {
    fn respond()(status in status(), body in text()) -> Respond {
        Respond { status, body }
    }
}

prop_compose! {
    fn mirror()(service in text(), subset in of(text()), percent in percent()) -> Mirror {
        Mirror { service, subset, percent }
    }
}

prop_compose! {
    fn cors()(
        allow_origins in vec(text_match(), 0..3),
        allow_methods in vec(text(), 0..2),
        allow_headers in vec(text(), 0..2),
        expose_headers in vec(text(), 0..2),
        max_age in of(span()),
        allow_credentials: bool,
        ignore: bool,
    ) -> Cors {
        let unmatched_preflights = match ignore {
            true => UnmatchedPreflights::Ignore,
            false => UnmatchedPreflights::Forward,
        };
        Cors {
            allow_origins, allow_methods, allow_headers, expose_headers, max_age,
            allow_credentials, unmatched_preflights,
        }
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
    fn destination()(
        service in text(),
        subset in of(text()),
        weight: u32,
        headers in headers(),
        rewrite in rewrite(),
        when_missing in status(),
        permitted: bool,
    ) -> Destination {
        Destination { service, subset, weight, headers, rewrite, when_missing, permitted }
    }
}

prop_compose! {
    fn rule()(
        name in of(text()),
        matches in vec(matching(), 0..3),
        to in vec(destination(), 0..3),
        answers in (of(redirect()), of(respond())),
        rewrite in rewrite(),
        mirrors in vec(mirror(), 0..2),
        cors in of(cors()),
        timeout in of(span()),
        limits in vec(limit(), 0..2),
        fault in fault(),
        headers in headers(),
    ) -> Rule {
        let (redirect, respond) = answers;
        Rule {
            name, matches, to, redirect, respond, rewrite, mirrors, cors, timeout, limits, fault,
            headers,
        }
    }
}

prop_compose! {
    fn changes()(
        remove in vec(header(), 0..3),
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
    fn client_settings()(
        from in clients(),
        balance in balance(),
        subsets in btree_map(text(), subset(), 0..3),
    ) -> ClientSettings {
        ClientSettings { from, balance, subsets }
    }
}

prop_compose! {
    fn listener()(
        name in text(),
        port: u16,
        protocol in select(&[ListenerProtocol::Http, ListenerProtocol::Https]),
        hosts in vec(host(), 0..2),
        https_redirect: bool,
    ) -> Listener {
        Listener { name, port, protocol, hosts, https_redirect }
    }
}

prop_compose! {
    fn gateway()(
        namespace in of(text()),
        labels in btree_map(text(), text(), 0..2),
        listeners in vec(listener(), 0..3),
    ) -> Gateway {
        Gateway { namespace, labels, listeners }
    }
}

prop_compose! {
    fn sidecar()(
        name in text(),
        from in clients(),
        hosts in vec(text(), 0..3),
        open in of(any::<bool>()),
    ) -> Sidecar {
        let outbound_traffic_policy = open.map(|open| match open {
            true => OutboundTrafficPolicy::AllowAny,
            false => OutboundTrafficPolicy::RegistryOnly,
        });
        Sidecar { name, from, hosts, outbound_traffic_policy }
    }
}

prop_compose! {
    fn service()(
        port: u16,
        namespace in of(text()),
        visible_to in of(vec(text(), 0..2)),
        aliases in vec(host(), 0..2),
        passthrough: bool,
        clients in vec(client_settings(), 0..2),
        protocol in select(&[Protocol::Http1, Protocol::Http2]),
        balance in balance(),
        endpoints in vec(endpoint(), 0..3),
        subsets in btree_map(text(), subset(), 0..3),
        limits in vec(limit(), 0..2),
        fault in fault(),
    ) -> Service {
        Service {
            port, namespace, visible_to, aliases, passthrough, clients, protocol, balance,
            endpoints, subsets,
            inbound: Inbound { limits, fault },
        }
    }
}

prop_compose! {
    fn route()(
        name in text(),
        hosts in vec(host(), 0..3),
        gateways in vec(door(), 0..3),
        namespace in of(text()),
        visible_to in of(vec(text(), 0..2)),
        precedence in select(&[Precedence::Listed, Precedence::Specific]),
        rules in vec(rule(), 0..3),
    ) -> Route {
        Route { name, hosts, gateways, namespace, visible_to, precedence, rules }
    }
}

prop_compose! {
    fn policy()(
        closed: bool,
        path_normalization in select(&[
            PathNormalization::None,
            PathNormalization::Base,
            PathNormalization::MergeSlashes,
            PathNormalization::DecodeAndMergeSlashes,
        ]),
        cluster_domain in text(),
        trusted_hops: u32,
        services in btree_map(text(), service(), 0..3),
        routes in vec(route(), 0..3),
        gateways in btree_map(text(), gateway(), 0..2),
        sidecars in vec(sidecar(), 0..2),
    ) -> Policy {
        let mesh = MeshSettings { cluster_domain, trusted_hops, ..MeshSettings::default() };
        let mut policy = Policy { mesh, services, routes, gateways, sidecars };
        policy.mesh.path_normalization = path_normalization;
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

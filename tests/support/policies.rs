//! Policies at random, with every field of the model. They can be written and read; whether their
//! names refer to anything is another matter.
#![allow(dead_code, unreachable_pub)] // A module of each test that uses some of it.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;
use tower_mesh::policy::*;

/// A policy as JSON that YAML holds, too: characters that are not to be seen are escaped.
pub fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap();
    let unseen = |c: &char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    text.chars().fold(String::new(), |mut whole, c| {
        match unseen(&c) {
            true => whole += &format!("\\u{:04x}", u32::from(c)),
            false => whole.push(c),
        }
        whole
    })
}

/// Texts that YAML could take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        select(&[
            "",
            "1",
            "1.0",
            "true",
            "null",
            "~",
            "yes",
            "0x1F",
            "1e3",
            "- a",
            "a: b",
            "#",
            "*",
            "&a",
            "!x",
            "'",
            "\"",
            " a ",
            "a\nb\n",
            "\t",
            "|",
            "---",
            "...",
            "{",
            "[",
            "\u{0}",
            "ü",
            "<<",
            "on",
            "y",
            "2001-01-01",
            "12:30:45",
            "1_000",
            "0o17",
            "+1",
            ".inf",
            ".NaN",
            "a\r\nb",
            "\u{feff}a",
            "%YAML 1.2",
            "? a",
            "a #b",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
        // Several lines, and what breaks lines or is not to be seen.
        "[ \n\na:#\\-\t\r\u{0}\u{1b}\u{7f}\u{85}\u{a0}\u{2028}\u{fffe}]{0,8}",
        "[ -~]{100,200}",
    ]
}

/// From a nanosecond to a year.
fn span() -> impl Strategy<Value = Span> {
    let nanos = prop_oneof![
        1u64..=1_000_000_000,
        1u64..=31_536_000_000_000_000,
        (1u64..=31_536_000).prop_map(|seconds| seconds * 1_000_000_000),
    ];
    nanos.prop_map(|nanos| Duration::from_nanos(nanos).into())
}

fn percent() -> impl Strategy<Value = Percent> {
    let millionths = prop_oneof![1 => Just(0), 1 => Just(1_000_000), 8 => 1u32..1_000_000];
    millionths.prop_map(|share| Percent::try_from(f64::from(share) / 10_000.0).unwrap())
}

fn host() -> impl Strategy<Value = Host> {
    "(\\*|\\[::[1-9]\\]|(\\*\\.)?[a-z][a-z0-9-]{0,5}(\\.[a-z]{2,5}){0,2})(:[1-9][0-9]{0,3})?"
        .prop_map(|text| text.parse().unwrap())
}

fn pattern() -> impl Strategy<Value = Pattern> {
    select(&[
        "",
        "a|b",
        "(?i)a\\Q.*\\E",
        "[0-9]+",
        "\\pL",
        "\"'",
        ": ",
        "\t",
        "a\r\n",
        "\u{0}",
        "ü",
        "1",
    ])
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

fn door() -> impl Strategy<Value = Door> {
    let gateway = || "[a-z]{1,3}/[a-z: ]{1,5}";
    prop_oneof![
        Just(Door::Mesh),
        gateway().prop_map(Door::gateway),
        (gateway(), "[a-z0-9 ]{1,5}").prop_map(|(gateway, name)| Door::listener(gateway, name)),
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

prop_compose! {
    fn clients()(namespaces in texts(), labels in btree_map(text(), text(), 0..2)) -> Clients {
        Clients { namespaces, labels }
    }
}

/// Matches of values by headers' names.
fn by_header() -> impl Strategy<Value = std::collections::BTreeMap<Header, ValueMatch>> {
    btree_map(
        "[a-z0-9-]{1,8}".prop_map(|name| name.parse().unwrap()),
        value_match(),
        0..3,
    )
}

prop_compose! {
    fn matching()(
        path in of(path_match()),
        ignore_path_case: bool,
        method in of(method()),
        (scheme, authority) in (of(text_match()), of(text_match())),
        (headers, without_headers) in (by_header(), by_header()),
        query in btree_map(text(), value_match(), 0..3),
        port: Option<u16>,
        from in clients(),
        gateways in vec(door(), 0..2),
    ) -> Match {
        Match {
            path, ignore_path_case, method, scheme, authority, headers, without_headers, query,
            port, from, gateways,
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

fn status() -> impl Strategy<Value = Status> {
    (200u16..=599).prop_map(|status| Status::try_from(status).unwrap())
}

fn path_rewrite() -> impl Strategy<Value = PathRewrite> {
    let regex = (pattern(), text()).prop_map(|(pattern, substitution)| RegexRewrite {
        pattern,
        substitution,
    });
    prop_oneof![
        text().prop_map(PathRewrite::Full),
        text().prop_map(PathRewrite::Prefix),
        text().prop_map(PathRewrite::Matched),
        regex.prop_map(PathRewrite::Regex),
    ]
}

fn rewrite() -> impl Strategy<Value = Rewrite> {
    let rewrite = (of(text()), of(path_rewrite()));
    rewrite.prop_map(|(authority, path)| Rewrite { authority, path })
}

prop_compose! {
    fn redirect()(
        scheme in of(select(&[Scheme::Http, Scheme::Https])),
        host in of(text()),
        port in prop_oneof![
            Just(RedirectPort::AsRequested),
            Just(RedirectPort::Listener),
            Just(RedirectPort::SchemeDefault),
            any::<u16>().prop_map(RedirectPort::Number),
        ],
        path in of(path_rewrite()),
        status in status(),
    ) -> Redirect {
        Redirect { scheme, host, port, path, status }
    }
}

fn respond() -> impl Strategy<Value = Respond> {
    (status(), text()).prop_map(|(status, body)| Respond { status, body })
}

prop_compose! {
    fn mirror()(service in text(), subset in of(text()), percent in percent()) -> Mirror {
        Mirror { service, subset, percent }
    }
}

prop_compose! {
    fn cors()(
        allow_origins in vec(text_match(), 0..3),
        allow_methods in texts(),
        allow_headers in texts(),
        expose_headers in texts(),
        max_age in of(span()),
        allow_credentials: bool,
        unmatched_preflights in
            select(&[UnmatchedPreflights::Forward, UnmatchedPreflights::Ignore]),
    ) -> Cors {
        Cors {
            allow_origins, allow_methods, allow_headers, expose_headers, max_age,
            allow_credentials, unmatched_preflights,
        }
    }
}

prop_compose! {
    fn retries()(
        attempts: u32,
        on in vec(select(&Condition::ALL), 0..4),
        codes in vec(status(), 0..3),
        headers in vec("[a-z0-9-]{1,8}".prop_map(|name| name.parse().unwrap()), 0..3),
        per_try_timeout in of(span()),
        (base, max) in (of(span()), of(span())),
        avoid_tried: bool,
    ) -> Retries {
        let backoff = Backoff { base, max };
        Retries { attempts, on, codes, headers, per_try_timeout, backoff, avoid_tried }
    }
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
    fn cookie()(name in text(), ttl in of(ttl()), path in text()) -> Cookie {
        Cookie { name, ttl, path }
    }
}

fn ttl() -> impl Strategy<Value = Ttl> {
    prop_oneof![
        Just(Ttl::SESSION),
        span().prop_map(|span| Duration::from(span).into())
    ]
}

/// Boxed, or the strategy of a rule takes more than a test thread's stack.
fn sticky() -> BoxedStrategy<Sticky> {
    let by = prop_oneof![
        "[a-z-]{1,8}".prop_map(|name| StickyKey::Header(name.parse().unwrap())),
        cookie().prop_map(StickyKey::Cookie),
        Just(StickyKey::SourceIp),
    ];
    (by, of(text()))
        .prop_map(|(by, group)| Sticky { by, group })
        .boxed()
}

prop_compose! {
    fn rule()(
        name in of(text()),
        matches in vec(matching().boxed(), 0..3),
        to in vec(destination().boxed(), 0..3),
        sticky in of(sticky()),
        (redirect, respond, rewrite) in
            (of(redirect().boxed()), of(respond().boxed()), rewrite().boxed()),
        mirrors in vec(mirror().boxed(), 0..2),
        cors in of(cors().boxed()),
        (timeout, retries) in (of(span()), of(retries().boxed())),
        limits in vec(limit().boxed(), 0..2),
        fault in fault().boxed(),
        headers in headers().boxed(),
    ) -> Rule {
        Rule {
            name, matches, to, sticky, redirect, respond, rewrite, mirrors, cors, timeout, retries, limits,
            fault, headers,
        }
    }
}

/// Format strings of headers.
fn header_text() -> &'static str {
    "([!-$&-~]([ \t]?[!-$&-~]){0,6}|%%|%REQ\\([a-z]{1,3}\\)%|%RESP\\(x\\?:status\\):1%|%PROTOCOL%){0,6}|true|1"
}

prop_compose! {
    fn changes()(
        remove in vec("[a-z0-9-]{1,8}".prop_map(|name| name.parse().unwrap()), 0..3),
        set in btree_map("[a-z0-9-]{1,8}", header_text(), 0..3),
        add in btree_map("[a-z0-9-]{1,8}", header_text(), 0..3),
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

fn namespaces() -> impl Strategy<Value = (Option<String>, Option<Vec<String>>)> {
    (of(text()), of(texts()))
}

prop_compose! {
    fn client_settings()(
        from in clients(),
        balance in balance(),
        subsets in btree_map(text(), subset(), 0..2),
    ) -> ClientSettings {
        ClientSettings { from, balance, subsets }
    }
}

prop_compose! {
    fn service()(
        port: u16,
        passthrough: bool,
        protocol in select(&[Protocol::Http1, Protocol::Http2]),
        balance in balance(),
        endpoints in vec(endpoint(), 0..3),
        (namespace, visible_to) in namespaces(),
        aliases in vec(host(), 0..2),
        subsets in btree_map(text(), subset(), 0..3),
        clients in vec(client_settings(), 0..2),
        limits in vec(limit(), 0..2),
        (fault, retries) in (fault(), of(retries().boxed())),
    ) -> Service {
        Service {
            passthrough, port, protocol, balance, endpoints, namespace, visible_to, aliases, subsets, clients,
            retries,
            inbound: Inbound { limits, fault },
        }
    }
}

prop_compose! {
    fn route()(
        name in text(),
        hosts in vec(host(), 0..3),
        gateways in vec(door(), 0..3),
        (namespace, visible_to) in namespaces(),
        precedence in select(&[Precedence::Listed, Precedence::Specific]),
        rules in vec(rule().boxed(), 0..3),
    ) -> Route {
        Route { name, hosts, gateways, namespace, visible_to, precedence, rules }
    }
}

prop_compose! {
    fn listener()(
        name in text(),
        port: u16,
        protocol in select(&[ListenerProtocol::Http, ListenerProtocol::Https]),
        hosts in vec(host(), 0..3),
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

fn outbound() -> impl Strategy<Value = OutboundTrafficPolicy> {
    select(&[
        OutboundTrafficPolicy::AllowAny,
        OutboundTrafficPolicy::RegistryOnly,
    ])
}

prop_compose! {
    fn sidecar()(
        name in text(),
        from in clients(),
        hosts in texts(),
        outbound_traffic_policy in of(outbound()),
    ) -> Sidecar {
        Sidecar { name, from, hosts, outbound_traffic_policy }
    }
}

prop_compose! {
    fn mesh()(
        outbound_traffic_policy in outbound(),
        cluster_domain in text(),
        path_normalization in select(&[
            PathNormalization::None,
            PathNormalization::Base,
            PathNormalization::MergeSlashes,
            PathNormalization::DecodeAndMergeSlashes,
        ]),
        trusted_hops: u32,
    ) -> MeshSettings {
        MeshSettings { outbound_traffic_policy, cluster_domain, path_normalization, trusted_hops }
    }
}

prop_compose! {
    pub fn policy()(
        mesh in mesh(),
        services in btree_map(text(), service().boxed(), 0..3),
        routes in vec(route().boxed(), 0..3),
        gateways in btree_map(text(), gateway(), 0..2),
        sidecars in vec(sidecar(), 0..2),
    ) -> Policy {
        Policy { mesh, services, routes, gateways, sidecars }
    }
}

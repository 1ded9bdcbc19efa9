//! HTTPRoutes at random.

use crate::model::{
    Action, Backend, Changes, Cors, Match, Mirror, NewPath, PathKind, Redirect, Rewrite, Route,
    Rule, Share, Target, Value,
};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

const PREFIXES: &[&str] = &[
    "/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a.b", "/a+b", "/a/b/c",
];
const EXACT: &[&str] = &["/", "/a", "/a/", "/a/b", "/ab", "/a.b", "/c"];
const REGEX: &[&str] = &["/a.*", "/[a-c]+", "/a/[^/]*", "(/a|/c)(/.*)?", ".*"];
const NEW: &[&str] = &["", "/", "/x", "/x/", "/x/y", "/a"];
/// Those that are matched are changed, too.
const HEADERS: &[&str] = &["x-a", "X-B", "x-c", "x-b"];

fn path() -> impl Strategy<Value = (PathKind, &'static str)> {
    prop_oneof![
        5 => select(PREFIXES).prop_map(|path| (PathKind::Prefix, path)),
        3 => select(EXACT).prop_map(|path| (PathKind::Exact, path)),
        2 => select(REGEX).prop_map(|path| (PathKind::Regex, path)),
    ]
}

fn value(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let wanted = prop_oneof![
        2 => select(&["1", "2", "one two", "a,b", "100%"]).prop_map(|value| (false, value)),
        1 => select(&["[0-9]+", "one.*", "1|2", ".*"]).prop_map(|value| (true, value)),
    ];
    (select(names), wanted).prop_map(|(name, (regex, value))| Value { name, regex, value })
}

fn matching() -> impl Strategy<Value = Match> {
    (
        weighted(0.8, path()),
        weighted(0.2, select(&["GET", "POST", "OPTIONS", "HEAD"])),
        prop_oneof![3 => Just(Vec::new()), 2 => vec(value(HEADERS), 1..3)],
        prop_oneof![4 => Just(Vec::new()), 1 => vec(value(&["q", "Q", "p"]), 1..3)],
    )
        .prop_map(|(path, method, headers, query)| Match {
            path,
            method,
            headers,
            query,
        })
}

fn changes(host: bool) -> impl Strategy<Value = Changes> {
    let pair = || (select(HEADERS), select(&["1", "two", "50% off", "a, b"]));
    let hosts = match host {
        true => weighted(0.15, select(&["set.example", "set.example:81"])).boxed(),
        false => Just(None).boxed(),
    };
    (
        vec(pair(), 0..3),
        vec(pair(), 0..3),
        vec(select(HEADERS), 0..2),
        hosts,
    )
        .prop_map(|(mut set, add, remove, host)| {
            set.extend(host.map(|host| ("Host", host)));
            Changes { set, add, remove }
        })
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        12 => select(&[
            Target::Service("a", 80),
            Target::Service("a", 8080),
            Target::Service("b", 80),
            Target::Service("c", 9000),
        ]),
        1 => Just(Target::Granted),
        1 => Just(Target::NotGranted),
        1 => Just(Target::Missing),
        1 => Just(Target::Kind),
        1 => Just(Target::NoPort),
    ]
}

fn mirror() -> impl Strategy<Value = Mirror> {
    let share = prop_oneof![
        Just(Share::All),
        (0u32..=100).prop_map(Share::Percent),
        (0u32..=100).prop_map(|part| Share::Fraction(part, None)),
        (0u32..=64, 64u32..=1_000).prop_map(|(part, all)| Share::Fraction(part, Some(all))),
    ];
    (target(), share).prop_map(|(to, share)| Mirror { to, share })
}

fn cors() -> impl Strategy<Value = Cors> {
    let list = |texts: &'static [&'static str]| {
        prop_oneof![
            1 => Just(vec!["*"]),
            3 => proptest::sample::subsequence(texts, 0..=texts.len()),
        ]
    };
    (
        list(&[
            "https://shop.example",
            "http://shop.example:8080",
            "https://*.shop.example",
        ]),
        list(&["GET", "POST", "DELETE"]),
        list(&["x-a", "X-Other"]),
        list(&["x-took"]),
        of(any::<bool>()),
        of(1u32..=86_400),
    )
        .prop_map(
            |(origins, methods, headers, exposed, credentials, age)| Cors {
                origins,
                methods,
                headers,
                exposed,
                credentials,
                age,
            },
        )
}

fn backend() -> impl Strategy<Value = Backend> {
    (
        target(),
        of(prop_oneof![1 => Just(0), 4 => 1u32..=100]),
        weighted(0.3, changes(true)),
        weighted(0.3, changes(false)),
    )
        .prop_map(|(to, weight, request, response)| Backend {
            to,
            weight,
            request,
            response,
        })
}

fn new_path() -> impl Strategy<Value = NewPath> {
    let full = select(&["/full", "/full/", "/"]);
    prop_oneof![
        1 => full.prop_map(NewPath::Full),
        2 => select(NEW).prop_map(NewPath::Prefix),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let rewrite = (
        of(select(&["new.example", "new.example.org"])),
        of(new_path()),
    );
    let rewrite = rewrite.prop_map(|(host, path)| Rewrite { host, path });
    let redirect = (
        of(select(&["http", "https"])),
        of(select(&["new.example"])),
        of(select(&[80, 443, 8443])),
        of(new_path()),
        of(select(&[301, 302, 303, 307, 308])),
    );
    let redirect = redirect.prop_map(|(scheme, host, port, path, status)| Redirect {
        scheme,
        host,
        port,
        path,
        status,
    });
    let backends =
        prop_oneof![6 => vec(backend(), 1..2), 6 => vec(backend(), 2..4), 1 => Just(vec![])];
    prop_oneof![
        3 => (weighted(0.4, rewrite), backends).prop_map(|(rewrite, to)| Action::Forward(rewrite, to)),
        1 => redirect.prop_map(Action::Redirect),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        prop_oneof![
            1 => Just(Vec::new()),
            6 => vec(matching(), 1),
            2 => vec(matching(), 2..4),
        ],
        (weighted(0.3, changes(true)), weighted(0.3, changes(false))),
        prop_oneof![3 => Just(Vec::new()), 1 => vec(mirror(), 1..3)],
        weighted(0.5, cors()),
        weighted(0.04, Just(())),
        (weighted(0.3, 0u32..=5_000), weighted(0.2, 1u32..=100)),
        action(),
    )
        .prop_map(
            |(matches, changes, mirrors, cors, unknown, times, action)| {
                let mut rule = Rule {
                    matches,
                    request: changes.0,
                    response: changes.1,
                    mirrors,
                    cors,
                    unknown_filter: unknown.is_some(),
                    timeout: times.0,
                    backend_timeout: times.1,
                    action,
                };
                rule.give_prefixes();
                rule
            },
        )
}

/// One to three routes.
pub(crate) fn routes() -> impl Strategy<Value = Vec<Route>> {
    let hostnames = select(&["one.example", "two.example", "*.example", "*.two.example"]);
    let route = (
        1u8..=2,
        prop_oneof![1 => Just(Vec::new()), 3 => vec(hostnames, 1..3)],
        weighted(0.3, select(&[80, 8080])),
        vec(rule(), 1..5),
    );
    let route = route.prop_map(|(day, mut hostnames, port, rules)| {
        hostnames.sort_unstable();
        hostnames.dedup();
        Route {
            day,
            hostnames,
            port,
            rules,
        }
    });
    vec(route, 1..4)
}

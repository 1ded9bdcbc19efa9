//! HTTPRoutes at random, before they are written in either API.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

/// An HTTPRoute; its name is `r` and its place in the list.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The day on which it was made.
    pub(crate) day: u8,
    /// Where it is attached to a gateway. Empty: every host.
    pub(crate) hostnames: Vec<&'static str>,
    /// Where it is attached to the service: the port. `None`: all of its ports.
    pub(crate) port: Option<u16>,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) matches: Vec<Match>,
    pub(crate) request: Option<Changes>,
    pub(crate) response: Option<Changes>,
    pub(crate) mirrors: Vec<Mirror>,
    pub(crate) cors: Option<Cors>,
    /// A filter that nobody knows, so that all requests get 500.
    pub(crate) unknown_filter: bool,
    /// In milliseconds; 0 is none.
    pub(crate) timeout: Option<u32>,
    /// What of that is for the backend, in percent of it; alone it is milliseconds.
    pub(crate) backend_timeout: Option<u32>,
    pub(crate) action: Action,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Forward(Option<Rewrite>, Vec<Backend>),
    Redirect(Redirect),
}

#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub(crate) path: Option<(PathKind, &'static str)>,
    pub(crate) method: Option<&'static str>,
    pub(crate) headers: Vec<Value>,
    pub(crate) query: Vec<Value>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathKind {
    Exact,
    Prefix,
    Regex,
}

/// What a header or a query parameter has to be.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) name: &'static str,
    pub(crate) regex: bool,
    pub(crate) value: &'static str,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) set: Vec<(&'static str, &'static str)>,
    pub(crate) add: Vec<(&'static str, &'static str)>,
    pub(crate) remove: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    pub(crate) to: Target,
    pub(crate) share: Share,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Share {
    All,
    Percent(u32),
    Fraction(u32, Option<u32>),
}

#[derive(Clone, Debug)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<&'static str>,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) exposed: Vec<&'static str>,
    pub(crate) credentials: Option<bool>,
    pub(crate) age: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) to: Target,
    pub(crate) weight: Option<u32>,
    pub(crate) request: Option<Changes>,
    pub(crate) response: Option<Changes>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// A service in the route's namespace, with one of its ports.
    Service(&'static str, u16),
    /// A service in another namespace, with a ReferenceGrant.
    Granted,
    /// A service in another namespace that no gateway may send requests to.
    NotGranted,
    /// A service that is not there.
    Missing,
    /// A kind to which no request can be sent.
    Kind,
    /// A service without its port.
    NoPort,
}

#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    pub(crate) host: Option<&'static str>,
    pub(crate) path: Option<NewPath>,
}

#[derive(Clone, Debug)]
pub(crate) enum NewPath {
    Full(&'static str),
    Prefix(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) scheme: Option<&'static str>,
    pub(crate) host: Option<&'static str>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<NewPath>,
    pub(crate) status: Option<u16>,
}

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

impl Rule {
    /// Only prefixes are replaced.
    fn give_prefixes(&mut self) {
        let path = match &self.action {
            Action::Forward(rewrite, _) => rewrite.as_ref().and_then(|to| to.path.as_ref()),
            Action::Redirect(redirect) => redirect.path.as_ref(),
        };
        if matches!(path, Some(NewPath::Prefix(_))) {
            let paths = self
                .matches
                .iter_mut()
                .filter_map(|matching| matching.path.as_mut());
            for path in paths.filter(|path| path.0 != PathKind::Prefix) {
                *path = (PathKind::Prefix, "/a");
            }
        }
    }
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

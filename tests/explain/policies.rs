//! Policies whose parts meet each other: few hosts, paths and names, so that routes contend.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use std::net::IpAddr;
use tower_mesh::Policy;
use tower_mesh::explain::{Asker, Question};
use tower_mesh::policy::*;

const HOSTS: &[&str] = &[
    "a",
    "a:80",
    "a:81",
    "b",
    "*",
    "*.example",
    "x.example",
    "y.x.example",
    "*.x.example",
    "c.default.svc.cluster.local",
    "*.default.svc.cluster.local",
];
const SERVICES: &[&str] = &["a", "b", "c.default.svc.cluster.local:80", "missing"];
const NAMES: &[&str] = &["x-a", "x-b"];

fn value() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![
        select(&["", "1", "2"]).prop_map(ValueMatch::exact),
        select(&["", "1"]).prop_map(|text| ValueMatch::Prefix(text.to_owned())),
        select(&["[0-9]*", "1|2", ".+"]).prop_map(|text| ValueMatch::Regex(text.parse().unwrap())),
        Just(ValueMatch::Present),
        Just(ValueMatch::Absent),
    ]
}

fn path() -> impl Strategy<Value = PathMatch> {
    let paths = &["/", "/a", "/a/", "/a/b", "/b"];
    prop_oneof![
        select(paths).prop_map(|path| PathMatch::Exact(path.parse().unwrap())),
        select(paths).prop_map(|path| PathMatch::Prefix(path.parse().unwrap())),
        select(paths).prop_map(|path| PathMatch::StartsWith(path.to_owned())),
        select(&["/.*", "/a.?", "/b"]).prop_map(|text| PathMatch::Regex(text.parse().unwrap())),
    ]
}

fn text(texts: &'static [&'static str]) -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        select(texts).prop_map(TextMatch::exact),
        select(texts).prop_map(|text| TextMatch::Prefix(text[..1].to_owned())),
        select(texts).prop_map(|text| TextMatch::Regex(text.parse().unwrap())),
    ]
}

fn headers() -> impl Strategy<Value = std::collections::BTreeMap<Header, ValueMatch>> {
    let name = select(&["x-a", "x-b", "host"]).prop_map(|name| name.parse().unwrap());
    btree_map(name, value(), 0..2)
}

fn door() -> impl Strategy<Value = Door> {
    select(&["mesh", "prod/edge", "prod/edge#one"]).prop_map(|door| door.parse().unwrap())
}

fn clients() -> impl Strategy<Value = Clients> {
    let some = |text: &'static [&'static str]| vec(select(text).prop_map(str::to_owned), 0..2);
    (some(&["default", "prod"]), of(Just(()))).prop_map(|(namespaces, label)| Clients {
        namespaces,
        labels: label
            .map(|()| ("app".to_owned(), "x".to_owned()))
            .into_iter()
            .collect(),
    })
}

prop_compose! {
    fn matching()(
        path in of(path()),
        ignore_path_case: bool,
        method in of(text(&["GET", "POST"])),
        scheme in of(text(&["http", "https"])),
        authority in prop_oneof![4 => Just(None), 1 => text(&["a", "x.example"]).prop_map(Some)],
        headers in headers(),
        without_headers in prop_oneof![3 => Just(Default::default()), 1 => headers()],
        query in btree_map(select(&["q", "r"]).prop_map(str::to_owned), value(), 0..2),
        port in prop_oneof![6 => Just(None), 1 => select(&[80, 81]).prop_map(Some)],
        from in prop_oneof![4 => Just(Clients::default()), 1 => clients()],
        gateways in prop_oneof![5 => Just(Vec::new()), 1 => vec(door(), 1..2)],
    ) -> Match {
        Match {
            path, ignore_path_case, method, scheme, authority, headers, without_headers, query,
            port, from, gateways,
        }
    }
}

fn destination() -> impl Strategy<Value = Destination> {
    (
        select(SERVICES),
        of(select(&["v1", "v2", "v3"])),
        0..3_u32,
        any::<bool>(),
    )
        .prop_map(|(service, subset, weight, rewritten)| {
            let mut to = Destination::new(service).weight(weight);
            to.subset = subset.map(str::to_owned);
            if rewritten {
                to.rewrite.authority = Some("other.example".parse().unwrap());
            }
            to
        })
}

prop_compose! {
    fn rule()(
        name in of(select(&["one", "two"])),
        matches in vec(matching(), 0..4),
        to in vec(destination(), 1..4),
        kind in 0..10,
        sticky in any::<bool>(),
        limited in any::<bool>(),
        shared in any::<bool>(),
        delayed in 0..4_u32,
        aborted in 0..4_u32,
        mirrored in any::<bool>(),
        timed in any::<bool>(),
    ) -> Rule {
        let json = match kind {
            0 => serde_json::json!({ "redirect": { "host": "new.example" } }),
            1 => serde_json::json!({ "respond": { "status": 418, "body": "short" } }),
            _ => serde_json::json!({}),
        };
        let mut rule: Rule = serde_json::from_value({
            let mut json = json;
            json["fault"] = serde_json::json!({
                "delay": { "fixed": "5ms", "percent": f64::from(delayed) * 25.0 },
                "abort": { "status": 503, "percent": f64::from(aborted) * 25.0 },
            });
            json
        }).unwrap();
        rule.name = name.map(str::to_owned);
        rule.matches = matches;
        if kind > 1 {
            rule.to = to;
            let part = |json: serde_json::Value| serde_json::from_value::<Rule>(json).unwrap();
            if sticky {
                rule.sticky = part(serde_json::json!({
                    "sticky": { "by": { "cookie": { "name": "uid", "ttl": "1h" } } }
                })).sticky;
            }
            if mirrored {
                rule.mirrors = part(serde_json::json!({
                    "mirrors": [{ "service": "a", "percent": 50.0 }, { "service": "gone" }]
                })).mirrors;
            }
            if timed {
                let timed = part(serde_json::json!({
                    "timeout": "3s", "retries": { "attempts": 2, "on": ["5xx"], "perTryTimeout": "1s" },
                    "headers": { "request": { "set": { "x-a": "set" }, "add": { "x-b": "added" } } },
                }));
                (rule.timeout, rule.retries, rule.headers) = (timed.timeout, timed.retries, timed.headers);
            }
        }
        if limited {
            rule.limits = vec![
                Limit::new(Rate::per_minute(3)).keyed_by(Key::header("x-a")),
                Limit::new(Rate::per_minute(100).burst(7)).named("all"),
            ];
        }
        if shared {
            rule.cors = serde_json::from_value::<Rule>(serde_json::json!({
                "cors": { "allowOrigins": ["https://ok"], "allowMethods": ["GET"] }
            })).unwrap().cors;
        }
        rule
    }
}

prop_compose! {
    fn route(name: String)(
        hosts in vec(select(HOSTS), 1..4),
        gateways in vec(door(), 1..3),
        visible in prop_oneof![4 => Just(None), 1 => Just(Some(vec!["default".to_owned()]))],
        specific: bool,
        rules in vec(rule(), 0..4),
    ) -> Route {
        let hosts = hosts.into_iter().map(|host| host.parse().unwrap());
        let mut route = Route::new(name.clone(), hosts);
        route.gateways = gateways;
        route.visible_to = visible;
        route.precedence = match specific {
            true => Precedence::Specific,
            false => Precedence::Listed,
        };
        route.rules = rules;
        route
    }
}

const REST: &str = r#"
mesh: { pathNormalization: mergeSlashes }
services:
  a:
    endpoints:
      - { address: "10.0.0.1:80", labels: { version: v1 } }
      - { address: "10.0.0.2:80", labels: { version: v2 }, weight: 2 }
    subsets: { v1: { labels: { version: v1 } }, v2: { labels: { version: v2 } } }
  b:
    balance: roundRobin
    endpoints: [{ address: "10.0.0.3:80" }, { address: "10.0.0.4:80" }]
    subsets: { v1: { labels: { version: v1 } } }
  c.default.svc.cluster.local:80:
    balance: weighted
    endpoints: [{ address: "10.0.0.5:80" }, { address: "10.0.0.6:80", weight: 3 }]
gateways:
  prod/edge:
    namespace: prod
    listeners:
      - { name: one, port: 80, hosts: ["*.example", a] }
      - { name: two, port: 80 }
      - { name: tls, port: 443, protocol: https, hosts: [x.example] }
      - { name: away, port: 81, httpsRedirect: true }
"#;

prop_compose! {
    /// Not sound as a whole: hosts are claimed twice and services are missing, as in real life.
    pub fn policy()(
        (one, two, three, four) in (
            route("r/one".to_owned()),
            route("r/two".to_owned()),
            route("r/three".to_owned()),
            route("r/four".to_owned()),
        ),
        narrow: bool,
        shut: bool,
    ) -> Policy {
        let mut policy: Policy = REST.parse().unwrap();
        policy.routes = vec![one, two, three, four];
        if narrow {
            policy.sidecars = vec![Sidecar {
                name: "narrow".to_owned(),
                from: Clients { namespaces: vec!["prod".to_owned()], ..Clients::default() },
                hosts: vec!["*/a".to_owned(), "*/*.example".to_owned()],
                outbound_traffic_policy: None,
            }];
        }
        if shut {
            policy.mesh.outbound_traffic_policy = OutboundTrafficPolicy::RegistryOnly;
        }
        policy
    }
}

prop_compose! {
    pub fn question()(
        method in of(select(&["GET", "POST", "OPTIONS", "CONNECT"])),
        scheme in prop_oneof![4 => Just(None), 1 => select(&["http", "https"]).prop_map(Some)],
        authority in select(&[
            "a", "a:80", "a:81", "A", "b", "x.example", "y.x.example", "c", "c.default", "other",
            "c.default.svc.cluster.local", "c.default.svc.cluster.local.", "",
        ]),
        path in select(&[
            "/", "/a", "/a/", "/a/b", "/A", "/b?q=1", "/a?q=2&q=1", "/a/../b", "//a", "/%00", "/ a",
            "/?r", "*",
        ]),
        headers in vec((select(NAMES), select(&["", "1", "2", " 1 "])), 0..3),
        page in of(select(&["https://ok", "https://bad"])),
        preflight: bool,
        cookie: bool,
        namespace in of(select(&["default", "prod"])),
        label: bool,
        ip: Option<[u8; 4]>,
        gateway in prop_oneof![2 => Just(None), 1 => select(&["prod/edge", "no"]).prop_map(Some)],
        port in of(select(&[80, 81, 443, 90])),
    ) -> Question {
        let mut question = Question::new(authority, path);
        question.method = method.map(str::to_owned);
        question.scheme = scheme.map(str::to_owned);
        let mut add = |name: &str, value: &str| {
            question.headers.push((name.to_owned(), value.to_owned()));
        };
        headers.iter().for_each(|(name, value)| add(name, value));
        page.iter().for_each(|origin| add("origin", origin));
        if preflight {
            add("access-control-request-method", "GET");
        }
        if cookie {
            add("cookie", "uid=7");
        }
        let namespace = namespace.map(str::to_owned);
        let mut asker = Asker { namespace, ..Asker::default() };
        if label {
            asker.labels.insert("app".to_owned(), "x".to_owned());
        }
        asker.ip = ip.map(IpAddr::from);
        question.source = Some(asker);
        question.gateway = gateway.map(str::to_owned);
        question.port = port.filter(|_| gateway.is_some());
        question
    }
}

//! Which matches of a policy's rules can be reached at all, found out without drawing.
//!
//! A request's parts are independent of each other: its host with its scheme, its path, its
//! method, each header, each parameter. For each part there is a vocabulary, which is that of the
//! policies and what lies beside it. Of each word it is asked which matches it satisfies, as far
//! as that part goes; a set of matches is satisfied by a request if its words satisfy it together.
//! So all sets are known that any request of the vocabulary satisfies, and the first of each set
//! is the match that takes the request.

use crate::plan::{Listener, Plan, Routing};
use crate::policy::{Match, Policy, Workload};
use crate::route::{Asked, Matcher};
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::collections::{BTreeMap, BTreeSet};

/// A match of a rule, by the indices of its route, its rule and itself.
pub(super) type Place = (usize, usize, Option<usize>);

/// Every match that some request of some client, or at some gateway, reaches.
pub(super) fn reachable(policy: &Policy) -> BTreeSet<Place> {
    let authorities = authorities();
    let authorities: Vec<(&str, bool)> = { authorities.iter() }
        .map(|(authority, tls)| (&**authority, *tls))
        .collect();
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut look = |plan: &Plan, routing: &Routing, leads: &dyn Fn(&str, bool) -> bool| {
        let mut hosts = vec![Vec::new(); routing.groups.len()];
        for (authority, tls) in &authorities {
            let located = routing.table.locate(&asked(authority, *tls));
            if let Some(located) = located.filter(|_| leads(authority, *tls)) {
                hosts[located.route as usize].push((*authority, *tls));
            }
        }
        for (group, hosts) in routing.groups.iter().zip(hosts) {
            let entries: Vec<_> = { group.entries.iter() }
                .map(|entry| {
                    let rule = plan.rule(Some(entry.rule)).unwrap();
                    (rule.written, entry.matching)
                })
                .collect();
            if seen.insert((entries.clone(), hosts.clone())) {
                found.extend(winners(policy, &entries, &hosts));
            }
        }
    };
    for workload in workloads() {
        let plan = Plan::lenient(policy, &workload, None);
        look(&plan, &plan.mesh, &|_, _| true);
    }
    let plan = Plan::lenient(policy, &Workload::default(), None);
    for port in plan.gateways.iter().flat_map(|gateway| &gateway.ports) {
        for (number, listener) in (0..).zip(&port.listeners) {
            if let Listener::Routes(routing) = listener {
                look(&plan, routing, &|authority, tls| {
                    let (host, written) = asked(authority, tls).host_and_port();
                    port.hosts.find(host, written) == Some(number)
                });
            }
        }
    }
    found
}

fn workloads() -> Vec<Workload> {
    let mut all = Vec::new();
    for namespace in ["default", "prod", "shop", "elsewhere"] {
        for app in [None, Some("web"), Some("api")] {
            for tier in [None, Some("gold")] {
                let mut workload = Workload::new(namespace);
                let labels = [("app", app), ("tier", tier)];
                for (name, value) in labels {
                    workload = value
                        .into_iter()
                        .fold(workload, |w, value| w.label(name, value));
                }
                all.push(workload);
            }
        }
    }
    all
}

type Entry = (Option<(u32, u32)>, Option<u32>);

fn winners(policy: &Policy, entries: &[Entry], hosts: &[(&str, bool)]) -> BTreeSet<Place> {
    assert!(entries.len() <= 64, "a set of matches has 64 bits");
    let nothing = Match::default();
    let matches: Vec<&Match> = { entries.iter() }
        .map(|(written, matching)| match (written, matching) {
            (Some((route, rule)), Some(matching)) => {
                let rule = &policy.routes[*route as usize].rules[*rule as usize];
                &rule.matches[*matching as usize]
            }
            _ => &nothing,
        })
        .collect();
    let matchers = |part: &dyn Fn(&Match) -> Match| -> Vec<Matcher> {
        { matches.iter() }
            .map(|matching| Matcher::compile(&part(matching)))
            .collect()
    };
    let takers = |matchers: &[Matcher], asked: &Asked<'_>| -> u64 {
        let bits = (0..).zip(matchers);
        bits.filter(|(_, matcher)| matcher.takes(asked))
            .fold(0, |set, (bit, _)| set | 1 << bit)
    };
    let mut parts: Vec<BTreeSet<u64>> = Vec::new();
    let host = matchers(&|m| Match {
        scheme: m.scheme.clone(),
        authority: m.authority.clone(),
        headers: only(&m.headers, &HOST),
        without_headers: only(&m.without_headers, &HOST),
        ..Match::default()
    });
    let words = hosts.iter();
    parts.push(
        words
            .map(|(authority, tls)| takers(&host, &asked(authority, *tls)))
            .collect(),
    );
    let path = matchers(&|m| Match {
        path: m.path.clone(),
        ignore_path_case: m.ignore_path_case,
        ..Match::default()
    });
    let normalize = crate::route::Normalize(policy.mesh.path_normalization);
    let words = paths()
        .into_iter()
        .map(|path| normalize.path(&path).unwrap().into_owned());
    let words = words.map(|word| {
        takers(
            &path,
            &Asked {
                path: &word,
                ..asked("a", false)
            },
        )
    });
    parts.push(words.collect());
    let method = matchers(&|m| Match {
        method: m.method.clone(),
        ..Match::default()
    });
    let words = METHODS.map(|word| word.parse::<Method>().unwrap());
    let words = words.iter().map(|word| {
        takers(
            &method,
            &Asked {
                method: word,
                ..asked("a", false)
            },
        )
    });
    parts.push(words.collect());
    for name in ["x-a", "x-b", "x-user"].map(HeaderName::from_static) {
        let header = matchers(&|m| Match {
            headers: only(&m.headers, &name),
            without_headers: only(&m.without_headers, &name),
            ..Match::default()
        });
        let words = lines().into_iter().map(|lines| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(&name, HeaderValue::from_static(line));
            }
            takers(
                &header,
                &Asked {
                    headers: &headers,
                    ..asked("a", false)
                },
            )
        });
        parts.push(words.collect());
    }
    for name in ["page", "q"] {
        let parameter = matchers(&|m| {
            let query = m.query.iter().filter(|(there, _)| *there == name);
            Match {
                query: query
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                ..Match::default()
            }
        });
        let words = lines().into_iter().map(|values| {
            let pairs: Vec<_> = values
                .iter()
                .map(|value| format!("{name}={value}"))
                .collect();
            let query = pairs.join("&");
            takers(
                &parameter,
                &Asked {
                    query: &query,
                    ..asked("a", false)
                },
            )
        });
        parts.push(words.collect());
    }
    let mut sets: BTreeSet<u64> = [u64::MAX].into();
    for part in parts {
        sets = { sets.iter() }
            .flat_map(|set| part.iter().map(move |word| set & word))
            .filter(|set| *set != 0)
            .collect();
    }
    let firsts = sets.iter().map(|set| set.trailing_zeros() as usize);
    let places = firsts.filter_map(|first| {
        let (written, matching) = entries.get(first)?;
        let (route, rule) = (*written)?;
        let matching = matching.map(|matching| matching as usize);
        Some((route as usize, rule as usize, matching))
    });
    places.collect()
}

fn only<T: Clone>(
    headers: &BTreeMap<crate::policy::Header, T>,
    name: &HeaderName,
) -> BTreeMap<crate::policy::Header, T> {
    let own = headers.iter().filter(|(there, _)| there.get() == name);
    own.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn asked(authority: &str, tls: bool) -> Asked<'_> {
    static GET: Method = Method::GET;
    static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
    Asked {
        authority,
        tls,
        path: "/",
        query: "",
        method: &GET,
        headers: &NONE,
    }
}

/// What clients write for hosts, with each scheme.
fn authorities() -> Vec<(String, bool)> {
    const NAMES: &[&str] = &[
        "reviews",
        "ratings",
        "details",
        "shop.example.com",
        "a.shop.example.com",
        "x.shop.example.com",
        "x.y.shop.example.com",
        "x.example.com",
        "a.example.com",
        "r.example.com",
        "cart",
        "cart.prod",
        "cart.prod.svc",
        "cart.prod.svc.cluster.local",
        "10.0.0.9",
        "[::1]",
        "nobody",
        "rx",
        "x.example.net",
        "example.com",
        ".example.com",
        ".shop.example.com",
        "other.test",
        "route-0.example.com",
        "route-1.example.com",
        "route-2.example.com",
        "route-3.example.com",
    ];
    let mut all = Vec::new();
    for name in NAMES {
        for port in ["", ":80", ":443", ":8080", ":81"] {
            all.extend([false, true].map(|tls| (format!("{name}{port}"), tls)));
        }
    }
    all
}

fn paths() -> Vec<String> {
    const PATHS: &[&str] = &[
        "/",
        "/z",
        "/a",
        "/a/",
        "/ab",
        "/az",
        "/a/b",
        "/a/b/",
        "/a/b/z",
        "/a/z",
        "/a/z/z",
        "/b",
        "/b/",
        "/b/z",
        "/b/z/z",
        "/bz",
        "/b/b",
        "/z/b",
        "/z/z",
        "/ap",
        "/apz",
        "/api",
        "/api/",
        "/apiz",
        "/api/z",
        "/api/b",
        "/api/v",
        "/api/vz",
        "/api/v1",
        "/api/v2",
        "/api/v1/z",
        "/api/v1/",
        "/api/v12",
        "/q/r/s",
        "//",
        "/a//b",
        "/azz/b",
    ];
    let all = PATHS.iter().flat_map(|path| {
        let mut title = (*path).to_owned();
        // `/Ab`
        if let Some(first) = title.get_mut(1..2) {
            first.make_ascii_uppercase();
        }
        [(*path).to_owned(), path.to_ascii_uppercase(), title]
    });
    all.collect()
}

const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "OPTIONS", "HEAD", "PATCH", "DELETE", "GETX", "PURGE", "ABC",
];

/// The lines of a header, or the parameters of a name.
fn lines() -> Vec<Vec<&'static str>> {
    let one = [
        "", "1", "2", "10", "one", "3", "12", "1x", "1z9", "o", "ox", "onex", "x", "zz", "10x",
    ];
    let mut all: Vec<_> = one.map(|line| vec![line]).to_vec();
    all.push(vec![]);
    all.extend([vec!["1", "one"], vec!["2", "x"], vec!["x", "1"]]);
    all
}

//! Tables of rules, and requests to look up in them.

use super::{Body, get, order, uri};
use http::{HeaderValue, Request};
use tower_mesh::policy::{Match, Path, PathMatch, ValueMatch};
use tower_mesh::route::{Asked, Found, Matcher, Rules, Table};

/// A table, requests of which a tenth or none matches nothing, and its matches for who looks
/// through them one by one.
pub struct Case {
    pub table: Table,
    pub scan: Vec<Matcher>,
    pub requests: Vec<Request<Body>>,
}

impl Case {
    pub fn named(name: &str, size: usize) -> Self {
        let (case, unmatched) = match name {
            "hosts" => (hosts(size), 0),
            "paths" => (paths(size), 0),
            "parameters" => (parameters(size), 0),
            "mixed" => (mixed(size), 410),
            _ => panic!("no such tables: {name}"),
        };
        let found = case.requests.iter().map(|r| case.table.find(&Asked::of(r)));
        let missed = found.filter(|found| *found == Found::NoRule).count();
        assert_eq!(missed, unmatched);
        case
    }

    fn one_host(matches: impl Iterator<Item = Match>, paths: impl Iterator<Item = String>) -> Self {
        let matches: Vec<_> = matches.collect();
        let mut rules = Rules::default();
        for (number, matching) in (0..).zip(&matches) {
            rules.add(std::slice::from_ref(matching), number);
        }
        let mut table = Table::default();
        table.add(&["host".parse().unwrap()], rules);
        Self {
            table,
            scan: matches.iter().map(Matcher::compile).collect(),
            requests: paths
                .map(|path| get(&uri(format!("http://host{path}"))))
                .collect(),
        }
    }
}

fn exact(path: &str) -> Match {
    Match::path(PathMatch::Exact(path.parse::<Path>().unwrap()))
}

fn regex(pattern: &str) -> Match {
    Match::path(PathMatch::Regex(pattern.parse().unwrap()))
}

/// A host for each route.
fn hosts(size: usize) -> Case {
    let mut table = Table::default();
    for host in 0..size {
        let mut rules = Rules::default();
        rules.add(&[exact("/api/v1/reviews")], host as u32);
        let host = format!("host-{host}.example.com");
        table.add(&[host.parse().unwrap()], rules);
    }
    let uris = order(4096, size)
        .into_iter()
        .map(|host| uri(format!("http://host-{host}.example.com/api/v1/reviews")));
    Case {
        table,
        scan: Vec::new(),
        requests: uris.map(|uri| get(&uri)).collect(),
    }
}

pub fn path(number: usize) -> String {
    format!("/api/v1/resource-{number}/items")
}

/// One host, so many exact paths.
fn paths(size: usize) -> Case {
    Case::one_host(
        (0..size).map(|number| exact(&path(number))),
        order(4096, size).into_iter().map(path),
    )
}

/// One host, so many paths with a parameter.
fn parameters(size: usize) -> Case {
    Case::one_host(
        (0..size).map(|number| regex(&format!("/api/v1/resource-{number}/[^/]+/items"))),
        order(4096, size)
            .into_iter()
            .map(|number| format!("/api/v1/resource-{number}/id-{number}/items")),
    )
}

/// 4/9 exact paths, 3/9 prefixes, 1/9 regular expressions and 1/9 prefixes with a header, all under
/// one host; a tenth of the requests matches nothing.
fn mixed(size: usize) -> Case {
    let paths = order(4096, size)
        .into_iter()
        .enumerate()
        .map(|(place, number)| match place % 10 {
            0 => format!("/none/{number}"),
            _ => matched(number),
        });
    let mut case = Case::one_host((0..size).map(matching), paths);
    for request in &mut case.requests {
        let two = HeaderValue::from_static("2");
        request.headers_mut().insert("x-version", two);
    }
    case
}

/// The match of this number in `mixed`.
pub fn matching(number: usize) -> Match {
    let prefix = Match::prefix(&format!("/p/resource-{number}"));
    match number % 9 {
        0..=3 => exact(&path(number)),
        4..=6 => prefix,
        7 => regex(&format!("/r/resource-{number}/[a-z]+/[0-9]+")),
        _ => prefix.header("x-version", ValueMatch::Exact("2".into())),
    }
}

/// A path that it takes.
pub fn matched(number: usize) -> String {
    match number % 9 {
        0..=3 => path(number),
        7 => format!("/r/resource-{number}/items/17"),
        _ => format!("/p/resource-{number}/items"),
    }
}

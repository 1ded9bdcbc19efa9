//! From a request to its rule: `Table::find`, beside matchit for exact paths.
//!
//! *Mixed* is 4/9 exact paths, 3/9 prefixes, 1/9 regular expressions and 1/9 prefixes with a
//! header, all under one host; a tenth of the requests matches nothing.
#![allow(missing_docs)]

mod common;

use common::{Body, Round, get, order, uri};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::{HeaderValue, Request};
use std::hint::black_box;
use tower_mesh::policy::{Match, Path, PathMatch, ValueMatch};
use tower_mesh::route::{Asked, Found, Rules, Table};

fn exact(path: &str) -> Match {
    Match::path(PathMatch::Exact(path.parse::<Path>().unwrap()))
}

/// A host for each route.
fn hosts(number: usize) -> (Table, Vec<Request<Body>>) {
    let mut table = Table::default();
    for host in 0..number {
        let mut rules = Rules::default();
        rules.add(&[exact("/api/v1/reviews")], host as u32);
        table.add(
            &[format!("host-{host}.example.com").parse().unwrap()],
            rules,
        );
    }
    let requests = order(4096, number)
        .into_iter()
        .map(|host| {
            get(&uri(format!(
                "http://host-{host}.example.com/api/v1/reviews"
            )))
        })
        .collect();
    (table, requests)
}

fn path(number: usize) -> String {
    format!("/api/v1/resource-{number}/items")
}

/// One host, so many exact paths.
fn paths(number: usize) -> (Table, Vec<Request<Body>>) {
    let matches = (0..number).map(|number| exact(&path(number)));
    let requests = order(4096, number)
        .into_iter()
        .map(|number| get(&uri(format!("http://host{}", path(number)))))
        .collect();
    (one_host(matches), requests)
}

fn one_host(matches: impl Iterator<Item = Match>) -> Table {
    let mut rules = Rules::default();
    for (number, matching) in matches.enumerate() {
        rules.add(&[matching], number as u32);
    }
    let mut table = Table::default();
    table.add(&["host".parse().unwrap()], rules);
    table
}

/// The mixed rules; the second part is how many requests match none.
fn mixed(number: usize) -> (Table, Vec<Request<Body>>) {
    let matches = (0..number).map(|number| {
        let prefix = Match::prefix(&format!("/p/resource-{number}"));
        match number % 9 {
            0..=3 => exact(&path(number)),
            4..=6 => prefix,
            7 => Match::path(PathMatch::Regex(
                format!("/r/resource-{number}/[a-z]+/[0-9]+")
                    .parse()
                    .unwrap(),
            )),
            _ => prefix.header("x-version", ValueMatch::Exact("2".into())),
        }
    });
    let requests = order(4096, number)
        .into_iter()
        .enumerate()
        .map(|(place, number)| {
            let path = match number % 9 {
                _ if place % 10 == 0 => format!("/none/{number}"),
                0..=3 => path(number),
                7 => format!("/r/resource-{number}/items/17"),
                _ => format!("/p/resource-{number}/items"),
            };
            let mut request = get(&uri(format!("http://host{path}")));
            let two = HeaderValue::from_static("2");
            request.headers_mut().insert("x-version", two);
            request
        })
        .collect();
    (one_host(matches), requests)
}

fn check(table: &Table, requests: &[Request<Body>], unmatched: usize) {
    let found = requests.iter().map(|r| table.find(&Asked::of(r)));
    let missed = found.filter(|found| *found == Found::NoRule).count();
    assert_eq!(missed, unmatched);
}

fn find<'a>(table: &'a Table, requests: &'a [Request<Body>], thread: usize) -> impl FnMut() {
    let mut requests = Round::new(requests, thread);
    move || {
        black_box(table.find(&Asked::of(requests.step())));
    }
}

fn route(c: &mut Criterion) {
    let mut group = c.benchmark_group("route");
    type Case = fn(usize) -> (Table, Vec<Request<Body>>);
    let cases: [(&str, Case, &[usize], usize); 3] = [
        ("exact, a host each", hosts, &[1_000, 10_000], 0),
        ("exact, one host", paths, &[1_000, 10_000], 0),
        ("mixed", mixed, &[10, 1_000, 10_000], 410),
    ];
    for (name, case, sizes, unmatched) in cases {
        for &size in sizes {
            let (table, requests) = case(size);
            check(&table, &requests, unmatched);
            group.bench_function(format!("{name}/{size}/1T"), |b| {
                b.iter(find(&table, &requests, 0));
            });
            group.bench_function(format!("{name}/{size}/2T"), |b| {
                b.iter_custom(|operations| {
                    common::two_threads(operations, |thread| find(&table, &requests, thread))
                });
            });
        }
    }
    for size in [1_000, 10_000] {
        let mut peer = matchit::Router::new();
        for number in 0..size {
            peer.insert(path(number), number).unwrap();
        }
        let (_, requests) = paths(size);
        for request in &requests {
            let found = *peer.at(request.uri().path()).unwrap().value;
            assert_eq!(path(found), request.uri().path());
        }
        let mut requests = Round::new(&requests, 0);
        group.bench_with_input(BenchmarkId::new("matchit", size), &peer, |b, peer| {
            b.iter(|| {
                peer.at(requests.step().uri().path())
                    .map(|found| *found.value)
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = route }
criterion_main!(benches);

//! From a request to its rule: `Table::find`, beside a plain scan of the same matches and beside
//! matchit, in one run. `common/tables.rs` says what the tables are.
#![allow(missing_docs)]

mod common;

use common::tables::{Case, path};
use common::{Body, Round};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::Request;
use std::hint::black_box;
use tower_mesh::route::Asked;

fn find(case: &Case, thread: usize) -> impl FnMut() {
    let mut requests = Round::new(&case.requests, thread);
    move || {
        black_box(case.table.find(&Asked::of(requests.step())));
    }
}

fn scan(case: &Case) -> impl FnMut() {
    let mut requests = Round::new(&case.requests, 0);
    move || {
        let asked = Asked::of(requests.step());
        black_box(case.scan.iter().position(|matcher| matcher.takes(&asked)));
    }
}

/// The same requests, by path alone: matchit knows nothing of hosts.
fn matchit<'a>(router: &'a matchit::Router<usize>, requests: &'a [Request<Body>]) -> impl FnMut() {
    let mut requests = Round::new(requests, 0);
    move || {
        let found = router.at(requests.step().uri().path());
        black_box(found.map(|found| *found.value)).unwrap();
    }
}

fn route(c: &mut Criterion) {
    let mut group = c.benchmark_group("route");
    let cases: [(&str, &[usize]); 4] = [
        ("hosts", &[1_000, 10_000]),
        ("paths", &[10, 1_000, 10_000]),
        ("parameters", &[10, 1_000, 10_000]),
        ("mixed", &[10, 1_000, 10_000]),
    ];
    for (name, sizes) in cases {
        for &size in sizes {
            let case = Case::named(name, size);
            group.bench_function(format!("{name}/{size}/1T"), |b| {
                common::bench(b, find(&case, 0));
            });
            group.bench_function(format!("{name}/{size}/2T"), |b| {
                b.iter_custom(|operations| {
                    common::two_threads(operations, |thread| find(&case, thread))
                });
            });
            if size == 10 {
                group.bench_function(format!("{name}/{size}/scan"), |b| {
                    common::bench(b, scan(&case));
                });
            }
            let template = |number| match name {
                "paths" => Some(path(number)),
                "parameters" => Some(format!("/api/v1/resource-{number}/{{id}}/items")),
                _ => None,
            };
            let mut router = matchit::Router::new();
            for number in 0..size {
                let Some(template) = template(number) else {
                    break;
                };
                router.insert(template, number).unwrap();
            }
            if template(0).is_some() {
                group.bench_with_input(
                    BenchmarkId::new(format!("{name}/matchit"), size),
                    &router,
                    |b, router| common::bench(b, matchit(router, &case.requests)),
                );
            }
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = route }
criterion_main!(benches);

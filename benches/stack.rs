//! The whole client stack, beside its endpoint alone.
//!
//! A request is made and its answer dropped in every operation. `difference` is what the stack adds
//! to the endpoint, the two measured in turns; everything else is the whole.
#![allow(missing_docs)]

mod common;

use common::mesh::{Features, client, uris};
use common::{AtOnce, Round, get, poll_once};
use criterion::{Criterion, criterion_group, criterion_main};
use http::Uri;
use std::hint::black_box;
use tower::ServiceExt as _;
use tower_mesh::balance::Endpoint as _;
use tower_mesh::mesh::Client;

fn endpoint(uris: &[Uri], thread: usize) -> impl FnMut() {
    let mut uris = Round::new(uris, thread);
    let endpoint = AtOnce;
    move || {
        let answer = poll_once(black_box(&endpoint).send(get(uris.step())));
        let _ = black_box(answer);
    }
}

fn call(client: &Client<AtOnce>, uris: &[Uri], thread: usize) -> impl FnMut() {
    let mut uris = Round::new(uris, thread);
    let mut client = client.clone();
    move || {
        let answer = poll_once(tower::Service::call(&mut client, get(uris.step())));
        let _ = black_box(answer);
    }
}

fn oneshot(client: &Client<AtOnce>, uris: &[Uri], thread: usize) -> impl FnMut() {
    let mut uris = Round::new(uris, thread);
    move || {
        let answer = poll_once(client.clone().oneshot(get(uris.step())));
        let _ = black_box(answer);
    }
}

fn stack(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let mut group = c.benchmark_group("stack");
    for (routes, services, size) in [
        (10, 10, "10"),
        (1_000, 10, "1k"),
        // Most of what a request looks at was last looked at a thousand requests ago.
        (1_000, 1_000, "1k to 1k services"),
    ] {
        let uris = uris(routes);
        group.bench_function(format!("endpoint alone/{size}/1T"), |b| {
            b.iter(endpoint(&uris, 0))
        });
        for (features, name) in [(Features::All, "all"), (Features::NoLimit, "no limit")] {
            let client = client(routes, services, features);
            group.bench_function(format!("{name}/difference/{size}/1T"), |b| {
                common::bench_difference(b, call(&client, &uris, 0), endpoint(&uris, 0));
            });
            group.bench_function(format!("{name}/difference/{size}/2T"), |b| {
                common::bench_difference_on_two(
                    b,
                    |thread| call(&client, &uris, thread),
                    |thread| endpoint(&uris, thread),
                );
            });
            group.bench_function(format!("{name}/call/{size}/1T"), |b| {
                b.iter(call(&client, &uris, 0))
            });
            group.bench_function(format!("{name}/call/{size}/2T"), |b| {
                b.iter_custom(|operations| {
                    common::two_threads(operations, |thread| call(&client, &uris, thread))
                })
            });
            group.bench_function(format!("{name}/oneshot/{size}/1T"), |b| {
                b.iter(oneshot(&client, &uris, 0))
            });
            group.bench_function(format!("{name}/oneshot/{size}/2T"), |b| {
                b.iter_custom(|operations| {
                    common::two_threads(operations, |thread| oneshot(&client, &uris, thread))
                })
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = stack }
criterion_main!(benches);

//! The weighted choice, and the layer over services that are ready.
#![allow(missing_docs)]

mod common;

use common::{AtOnce, Round, ask, chances, get, uri};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tower::Layer as _;
use tower_mesh::split::{SplitLayer, Weights};

fn split(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    let chances = chances();
    for arms in [1, 2, 10] {
        let weights = Weights::new((1..=arms).map(|arm| arm * 10)).unwrap();
        let choose = |thread| {
            let (mut chances, weights) = (Round::new(&chances, thread), &weights);
            move || {
                black_box(weights.choose(*chances.step()));
            }
        };
        group.bench_function(format!("choose/{arms}/1T"), |b| b.iter(choose(0)));
        group.bench_function(format!("choose/{arms}/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, choose));
        });
    }
    let uri = uri("http://reviews/api".into());
    let alone = || {
        let (mut service, uri) = (AtOnce, &uri);
        move || drop(black_box(ask(&mut service, get(uri))))
    };
    group.bench_function("service alone/1T", |b| b.iter(alone()));
    for (name, layer) in [
        ("layer 100 to 0", SplitLayer::keep(100).divert(0, AtOnce)),
        ("layer 90 to 10", SplitLayer::keep(90).divert(10, AtOnce)),
    ] {
        let step = |_| {
            let (mut service, uri) = (layer.layer(AtOnce), &uri);
            move || drop(black_box(ask(&mut service, get(uri))))
        };
        group.bench_function(format!("{name}/difference/1T"), |b| {
            common::bench_difference(b, step(0), alone());
        });
        group.bench_function(format!("{name}/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, step));
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = split }
criterion_main!(benches);

//! Faults that are configured and not met, the draw, and the timeout beside tower's.
#![allow(missing_docs)]

mod common;

use common::{AtOnce, Round, ask, chances, get, uri};
use criterion::{Criterion, criterion_group, criterion_main};
use http::StatusCode;
use std::hint::black_box;
use std::time::Duration;
use tower::Layer as _;
use tower_mesh::fault::{Abort, FaultLayer};
use tower_mesh::policy::Percent;
use tower_mesh::rng::Rng;
use tower_mesh::timeout::TimeoutLayer;

fn fault(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let mut group = c.benchmark_group("fault");
    let chances = chances();
    let percent = |percent: f64| Percent::try_from(percent).unwrap();
    for share in [0.0, 0.1] {
        let abort = Abort::new(StatusCode::SERVICE_UNAVAILABLE, percent(share));
        let draw = |thread| {
            let (mut chances, abort) = (Round::new(&chances, thread), &abort);
            move || {
                black_box(abort.draw(*chances.step()));
            }
        };
        group.bench_function(format!("draw/{share} %/1T"), |b| b.iter(draw(0)));
        group.bench_function(format!("draw/{share} %/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, draw));
        });
        let (rng, abort) = (Rng::from_entropy(), &abort);
        let whole = |_| {
            let rng = &rng;
            move || {
                black_box(abort.draw(rng.chance()));
            }
        };
        group.bench_function(format!("draw with its chance/{share} %/1T"), |b| {
            b.iter(whole(0))
        });
        group.bench_function(format!("draw with its chance/{share} %/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, whole));
        });
    }
    let uri = uri("http://reviews/api".into());
    let alone = || {
        let (mut service, uri) = (AtOnce, &uri);
        move || drop(black_box(ask(&mut service, get(uri))))
    };
    group.bench_function("service alone/1T", |b| b.iter(alone()));
    for share in [0.0, 0.1] {
        let layer = FaultLayer::new()
            .delay(Duration::from_secs(1), percent(0.0))
            .abort(503.try_into().unwrap(), percent(share));
        let step = |_| {
            let (mut service, uri) = (layer.layer(AtOnce), &uri);
            move || drop(black_box(ask(&mut service, get(uri))))
        };
        group.bench_function(format!("layer/{share} %/difference/1T"), |b| {
            common::bench_difference(b, step(0), alone());
        });
        group.bench_function(format!("layer/{share} %/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, step));
        });
    }
    let ours = || {
        let (mut service, uri) = (
            TimeoutLayer::new(Duration::from_secs(1)).layer(AtOnce),
            &uri,
        );
        move || drop(black_box(ask(&mut service, get(uri))))
    };
    group.bench_function("timeout/layer/difference/1T", |b| {
        common::bench_difference(b, ours(), alone());
    });
    let theirs = || {
        let (mut service, uri) = (
            tower::timeout::TimeoutLayer::new(Duration::from_secs(1)).layer(AtOnce),
            &uri,
        );
        move || drop(black_box(ask(&mut service, get(uri))))
    };
    group.bench_function("timeout/tower/difference/1T", |b| {
        common::bench_difference(b, theirs(), alone());
    });
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = fault }
criterion_main!(benches);

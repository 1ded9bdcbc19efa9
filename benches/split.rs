//! The weighted choice, and the layer over services that are ready.
#![allow(missing_docs)]

mod common;

use common::{AtOnce, Round, ask, chances, get, uri};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use http::Request;
use std::hint::black_box;
use std::net::Ipv4Addr;
use tower::Layer as _;
use tower_mesh::gate::{Source, TrustedHops};
use tower_mesh::policy::StickyKey;
use tower_mesh::split::{SplitLayer, Sticky, Weights};

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
    keep(&mut group);
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

/// The same choice for callers who are kept, from their requests.
fn keep(group: &mut BenchmarkGroup<'_, WallTime>) {
    // As long as a UUID.
    let request = |user: u128| {
        let user = format!("{:036x}", user << 64 | 7);
        let request = Request::get("http://reviews/api")
            .header("accept", "*/*")
            .header("x-user", &user)
            .header("cookie", format!("theme=dark; uid={user}"))
            .extension(Source(Ipv4Addr::from_bits(user.len() as u32).into()));
        request.body(()).unwrap()
    };
    let requests: Vec<_> = (0..1_024).map(request).collect();
    for (name, key, arms) in [
        ("header", StickyKey::header("x-user"), 2),
        ("header", StickyKey::header("x-user"), 3),
        ("header", StickyKey::header("x-user"), 10),
        ("cookie", StickyKey::cookie("uid"), 2),
        ("source", StickyKey::SourceIp, 2),
        ("nothing", StickyKey::header("x-absent"), 2),
    ] {
        let names: Vec<_> = (1..=arms)
            .map(|arm: u32| (format!("v{arm}"), arm * 10))
            .collect();
        let named = names
            .iter()
            .map(|(name, weight)| ("reviews", Some(name.as_str()), *weight));
        let sticky = Sticky::compile(&key.into(), named);
        let choose = |thread| {
            let (mut requests, sticky) = (Round::new(&requests, thread), &sticky);
            move || {
                black_box(sticky.kept(requests.step(), TrustedHops(0)));
            }
        };
        group.bench_function(format!("keep by {name}/{arms}/1T"), |b| b.iter(choose(0)));
        group.bench_function(format!("keep by {name}/{arms}/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, choose));
        });
    }
}

criterion_group! { name = benches; config = common::criterion(); targets = split }
criterion_main!(benches);

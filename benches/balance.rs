//! Picks, and the balanced service, beside tower's p2c.
//!
//! Where the algorithm reads loads, a pick counts a request and ends it.
#![allow(missing_docs)]

mod common;

use common::{AllAtOnce, AtOnce, Body, Round, ask, chances, get, poll_once, uri};
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, PendingRequestsDiscover};
use tower::{Layer as _, Service as _, ServiceExt as _};
use tower_mesh::balance::{BalanceLayer, Cluster, Load, Turns};
use tower_mesh::policy::{Address, Balance, Endpoint};
use tower_mesh::rng::Rng;

const ALGORITHMS: [(&str, Balance); 4] = [
    ("round_robin", Balance::RoundRobin),
    ("random", Balance::Random),
    ("weighted", Balance::Weighted),
    ("least_request", Balance::LeastRequest),
];

fn cluster(algorithm: Balance, endpoints: usize) -> Cluster {
    let weight = |endpoint: usize| match algorithm {
        Balance::Weighted => 1 + endpoint as u32 % 7,
        _ => 1,
    };
    let turns = Arc::new(Turns::new(&Rng::seeded(1)));
    let loads = (0..endpoints).map(|i| (weight(i), Arc::new(Load::new(endpoints))));
    Cluster::new(algorithm, loads, turns)
}

fn endpoint(number: usize) -> Endpoint {
    let (high, low) = (number / 256, number % 256);
    Endpoint::new(format!("10.0.{high}.{low}:80").parse::<Address>().unwrap())
}

fn picks(c: &mut Criterion) {
    let chances = chances();
    let mut group = c.benchmark_group("balance");
    for (name, algorithm) in ALGORITHMS {
        let counts = algorithm == Balance::LeastRequest;
        for endpoints in [4, 100, 10_000] {
            let cluster = cluster(algorithm, endpoints);
            let pick = |thread| {
                let (mut chances, cluster) = (Round::new(&chances, thread), &cluster);
                move || {
                    let picked = black_box(cluster.pick(*chances.step()));
                    if counts && let Some(load) = picked.and_then(|at| cluster.load(at)) {
                        let stripe = load.begin();
                        load.end(black_box(stripe));
                    }
                }
            };
            group.bench_function(format!("{name}/{endpoints}/1T"), |b| b.iter(pick(0)));
            group.bench_function(format!("{name}/{endpoints}/2T"), |b| {
                b.iter_custom(|operations| common::two_threads(operations, pick));
            });
        }
    }
    group.finish();
}

/// tower's p2c over so many services that are ready at once.
fn p2c(endpoints: usize) -> P2c {
    let services = ServiceList::new::<Request<Body>>(vec![AtOnce; endpoints]);
    let completion = CompleteOnResponse::default();
    P2c::new(PendingRequestsDiscover::new::<Request<Body>>(
        services, completion,
    ))
}

type P2c =
    tower::balance::p2c::Balance<PendingRequestsDiscover<ServiceList<Vec<AtOnce>>>, Request<Body>>;

fn services(c: &mut Criterion) {
    let uri = uri("http://reviews/api".into());
    let mut group = c.benchmark_group("balance");
    let alone = || {
        let (mut service, uri) = (AtOnce, &uri);
        move || drop(black_box(ask(&mut service, get(uri))))
    };
    group.bench_function("service alone/1T", |b| b.iter(alone()));
    for (name, algorithm) in ALGORITHMS {
        let layer = BalanceLayer::new(algorithm, (0..100).map(endpoint));
        let service = layer.layer(AllAtOnce);
        let step = |_| {
            let (mut service, uri) = (service.clone(), &uri);
            move || drop(black_box(ask(&mut service, get(uri))))
        };
        group.bench_function(format!("service/{name}/100/difference/1T"), |b| {
            common::bench_difference(b, step(0), alone());
        });
        group.bench_function(format!("service/{name}/100/2T"), |b| {
            b.iter_custom(|operations| common::two_threads(operations, step));
        });
    }
    for endpoints in [100, 10_000] {
        let mut service = p2c(endpoints);
        assert!(poll_once(service.ready()).is_ok());
        group.bench_function(
            format!("service/tower p2c/{endpoints}/difference/1T"),
            |b| {
                let step = || {
                    let mut context = Context::from_waker(Waker::noop());
                    assert!(service.poll_ready(&mut context).is_ready());
                    let answer = pin!(service.call(get(&uri))).poll(&mut context);
                    assert!(answer.is_ready());
                };
                common::bench_difference(b, step, alone());
            },
        );
    }
    group.finish();
}

fn replace(c: &mut Criterion) {
    let mut group = c.benchmark_group("balance/replace one of");
    group.sample_size(10);
    for (name, algorithm) in [ALGORITHMS[3], ALGORITHMS[2]] {
        for endpoints in [100, 10_000] {
            let mut set: Vec<Endpoint> = (0..endpoints).map(endpoint).collect();
            let service = BalanceLayer::new(algorithm, set.clone()).layer(AllAtOnce);
            let mut next = endpoints;
            group.bench_function(format!("{endpoints}/{name}"), |b| {
                b.iter(|| {
                    next += 1;
                    set[next % endpoints] = endpoint(next % 65_536);
                    service.replace(set.iter().cloned());
                });
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = common::criterion(); targets = picks, services, replace }
criterion_main!(benches);

//! What a rate limit costs, beside governor in the same run.
//!
//! Every request passes. The time is handed in where the name says nothing else; `/2T` is two
//! threads on the same state, in the time that one of them takes for a request.
#![allow(missing_docs)]
// A benchmark of threads measures with the system's clock.
#![allow(clippy::disallowed_methods)]

use criterion::{Criterion, criterion_group, criterion_main};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use http::{Request, Response};
use std::convert::Infallible;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tower::{Layer, Service};
use tower_mesh::gate::{Decision, Gate as _};
use tower_mesh::limit::{Bucket, Keyed, Limits, Moment, Pace, RateLimitLayer};
use tower_mesh::policy::{Key, Limit, Rate};
use tower_mesh::reply::ReplyBody;
use tower_mesh::rng::{Chance, Purpose};

/// A rate that nobody reaches: a request each nanosecond, billions at once.
fn pace() -> Pace {
    let (requests, burst) = (NonZeroU32::new(1_000_000_000), NonZeroU32::MAX);
    Pace::new(requests.unwrap(), Duration::from_secs(1), burst)
}

fn rate() -> Rate {
    Rate::per_second(1_000_000_000).burst(u32::MAX)
}

fn quota() -> Quota {
    Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap()).allow_burst(NonZeroU32::MAX)
}

/// A clock that each thread moves on by itself.
struct Ticks(Duration);

impl Ticks {
    fn next(&mut self) -> Moment {
        self.0 += Duration::from_nanos(10);
        self.0.into()
    }
}

/// Numbers below `keys` in an order that is the same in every run.
fn order(keys: u64) -> Vec<u64> {
    (0..1 << 20)
        .map(|place| Chance::new(place).below(keys, Purpose::Split))
        .collect()
}

/// The time that the slower of two threads takes.
fn two_threads<F: FnMut()>(iterations: u64, make: impl Fn(u64) -> F + Sync) -> Duration {
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|thread| {
                let (barrier, make) = (&barrier, &make);
                scope.spawn(move || {
                    let mut step = make(thread);
                    barrier.wait();
                    let begin = Instant::now();
                    for _ in 0..iterations {
                        step();
                    }
                    begin.elapsed()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .max()
            .unwrap()
    })
}

fn exact(c: &mut Criterion) {
    let mut group = c.benchmark_group("limit/exact");
    let (pace, bucket) = (pace(), Bucket::new());
    let mut ticks = Ticks(Duration::ZERO);
    group.bench_function("1T", |b| {
        b.iter(|| assert!(bucket.take(black_box(pace), ticks.next()).is_ok()))
    });
    let given = RateLimiter::direct_with_clock(quota(), FakeRelativeClock::default());
    group.bench_function("governor, time given/1T", |b| {
        b.iter(|| assert!(given.check().is_ok()))
    });
    let own = RateLimiter::direct(quota());
    group.bench_function("governor, its own clock/1T", |b| {
        b.iter(|| assert!(own.check().is_ok()))
    });
    let bucket = Bucket::new();
    group.bench_function("2T", |b| {
        b.iter_custom(|iterations| {
            two_threads(iterations, |_| {
                let mut ticks = Ticks(Duration::ZERO);
                let bucket = &bucket;
                move || {
                    let _ = black_box(bucket.take(black_box(pace), ticks.next()));
                }
            })
        })
    });
    group.bench_function("governor, its own clock/2T", |b| {
        b.iter_custom(|iterations| {
            two_threads(iterations, |_| {
                || {
                    let _ = black_box(own.check());
                }
            })
        })
    });
    group.finish();
}

fn keyed(c: &mut Criterion) {
    for (name, keys) in [("1k", 1_000_u64), ("1M", 1_000_000)] {
        let mut group = c.benchmark_group(format!("limit/keyed/{name}"));
        let order = order(keys);
        let room = NonZeroU32::new(keys as u32)
            .unwrap()
            .max(Keyed::DEFAULT_KEYS);
        let (pace, table) = (pace(), Keyed::new(room));
        let peer = RateLimiter::dashmap(quota());
        for key in 0..keys {
            let fingerprint = table.fingerprint([&key.to_le_bytes()[..]]);
            assert!(table.take(pace, fingerprint, Duration::ZERO.into()).is_ok());
            assert!(peer.check_key(&key).is_ok());
        }
        let ours = |thread: u64| {
            let mut ticks = Ticks(Duration::from_secs(1));
            let mut place = thread as usize * order.len() / 2;
            let (order, table) = (&order, &table);
            move || {
                place = (place + 1) % order.len();
                let key = table.fingerprint([&order[place].to_le_bytes()[..]]);
                let _ = black_box(table.take(black_box(pace), key, ticks.next()));
            }
        };
        let theirs = |thread: u64| {
            let mut place = thread as usize * order.len() / 2;
            let (order, peer) = (&order, &peer);
            move || {
                place = (place + 1) % order.len();
                let _ = black_box(peer.check_key(&order[place]));
            }
        };
        group.bench_function("1T", |b| b.iter(ours(0)));
        group.bench_function("governor, its own clock/1T", |b| b.iter(theirs(0)));
        group.bench_function("2T", |b| {
            b.iter_custom(|iterations| two_threads(iterations, ours))
        });
        group.bench_function("governor, its own clock/2T", |b| {
            b.iter_custom(|iterations| two_threads(iterations, theirs))
        });
        group.finish();
    }
}

/// All the keys are new, so each takes a place from another.
fn newcomers(c: &mut Criterion) {
    let (pace, table) = (pace(), Keyed::new(Keyed::DEFAULT_KEYS));
    let mut ticks = Ticks(Duration::ZERO);
    let mut key = 0_u64;
    c.bench_function("limit/keyed/always new/1T", |b| {
        b.iter(|| {
            key += 1;
            let key = table.fingerprint([&key.to_le_bytes()[..]]);
            let _ = black_box(table.take(black_box(pace), key, ticks.next()));
        })
    });
}

fn limits() -> [(&'static str, Vec<Limit>); 3] {
    let limit = Limit::new(rate());
    [
        ("none", vec![]),
        ("exact", vec![limit.clone()]),
        (
            "keyed by a header",
            vec![limit.keyed_by(Key::header("x-api-key"))],
        ),
    ]
}

fn request(number: u64) -> Request<()> {
    Request::get("/")
        .header("accept", "*/*")
        .header("host", "reviews")
        .header("x-api-key", format!("key-{number:04}"))
        .body(())
        .unwrap()
}

/// As the mesh asks: by reference, the time being known.
fn gate(c: &mut Criterion) {
    let now = Instant::now() + Duration::from_secs(1);
    let mut requests: Vec<_> = (0..64).map(request).collect();
    for (name, limits) in limits() {
        let limits = Limits::compile(&limits, "", |_| None);
        let mut place = 0;
        c.bench_function(&format!("limit/gate/{name}"), |b| {
            b.iter(|| {
                place = (place + 1) % 64;
                let mut decision = Decision::at(now, Chance::new(0));
                let refusal = limits.admit(&mut requests[place], &mut decision);
                assert!(refusal.is_none());
            })
        });
    }
}

/// A body that brings the request back, so that none has to be made for each call.
struct Returned(Request<()>);

impl ReplyBody for Returned {
    type Out = Self;

    fn keep(self) -> Self {
        self
    }

    fn local(_: bytes::Bytes) -> Self {
        panic!("everything is meant to pass")
    }
}

fn call<S>(service: &mut S, request: Request<()>) -> Request<()>
where
    S: Service<Request<()>, Response = Response<Returned>, Error = Infallible>,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body().0,
        Poll::Pending => panic!("the service is ready at once"),
    }
}

/// Alone over a service that is ready, with its own reading of the clock.
fn layer(c: &mut Criterion) {
    let mut group = c.benchmark_group("limit/layer");
    let inner = tower::service_fn(|request| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Returned(request))))
    });
    let mut kept = Some(request(0));
    let mut service = inner;
    group.bench_function("the service alone", |b| {
        b.iter(|| kept = kept.take().map(|request| call(&mut service, request)))
    });
    let exact = RateLimitLayer::new(rate());
    let keyed = exact.clone().keyed_by(Key::header("x-api-key"));
    for (name, layer) in [("exact", exact), ("keyed by a header", keyed)] {
        let mut service = layer.layer(inner);
        group.bench_function(name, |b| {
            b.iter(|| kept = kept.take().map(|request| call(&mut service, request)))
        });
    }
    group.bench_function("the clock alone", |b| b.iter(tower_mesh::clock::now));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = exact, keyed, newcomers, gate, layer
}
criterion_main!(benches);

//! What the benchmarks share: an endpoint that answers at once, polling by hand, two threads.

// Each benchmark is a crate of its own and uses a part of this.
#![allow(dead_code, unreachable_pub)]
// A benchmark of threads measures with the system's clock.
#![allow(clippy::disallowed_methods)]

pub mod mesh;
pub mod policies;
pub mod tables;

use bytes::Bytes;
use criterion::Bencher;
use criterion::measurement::WallTime;
use http::{Request, Response, Uri};
use http_body_util::{Empty, Full};
use std::convert::Infallible;
use std::future::Ready;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tower::Service;
use tower_mesh::balance::{Endpoint, MakeEndpoint, Reset, Target};
use tower_mesh::rng::{Chance, Purpose};

pub type Body = Empty<Bytes>;

/// An endpoint, and a service, whose answer is there at the first poll. Its body is not empty, so
/// what counts requests has to count this one until the answer is dropped.
#[derive(Clone, Copy, Debug)]
pub struct AtOnce;

fn answer() -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(b"at once")))
}

impl<B> Endpoint<B> for AtOnce {
    type Body = Full<Bytes>;
    type Future = Ready<Result<Response<Full<Bytes>>, Reset>>;

    fn send(&self, request: Request<B>) -> Self::Future {
        drop(request);
        std::future::ready(Ok(answer()))
    }
}

impl<B> Service<Request<B>> for AtOnce {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(request);
        std::future::ready(Ok(answer()))
    }
}

/// Makes endpoints that answer at once.
#[derive(Clone, Copy, Debug)]
pub struct AllAtOnce;

impl MakeEndpoint for AllAtOnce {
    type Endpoint = AtOnce;

    fn make(&self, _: &Target) -> AtOnce {
        AtOnce
    }
}

/// Polls what is ready at the first poll, without a runtime around it.
#[inline(always)]
pub fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at the first poll"),
    }
}

/// Readies, calls and drives a service that is ready at once.
#[inline(always)]
pub fn ask<S: Service<Request<Body>>>(service: &mut S, request: Request<Body>) -> S::Response {
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))));
    match poll_once(service.call(request)) {
        Ok(response) => response,
        Err(_) => panic!("failed"),
    }
}

/// A target whose clones write no count: its bytes are static.
pub fn uri(text: String) -> Uri {
    Uri::from_static(text.leak())
}

/// A request. Not inlined, or the compiler would see that the floor of a comparison drops it unread
/// and would not make it at all.
#[inline(never)]
pub fn get(uri: &Uri) -> Request<Body> {
    let mut request = Request::new(Body::new());
    *request.uri_mut() = uri.clone();
    request
}

/// `length` indices below `end`, the same in every run.
pub fn order(length: usize, end: usize) -> Vec<usize> {
    (0..length as u64)
        .map(|place| Chance::new(place).below(end as u64, Purpose::Split) as usize)
        .collect()
}

/// Goes round.
pub struct Round<'a, T>(std::iter::Cycle<std::slice::Iter<'a, T>>);

impl<'a, T> Round<'a, T> {
    /// Two threads that begin apart do not ask for the same at the same time.
    pub fn new(items: &'a [T], thread: usize) -> Self {
        let mut round = items.iter().cycle();
        for _ in 0..thread * items.len() / 2 {
            round.next();
        }
        Self(round)
    }

    #[inline(always)]
    pub fn step(&mut self) -> &'a T {
        self.0.next().expect("not empty")
    }
}

/// Chances without the cost of drawing them.
pub fn chances() -> Vec<Chance> {
    (0..1 << 12)
        .map(|place| Chance::new(Chance::new(place).draw(Purpose::Split)))
        .collect()
}

fn time(operations: u64, step: &mut impl FnMut()) -> Duration {
    let begin = Instant::now();
    for _ in 0..operations {
        step();
    }
    begin.elapsed()
}

/// The time of the slower of two pinned threads, each of which does so many operations on the same
/// state. `make` makes what a thread does.
pub fn two_threads<F: FnMut()>(operations: u64, make: impl Fn(usize) -> F + Sync) -> Duration {
    on_two_threads(|thread| {
        let mut step = make(thread);
        move |barrier: &Barrier| {
            // What a thread does at first only: its number, its generator, cold caches.
            time(100, &mut step);
            barrier.wait();
            by_turns(operations, |turn| time(turn, &mut step))
        }
    })
}

fn on_two_threads<F: FnOnce(&Barrier) -> Duration>(make: impl Fn(usize) -> F + Sync) -> Duration {
    let barrier = Barrier::new(2);
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    std::thread::scope(|scope| {
        let threads = [0, 1].map(|thread| {
            let (barrier, make, core) = (&barrier, &make, cores.get(thread).copied());
            scope.spawn(move || {
                core.map(core_affinity::set_for_current);
                make(thread)(barrier)
            })
        });
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread panicked"))
            .max()
            .unwrap_or_default()
    })
}

/// How much longer `step` takes than `floor`, the two in turns: other work on the machine meets
/// both alike.
fn difference(operations: u64, step: &mut impl FnMut(), floor: &mut impl FnMut()) -> Duration {
    by_turns(operations, |turn| {
        let whole = time(turn, step);
        whole.saturating_sub(time(turn, floor))
    })
}

/// Measures in turns and takes the median for all of them: a turn in which the thread had to wait
/// for its core says nothing about what is measured.
fn by_turns(operations: u64, mut measure: impl FnMut(u64) -> Duration) -> Duration {
    let turn = operations.clamp(1, TURN);
    let mut measured: Vec<Duration> = (0..operations.div_ceil(turn))
        .map(|_| measure(turn))
        .collect();
    measured.sort_unstable();
    let median = measured
        .get(measured.len() / 2)
        .copied()
        .unwrap_or_default();
    // Criterion can do nothing with a time of 0.
    let all = median.mul_f64(operations as f64 / turn as f64);
    all.max(Duration::from_nanos(1))
}

/// Measures one thread by the median of its turns.
pub fn bench(b: &mut Bencher<'_, WallTime>, mut step: impl FnMut()) {
    b.iter_custom(|operations| by_turns(operations, |turn| time(turn, &mut step)));
}

/// Measures the difference on one thread.
pub fn bench_difference(
    b: &mut Bencher<'_, WallTime>,
    mut step: impl FnMut(),
    mut floor: impl FnMut(),
) {
    b.iter_custom(|operations| difference(operations, &mut step, &mut floor));
}

/// Measures the difference on two threads.
pub fn bench_difference_on_two<F: FnMut(), G: FnMut()>(
    b: &mut Bencher<'_, WallTime>,
    step: impl Fn(usize) -> F + Sync,
    floor: impl Fn(usize) -> G + Sync,
) {
    b.iter_custom(|operations| {
        on_two_threads(|thread| {
            let (mut step, mut floor) = (step(thread), floor(thread));
            move |barrier: &Barrier| {
                time(100, &mut step);
                time(100, &mut floor);
                barrier.wait();
                difference(operations, &mut step, &mut floor)
            }
        })
    });
}

const TURN: u64 = 2_000;

/// Long enough for medians, short enough for all of them.
pub fn criterion() -> criterion::Criterion {
    criterion::Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(41)
}

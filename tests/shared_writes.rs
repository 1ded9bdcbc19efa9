//! No request writes a line of memory that all threads share.
//!
//! What a request writes is striped: the handle that pins the policy, the counters, the turns of
//! round robin, the load of an endpoint. Here two threads that live at the same time are shown to
//! write different places, at least 128 bytes apart; that they pin by different handles is shown
//! in `src/live.rs`, where handles can be seen.
//!
//! **What this does not show:** that there is no other write on the way. That is for the two
//! threads of `benches/stack.rs`, which take longer than one if there is. And three writes are
//! shared by their nature: the bucket of a limit, for it is exact over all threads; the load of an
//! endpoint among many, where two threads seldom meet; and a clone of a client, one reference
//! count.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower_mesh::balance::{Cluster, Load, Turns};
use tower_mesh::policy::Balance;
use tower_mesh::rng::{Chance, Rng};
use tower_mesh::stripe::{self, Striped};

/// What `look` sees on two threads that live at the same time and have followed upon each other, so
/// that their numbers differ by one.
fn on_two_threads<T: Send>(look: impl Fn() -> T + Sync) -> [T; 2] {
    loop {
        let ordinals = [const { AtomicUsize::new(0) }; 2];
        let barrier = Barrier::new(2);
        let seen = std::thread::scope(|scope| {
            [0, 1]
                .map(|thread| {
                    let (ordinals, barrier, look) = (&ordinals, &barrier, &look);
                    scope.spawn(move || {
                        ordinals[thread].store(stripe::ordinal(), Ordering::SeqCst);
                        barrier.wait();
                        let [one, other] = ordinals.each_ref().map(|o| o.load(Ordering::SeqCst));
                        // Other tests start threads, too; one may have come between the two. Then
                        // nothing is done: `look` may count.
                        (one.abs_diff(other) == 1).then(look)
                    })
                })
                .map(|thread| thread.join().unwrap())
        });
        if let [Some(one), Some(other)] = seen {
            return [one, other];
        }
    }
}

fn address<T>(value: &T) -> usize {
    std::ptr::from_ref(value).addr()
}

/// Whether there is more than one stripe on this machine.
fn has_stripes() -> bool {
    stripe::count() > 1
}

#[test]
fn there_is_a_stripe_for_each_core() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(stripe::count() >= cores.min(256));
}

#[test]
fn stripes_lie_on_lines_of_their_own() {
    let striped = Striped::with_stripes(2, || 0_u8);
    let [one, other] = on_two_threads(|| address(striped.local()));
    assert!(one.abs_diff(other) >= 128);
}

#[test]
fn two_threads_count_at_different_places_of_a_busy_endpoint() {
    if !has_stripes() {
        return;
    }
    let load = Load::new(4);
    let [one, other] = on_two_threads(|| load.begin());
    assert_ne!(one, other);
    assert_eq!(load.count(), 2);
    for stripe in [one, other] {
        load.end(stripe);
    }
    assert_eq!(load.count(), 0);
}

#[test]
fn endpoints_among_many_share_one_count() {
    let load = Load::new(1_000_000);
    assert_eq!(on_two_threads(|| load.begin()), [0, 0]);
}

#[test]
fn two_threads_take_turns_of_their_own() {
    if !has_stripes() {
        return;
    }
    // Threads that shared a count would skip each other's turns: each sees every endpoint in a row.
    let turns = std::sync::Arc::new(Turns::new(&Rng::seeded(1)));
    let loads = (0..5).map(|_| (1, std::sync::Arc::new(Load::new(5))));
    let cluster = Cluster::new(Balance::RoundRobin, loads, turns);
    let next = Barrier::new(2);
    let rounds = on_two_threads(|| {
        (0..50)
            .map(|_| {
                // In step, so that one count would show.
                next.wait();
                cluster.pick(Chance::new(0)).unwrap()
            })
            .collect::<Vec<_>>()
    });
    for round in rounds {
        for pair in round.windows(2) {
            assert_eq!(pair[1], (pair[0] + 1) % 5);
        }
    }
}

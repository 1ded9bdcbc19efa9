use super::*;
use crate::policy::{Key, Limit, Rate};
use crate::rng::Chance;

fn from(client: &str) -> Request<()> {
    Request::get("/")
        .header("x-client", client)
        .body(())
        .unwrap()
}

fn per_client(rate: Rate) -> Limit {
    Limit::new(rate).keyed_by(Key::header("x-client"))
}

fn admit(limits: &Limits, request: &mut Request<()>, now: Instant) -> Option<Refusal> {
    limits.admit(request, &mut Decision::at(now, Chance::new(0)))
}

fn passed(limits: &Limits, client: &str, tries: usize, now: Instant) -> usize {
    let mut request = from(client);
    (0..tries)
        .filter(|_| admit(limits, &mut request, now).is_none())
        .count()
}

fn fresh(limits: &[Limit]) -> Limits {
    Limits::compile(limits, "", |_| None)
}

/// The limits after a reload.
fn reloaded(before: &Limits, limits: &[Limit]) -> Limits {
    Limits::compile(limits, "", |name| {
        let mut all = before.limiters().iter();
        all.find(|limiter| &**limiter.name() == name).cloned()
    })
}

#[test]
fn a_greedy_client_does_not_eat_what_is_for_all() {
    let limits = fresh(&[
        Limit::new(Rate::per_second(100)).named("all"),
        per_client(Rate::per_second(10)).named("each"),
    ]);
    let now = crate::clock::now();
    assert_eq!(passed(&limits, "greedy", 500, now), 10);
    for other in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
        assert_eq!(passed(&limits, other, 10, now), 10);
    }
    assert_eq!(passed(&limits, "too late", 10, now), 0);
}

#[test]
fn what_was_taken_before_a_refusal_is_not_given_back() {
    let limits = fresh(&[
        Limit::new(Rate::per_second(2)),
        per_client(Rate::per_second(1).burst(5)),
    ]);
    let now = crate::clock::now();
    assert_eq!(passed(&limits, "a", 5, now), 2);
    let outlook: Vec<_> = limits
        .consult(&from("a"), TrustedHops::default(), now)
        .map(|outlook| outlook.wait.is_none())
        .collect();
    assert_eq!(outlook, [false, false]);
}

#[test]
fn consulting_takes_nothing_and_says_what_would_be() {
    let limits = fresh(&[per_client(Rate::per_second(1)).named("each")]);
    let now = crate::clock::now();
    let request = from("a");
    let hops = TrustedHops::default();
    let look = || limits.consult(&request, hops, now).next().unwrap();
    assert_eq!((look().wait, look().wait), (None, None));
    assert_eq!((look().limit, look().key.as_deref()), ("each", Some("a")));
    assert_eq!((look().left, look().capacity), (1, 1));
    assert_eq!(passed(&limits, "a", 1, now), 1);
    assert_eq!(look().wait, Some(Duration::from_secs(1)));
    assert_eq!((look().left, look().capacity), (0, 1));
}

#[test]
fn nobody_reads_the_clock_where_there_is_no_limit() {
    let mut decision = Decision::new(Chance::new(0));
    assert!(fresh(&[]).admit(&mut from("a"), &mut decision).is_none());
    assert!(format!("{decision:?}").contains("now: None"));
}

#[test]
fn a_refusal_is_what_envoy_says() {
    let limits = fresh(&[Limit::new(Rate::per_minute(1)).named("m")]);
    let now = crate::clock::now();
    assert_eq!(passed(&limits, "a", 1, now), 1);
    let refusal = admit(&limits, &mut from("a"), now).unwrap();
    assert_eq!(refusal.status(), 429);
    assert_eq!(refusal.flags(), Flags::RL);
    assert_eq!(refusal.details(), "local_rate_limited");
    assert_eq!(refusal.text(), "local_rate_limited");
    assert_eq!(refusal.headers()["retry-after"], "60");
}

#[test]
fn the_wait_in_whole_seconds_is_never_too_short() {
    for (wait, told) in [
        (Duration::ZERO, "1"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1_001), "2"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        assert_eq!(retry_after(wait), told);
    }
}

#[test]
fn a_reload_without_a_change_keeps_the_buckets() {
    let limit = [per_client(Rate::per_second(3)).named("each")];
    let before = fresh(&limit);
    let now = crate::clock::now();
    assert_eq!(passed(&before, "a", 2, now), 2);
    let after = reloaded(&before, &limit);
    assert!(Arc::ptr_eq(&before.limiters()[0], &after.limiters()[0]));
    assert_eq!(passed(&after, "a", 5, now), 1);
}

#[test]
fn a_reload_with_another_rate_goes_on_with_the_buckets() {
    let now = crate::clock::now();
    for limit in [Limit::new, per_client] {
        let before = fresh(&[limit(Rate::per_second(10))]);
        assert_eq!(passed(&before, "a", 10, now), 10);
        let after = reloaded(&before, &[limit(Rate::per_second(10).burst(15))]);
        assert_eq!(passed(&after, "a", 20, now), 5);
    }
}

#[test]
fn a_faster_rate_does_not_have_to_wait_for_the_slower_one() {
    for limit in [Limit::new, per_client] {
        let before = fresh(&[limit(Rate::per(10, Duration::from_secs(36_000)))]);
        let now = crate::clock::now();
        assert_eq!(passed(&before, "a", 11, now), 10);
        let after = reloaded(&before, &[limit(Rate::per_second(10))]);
        let refusal = admit(&after, &mut from("a"), now).unwrap();
        assert_eq!(refusal.headers()["retry-after"], "1");
        assert_eq!(passed(&after, "a", 5, now + Duration::from_millis(100)), 1);
    }
}

#[test]
fn another_key_or_another_room_makes_new_buckets() {
    let now = crate::clock::now();
    let limit = |key, room: u32| {
        let mut limit = Limit::new(Rate::per_second(1)).keyed_by(key);
        limit.max_keys = std::num::NonZeroU32::new(room);
        limit.named("each")
    };
    let before = fresh(&[limit(Key::header("x-client"), 10)]);
    assert_eq!(passed(&before, "a", 2, now), 1);
    for changed in [
        limit(Key::header("x-client"), 20),
        limit(Key::SourceIp, 10),
        Limit::new(Rate::per_second(1)).named("each"),
    ] {
        assert_eq!(passed(&reloaded(&before, &[changed]), "a", 2, now), 1);
    }
}

#[test]
fn a_limit_without_a_name_has_its_index_within_the_scope() {
    let rate = Rate::per_second(1);
    let limits = [Limit::new(rate), Limit::new(rate).named("n")];
    let names = |scope| {
        let limits = Limits::compile(&limits, scope, |_| None);
        let names = limits
            .limiters()
            .iter()
            .map(|limiter| limiter.name().to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["0", "n"]);
    assert_eq!(names("reviews/beta"), ["reviews/beta/0", "reviews/beta/n"]);
}

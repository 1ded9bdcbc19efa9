use super::*;
use crate::gate::Source;
use crate::policy::Cookie;
use crate::rng::Chance;
use std::time::Duration;

const ARMS: [(&str, Option<&str>, u32); 2] =
    [("reviews", Some("v1"), 50), ("reviews", Some("v2"), 50)];

fn by(key: StickyKey) -> Sticky {
    Sticky::compile(&key.into(), ARMS)
}

fn request(headers: &[(&str, &str)]) -> Request<()> {
    let request = { headers.iter() }.fold(Request::get("/"), |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap()
}

fn key(by: &StickyKey, headers: &[(&str, &str)]) -> Option<CallerKey> {
    self::by(by.clone()).key(&request(headers), TrustedHops(0))
}

#[test]
fn a_header_is_all_of_its_lines() {
    let by = StickyKey::header("x-user");
    let of = |lines: &[&str]| {
        let headers: Vec<_> = lines.iter().map(|line| ("x-user", *line)).collect();
        key(&by, &headers)
    };
    let mut seen = std::collections::HashSet::new();
    for lines in [
        &[""][..],
        &["a"],
        &["ab"],
        &["a", "b"],
        &["b", "a"],
        &["a, b"],
        &["ä"],
    ] {
        assert!(seen.insert(of(lines).unwrap()), "{lines:?}");
    }
    assert_eq!(of(&["a"]), Some(CallerKey::of(["a"])));
    assert_eq!(of(&[]), None);
    assert_eq!(key(&by, &[("x-other", "a")]), None);
}

#[test]
fn a_cookie_and_a_header_of_one_value_are_one_caller() {
    let by_cookie = StickyKey::cookie("uid");
    let alice = key(&by_cookie, &[("cookie", "a=b; uid=\"alice\"")]);
    assert_eq!(
        alice,
        key(&StickyKey::header("x-user"), &[("x-user", "alice")])
    );
    assert_eq!(key(&by_cookie, &[("cookie", "uid=")]), None);
    assert_eq!(key(&by_cookie, &[]), None);
}

#[test]
fn a_source_is_an_address_however_it_came() {
    let sticky = by(StickyKey::SourceIp);
    let from = |address: &str, hops, forwarded: &str| {
        let mut request = request(&[("x-forwarded-for", forwarded)]);
        request
            .extensions_mut()
            .insert(Source(address.parse().unwrap()));
        sticky.key(&request, TrustedHops(hops))
    };
    let plain = from("10.0.0.1", 0, "10.0.0.9");
    assert!(plain.is_some());
    assert_eq!(plain, from("::ffff:10.0.0.1", 0, "10.0.0.9"));
    assert_eq!(plain, from("10.0.0.7", 1, "10.0.0.1"));
    assert_ne!(plain, from("10.0.0.9", 0, "10.0.0.9"));
    assert_eq!(sticky.key(&request(&[]), TrustedHops(0)), None);
}

/// The cookie that a caller gets leads where it was led without it.
#[test]
fn who_gets_a_cookie_comes_back() {
    let sticky = by(Cookie::new("uid").ttl(Duration::ZERO.into()).into());
    let mut seen = [0; 2];
    for number in 0..1_000 {
        let mut decision = Decision::new(Chance::new(number));
        let arm = sticky.settled(&mut decision).unwrap();
        seen[arm] += 1;
        let line = decision.cookie.unwrap();
        let pair = line.to_str().unwrap().split(';').next().unwrap().to_owned();
        let back = sticky.kept(&request(&[("cookie", &pair)]), TrustedHops(0));
        assert_eq!(back, Some(arm));
    }
    assert!((400..600).contains(&seen[1]), "{seen:?}");
    let mut decision = Decision::new(Chance::new(0));
    assert_eq!(by(StickyKey::cookie("uid")).settled(&mut decision), None);
    assert!(decision.cookie.is_none());
}

/// Who is at `v2` of one service is at `v2` of another, in one group.
#[test]
fn a_group_goes_together() {
    let arms = |service| [(service, Some("v1"), 70), (service, Some("v2"), 30)];
    let of = |group: Option<&str>, service| {
        let mut sticky = policy::Sticky::by(StickyKey::header("x-user"));
        sticky.group = group.map(str::to_owned);
        Sticky::compile(&sticky, arms(service))
    };
    let differ = |one: Sticky, other: Sticky| {
        let users = (0..1_000).map(|user| CallerKey::of([format!("user-{user}")]));
        users
            .filter(|user| one.arms.choose(*user) != other.arms.choose(*user))
            .count()
    };
    assert_eq!(
        differ(of(Some("a"), "reviews"), of(Some("a"), "ratings")),
        0
    );
    assert_eq!(differ(of(None, "reviews"), of(None, "reviews")), 0);
    for (one, other) in [
        (of(None, "reviews"), of(None, "ratings")),
        (of(Some("a"), "reviews"), of(Some("b"), "reviews")),
        (of(Some("a"), "reviews"), of(None, "reviews")),
    ] {
        // 42 % would, if the two had nothing to do with each other.
        let apart = differ(one, other);
        assert!((340..500).contains(&apart), "{apart}");
    }
}

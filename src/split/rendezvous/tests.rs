use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Whether so many of so many keys may well be there, of which this share should be: false once in
/// a thousand million times, by Chernoff's bound.
fn plausible(seen: u64, of: u32, share: f64) -> bool {
    let found = seen as f64 / f64::from(of);
    let part = |found: f64, share: f64| match found > 0.0 {
        true => found * (found / share).ln(),
        false => 0.0,
    };
    f64::from(of) * (part(found, share) + part(1.0 - found, 1.0 - share)) < 1e9_f64.ln()
}

/// Arms that are named by numbers, with their weights.
type Weighted = BTreeMap<u8, u32>;

fn names(number: u8) -> ArmName {
    ArmName::of(["reviews", &format!("v{number}")])
}

fn table(arms: &Weighted) -> Rendezvous {
    Rendezvous::new(
        arms.iter()
            .map(|(number, weight)| (names(*number), *weight)),
    )
}

/// Which of the arms has a key.
fn chosen(arms: &Weighted, key: CallerKey) -> u8 {
    *arms.keys().nth(table(arms).choose(key)).unwrap()
}

fn users(number: u32) -> impl Iterator<Item = CallerKey> {
    (0..number).map(|user| CallerKey::of([format!("user-{user}")]))
}

fn weight() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..=100_u32, 1 => Just(0), 1 => any::<u32>()]
}

/// Up to five arms, some of which have weight.
fn arms() -> impl Strategy<Value = Weighted> {
    prop::collection::btree_map(0..6_u8, weight(), 1..6)
        .prop_filter("there is nothing to choose", |arms| sum(arms) > 0)
}

fn sum(arms: &Weighted) -> u64 {
    arms.values().map(|weight| u64::from(*weight)).sum()
}

fn share(arms: &Weighted, arm: u8) -> f64 {
    f64::from(arms.get(&arm).copied().unwrap_or(0)) / sum(arms) as f64
}

/// The part of the keys that has to move from one to the other.
fn least(before: &Weighted, after: &Weighted) -> f64 {
    let grown = |arm| (share(after, arm) - share(before, arm)).max(0.0);
    (0..6).map(grown).sum()
}

proptest! {
    /// Exactly, for each key: where it goes was multiplied by more than where it leaves.
    #[test]
    fn keys_go_where_more_has_grown(before in arms(), after in arms(), keys: [u64; 32]) {
        for key in keys.map(CallerKey) {
            let (from, to) = (chosen(&before, key), chosen(&after, key));
            if from != to {
                let weight = |arms: &Weighted, arm| {
                    u128::from(arms.get(&arm).copied().unwrap_or(0))
                };
                // What is left has weight before, and what is gone to has weight after.
                let of_left = weight(&after, from) * weight(&before, to);
                let of_gone_to = weight(&after, to) * weight(&before, from);
                prop_assert!(of_left < of_gone_to, "{from} to {to}");
            }
        }
    }

    /// So with two arms nobody moves but from the one that shrinks to the one that grows.
    #[test]
    fn of_two_arms_one_only_loses(before: [u32; 2], after: [u32; 2], keys: [u64; 32]) {
        let weighted = |weights: [u32; 2]| -> Weighted { (0..).zip(weights).collect() };
        let (before, after) = (weighted(before), weighted(after));
        prop_assume!(sum(&before) > 0 && sum(&after) > 0);
        let shrinks = |arm: u8| {
            u128::from(after[&arm]) * u128::from(sum(&before))
                < u128::from(before[&arm]) * u128::from(sum(&after))
        };
        for key in keys.map(CallerKey) {
            let (from, to) = (chosen(&before, key), chosen(&after, key));
            prop_assert!(from == to || shrinks(from) && !shrinks(to));
        }
    }

    /// Adding, removing or changing one moves keys to it or from it, never between others.
    #[test]
    fn one_arm_s_change_is_no_others(before in arms(), arm in 0..6_u8, weight in weight(), keys: [u64; 32]) {
        let mut after = before.clone();
        after.insert(arm, weight);
        prop_assume!(sum(&after) > 0);
        let grows = weight >= before.get(&arm).copied().unwrap_or(0);
        for key in keys.map(CallerKey) {
            let (from, to) = (chosen(&before, key), chosen(&after, key));
            let gone = match grows { true => to, false => from };
            prop_assert!(from == to || gone == arm);
        }
    }

    #[test]
    fn order_scale_and_arms_without_weight_move_nobody(
        arms in arms(),
        factor in 1..1000_u32,
        turn: prop::sample::Index,
        keys: [u64; 32],
    ) {
        prop_assume!(arms.values().all(|weight| weight.checked_mul(factor).is_some()));
        let mut listed: Vec<_> = arms.iter().map(|(arm, weight)| (*arm, weight * factor)).collect();
        listed.rotate_left(turn.index(arms.len()));
        listed.insert(turn.index(arms.len()), (9, 0));
        let other = Rendezvous::new(listed.iter().map(|(arm, weight)| (names(*arm), *weight)));
        for key in keys.map(CallerKey) {
            prop_assert_eq!(chosen(&arms, key), listed[other.choose(key)].0);
        }
    }

    #[test]
    fn an_arm_without_weight_has_nobody(arms in arms(), key: u64) {
        prop_assert!(arms[&chosen(&arms, CallerKey(key))] > 0);
    }
}

fn weighted<const N: usize>(weights: [u32; N]) -> Weighted {
    (0..).zip(weights).collect()
}

/// What callers are known by is seldom as even as a hash: names, addresses, numbers.
#[test]
fn every_arm_has_its_share_of_every_kind_of_key() {
    const KEYS: u32 = 50_000;
    let kinds: [fn(u32) -> CallerKey; 5] = [
        |user| CallerKey::of([format!("user-{user}")]),
        |user| CallerKey::of([user.to_string()]),
        |user| CallerKey::of([user.to_be_bytes()]),
        |user| CallerKey::of([format!("{:0>300}", user)]),
        |user| CallerKey::of(["a".to_owned(), user.to_string()]),
    ];
    for arms in [
        weighted([90, 10]),
        weighted([1, 1]),
        weighted([999, 1]),
        weighted([50, 30, 20]),
        weighted([1, 1, 1, 1, 1, 1]),
        weighted([u32::MAX, u32::MAX, 1]),
    ] {
        for kind in kinds {
            let table = table(&arms);
            let mut seen = vec![0; arms.len()];
            (0..KEYS).for_each(|user| seen[table.choose(kind(user))] += 1);
            for (arm, seen) in (0..).zip(seen) {
                let share = share(&arms, arm);
                assert!(plausible(seen, KEYS, share), "{arms:?} {arm} {seen}");
            }
        }
    }
}

/// What stays by the formula above [`Rendezvous`].
fn staying(before: &Weighted, after: &Weighted) -> f64 {
    let kept = |i: u8| {
        let (p, q) = (share(before, i), share(after, i));
        let more = |j| (share(before, j) / p).max(share(after, j) / q);
        match p > 0.0 && q > 0.0 {
            true => 1.0 / (0..6).map(more).sum::<f64>(),
            false => 0.0,
        }
    };
    (0..6).map(kept).sum()
}

#[test]
fn no_more_move_than_is_said() {
    const USERS: u32 = 50_000;
    for (before, after, exact) in [
        (weighted([90, 10]), weighted([80, 20]), true),
        (weighted([9, 1]), weighted([800, 200]), true),
        (weighted([100, 0]), weighted([99, 1]), true),
        // One arm changes, comes, goes; two change by the same factor.
        (weighted([50, 30, 20]), weighted([50, 30, 40]), true),
        (weighted([50, 30]), weighted([50, 30, 40]), true),
        (weighted([50, 30, 20]), weighted([50, 0, 20]), true),
        (weighted([40, 20, 20, 20]), weighted([20, 10, 35, 35]), true),
        // Three factors.
        (weighted([50, 30, 20]), weighted([40, 30, 30]), false),
        (weighted([90, 10]), weighted([80, 10, 10]), false),
        (weighted([60, 30, 10]), weighted([10, 30, 60]), false),
        (
            weighted([1, 2, 3, 4, 5, 6]),
            weighted([6, 5, 4, 3, 2, 1]),
            false,
        ),
    ] {
        let (least, moving) = (least(&before, &after), 1.0 - staying(&before, &after));
        assert!(moving <= 2.0 * least / (1.0 + least) + 1e-12);
        assert_eq!(
            exact,
            (moving - least).abs() < 1e-12,
            "{before:?} {after:?}"
        );
        let (old, new) = (table(&before), table(&after));
        let moved = users(USERS).filter(|user| old.choose(*user) != new.choose(*user));
        let moved = moved.count() as u64;
        assert!(
            plausible(moved, USERS, moving),
            "{before:?} {after:?} {moved}"
        );
        // In three digits, as they are told.
        if (before, after) == (weighted([50, 30, 20]), weighted([40, 30, 30])) {
            assert_eq!(format!("{:.3}", moving), "0.127");
        }
    }
}

/// Splits over other arms draw apart, and so do those of another group.
#[test]
fn others_draw_apart() {
    const USERS: u32 = 20_000;
    let of = |group| {
        let arm = move |version| ArmName::of([group, version]);
        Rendezvous::new([(arm("v1"), 80), (arm("v2"), 20)])
    };
    let (one, other) = (of("reviews"), of("ratings"));
    let both = users(USERS).filter(|user| one.choose(*user) == 1 && other.choose(*user) == 1);
    assert!(plausible(both.count() as u64, USERS, 0.04));
    let again = of("reviews");
    assert!(users(USERS).all(|user| one.choose(user) == again.choose(user)));
}

#[test]
fn arms_of_one_name_share_by_weight() {
    const USERS: u32 = 20_000;
    let name = names(1);
    let table = Rendezvous::new([(name, 30), (name, 50), (name, 20)]);
    let mut seen = [0; 3];
    users(USERS).for_each(|user| seen[table.choose(user)] += 1);
    for (seen, share) in seen.into_iter().zip([0.3, 0.5, 0.2]) {
        assert!(plausible(seen, USERS, share), "{seen}");
    }
}

#[test]
fn without_any_weight_the_first_is_chosen() {
    assert_eq!(Rendezvous::new([]).choose(CallerKey(1)), 0);
    assert_eq!(Rendezvous::new([(names(0), 0)]).choose(CallerKey(1)), 0);
}

/// Whoever is somewhere is there in every version of the crate and on every platform. A change
/// here moves the callers of everybody. The numbers come from another program, with the logarithm
/// of a mathematical library.
#[test]
fn where_callers_are_stays() {
    assert_eq!(CallerKey::of(["user-1"]), CallerKey(0xa173_746b_114c_6be8));
    assert_eq!(
        ArmName::of(["reviews", "v1"]),
        ArmName(0xe917_b3f6_63d6_d49b)
    );
    let table = table(&weighted([50, 30, 20]));
    let chosen: Vec<_> = users(24).map(|user| table.choose(user)).collect();
    assert_eq!(
        chosen,
        [
            0, 2, 0, 0, 0, 1, 0, 1, 0, 0, 0, 2, 1, 2, 1, 0, 1, 2, 1, 2, 2, 0, 2, 0
        ]
    );
}

/// The hash of a key is Envoy's. What it makes of it, `hash % sum` with `use_hash_policy`, is not
/// taken over: there 9 and 1 instead of 90 and 10 move nearly everybody.
#[test]
fn keys_are_hashed_as_envoy_hashes_them() {
    let cluster = |user: u32| CallerKey::of([format!("user-{user}")]).0 % 100 / 50;
    let chosen: Vec<_> = (1..=12).map(cluster).collect();
    // As Envoy 1.40 chose between two clusters of 50 each.
    assert_eq!(chosen, [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
}

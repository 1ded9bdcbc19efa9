//! What requests are meant to be, and what they are.

use crate::testing::plausible;
use crate::testing::strategy::aimed::{Aimed, Meant};
use crate::testing::strategy::aims::Aims;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::draft::Fixed;
use crate::testing::strategy::hunt::Hunt;
use crate::testing::strategy::policies;
use crate::testing::strategy::worlds::Doors;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::sync::Arc;

#[test]
fn requests_are_meant_as_often_as_it_is_said() {
    let mut dice = Dice::seeded(5);
    let draws: Vec<_> = (0..20_000).map(|_| Meant::draw(&mut dice)).collect();
    for (meant, share) in [
        (Meant::Hit, 0.6),
        (Meant::NearMiss, 0.15),
        (Meant::Boundary, 0.15),
        (Meant::Stranger, 0.1),
    ] {
        let count = draws.iter().filter(|drawn| **drawn == meant).count() as u64;
        assert!(plausible(count, 20_000, share, 1e-9), "{meant:?}: {count}");
    }
}

/// What was drawn of one kind, for all targets of some policies that can be hit.
#[derive(Debug, Default)]
struct Seen {
    draws: usize,
    /// The target takes it.
    hits: usize,
    /// All that its match asks for is so, at its door and for its host.
    satisfied: usize,
    /// One thing that is asked for is not so, or the host or the door is another.
    one_wrong: usize,
}

fn see(meant: Meant) -> Seen {
    let mut runner = TestRunner::deterministic();
    let mut dice = Dice::seeded(9);
    let mut seen = Seen::default();
    for _ in 0..30 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let aims = Arc::new(Aims::of(&policy, &Doors::All));
        let fixed = Fixed::default();
        let aimed = Aimed::new(aims.clone(), fixed.clone());
        for (number, target) in aims.targets.iter().enumerate() {
            if aimed.witness(number).is_none() {
                continue;
            }
            let hunt = Hunt::new(&aims, &fixed, target);
            for _ in 0..5 {
                let drawn = aimed.draw_for(number, meant, &mut dice);
                let here = drawn.world == Some(target.world);
                let leads = hunt
                    .world
                    .leads(target.spot, &drawn.draft.authority, drawn.draft.tls);
                let look = |asked: &crate::route::Asked<'_>| {
                    hunt.asks.iter().filter(|ask| !ask.holds(asked)).count()
                };
                let wrong = drawn.draft.look(hunt.world.plan().normalize, look);
                let wrong = wrong.map(|wrong| wrong + usize::from(!here) + usize::from(!leads));
                seen.draws += 1;
                seen.hits += usize::from(here && hunt.is_hit(&drawn.draft));
                seen.satisfied += usize::from(wrong == Some(0));
                seen.one_wrong += usize::from(wrong == Some(1));
            }
        }
    }
    println!("{meant:?}: {seen:?}");
    assert!(seen.draws > 3_000, "{seen:?}");
    seen
}

#[test]
fn every_hit_is_one() {
    let seen = see(Meant::Hit);
    assert_eq!((seen.hits, seen.satisfied), (seen.draws, seen.draws));
}

#[test]
fn near_misses_lack_one_thing() {
    let seen = see(Meant::NearMiss);
    assert!(seen.one_wrong * 100 >= seen.draws * 95, "{seen:?}");
}

#[test]
fn boundaries_are_on_either_side() {
    let seen = see(Meant::Boundary);
    let inside = seen.satisfied * 100 / seen.draws;
    assert!((20..80).contains(&inside), "{inside} % inside: {seen:?}");
}

//! Who may use whom.

/// A part of the house whose modules have the same rights.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Floor {
    Ground,
    Policy,
    Import,
    Way,
    Adapters,
    Plan,
    Mesh,
    Proof,
}

use Floor::*;

/// Every floor from the bottom up, with its modules.
const FLOORS: &[(Floor, &[&str])] = &[
    (
        Ground,
        &[
            "clock", "rng", "stripe", "live", "drive", "gate", "reply", "event", "tee", "upgrade",
        ],
    ),
    (Policy, &["policy"]),
    (Import, &["import"]),
    (
        Way,
        &[
            "route", "fault", "cors", "limit", "split", "mirror", "timeout", "retry", "balance",
            "authz",
        ],
    ),
    (Adapters, &["connect", "discover", "observe"]),
    (Plan, &["plan"]),
    (Mesh, &["mesh"]),
    (Proof, &["explain", "export", "analyze", "testing"]),
];

/// The floor of a module, if it has one.
pub(crate) fn floor(module: &str) -> Option<Floor> {
    let place = FLOORS.iter().find(|(_, modules)| modules.contains(&module));
    place.map(|(floor, _)| *floor)
}

/// The modules of a floor.
pub(crate) fn modules(floor: Floor) -> &'static [&'static str] {
    let place = FLOORS.iter().find(|(other, _)| *other == floor);
    place.map_or(&[], |(_, modules)| modules)
}

/// Says whether `user` may name `used`; both are modules on some floor.
pub(crate) fn may_use(user: &str, used: &str) -> bool {
    let (Some(stands), Some(wanted)) = (floor(user), floor(used)) else {
        return false;
    };
    if user == used {
        return true;
    }
    match stands {
        // No order among them, only no circles: `House::circles` sees to that.
        Ground => wanted == Ground,
        // What other meshes write is of no concern to a layer.
        Way => matches!(wanted, Ground | Policy),
        // The simulator shows why its requests went where they went.
        Proof if user == "testing" && used == "explain" => true,
        _ => height(wanted) < height(stands),
    }
}

fn height(floor: Floor) -> usize {
    FLOORS
        .iter()
        .take_while(|(other, _)| *other != floor)
        .count()
}

#[test]
fn layers_are_strangers_to_each_other() {
    for user in modules(Way) {
        for used in modules(Way).iter().filter(|used| *used != user) {
            assert!(!may_use(user, used), "{user} {used}");
        }
    }
}

#[test]
fn a_module_may_use_the_floors_below_it_and_none_above() {
    for (user, used) in [
        ("gate", "reply"),
        ("policy", "event"),
        ("import", "policy"),
        ("limit", "gate"),
        ("limit", "policy"),
        ("discover", "balance"),
        ("discover", "import"),
        ("plan", "route"),
        ("mesh", "plan"),
        ("explain", "mesh"),
        ("testing", "explain"),
    ] {
        assert!(may_use(user, used), "{user} must be able to use {used}");
        assert!(!may_use(used, user) || floor(user) == floor(used));
    }
}

#[test]
fn what_stands_side_by_side_does_not_know_each_other() {
    for (user, used) in [
        ("limit", "import"),
        ("connect", "observe"),
        ("explain", "testing"),
        ("explain", "analyze"),
        ("analyze", "explain"),
        ("plan", "mesh"),
        ("event", "policy"),
    ] {
        assert!(!may_use(user, used), "{user} must not use {used}");
    }
}

//! What the README shows, to the letter.

use proptest::{prop_assert, proptest};
use tower_mesh::{Policy, testing::requests_for};

#[test]
fn beta_users_never_see_the_old_version() {
    let policy = Policy::load("examples/mesh.yaml").unwrap();
    let plan = policy.compile().unwrap();
    let beta = requests_for(&policy)
        .with_host("reviews")
        .with_header("x-beta", "1");
    proptest!(|(request in beta)| {
        let decision = plan.decide(&request);
        prop_assert!(decision.forwards());
        prop_assert!(decision.backends().all(|b| b.subset() == Some("v2")));
    });
}

mod actions;
mod clients;
mod cuts;
mod matches;
mod mend;
mod routes;
mod services;
mod words;

use crate::policy::{MeshSettings, OutboundTrafficPolicy, PathNormalization, Policy, Severity};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::shrink::{Scissors, Shrink, Shrinking};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Policies without errors that use all of the native model: services with subsets, routes and
/// rules with every kind of predicate and action, gateways, sidecars, and what is for some clients
/// only. They may have warnings.
///
/// They speak of few hosts, paths, headers and parameters, so that rules overlap and hide each
/// other often. What they shrink to has no errors either.
///
/// ```
/// use proptest::{prop_assert, proptest};
/// use tower_mesh::testing::{policies, requests_for};
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
///
/// let mut runner = TestRunner::deterministic();
/// let policy = policies().new_tree(&mut runner).unwrap().current();
/// let plan = policy.compile().unwrap();
/// // What holds of this policy's requests?
/// let request = requests_for(&policy).new_tree(&mut runner).unwrap().current();
/// assert!(plan.decide(&request).backends().all(|backend| backend.share() <= 1.0));
///
/// // Or, in a test, of any policy:
/// proptest!(|(policy in policies())| {
///     prop_assert!(policy.compile().is_ok());
/// });
/// ```
pub fn policies() -> Policies {
    Policies(())
}

/// A strategy for policies: see [`policies`].
#[derive(Clone, Debug)]
pub struct Policies(());

impl Strategy for Policies {
    type Tree = Box<dyn ValueTree<Value = Policy>>;
    type Value = Policy;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let policy = draw(&mut Dice::of(runner)?);
        Ok(Box::new(Shrinking::new(policy)))
    }
}

fn draw(dice: &mut Dice) -> Policy {
    let mut policy = Policy {
        mesh: mesh(dice),
        services: services::draw(dice),
        gateways: clients::gateways(dice),
        sidecars: clients::sidecars(dice),
        routes: Vec::new(),
    };
    policy.routes = routes::draw(dice, &policy);
    policy
}

fn mesh(dice: &mut Dice) -> MeshSettings {
    MeshSettings {
        outbound_traffic_policy: match dice.percent(30) {
            true => OutboundTrafficPolicy::RegistryOnly,
            false => OutboundTrafficPolicy::AllowAny,
        },
        path_normalization: *dice.pick(&[
            PathNormalization::Base,
            PathNormalization::Base,
            PathNormalization::None,
            PathNormalization::MergeSlashes,
            PathNormalization::DecodeAndMergeSlashes,
        ]),
        trusted_hops: *dice.pick(&[0, 0, 1, 2]),
        ..MeshSettings::default()
    }
}

impl Shrink for Policy {
    type Value = Self;

    fn value(&self) -> Self {
        self.clone()
    }

    fn cut(&mut self, scissors: &mut Scissors) {
        cuts::cut(self, scissors);
        mend::mend(self);
    }

    fn is_sound(&self) -> bool {
        let findings = self.validate();
        !findings
            .iter()
            .any(|found| found.severity == Severity::Error)
    }
}

#[cfg(test)]
mod tests;

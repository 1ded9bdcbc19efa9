use crate::explain::Question;
use crate::policy::Policy;
use crate::testing::law::Which;
use crate::testing::law::which::MESH;
use crate::testing::{Questions, questions_for};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Questions aimed at a policy, at one match of it after the other.
#[derive(Debug)]
pub(super) struct Aims {
    all: Questions,
    /// By target.
    each: Vec<Questions>,
    stride: usize,
}

impl Aims {
    /// Through the doors, and to the hosts, that a law is about. What else it asks is put into the
    /// questions afterwards: those that then miss a rule have to be asked as well.
    pub(super) fn at(policy: &Policy, which: &Which) -> Self {
        let mut all = questions_for(policy);
        match (which.gateway.as_deref(), &which.source) {
            (Some(gateway), _) if gateway != MESH => {
                all = match which.port {
                    Some(port) => all.at_gateway(gateway, port),
                    None => all.at_any_port_of(gateway),
                };
            }
            // Clients that have more labels than a law asks for are among those it is about.
            (_, Some(source)) if source.namespace.is_some() || !source.labels.is_empty() => {
                all = all.asked_by_those_like(source);
            }
            (_, Some(source)) => all = all.with_source(source.clone()),
            (Some(_), None) => all = all.in_mesh(),
            (None, None) => {}
        }
        if let Some(host) = which.host.as_ref().filter(|host| !host.is_wildcard()) {
            all = all.with_host(&host.to_string());
        }
        let each = (0..all.targets()).map(|target| all.at_target(target));
        Self {
            each: each.collect(),
            stride: stride(all.targets()),
            all,
        }
    }

    /// How many turns it takes until it was each target's.
    pub(super) fn targets(&self) -> usize {
        self.each.len()
    }

    /// One for the target whose turn it is.
    pub(super) fn draw(&self, turn: usize, runner: &mut TestRunner) -> Option<Question> {
        let aimed = match self.each.len() {
            0 => &self.all,
            targets => &self.each[turn * self.stride % targets],
        };
        // Before anything is drawn that misses it by little, each is hit.
        let tree = match turn < self.each.len() {
            true => aimed.clone().hitting().new_tree(runner),
            false => aimed.new_tree(runner),
        };
        Some(tree.ok()?.current())
    }
}

/// By how many targets each turn goes on: so far that few turns come to every part of a policy, and
/// so that all turns come to all targets.
fn stride(targets: usize) -> usize {
    let from = (targets as f64 * 0.618).ceil() as usize;
    let mut strides = from..;
    let is_coprime = |stride: &usize| gcd(*stride, targets) == 1;
    strides.find(is_coprime).unwrap_or(1)
}

fn gcd(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        b => gcd(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_target_has_its_turn() {
        for targets in 1..300 {
            let stride = stride(targets);
            let turns: BTreeSet<_> = (0..targets).map(|turn| turn * stride % targets).collect();
            assert_eq!(turns.len(), targets);
        }
        // The first few are far from each other.
        let stride = stride(100);
        let mut few: Vec<_> = (0..10).map(|turn| turn * stride % 100).collect();
        few.sort_unstable();
        assert!(
            few.windows(2)
                .all(|two| (4..=20).contains(&(two[1] - two[0]))),
            "{few:?}"
        );
    }
}

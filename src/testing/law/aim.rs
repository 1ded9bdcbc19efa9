use crate::explain::Question;
use crate::policy::Policy;
use crate::testing::law::Which;
use crate::testing::{Questions, questions_for};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Questions aimed at a policy, at one match of it after the other.
#[derive(Debug)]
pub(super) struct Aims {
    all: Questions,
    /// By target.
    each: Vec<Questions>,
}

impl Aims {
    /// Through the doors, and to the hosts, that a law is about. What else it asks is put into the
    /// questions afterwards: those that then miss a rule have to be asked as well.
    pub(super) fn at(policy: &Policy, which: &Which) -> Self {
        let mut all = questions_for(policy);
        match (&which.gateway, &which.source) {
            (Some(gateway), _) => {
                let listeners = { policy.gateways.get(gateway).into_iter() }
                    .flat_map(|gateway| &gateway.listeners);
                let lowest = listeners.map(|listener| listener.port).min();
                all = all.at_gateway(gateway, which.port.or(lowest).unwrap_or(80));
            }
            (None, Some(source)) => all = all.with_source(source.clone()),
            (None, None) => {}
        }
        if let Some(host) = which.host.as_ref().filter(|host| !host.is_wildcard()) {
            all = all.with_host(&host.to_string());
        }
        let each = (0..all.targets()).map(|target| all.at_target(target));
        Self {
            each: each.collect(),
            all,
        }
    }

    /// One for the target whose turn it is.
    pub(super) fn draw(&self, turn: usize, runner: &mut TestRunner) -> Option<Question> {
        let aimed = match self.each.len() {
            0 => &self.all,
            targets => &self.each[turn % targets],
        };
        Some(aimed.new_tree(runner).ok()?.current())
    }
}

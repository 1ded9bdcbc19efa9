use crate::explain::Question;
use crate::policy::Policy;
use crate::testing::{Requests, requests_for};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Questions aimed at a policy, at one part of it after the other.
#[derive(Debug)]
pub(super) struct Aims {
    requests: Requests,
}

impl Aims {
    pub(super) fn at(policy: &Policy) -> Self {
        Self {
            requests: requests_for(policy),
        }
    }

    pub(super) fn draw(&mut self, _turn: usize, runner: &mut TestRunner) -> Option<Question> {
        let request = self.requests.new_tree(runner).ok()?.current();
        Some(Question::of(&request))
    }
}

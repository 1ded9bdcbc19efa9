//! How much of a policy is reached by questions that are aimed at it.

use crate::explain::{self, Question};
use crate::plan::Plan;
use crate::testing::strategy::tests::oracle::{self, Place};
use crate::testing::strategy::{policies, questions_for};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// The rule that takes a question.
pub(super) fn taker(plan: &Plan, question: &Question) -> Option<(usize, usize)> {
    place(plan, question).map(rule)
}

/// The match that takes a question.
fn place(plan: &Plan, question: &Question) -> Option<Place> {
    let asking = explain::asking(plan, question).unwrap().ok()?;
    let decided = explain::decide(&asking.plan, asking.entry, asking.request, None);
    let taken = decided.taken(&asking.plan, asking.entry)?;
    Some((taken.route, taken.rule, taken.matching))
}

fn rule((route, rule, _): Place) -> (usize, usize) {
    (route, rule)
}

fn rules(places: &BTreeSet<Place>) -> BTreeSet<(usize, usize)> {
    places.iter().copied().map(rule).collect()
}

/// Measured: in these 100 policies 606 of 795 rules can be reached, and all of them are, in every
/// policy; and 975 of 976 matches.
///
/// In 1,000 policies it is 5,645 of 7,549 rules, all of them reached in every policy, and 9,087 of
/// 9,096 matches.
#[test]
fn nearly_every_rule_that_can_be_reached_is_reached() {
    let mut runner = TestRunner::deterministic();
    let (mut all, mut reachable, mut reached) = (0, 0, 0);
    let (mut matches, mut matched) = (0, 0);
    let (mut whole, mut unforeseen) = (0, 0);
    for number in 0..POLICIES {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let plan = policy.compile().unwrap();
        let questions = questions_for(&policy);
        let found: BTreeSet<Place> = (0..CASES)
            .map(|_| questions.new_tree(&mut runner).unwrap().current())
            .filter_map(|question| place(&plan, &question))
            .collect();
        let can_be = oracle::reachable(&policy);
        // What the search by vocabulary has not found, but a draw has.
        unforeseen += found.difference(&can_be).count();
        matches += can_be.union(&found).count();
        matched += found.len();
        let (can_be, found) = (rules(&can_be), rules(&found));
        let missed: Vec<_> = can_be.difference(&found).collect();
        if !missed.is_empty() {
            println!("policy {number}: {missed:?} of {can_be:?} not reached");
        }
        all += policy
            .routes
            .iter()
            .map(|route| route.rules.len())
            .sum::<usize>();
        reachable += can_be.union(&found).count();
        reached += found.len();
        whole += usize::from(missed.is_empty());
    }
    println!("{all} rules in {POLICIES} policies, of which {reachable} can be reached");
    println!("{reached} were within {CASES} questions; all of them in {whole} policies");
    println!("{matched} of {matches} matches; {unforeseen} that only drawing has found");
    assert!(whole * 100 >= POLICIES * 99, "only {whole} policies");
    // Or the search that the draws are held against is not wide enough to be one.
    assert!(unforeseen * 100 <= matches, "{unforeseen}");
}

const POLICIES: usize = 100;
const CASES: usize = 500;

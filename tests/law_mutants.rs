//! Laws made of what policies say hold for them, and break when the policies are edited.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::{Destination, Match, PathMatch, Policy, Rule};
use tower_mesh::testing::law::{Bounds, Claim, Fate, Verdict, Which};
use tower_mesh::testing::{Subject, Target, policies, questions_for};

/// Questions that a policy has something to say about.
fn questions(policy: &Policy, count: usize) -> Vec<Question> {
    let (strategy, mut runner) = (questions_for(policy), TestRunner::deterministic());
    let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(draw).collect()
}

/// The requests that have all that this one has.
fn like(question: &Question) -> Which {
    let mut which = Which::default();
    which.host = question.authority.parse().ok();
    which.method = question
        .method
        .as_deref()
        .map(|method| method.parse().unwrap());
    which.path = Some(question.path.parse().unwrap());
    // A header `host` would be the authority.
    let headers = question.headers.iter().filter(|header| header.0 != "host");
    which.headers = headers
        .map(|(name, value)| (name.parse().unwrap(), value.clone()))
        .collect();
    which.source.clone_from(&question.source);
    which.gateway = question.gateway.clone().or_else(|| Some("mesh".to_owned()));
    which.port = question.port;
    which
}

/// Each destination, as laws name it, with its whole share.
fn reached(answer: &Answer) -> BTreeMap<Target, f64> {
    let mut reached = BTreeMap::new();
    for backend in answer.backends() {
        let Some(service) = backend.service() else {
            continue;
        };
        let namespace = backend.namespace.as_deref();
        let namespace = namespace
            .map(|namespace| format!(".{namespace}"))
            .unwrap_or_default();
        let port = backend
            .port
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let subset = backend
            .subset()
            .map(|subset| format!("/{subset}"))
            .unwrap_or_default();
        // Whoever lets strangers through is told what they address, even if it is no host.
        if let Ok(target) = format!("{service}{namespace}{port}{subset}").parse() {
            *reached.entry(target).or_default() += backend.share();
        }
    }
    reached
}

/// Checks a law about the requests that are exactly like this one. `None`: the policy does not know
/// what it speaks of, or nothing was drawn that is no more than that.
fn check(subject: &Subject, question: &Question, claim: Claim) -> Option<Verdict> {
    let whole = whole(question);
    let requests = subject.requests().which(like(question));
    let requests = requests.except_if(|one| self::whole(one) != whole);
    let verdict = requests.check(claim).ok()?;
    (verdict.exercised > 0).then_some(verdict)
}

/// The question with all that is the same to it written out.
fn whole(question: &Question) -> Question {
    let mut whole = question.clone();
    whole.method.get_or_insert_with(|| "GET".to_owned());
    whole.scheme.get_or_insert_with(|| "http".to_owned());
    whole.headers.retain(|header| header.0 != "host");
    whole.headers.sort();
    whole
}

/// What could become of a policy overnight.
#[derive(Clone, Copy, Debug)]
enum Edit {
    SwapDestination,
    WidenPath,
    DropHeader,
    ChangeWeight,
    RemoveRule,
}

const EDITS: [Edit; 5] = [
    Edit::SwapDestination,
    Edit::WidenPath,
    Edit::DropHeader,
    Edit::ChangeWeight,
    Edit::RemoveRule,
];

impl Edit {
    /// Edits one of the rules, if there is one that can be edited so.
    fn apply(self, policy: &mut Policy, at: Index) -> bool {
        let others: Vec<String> = policy.services.keys().cloned().collect();
        if let Self::RemoveRule = self {
            let mut routes: Vec<_> = { policy.routes.iter_mut() }
                .filter(|route| route.rules.len() > 1)
                .collect();
            if routes.is_empty() {
                return false;
            }
            let chosen = at.index(routes.len());
            let rules = &mut routes[chosen].rules;
            rules.remove(at.index(rules.len()));
            return true;
        }
        let rules = policy.routes.iter_mut().flat_map(|route| &mut route.rules);
        let mut rules: Vec<_> = rules.filter(|rule| self.fits(rule)).collect();
        if rules.is_empty() {
            return false;
        }
        let chosen = at.index(rules.len());
        let rule = &mut *rules[chosen];
        match self {
            Self::SwapDestination => {
                let other = others.iter().find(|other| **other != rule.to[0].service);
                let Some(other) = other else {
                    return false;
                };
                rule.to[0] = Destination::new(other.clone()).weight(rule.to[0].weight.max(1));
            }
            Self::WidenPath => {
                let matches = &mut rule.matches;
                matches
                    .iter_mut()
                    .filter(|matching| is_narrow(matching))
                    .for_each(|matching| matching.path = None);
            }
            Self::DropHeader => rule
                .matches
                .iter_mut()
                .for_each(|matching| matching.headers.clear()),
            Self::ChangeWeight => rule.to[0].weight = rule.to[0].weight * 3 + 7,
            Self::RemoveRule => {}
        }
        true
    }

    fn fits(self, rule: &Rule) -> bool {
        match self {
            Self::SwapDestination => !rule.to.is_empty(),
            Self::WidenPath => rule.matches.iter().any(is_narrow),
            Self::DropHeader => rule
                .matches
                .iter()
                .any(|matching| !matching.headers.is_empty()),
            Self::ChangeWeight => rule.to.len() > 1,
            Self::RemoveRule => true,
        }
    }
}

fn is_narrow(matching: &Match) -> bool {
    let path = &matching.path;
    matches!(
        path,
        Some(PathMatch::Prefix(_) | PathMatch::Exact(_) | PathMatch::StartsWith(_))
    )
}

/// Runs a test for so many policies that shrink.
fn for_each<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> TestCaseResult) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    if let Err(error) = TestRunner::new_with_rng(config, rng).run(&strategy, test) {
        panic!("{error}");
    }
}

#[test]
fn what_a_policy_says_itself_holds_for_it() {
    let held = Cell::new(0);
    for_each(24, policies(), |policy| {
        let subject = Subject::new(&policy).unwrap();
        for question in questions(&policy, 4) {
            let answer = subject.answer(&question).unwrap();
            let reached = reached(&answer);
            // What the policy does not know is no concern of a law.
            let claim = Claim::Only(reached.into_keys().collect());
            if let Some(verdict) = check(&subject, &question, claim) {
                prop_assert!(verdict.holds(), "{}", verdict);
                held.set(held.get() + 1);
            }
        }
        let agrees = subject.requests().compare(&subject);
        prop_assert!(agrees.witness().is_none(), "{}", agrees);
        prop_assert!(agrees.holds() || policy.routes.is_empty(), "{}", agrees);
        Ok(())
    });
    assert!(held.get() > 30, "only {} laws held", held.get());
}

#[test]
fn an_edit_that_changes_what_is_said_breaks_the_laws() {
    let found = RefCell::new(BTreeMap::<_, u32>::new());
    let count = |what: String| *found.borrow_mut().entry(what).or_default() += 1;
    let edits = prop::sample::select(EDITS.to_vec());
    for_each(
        64,
        (policies(), edits, any::<Index>()),
        |(policy, edit, at)| {
            let mut edited = policy.clone();
            prop_assume!(edit.apply(&mut edited, at) && edited.compile().is_ok());
            let (old, new) = (
                Subject::new(&policy).unwrap(),
                Subject::new(&edited).unwrap(),
            );
            let is_other = |question: &Question| {
                let was = old.answer(question).unwrap();
                !was.changes(&new.answer(question).unwrap()).is_empty()
            };
            let verdict = new.requests().compare(&old);
            match verdict.witness() {
                Some(witness) => {
                    prop_assert!(is_other(&witness.question), "{}", verdict);
                    count(format!("{edit:?}"));
                }
                None => {
                    // Whoever looks longer finds next to nothing, either.
                    let mut drawn = questions(&policy, 300);
                    drawn.extend(questions(&edited, 300));
                    drawn.retain(is_other);
                    prop_assert!(drawn.len() <= 2, "{:?} is missed: {:?}", edit, drawn);
                }
            }
            for question in questions(&policy, 100)
                .iter()
                .filter(|one| is_other(one))
                .take(4)
            {
                let (was, is) = (old.answer(question).unwrap(), new.answer(question).unwrap());
                for claim in no_longer(&was, &is) {
                    let kind = claim.to_string();
                    // What the policy does not know is no concern of a law.
                    if let Some(verdict) = check(&new, question, claim) {
                        prop_assert!(matches!(verdict.fate, Fate::Broken(_)), "{}", verdict);
                        let kind = kind.split(' ').next().unwrap_or_default();
                        count(kind.to_owned());
                    }
                }
            }
            Ok(())
        },
    );
    let found = found.into_inner();
    for what in EDITS
        .map(|edit| format!("{edit:?}"))
        .iter()
        .map(String::as_str)
        .chain(["only", "have", "go"])
    {
        assert!(
            found.get(what).is_some_and(|times| *times > 2),
            "{what} in {found:?}"
        );
    }
}

/// What was so of a request, and is no more.
fn no_longer(was: &Answer, is: &Answer) -> Vec<Claim> {
    let (before, now) = (reached(was), reached(is));
    let mut claims = Vec::new();
    let is_new = |target: &Target| !before.keys().any(|other| covers(other, target));
    if !before.is_empty() && now.keys().any(is_new) {
        claims.push(Claim::Only(before.keys().cloned().collect()));
    }
    if was.forwards() && !is.forwards() {
        claims.push(Claim::Forwards);
    }
    for (target, share) in before.iter().filter(|_| now.len() > 1) {
        let sum = |all: &BTreeMap<Target, f64>| {
            let taken = all.iter().filter(|(other, _)| covers(target, other));
            taken.map(|(_, share)| share).sum::<f64>()
        };
        if now.contains_key(target) && (sum(&before) - sum(&now)).abs() > 1e-6 {
            let share = if target.subset().is_none() {
                sum(&before)
            } else {
                *share
            };
            let of = target.clone();
            claims.push(Claim::Share(Bounds {
                of,
                from: share,
                to: share,
            }));
        }
    }
    claims
}

/// Says whether what reaches the one has reached the other as well.
fn covers(wide: &Target, narrow: &Target) -> bool {
    (wide.service(), wide.port()) == (narrow.service(), narrow.port())
        && (wide.subset().is_none() || wide.subset() == narrow.subset())
}

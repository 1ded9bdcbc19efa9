//! What requests and questions become where a test fails for them.

use crate::explain::Question;
use crate::route::Asked;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::tests::{policy, reach};
use crate::testing::strategy::{policies, questions_for, requests, requests_for};
use http::Request;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// Keeps some cuts and takes others back.
fn each_step<T>(
    tree: &mut impl ValueTree<Value = T>,
    dice: &mut Dice,
    mut see: impl FnMut(T),
) -> usize {
    let mut steps = 0;
    while tree.simplify() {
        loop {
            steps += 1;
            see(tree.current());
            if dice.percent(40) || !tree.complicate() {
                break;
            }
        }
    }
    steps
}

#[test]
fn requests_shrink_to_requests() {
    let mut runner = TestRunner::deterministic();
    let mut dice = Dice::seeded(3);
    let mut steps = 0;
    let fixed = requests_for(&policy())
        .with_header("x-one", "1")
        .with_path("/fixed?a=b");
    for _ in 0..200 {
        let mut tree = requests_for(&policy()).new_tree(&mut runner).unwrap();
        steps += each_step(&mut tree, &mut dice, |request| {
            assert!(Asked::is_addressed(&request));
            assert!(request.uri().path().starts_with('/'));
            assert!(Request::try_from(&Question::of(&request)).is_ok());
        });
        let mut tree = fixed.new_tree(&mut runner).unwrap();
        steps += each_step(&mut tree, &mut dice, |request| {
            assert_eq!(request.headers()["x-one"], "1");
            assert_eq!(request.uri().path_and_query().unwrap(), "/fixed?a=b");
        });
        let mut tree = requests().new_tree(&mut runner).unwrap();
        steps += each_step(&mut tree, &mut dice, |request| {
            assert!(request.uri().path().starts_with(['/', '*']));
        });
    }
    assert!(steps > 2_000, "only {steps} steps");
}

#[test]
fn questions_shrink_to_questions() {
    let mut runner = TestRunner::deterministic();
    let mut dice = Dice::seeded(4);
    let mut steps = 0;
    for _ in 0..20 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let plan = policy.compile().unwrap();
        let questions = questions_for(&policy);
        for _ in 0..10 {
            let mut tree = questions.new_tree(&mut runner).unwrap();
            steps += each_step(&mut tree, &mut dice, |question| {
                plan.answer(&question).unwrap();
            });
        }
    }
    assert!(steps > 1_000, "only {steps} steps");
}

/// The smallest that fails.
fn least<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
    let config = Config {
        failure_persistence: None,
        cases: 2_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let found = runner.run(strategy, |value| match fails(&value) {
        true => Err(TestCaseError::fail("as it should")),
        false => Ok(()),
    });
    match found {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_shrink_to_what_is_wrong_with_them() {
    let is_put = |request: &Request<()>| request.method() == "PUT";
    let least_put = least(&requests_for(&policy()), is_put);
    assert_eq!(least_put.uri().path_and_query().unwrap(), "/");
    assert!(least_put.headers().is_empty(), "{least_put:?}");

    let has_two = |request: &Request<()>| request.headers().get("x-two").is_some();
    let least_two = least(&requests_for(&policy()), has_two);
    assert_eq!(
        (least_two.method().as_str(), least_two.uri().query()),
        ("GET", None)
    );
    assert_eq!(least_two.headers().len(), 1);
    assert_eq!(least_two.headers()["x-two"], "");

    let is_deep = |request: &Request<()>| request.uri().path().contains("//");
    let least_deep = least(&requests(), is_deep);
    assert_eq!(least_deep.uri().path(), "//");
}

#[test]
fn questions_shrink_to_the_rule_that_takes_them() {
    let mut runner = TestRunner::deterministic();
    let policy = policies().new_tree(&mut runner).unwrap().current();
    let plan = policy.compile().unwrap();
    let question = least(&questions_for(&policy), |question| {
        reach::taker(&plan, question).is_some()
    });
    assert!(reach::taker(&plan, &question).is_some());
    assert!(
        question.headers.len() <= 2 && question.path.len() <= 8,
        "{question:?}"
    );
}

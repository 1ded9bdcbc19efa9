mod any;
mod meant;
mod oracle;
mod questions;
mod reach;
mod shrinking;

use super::*;
use crate::policy::{
    Destination, Key, Limit, Match, PathMatch, Pattern, Policy, Rate, Route, Rule, Service,
    TextMatch, ValueMatch,
};
use crate::route::{Asked, Matcher};
use http::{Method, Request};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

fn policy() -> Policy {
    let to = || Rule::to([Destination::new("a")]);
    let exact = ValueMatch::exact;
    let regex = |text: &str| text.parse::<Pattern>().unwrap();
    let both = Match::prefix("/deep/path")
        .method(Method::PUT)
        .header("x-one", exact("1"))
        .header("x-two", ValueMatch::Prefix("v".into()))
        .query("page", ValueMatch::Regex(regex("[0-9]+")));
    let route = Route::new("a", ["*.shop.example:81".parse().unwrap()])
        .rule(to().when(both))
        .rule(to().when(Match::path(PathMatch::Regex(regex(r"/v\d+/.*")))))
        .rule(to().when(Match::default().header("x-odd", exact("a\nb"))))
        .rule(to().limit(Limit::new(Rate::per_second(1)).keyed_by(Key::header("x-user"))));
    Policy {
        services: [("a".to_owned(), Service::default())].into(),
        routes: vec![route],
        ..Policy::default()
    }
}

fn draws(strategy: &Requests, count: usize) -> Vec<Request<()>> {
    let mut runner = TestRunner::deterministic();
    let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(draw).collect()
}

#[test]
fn every_rule_and_every_service_is_hit_that_can_be() {
    let plan = crate::Plan::lenient(&policy(), &crate::policy::Workload::default(), None);
    let answers = draws(&requests_for(&policy()), 500)
        .iter()
        .map(|request| plan.decide(request))
        .map(|answer| (answer.route, answer.rule, answer.status))
        .collect::<BTreeSet<_>>();
    let of = |rule: &str| (Some("a".into()), Some(rule.into()), None);
    // The service without a route, and strangers.
    for expected in [of("0"), of("1"), of("3"), (None, None, None)] {
        assert!(answers.contains(&expected), "{expected:?} in {answers:?}");
    }
    let odd = of("2");
    assert!(!answers.contains(&odd), "no request has such a header");
}

#[test]
fn matches_of_every_kind_are_hit_and_missed() {
    let exact = TextMatch::exact;
    let mut without = Match::default().header("x-rule", ValueMatch::exact("without"));
    let unwanted = [("x-a", ValueMatch::exact("1")), ("x-b", ValueMatch::Absent)];
    without.without_headers = unwanted
        .map(|(name, value)| (name.parse().unwrap(), value))
        .into();
    let matches = [
        Match {
            scheme: Some(exact("https")),
            ..Match::default()
        },
        Match {
            authority: Some(exact("a.example:81")),
            ..Match::default()
        },
        without,
        Match {
            ignore_path_case: true,
            ..Match::path(PathMatch::StartsWith("/Start".into()))
        },
    ];
    for matching in matches {
        let matcher = Matcher::compile(&matching);
        let to = || Rule::to([Destination::new("a")]);
        let route = Route::new("a", ["*.example".parse().unwrap()]).rule(to().when(matching));
        let policy = Policy {
            routes: vec![route],
            ..Policy::default()
        };
        let drawn = draws(&requests_for(&policy), 200);
        let hit = drawn
            .iter()
            .filter(|request| matcher.takes(&Asked::of(request)));
        let hit = hit.count();
        assert!((60..195).contains(&hit), "{hit} of {matcher:?}");
    }
}

#[test]
fn what_is_fixed_wins() {
    let strategy = requests_for(&policy())
        .with_header("x-one", "1")
        .with_header("X-Two", "2")
        .with_host("b:8080")
        .with_method(Method::PATCH)
        .with_path("/fixed");
    for request in draws(&strategy, 100) {
        let asked = Asked::of(&request);
        assert_eq!(
            (asked.host(), asked.port(), asked.path),
            ("b", 8080, "/fixed")
        );
        assert_eq!(request.method(), Method::PATCH);
        let one: Vec<_> = request.headers().get_all("x-one").iter().collect();
        assert_eq!(one, ["1"]);
        assert_eq!(request.headers()["x-two"], "2");
    }
    let strategy = requests().with_path("/a?b=c");
    let uri = draws(&strategy, 1).remove(0).into_parts().0.uri;
    assert_eq!(uri.path_and_query().unwrap(), "/a?b=c");
}

#[test]
#[should_panic(expected = "`a b`: ")]
fn what_can_be_no_header_is_refused() {
    let _ = requests().with_header("a b", "1");
}

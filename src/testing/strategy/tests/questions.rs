use crate::explain::{Asker, Outcome, Question};
use crate::policy::{Policy, Workload};
use crate::testing::strategy::tests::reach::taker;
use crate::testing::strategy::{Questions, policies, questions_for, requests_for};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

fn draws(strategy: &Questions, count: usize) -> Vec<Question> {
    let mut runner = TestRunner::deterministic();
    let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(draw).collect()
}

/// Rules behind every kind of door.
fn policy() -> Policy {
    use crate::policy::{
        Clients, Destination, Door, Gateway, Listener, ListenerProtocol, Match, Route, Rule,
        Service, Sidecar,
    };
    let to = || Rule::to([Destination::new("a")]);
    let listener = |name: &str, port, protocol, https_redirect| Listener {
        name: name.to_owned(),
        port,
        protocol,
        hosts: vec!["*.example.com".parse().unwrap()],
        https_redirect,
    };
    let gateway = Gateway {
        listeners: vec![
            listener("http", 80, ListenerProtocol::Http, true),
            listener("https", 443, ListenerProtocol::Https, false),
            listener("other", 8080, ListenerProtocol::Http, false),
        ],
        ..Gateway::default()
    };
    let from = |namespace: &str, label: &str| Clients {
        namespaces: vec![namespace.to_owned()],
        labels: [("app".to_owned(), label.to_owned())].into(),
    };
    let matching = |from, port, gateways| Match {
        from,
        port,
        gateways,
        ..Match::default()
    };
    let mut route = Route::new("doors", ["shop.example.com".parse().unwrap()])
        .rule(to().when(matching(from("prod", "web"), None, vec![])))
        .rule(to().when(matching(Clients::default(), Some(443), vec![])))
        .rule(to().when(matching(
            Clients::default(),
            None,
            vec![Door::listener("edge", "other")],
        )))
        .rule(to());
    route.gateways = vec![Door::Mesh, Door::gateway("edge")];
    let mut hidden = Route::new("hidden", ["hidden".parse().unwrap()]).rule(to());
    hidden.visible_to = Some(vec!["shop".to_owned()]);
    let sidecar = Sidecar {
        name: "few".to_owned(),
        from: Clients {
            namespaces: vec!["small".to_owned()],
            ..Clients::default()
        },
        hosts: vec!["*/none".to_owned()],
        outbound_traffic_policy: Some(crate::policy::OutboundTrafficPolicy::RegistryOnly),
    };
    Policy {
        services: [("a".to_owned(), Service::default())].into(),
        routes: vec![route, hidden],
        gateways: [("edge".to_owned(), gateway)].into(),
        sidecars: vec![sidecar],
        ..Policy::default()
    }
}

#[test]
fn every_door_is_come_through() {
    let policy = policy();
    let plan = policy.compile().unwrap();
    let questions = questions_for(&policy);
    let drawn = draws(&questions, 500);
    let taken: BTreeSet<_> = drawn
        .iter()
        .filter_map(|question| taker(&plan, question))
        .collect();
    assert_eq!(taken, [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)].into());
    let is = |outcome: Outcome, gateway: bool| {
        let drawn = drawn
            .iter()
            .filter(|question| question.gateway.is_some() == gateway);
        drawn
            .filter(|question| plan.answer(question).unwrap().outcome == outcome)
            .count()
    };
    // The listener that leads to HTTPS, and who knows next to nothing.
    assert!(is(Outcome::Redirect, true) > 10);
    assert!(is(Outcome::NoRoute, false) > 5);
    let ip = drawn.iter().filter(|question| {
        let source = question.source.as_ref();
        source.is_some_and(|source| source.ip.is_some())
    });
    assert!(ip.count() > 50);
}

#[test]
fn doors_and_clients_can_be_fixed() {
    let policy = policy();
    let questions = || questions_for(&policy);
    for question in draws(&questions().at_gateway("edge", 443), 100) {
        assert_eq!(question.gateway.as_deref(), Some("edge"));
        assert_eq!(question.port, Some(443));
    }
    // Even where nobody listens.
    for question in draws(&questions().at_gateway("back", 1), 20) {
        assert_eq!(
            (question.gateway.as_deref(), question.port),
            (Some("back"), Some(1))
        );
    }
    let of = |question: &Question| question.source.clone().unwrap_or_default();
    let drawn = draws(&questions().from_namespace("prod"), 200);
    let labels: BTreeSet<_> = drawn.iter().map(|question| of(question).labels).collect();
    assert!(drawn.iter().all(|question| question.gateway.is_none()));
    assert!(
        drawn
            .iter()
            .all(|question| of(question).namespace.as_deref() == Some("prod"))
    );
    assert!(labels.len() > 1, "{labels:?}");
    assert!(
        draws(&questions().in_mesh(), 100)
            .iter()
            .all(|question| question.gateway.is_none())
    );
    let client = Asker {
        namespace: Some("prod".to_owned()),
        labels: [("app".to_owned(), "web".to_owned())].into(),
        ip: Some([10, 9, 8, 7].into()),
    };
    let plan = policy
        .compile_for(&Workload::new("prod").label("app", "web"))
        .unwrap();
    let drawn = draws(&questions().with_source(client.clone()), 100);
    assert!(
        drawn
            .iter()
            .all(|question| question.source.as_ref() == Some(&client))
    );
    assert!(
        drawn
            .iter()
            .filter(|question| taker(&plan, question) == Some((0, 0)))
            .count()
            > 20
    );
    let address = Asker {
        ip: client.ip,
        ..Asker::default()
    };
    let drawn = draws(&questions().with_source(address.clone()), 200);
    assert!(
        drawn
            .iter()
            .all(|question| question.source.as_ref() == Some(&address))
    );
    assert!(drawn.iter().any(|question| question.gateway.is_some()));
}

#[test]
fn what_is_fixed_stays_and_leaves_fewer_targets() {
    let questions = questions_for(&policy());
    let fixed = questions
        .clone()
        .with_host("hidden")
        .with_header("x-a", "1")
        .with_path("/p");
    assert!(fixed.targets() < questions.targets() && fixed.targets() > 0);
    for question in draws(&fixed, 100) {
        assert_eq!(
            (&*question.authority, question.path.split('?').next()),
            ("hidden", Some("/p"))
        );
        let lines = question.headers.iter().filter(|(name, _)| name == "x-a");
        assert_eq!(lines.map(|(_, value)| &**value).collect::<Vec<_>>(), ["1"]);
    }
}

#[test]
fn going_round_the_targets_comes_to_every_rule() {
    let policy = policy();
    let plan = policy.compile().unwrap();
    let questions = questions_for(&policy);
    let mut runner = TestRunner::deterministic();
    let mut taken = BTreeSet::new();
    for target in 0..questions.targets() {
        let questions = questions.at_target(target);
        for _ in 0..8 {
            let question = questions.new_tree(&mut runner).unwrap().current();
            taken.extend(taker(&plan, &question));
        }
    }
    assert_eq!(taken.len(), 5, "{taken:?}");
}

#[test]
#[should_panic(expected = "there are 0 targets, and none is number 0")]
fn there_are_not_more_targets_than_there_are() {
    let _ = questions_for(&Policy::default()).at_target(0);
}

/// What was drawn before, by this strategy or another, makes no difference.
#[test]
fn a_seed_gives_the_same_again() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..10 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let used = questions_for(&policy);
        let first = draws(&used, 100);
        assert_eq!(draws(&used, 100), first);
        let mut second = TestRunner::deterministic();
        let fresh = questions_for(&policy);
        for (number, question) in first.iter().enumerate() {
            // Each from a strategy that has drawn nothing yet, now and then.
            let strategy = match number % 25 {
                0 => questions_for(&policy),
                _ => fresh.clone(),
            };
            assert_eq!(strategy.new_tree(&mut second).unwrap().current(), *question);
        }
    }
}

#[test]
fn requests_go_to_gateways_where_the_client_comes_to_no_route() {
    let mut policy = policy();
    policy.routes.truncate(1);
    policy.routes[0].gateways = vec![crate::policy::Door::gateway("edge")];
    let mut runner = TestRunner::deterministic();
    let strategy = requests_for(&policy);
    let count = (0..100)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .filter(|request| request.uri().host() == Some("shop.example.com"))
        .count();
    assert!(count > 30, "{count}");
}

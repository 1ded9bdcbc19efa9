//! Routing finds with its index what asking one match after the other finds.
//!
//! The oracle is a plain scan over the policy's own types, written from the words of the semantics.

mod oracle;
mod tables;

use oracle::Asks;
use proptest::prelude::*;
use proptest::sample::select;
use tables::{AUTHORITIES, asks, hosts, matching};
use tower_mesh::policy::{
    Host, Match, PathMatch, PathNormalization, Policy, Precedence, Respond, Route, Rule, TextMatch,
    ValueMatch,
};
use tower_mesh::route::{Asked, Found, Rules, Table};

fn rules(matches: &[Match]) -> Rules {
    let mut rules = Rules::default();
    for (number, matching) in (0..).zip(matches) {
        rules.add(std::slice::from_ref(matching), number);
    }
    rules
}

fn table(matches: &[Match]) -> Table {
    let mut table = Table::default();
    table.add(&["*".parse().unwrap()], rules(matches));
    table
}

fn found(table: &Table, asks: &Asks) -> Option<u32> {
    match table.find(&Asked::of(&asks.request())) {
        Found::Rule { rule, .. } => Some(rule),
        Found::NoRule | Found::NoHost => None,
    }
}

fn wanted(matches: &[Match], asks: &Asks) -> Option<u32> {
    let mut matches = matches.iter();
    let first = matches.position(|matching| oracle::takes(matching, asks));
    first.map(|first| first as u32)
}

const A: &[&str] = &["a.test", "a.test:81", "A.test", "b"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_first_match_that_takes_a_request_is_found(
        matches in prop::collection::vec(matching(), 0..80),
        requests in prop::collection::vec(asks(A), 24),
    ) {
        let table = table(&matches);
        for asks in requests {
            let asks = asks.to(&matches);
            prop_assert_eq!(found(&table, &asks), wanted(&matches, &asks), "{:?}", asks);
        }
    }

    /// Whichever number of matches is scanned, and however often what is there had to grow.
    #[test]
    fn it_is_found_after_each_match_that_is_added(
        matches in prop::collection::vec(matching(), 1..24),
        near in asks(A),
    ) {
        let asks = near.to(&matches);
        for upto in 1..=matches.len() {
            let some = &matches[..upto];
            prop_assert_eq!(found(&table(some), &asks), wanted(some, &asks), "{} {:?}", upto, asks);
        }
    }

    /// Many on one path, told apart by a method, by headers of which there are several lines, by
    /// parameters, or not at all.
    #[test]
    fn it_is_found_among_many_of_one_path(
        matches in prop::collection::vec(matching(), 1..100),
        path in select(&["/a", "/"][..]),
        requests in prop::collection::vec(asks(A), 24),
    ) {
        let matches: Vec<_> = matches
            .into_iter()
            .map(|matching| Match {
                path: Some(PathMatch::Prefix(path.parse().unwrap())),
                ..matching
            })
            .collect();
        let table = table(&matches);
        for asks in requests {
            let asks = asks.to(&matches);
            prop_assert_eq!(found(&table, &asks), wanted(&matches, &asks), "{:?}", asks);
        }
    }

    #[test]
    fn the_most_specific_host_leads_to_its_own_rules_alone(
        claims in prop::collection::vec((hosts(), prop::collection::vec(matching(), 0..3)), 1..6),
        requests in prop::collection::vec(asks(AUTHORITIES), 32),
    ) {
        let mut table = Table::default();
        let mut first = 0;
        let mut numbers = Vec::new();
        for (hosts, matches) in &claims {
            let mut rules = Rules::default();
            for (number, matching) in (first..).zip(matches) {
                rules.add(std::slice::from_ref(matching), number);
            }
            table.add(hosts, rules);
            numbers.push(first);
            first += matches.len() as u32;
        }
        let hosts: Vec<Vec<Host>> = claims.iter().map(|(hosts, _)| hosts.clone()).collect();
        for asks in requests {
            let asks = asks.to(&claims[0].1);
            let wanted = match oracle::route(&hosts, &asks) {
                None => Found::NoHost,
                Some(route) => match wanted(&claims[route].1, &asks) {
                    None => Found::NoRule,
                    // What a match takes of a path is for other tests.
                    Some(number) => match table.find(&Asked::of(&asks.request())) {
                        Found::Rule { rule, matched } if rule == numbers[route] + number => {
                            Found::Rule { rule, matched }
                        }
                        other => panic!("{other:?} instead of {number} of route {route}: {asks:?}"),
                    },
                },
            };
            prop_assert_eq!(table.find(&Asked::of(&asks.request())), wanted, "{:?}", asks);
        }
    }
}

proptest! {
    // Each compiles a policy.
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Through the whole plan: listed, the first in the list; specific, the most specific of all.
    #[test]
    fn a_plan_keeps_to_its_precedence(
        matches in prop::collection::vec(matching(), 1..40),
        specific in any::<bool>(),
        requests in prop::collection::vec(asks(A), 12),
    ) {
        let mut policy = Policy::default();
        policy.mesh.path_normalization = PathNormalization::None;
        let rules = matches.iter().enumerate().map(|(number, matching)| {
            let respond = Respond {
                status: 200.try_into().unwrap(),
                body: String::new(),
            };
            Rule::respond(respond)
                .named(format!("rule-{number}"))
                .when(matching.clone())
        });
        let mut route = Route::new("route", ["*".parse().unwrap()]);
        route.rules = rules.collect();
        let mut order: Vec<usize> = (0..matches.len()).collect();
        if specific {
            route.precedence = Precedence::Specific;
            order.sort_by_key(|number| std::cmp::Reverse(oracle::rank(&matches[*number])));
        }
        policy.routes.push(route);
        let plan = policy.compile().unwrap();
        for asks in requests {
            let asks = asks.to(&matches);
            let first = order.iter().find(|number| oracle::takes(&matches[**number], &asks));
            let wanted = first.map(|number| format!("rule-{number}"));
            prop_assert_eq!(plan.decide(&asks.request()).rule, wanted, "{:?}", asks);
        }
    }
}

/// Of all kinds, in thousands: texts that begin with each other, patterns, and many of one path.
fn thousands(number: usize) -> Match {
    let element = number / 8;
    let exact = |text: String| PathMatch::Exact(text.parse().unwrap());
    let prefix = |text: String| PathMatch::Prefix(text.parse().unwrap());
    let regex = |text: String| PathMatch::Regex(text.parse().unwrap());
    let any = Match::path(prefix("/any".to_owned()));
    match number % 8 {
        0 => Match::path(exact(format!("/api/r{element}/items"))),
        1 => Match::path(prefix(format!("/api/r{element}"))),
        2 => Match::path(PathMatch::StartsWith(format!("/api/r{element}"))),
        3 => Match::path(regex(format!("/re/r{element}/[a-z]+"))),
        4 => Match::path(regex(format!("/re/[^/]+/r{element}"))),
        5 => Match {
            ignore_path_case: true,
            ..Match::path(prefix(format!("/Case/R{element}")))
        },
        6 => any.header("x-a", ValueMatch::exact(element.to_string())),
        _ => Match {
            method: Some(TextMatch::exact(if element.is_multiple_of(2) {
                "GET"
            } else {
                "PUT"
            })),
            ..any.query("q", ValueMatch::exact(element.to_string()))
        },
    }
}

#[test]
fn among_thousands_the_first_is_found() {
    let matches: Vec<_> = (0..4_000).rev().map(thousands).collect();
    let table = table(&matches);
    let ends = ["", "/", "/items", "/items/", "/abc", "/r7", "x", "/items/x"];
    for (place, element) in (0..500).step_by(7).enumerate() {
        for start in ["/api/r", "/re/r", "/re/x/r", "/case/r", "/CASE/R", "/any/"] {
            let end = ends[place % ends.len()];
            let asks = Asks {
                method: ["GET", "PUT"][place % 2],
                tls: false,
                authority: "a".to_owned(),
                path: format!("{start}{element}{end}"),
                query: (place % 3 == 0).then(|| format!("q={element}&q=1")),
                headers: vec![("x-a", format!(" {element} ")), ("x-a", "5".to_owned())],
            };
            assert_eq!(found(&table, &asks), wanted(&matches, &asks), "{asks:?}");
        }
    }
}

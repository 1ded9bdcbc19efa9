//! How many matches are asked; that the right one is found, `tests/route_index` shows.

use super::*;
use crate::policy::{Match, PathMatch, TextMatch, ValueMatch};
use crate::route::Matcher;
use http::Request;

/// The number that is found, and how many matches were asked.
fn ask(matches: &[Match], request: http::request::Builder) -> (Option<u32>, usize) {
    let matchers: Vec<_> = matches.iter().map(Matcher::compile).collect();
    let index = Index::new(&matches.iter().map(Key::of).collect::<Vec<_>>());
    let request = request.body(()).unwrap();
    let asked = Asked::of(&request);
    let mut questions = 0;
    let found = index.find(&asked, |number| {
        questions += 1;
        matchers[number as usize].takes(&asked)
    });
    (found, questions)
}

fn regex(text: &str) -> Match {
    Match::path(PathMatch::Regex(text.parse().unwrap()))
}

fn thousand(matching: impl Fn(usize) -> Match) -> Vec<Match> {
    (0..1_000).map(matching).collect()
}

#[test]
fn one_of_a_thousand_paths_is_asked() {
    let exact = |number| format!("/a/{number}").parse().unwrap();
    let cases = [
        (
            thousand(|number| Match::path(PathMatch::Exact(exact(number)))),
            1,
        ),
        (thousand(|number| Match::prefix(&format!("/a/{number}"))), 1),
        // The one that begins with `/a/777/` is asked in vain.
        (
            thousand(|number| Match::path(PathMatch::StartsWith(format!("/a/{number}/")))),
            1,
        ),
        // Whatever may follow: those of 7 and 77 are asked in vain.
        (thousand(|number| regex(&format!("/a/{number}(/.*)?"))), 3),
        (thousand(|number| regex(&format!("/a/{number}"))), 1),
        (
            thousand(|number| Match {
                ignore_path_case: true,
                ..Match::prefix(&format!("/A/{number}"))
            }),
            1,
        ),
    ];
    for (matches, asked) in cases {
        let (found, questions) = ask(&matches, Request::get("http://host/a/777"));
        assert_eq!((found.unwrap_or(777), questions), (777, asked));
    }
    let deeper = thousand(|number| Match::path(PathMatch::StartsWith(format!("/{number}"))));
    // `/7`, `/77` and `/777`.
    assert_eq!(
        ask(&deeper, Request::get("http://host/777/a")),
        (Some(7), 1)
    );
    let longest_first: Vec<_> = deeper.into_iter().rev().collect();
    assert_eq!(
        ask(&longest_first, Request::get("http://host/777/a")),
        (Some(222), 3)
    );
}

#[test]
fn many_of_one_path_are_told_apart_by_what_has_to_be_equal() {
    let any = || Match::prefix("/");
    let exact = |number: usize| ValueMatch::exact(number.to_string());
    let get = || Request::get("http://host/a/777/b?user=777&user=1");
    let header = thousand(|number| any().header("x-user", exact(number)));
    let lines = get().header("x-user", "5000").header("x-user", " 777 ");
    assert_eq!(ask(&header, lines), (Some(777), 1));
    assert_eq!(ask(&header, get()), (None, 0));
    let query = thousand(|number| any().query("user", exact(number)));
    assert_eq!(ask(&query, get()), (Some(777), 1));
    let method = thousand(|number| Match {
        method: Some(TextMatch::exact(format!("M{number}"))),
        ..any()
    });
    assert_eq!(ask(&method, get().method("M777")), (Some(777), 1));
    let element = thousand(|number| regex(&format!("/[^/]+/{number}/.*")));
    assert_eq!(ask(&element, get()), (Some(777), 1));
    // By two of them, the one within the other.
    let both = thousand(|number| {
        let user = exact(number / 20);
        any()
            .header("x-user", user)
            .query("user", exact(number % 20))
    });
    let twice = Request::get("http://host/?user=7").header("x-user", "40");
    assert_eq!(ask(&both, twice), (Some(807), 1));
}

#[test]
fn what_does_not_ask_for_a_fact_is_asked_all_the_same() {
    let mut matches = thousand(|number| {
        Match::prefix("/").header("x-user", ValueMatch::exact(number.to_string()))
    });
    matches[500] = Match::prefix("/").header("x-other", ValueMatch::Present);
    let user = || Request::get("http://host/").header("x-user", "777");
    assert_eq!(ask(&matches, user()), (Some(777), 2));
    assert_eq!(ask(&matches, user().header("x-other", "1")), (Some(500), 2));
}

#[test]
fn nothing_is_found_where_nothing_was_added() {
    assert_eq!(ask(&[], Request::get("http://host/")), (None, 0));
}

use crate::policy::{Clients, Door, Header, Match, PathMatch, Pattern, TextMatch, ValueMatch};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::policies::clients;
use crate::testing::strategy::policies::words::{
    AUTHORITIES, AUTHORITY_PATTERNS, AUTHORITY_PREFIXES, METHOD_PATTERNS, METHODS, PARAMETERS,
    PATH_PATTERNS, PORTS, STARTS, VALUE_PATTERNS, VALUES, header, path, pattern, text,
};
use std::collections::BTreeMap;

/// What a rule asks for: mostly little, so that rules are in each other's way.
pub(super) fn draw(dice: &mut Dice, doors: &[Door]) -> Match {
    Match {
        path: dice.maybe(75, path_match),
        ignore_path_case: dice.percent(12),
        method: dice.maybe(18, |dice| {
            text_match(dice, METHODS, &["P", "GE"], METHOD_PATTERNS)
        }),
        scheme: dice.maybe(5, |dice| {
            text_match(dice, &["http", "https"], &["http"], &["https?", "http"])
        }),
        authority: dice.maybe(7, |dice| {
            text_match(dice, AUTHORITIES, AUTHORITY_PREFIXES, AUTHORITY_PATTERNS)
        }),
        headers: headers(dice, 25),
        without_headers: headers(dice, 10),
        query: match dice.percent(15) {
            true => { dice.some(1, 2, |dice| (text(dice, PARAMETERS), value(dice))) }
                .into_iter()
                .collect(),
            false => BTreeMap::new(),
        },
        port: dice.maybe(6, |dice| *dice.pick(PORTS)),
        from: match dice.percent(10) {
            true => clients::clients(dice),
            false => Clients::default(),
        },
        gateways: match dice.percent(8) {
            true => vec![dice.pick(doors).clone()],
            false => Vec::new(),
        },
    }
}

fn path_match(dice: &mut Dice) -> PathMatch {
    match dice.below(10) {
        0..3 => PathMatch::Exact(path(dice)),
        3..6 => PathMatch::Prefix(path(dice)),
        6..8 => PathMatch::StartsWith(text(dice, STARTS)),
        _ => PathMatch::Regex(pattern(dice, PATH_PATTERNS)),
    }
}

fn text_match(dice: &mut Dice, exact: &[&str], prefixes: &[&str], patterns: &[&str]) -> TextMatch {
    match dice.below(10) {
        0..6 => TextMatch::Exact(text(dice, exact)),
        6..8 => TextMatch::Prefix(text(dice, prefixes)),
        _ => TextMatch::Regex(pattern(dice, patterns)),
    }
}

fn headers(dice: &mut Dice, share: usize) -> BTreeMap<Header, ValueMatch> {
    if !dice.percent(share) {
        return BTreeMap::new();
    }
    let mut headers: BTreeMap<_, _> = { dice.some(1, 2, |dice| (header(dice), value(dice))) }
        .into_iter()
        .collect();
    // It is no header, but asked for as if it were one.
    if dice.percent(5) {
        let host = Header::from(http::header::HOST);
        headers.insert(host, ValueMatch::Exact(text(dice, AUTHORITIES)));
    }
    headers
}

fn value(dice: &mut Dice) -> ValueMatch {
    match dice.below(10) {
        0..4 => ValueMatch::Exact(text(dice, VALUES)),
        4 | 5 => ValueMatch::Prefix(text(dice, &["1", "o", ""])),
        6 | 7 => ValueMatch::Regex(pattern(dice, VALUE_PATTERNS)),
        8 => ValueMatch::Present,
        _ => ValueMatch::Absent,
    }
}

/// An expression for texts of the same kind as paths.
pub(super) fn segment(dice: &mut Dice) -> Pattern {
    pattern(dice, &["/(a|b)", "v([0-9]+)", "^/"])
}

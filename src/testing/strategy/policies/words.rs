//! The few words of which policies are made.

use crate::policy::{Header, Host, Path, Pattern, Percent, Span, Status};
use crate::testing::strategy::dice::Dice;
use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

pub(super) const NAMESPACES: &[&str] = &["default", "prod", "shop"];

pub(super) const LABELS: &[(&str, &str)] = &[("app", "web"), ("app", "api"), ("tier", "gold")];

/// What routes are for. Some are services, some lie below others.
pub(super) const HOSTS: &[&str] = &[
    "reviews",
    "reviews",
    "ratings",
    "details",
    "shop.example.com",
    "shop.example.com",
    "a.shop.example.com",
    "*.example.com",
    "*.shop.example.com",
    "*",
    "reviews:8080",
    "shop.example.com:8080",
    "*:8080",
    "cart.prod.svc.cluster.local",
    "cart.prod.svc.cluster.local:8080",
    "cart.prod",
    "10.0.0.9",
    "[::1]",
];

pub(super) const LISTENED: &[&str] = &[
    "*",
    "*.example.com",
    "shop.example.com",
    "*.shop.example.com",
];

pub(super) const PORTS: &[u16] = &[80, 443, 8080];

pub(super) const PATHS: &[&str] = &[
    "/", "/a", "/a", "/a/", "/a/b", "/A", "/b", "/api", "/api/v1",
];

pub(super) const STARTS: &[&str] = &["", "/", "/a", "/a/", "/ap", "/api/v", "/b"];

pub(super) const PATH_PATTERNS: &[&str] = &[
    ".*",
    "/a(/.*)?",
    "/api/v[0-9]+",
    "/[ab]",
    "(?i)/a.*",
    "/b/[^/]+",
    "/[a-z]+/b",
    "/a|/b/?",
];

pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "OPTIONS"];

pub(super) const METHOD_PATTERNS: &[&str] = &["GET|HEAD", "P.*", "[A-Z]{3}"];

pub(super) const HEADERS: &[&str] = &["x-a", "x-b", "x-user"];

pub(super) const PARAMETERS: &[&str] = &["page", "q"];

pub(super) const VALUES: &[&str] = &["1", "1", "2", "10", "one", ""];

pub(super) const VALUE_PATTERNS: &[&str] = &["[0-9]+", "1|2", ".*", "(one)?", "1.+"];

pub(super) const AUTHORITIES: &[&str] = &["reviews", "shop.example.com", "shop.example.com:8080"];

pub(super) const AUTHORITY_PREFIXES: &[&str] = &["r", "shop.", "a.", "reviews:"];

pub(super) const AUTHORITY_PATTERNS: &[&str] = &["[a-z]+", ".*\\.example\\.com(:[0-9]+)?", "r.*"];

/// One of these words, as what it stands for.
pub(super) fn word<T: FromStr<Err: Debug>>(dice: &mut Dice, words: &[&str]) -> T {
    let word: &&str = dice.pick(words);
    known(word)
}

/// What a word of ours stands for.
pub(super) fn known<T: FromStr<Err: Debug>>(word: &str) -> T {
    word.parse().expect("the words of policies are good ones")
}

pub(super) fn host(dice: &mut Dice) -> Host {
    word(dice, HOSTS)
}

pub(super) fn path(dice: &mut Dice) -> Path {
    word(dice, PATHS)
}

pub(super) fn pattern(dice: &mut Dice, patterns: &[&str]) -> Pattern {
    word(dice, patterns)
}

pub(super) fn header(dice: &mut Dice) -> Header {
    word(dice, HEADERS)
}

pub(super) fn text(dice: &mut Dice, words: &[&str]) -> String {
    (*dice.pick(words)).to_owned()
}

pub(super) fn status(dice: &mut Dice, statuses: &[u16]) -> Status {
    let status = Status::try_from(*dice.pick(statuses));
    status.expect("the statuses of policies are good ones")
}

pub(super) fn percent(dice: &mut Dice) -> Percent {
    let percent = Percent::try_from(*dice.pick(&[0.0, 0.5, 10.0, 50.0, 100.0]));
    percent.expect("the shares of policies are good ones")
}

pub(super) fn span(dice: &mut Dice, millis: &[u64]) -> Span {
    Duration::from_millis(*dice.pick(millis)).into()
}

//! Tables of matches, and requests at the boundaries of what they ask.

use crate::oracle::Asks;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tower_mesh::policy::{Host, Match, PathMatch, TextMatch, ValueMatch};

/// Patterns, each with paths that it takes and paths that it nearly takes.
const PATTERNS: &[(&str, &[&str])] = &[
    (
        "/a/[^/]+/b",
        &["/a/x/b", "/a//b", "/a/x/y/b", "/a/x/b/", "/a/x"],
    ),
    ("/a/b[0-9]+", &["/a/b1", "/a/b", "/a/b12x", "/a/b1/"]),
    (".*", &["/", "/a"]),
    ("", &["/"]),
    ("/(a|b)(/c)?", &["/a", "/b/c", "/a/c/", "/c"]),
    ("(?i)/a/B", &["/A/b", "/a/b", "/a/B/"]),
    ("(?i:/a)/b", &["/A/b", "/a/B"]),
    ("/a.*b", &["/ab", "/a/x/b", "/abx", "/ba"]),
    ("a|/b", &["/b", "/ba"]),
    ("/a|/b/c", &["/a", "/a/c", "/b/c"]),
    ("/[ab]{2,3}", &["/ab", "/abab", "/aba"]),
    ("/\\w+\\b/.*", &["/a/", "/a-/b", "/a_b/c"]),
    ("/a\\Q.*\\E", &["/a.*", "/ab"]),
    ("(/a|/b)+", &["/a/b/a", "/a/b/", "/aa"]),
    ("^/a/b$", &["/a/b", "/a/b/"]),
    ("/[^/]+/a/[^/]+", &["/x/a/y", "/x/b/y", "/x/a/"]),
    ("/[^/]+/b/[^/]+", &["/x/b/y", "/x/b"]),
    ("/[^/]*/ab/x?", &["//ab/", "/q/ab/x", "/q/ab"]),
    ("/b/(?:a|b)/[a-c]+", &["/b/a/abc", "/b/c/abc", "/b/b/"]),
];

/// Few letters, so that texts often begin with each other.
fn text() -> impl Strategy<Value = String> {
    "(/[abA]{0,3}){1,4}|/[ab]{60,70}(/a)?"
}

fn path() -> impl Strategy<Value = PathMatch> {
    prop_oneof![
        text().prop_map(|text| PathMatch::Exact(text.parse().unwrap())),
        text().prop_map(|text| PathMatch::Prefix(text.parse().unwrap())),
        "(/[ab]{0,3}){0,4}".prop_map(PathMatch::StartsWith),
        select(PATTERNS).prop_map(|(text, _)| PathMatch::Regex(text.parse().unwrap())),
    ]
}

fn value() -> impl Strategy<Value = ValueMatch> {
    prop_oneof![
        4 => "[0-3]?".prop_map(ValueMatch::Exact),
        1 => "[0-3]".prop_map(ValueMatch::Prefix),
        1 => select(&["[0-2]+", "", ".*", "0|1"][..])
            .prop_map(|text| ValueMatch::Regex(text.parse().unwrap())),
        1 => Just(ValueMatch::Present),
        1 => Just(ValueMatch::Absent),
    ]
}

fn seldom() -> impl Strategy<Value = Match> {
    let exact = |texts: &'static [&str]| select(texts).prop_map(TextMatch::exact);
    prop_oneof![
        6 => Just(Match::default()),
        1 => exact(&["http", "https"]).prop_map(|scheme| Match {
            scheme: Some(scheme),
            ..Match::default()
        }),
        1 => prop_oneof![
            exact(&["a.test", "a.test:81"]),
            Just(TextMatch::Prefix("a.".to_owned())),
            Just(TextMatch::Regex(".*:81".parse().unwrap())),
        ]
        .prop_map(|authority| Match {
            authority: Some(authority),
            ..Match::default()
        }),
        1 => (select(&["x-a", "x-b", "host"][..]), value()).prop_map(|(name, value)| {
            let mut matching = Match::default();
            matching.without_headers.insert(name.parse().unwrap(), value);
            matching
        }),
        1 => value().prop_map(|value| match value {
            ValueMatch::Exact(_) => Match::default().header("host", ValueMatch::exact("a.test")),
            value => Match::default().header("host", value),
        }),
    ]
}

fn method() -> impl Strategy<Value = TextMatch> {
    prop_oneof![
        4 => select(&["GET", "PUT", "PURGE"][..]).prop_map(TextMatch::exact),
        1 => Just(TextMatch::Prefix("P".to_owned())),
        1 => Just(TextMatch::Regex("GET|PUT".parse().unwrap())),
    ]
}

prop_compose! {
    pub(crate) fn matching()(
        path in prop::option::weighted(0.9, path()),
        ignore_path_case in prop::bool::weighted(0.2),
        method in prop::option::weighted(0.3, method()),
        a in prop::option::weighted(0.4, value()),
        b in prop::option::weighted(0.1, value()),
        query in prop::option::weighted(0.2, ("[qr]", value())),
        seldom in seldom(),
    ) -> Match {
        let mut matching = Match { path, ignore_path_case, method, ..seldom };
        for (name, value) in [("x-a", a), ("x-b", b)] {
            if let Some(value) = value {
                matching = matching.header(name, value);
            }
        }
        if let Some((name, value)) = query {
            matching = matching.query(name, value);
        }
        matching
    }
}

/// The texts about which a match decides.
fn near(matching: &Match) -> Vec<String> {
    match &matching.path {
        None => vec!["/".to_owned()],
        Some(PathMatch::Exact(path) | PathMatch::Prefix(path)) => vec![path.as_str().to_owned()],
        Some(PathMatch::StartsWith(text)) if text.is_empty() => vec!["/".to_owned()],
        Some(PathMatch::StartsWith(text)) => vec![text.clone()],
        Some(PathMatch::Regex(pattern)) => {
            let mut known = PATTERNS
                .iter()
                .filter(|(text, _)| *text == pattern.as_str());
            let paths = known.next().map_or(&["/"][..], |(_, paths)| paths);
            paths.iter().map(|path| (*path).to_owned()).collect()
        }
    }
}

/// A byte shorter or longer, in the other case, with a slash more or less, a level deeper or higher.
fn moved(path: &str, by: usize) -> String {
    let shorter = &path[..path.len() - 1];
    let moved = match by {
        0 => shorter.to_owned(),
        1 => format!("{path}a"),
        2 => format!("{path}/"),
        3 => format!("{path}/a"),
        4 => format!("{path}//"),
        5 => path.to_ascii_uppercase(),
        6 => path.to_ascii_lowercase(),
        7 => path.replacen('/', "//", 1),
        8 => shorter.rfind('/').map_or("", |at| &path[..at]).to_owned(),
        9 => shorter.rfind('/').map_or("", |at| &path[..=at]).to_owned(),
        _ => path.to_owned(),
    };
    // A target has a path.
    match moved.starts_with('/') {
        true => moved,
        false => format!("/{moved}"),
    }
}

/// A request that is near to whichever matches there are.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    which: Index,
    variant: Index,
    by: usize,
    /// But for its path.
    asks: Asks,
}

impl Near {
    pub(crate) fn to(&self, matches: &[Match]) -> Asks {
        let mut asks = self.asks.clone();
        if !matches.is_empty() {
            let near = near(self.which.get(matches));
            asks.path = moved(self.variant.get::<String>(&near), self.by);
        }
        asks
    }
}

prop_compose! {
    pub(crate) fn asks(authority: &'static [&'static str])(
        which in any::<Index>(),
        variant in any::<Index>(),
        by in 0_usize..16,
        method in select(&["GET", "PUT", "PURGE", "POST"][..]),
        tls in prop::bool::weighted(0.2),
        authority in select(authority),
        query in prop::option::of("([qr](=[0-3]?)?&?){0,3}"),
        headers in prop::collection::vec(
            (select(&["x-a", "x-a", "x-b"][..]), "[ \t]?[0-4]{0,2} ?"),
            0..4,
        ),
    ) -> Near {
        let (authority, path) = (authority.to_owned(), "/a".to_owned());
        let asks = Asks { method, tls, authority, path, query, headers };
        Near { which, variant, by, asks }
    }
}

/// Names that cover each other, with ports and without.
pub(crate) fn hosts() -> impl Strategy<Value = Vec<Host>> {
    let host = select(
        &[
            "a", "a:80", "a:81", "a.b", "a.b:443", "b", "*.b", "*.b:81", "*.a.b", "*.a.b:80", "*",
            "*:9", "[::1]", "[::1]:81", "10.0.0.1",
        ][..],
    );
    prop::collection::vec(host.prop_map(|host| host.parse().unwrap()), 1..4)
}

/// In both cases, deeper and less deep, with a dot in front and behind, with ports good and bad.
pub(crate) const AUTHORITIES: &[&str] = &[
    "a",
    "A",
    "a:80",
    "A:81",
    "a:443",
    "a.b",
    "A.B",
    "a.b:80",
    "x.a.b",
    "y.x.a.b:81",
    "X.A.b:80",
    "b",
    "b:9",
    "q.b",
    "q.b:81",
    ".b",
    ".a.b",
    "a.",
    "a.b.",
    "[::1]",
    "[::1]:81",
    "10.0.0.1",
    "10.0.0.1:9",
    "other",
    "other:9",
];

use super::*;
use crate::route::{Asked, Matcher};
use http::Request;
use proptest::prelude::*;
use proptest::sample::select;

/// Few letters, so that texts often begin with each other.
fn text() -> impl Strategy<Value = String> {
    "(/[ab]{0,3}){1,4}"
}

fn path_match() -> impl Strategy<Value = PathMatch> {
    prop_oneof![
        text().prop_map(|text| PathMatch::Exact(text.parse().unwrap())),
        text().prop_map(|text| PathMatch::Prefix(text.parse().unwrap())),
        "(/[ab]{0,3}){0,4}".prop_map(PathMatch::StartsWith),
        "(/[ab]{0,2}){0,2}(a\\+|\\[ab\\]\\*|\\(/a\\|b\\)|\\.\\*|\\(\\?i:b\\)\\*|/\\(ab\\)\\*){1,2}"
            .prop_map(|text| PathMatch::Regex(text.parse().unwrap())),
    ]
}

prop_compose! {
    fn matching()(
        path in prop::option::weighted(0.9, path_match()),
        ignore_path_case in prop::bool::weighted(0.1),
        x in prop::option::weighted(0.5, "[0-3]"),
        y in prop::option::weighted(0.2, "[0-3]"),
    ) -> Match {
        let mut matching = Match { path, ignore_path_case, ..Match::default() };
        if let Some(x) = x {
            matching = matching.header("x-x", ValueMatch::exact(x));
        }
        if let Some(y) = y {
            matching = matching.header("x-y", ValueMatch::Prefix(y));
        }
        matching
    }
}

/// Matches with their index.
struct Indexed {
    matchers: Vec<Matcher>,
    index: Index,
}

impl Indexed {
    fn new(matches: &[Match]) -> Self {
        let keys: Vec<_> = matches.iter().map(Key::of).collect();
        Self {
            matchers: matches.iter().map(Matcher::compile).collect(),
            index: Index::new(&keys),
        }
    }

    /// The index finds what asking all in their order finds.
    fn agrees(&self, path: &str, headers: &[(&str, String)]) -> Result<(), TestCaseError> {
        let mut request = Request::get(format!("http://host{path}"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(()).unwrap();
        let asked = Asked::of(&request);
        let mut matchers = self.matchers.iter();
        let scan = matchers.position(|matcher| matcher.takes(&asked));
        let path = asked.path.as_bytes();
        let found = self.index.find(path, asked.headers, |number| {
            self.matchers[number as usize].takes(&asked)
        });
        prop_assert_eq!(found, scan.map(|number| number as u32));
        Ok(())
    }
}

proptest! {
    // Each compiles dozens of regular expressions.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        matches in prop::collection::vec(matching(), 0..60),
        paths in prop::collection::vec("(/[abAB]{0,3}){1,5}", 8),
        x in prop::collection::vec(" ?[0-4]", 0..3),
        y in "[0-4]{1,2}",
    ) {
        let mut headers: Vec<_> = x.into_iter().map(|x| ("x-x", x)).collect();
        headers.push(("x-y", y));
        let indexed = Indexed::new(&matches);
        for path in paths {
            indexed.agrees(&path, &headers)?;
        }
    }

    #[test]
    fn so_it_does_for_paths_at_the_edges_of_what_is_asked(
        matches in prop::collection::vec(matching(), 1..60),
        more in select(&["", "/", "a", "/a", "b"]),
        x in "[0-3]",
    ) {
        let indexed = Indexed::new(&matches);
        for matching in &matches {
            let text = match &matching.path {
                Some(PathMatch::Exact(path) | PathMatch::Prefix(path)) => path.as_str(),
                Some(PathMatch::StartsWith(text)) => text,
                _ => "",
            };
            let path = format!("/{}{more}", text.trim_start_matches('/'));
            indexed.agrees(&path, &[("x-x", x.clone())])?;
        }
    }

}

proptest! {
    #[test]
    fn a_chain_finds_the_texts_with_which_a_path_begins(
        texts in prop::collection::btree_set("[ab]{0,20}", 0..200),
        path in "[ab]{0,30}",
    ) {
        let keys = vec![Key::everything(); texts.len()];
        let starts = (0..).zip(&texts).map(|(number, text)| (text.as_bytes(), (false, vec![number])));
        let starts = starts.collect();
        let mut found = Vec::new();
        Starts::chain(&starts, &keys).each(path.as_bytes(), |bucket| {
            found.extend_from_slice(&bucket.numbers);
        });
        found.sort_unstable();
        let begins = |text: &String| path.starts_with(text.as_str());
        let wanted = (0..).zip(&texts).filter(|(_, text)| begins(text)).map(|(number, _)| number);
        prop_assert_eq!(found, wanted.collect::<Vec<u32>>());
    }
}

#[test]
fn a_regex_begins_with_its_literals() {
    let start = |text: &str| {
        let start = literal_start(&text.parse().unwrap());
        String::from_utf8(start).unwrap()
    };
    assert_eq!(start("/a/b[0-9]+"), "/a/b");
    assert_eq!(start("(/a)(/b)?"), "/a");
    assert_eq!(start("/a|/b"), "/");
    assert_eq!(start("(?i)/a"), "/");
    assert_eq!(start(".*"), "");
    assert_eq!(start("^/a$"), "/a");
}

#[test]
fn many_matches_of_one_path_are_told_apart_by_a_header() {
    let of = |number: usize| {
        let user = ValueMatch::exact(number.to_string());
        Match::prefix("/").header("x-user", user)
    };
    let matches: Vec<_> = (0..1_000).map(of).collect();
    let matchers: Vec<_> = matches.iter().map(Matcher::compile).collect();
    let index = Index::new(&matches.iter().map(Key::of).collect::<Vec<_>>());
    let request = Request::get("http://host/a").header("x-user", "777");
    let request = request.body(()).unwrap();
    let asked = Asked::of(&request);
    let mut questions = 0;
    let found = index.find(asked.path.as_bytes(), asked.headers, |number| {
        questions += 1;
        matchers[number as usize].takes(&asked)
    });
    assert_eq!((found, questions), (Some(777), 1));
}

use super::*;
use proptest::prelude::*;
use regex_automata::meta;

fn pattern(text: &str) -> CompiledPattern {
    CompiledPattern::new(&text.parse().unwrap())
}

fn matches(text: &str, value: &str) -> bool {
    pattern(text).is_match(value.as_bytes())
}

fn nfa(pattern: &Pattern) -> thompson::NFA {
    thompson::Compiler::new()
        .configure(thompson::Config::new().which_captures(thompson::WhichCaptures::None))
        .build_from_hir(&anchored(pattern.parsed().clone()))
        .unwrap()
}

/// What both this and other parsers read alike: groups, alternatives, repetitions, classes, flags,
/// anchors within, nothing at all.
fn source() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "a",
            "b",
            "ab",
            "/",
            ".",
            "[ab]",
            "[^a]",
            "^",
            "$",
            r"\b",
            r"\B",
            "(?i)",
            "(?i:aB)",
            "(?s:.)",
            "(?m:^)",
            "(?m:$)",
            "[[:alpha:]]",
            r"\x61",
            r"\.",
            r"\z",
            r"\A",
            "é",
            "",
        ][..],
    );
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("{one}|{other}")),
                (
                    inner.clone(),
                    prop::sample::select(&["*", "+", "?", "{2}", "{1,3}", "{0}"][..])
                )
                    .prop_map(|(inner, times)| format!("(?:{inner}){times}")),
                inner.prop_map(|inner| format!("({inner})")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn all_engines_say_what_the_regex_crate_says_of_a_text_between_its_ends(
        source in source(),
        texts in prop::collection::vec("[abAB/.é\n-]{0,8}", 12),
    ) {
        // Words are of ASCII here.
        let peer = source.replace(r"\b", r"(?-u:\b)").replace(r"\B", r"(?-u:\B)");
        let peer = meta::Regex::new(&format!("^(?:{peer})$"));
        prop_assume!(peer.is_ok());
        let pattern: Pattern = source.parse().unwrap();
        let compiled = CompiledPattern::new(&pattern);
        let simulation = Simulation::of(nfa(&pattern)).unwrap();
        for text in texts {
            let wanted = peer.as_ref().unwrap().is_match(&text);
            prop_assert_eq!(compiled.is_match(text.as_bytes()), wanted, "{:?} {:?}", source, text);
            prop_assert_eq!(simulation.is_match(text.as_bytes()), wanted, "{:?} {:?}", source, text);
        }
    }

    /// Headers are bytes.
    #[test]
    fn all_engines_say_the_same_of_other_bytes_than_text(
        source in source(),
        bytes in prop::collection::vec(prop::sample::select(&b"ab/\x80\xc3\xa9\xff\n"[..]), 0..8),
    ) {
        let parsed = source.parse::<Pattern>();
        prop_assume!(parsed.is_ok());
        let pattern = parsed.unwrap();
        let simulation = Simulation::of(nfa(&pattern)).unwrap();
        let compiled = CompiledPattern::new(&pattern);
        prop_assert_eq!(compiled.is_match(&bytes), simulation.is_match(&bytes), "{:?}", source);
    }
}

#[test]
fn the_whole_value_has_to_match() {
    assert!(matches("a+", "aaa"));
    assert!(!matches("a+", "aaab"));
    assert!(!matches("a+", "baaa"));
    assert!(matches("a|ab", "ab"));
    assert!(!matches("a|ab", "abc"));
    assert!(matches("a|b", "b"));
    assert!(!matches("a|b", "ab"));
    assert!(matches("", ""));
    assert!(!matches("", "a"));
    assert!(!matches("a^b", "ab"));
    assert!(matches("^a$", "a"));
    assert!(matches("a.a", "aba"));
    assert!(!matches("a.*a", "a"));
    assert!(matches(r"/v\d+/.*", "/v12/x"));
}

#[test]
fn a_newline_at_the_end_is_part_of_the_value() {
    assert!(!matches("a", "a\n"));
    assert!(!matches("a.*", "a\n"));
}

#[test]
fn what_does_not_stay_small_matches_all_the_same() {
    // Each of these would be thousands of states, to remember what was where.
    for text in [r"(?:\pL{1,4}-){2}x", "(?:[ab]*a[ab]{11}|ä-öü-x)"] {
        let pattern = pattern(text);
        assert!(matches!(*pattern.between, Engine::Simulation(_)), "{text}");
        assert!(pattern.is_match("ä-öü-x".as_bytes()));
        assert!(!pattern.is_match("ä-x".as_bytes()));
    }
    let twelve = pattern("[ab]*a[ab]{11}");
    assert!(twelve.is_match(b"bbabbbbbbbbbbb"));
    assert!(!twelve.is_match(b"babbbbbbbbbbbb"));
}

#[test]
fn what_is_usual_needs_one_look_for_each_byte_between_its_literals() {
    for (text, start, end) in [
        ("/r/resource-17/[a-z]+/[0-9]+", "/r/resource-17/", ""),
        ("/api/[^/]+/items", "/api/", "/items"),
        (r".*\.png", "", ".png"),
        ("^/a/(b)/c.?$", "/a/b/c", ""),
        ("/a/b", "/a/b", ""),
        (r"/a\b.*", "", ""),
    ] {
        let pattern = pattern(text);
        assert_eq!(pattern.literals(), (start.as_bytes(), end.as_bytes()));
        assert!(!matches!(*pattern.between, Engine::Simulation(_)), "{text}");
    }
}

#[test]
fn the_largest_pattern_that_is_read_can_be_matched() {
    let large: Pattern = ".{1,1000}".parse().unwrap();
    assert!(large.size() > 13_000);
    let compiled = CompiledPattern::new(&large);
    assert!(compiled.is_match("ü".repeat(1_000).as_bytes()));
    assert!(!compiled.is_match("ü".repeat(1_001).as_bytes()));
}

#[test]
fn a_pattern_is_compiled_once() {
    let pattern: Pattern = "/a/.+".parse().unwrap();
    let [one, other] = [pattern.clone(), pattern].map(|pattern| CompiledPattern::new(&pattern));
    assert!(Arc::ptr_eq(&one.between, &other.between));
}

#[test]
fn patterns_that_differ_in_their_literals_share_an_engine() {
    let [one, other] = ["/a/[^/]+/b", "/c/([^/]+)"].map(pattern);
    assert!(Arc::ptr_eq(&one.between, &other.between));
    assert!(one.is_match(b"/a/x/b") && !one.is_match(b"/c/x"));
    assert!(other.is_match(b"/c/x") && !other.is_match(b"/a/x/b"));
}

/// Patterns on which an engine that goes back takes for ever.
const HOSTILE: [&str; 4] = ["(a*)*b", "(a|aa)+$", "(a|a?)+b", "(.*a){12}b"];

#[test]
fn a_hostile_path_is_refused_like_any_other() {
    let path = "a".repeat(1 << 16);
    for (text, takes) in HOSTILE.into_iter().zip([false, true, false, false]) {
        assert_eq!(matches(text, &path), takes, "{text}");
    }
}

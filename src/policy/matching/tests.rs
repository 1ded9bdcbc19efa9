use super::*;
use proptest::prelude::*;

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

#[test]
fn a_host_is_a_name_an_address_or_a_wildcard_with_a_port_or_without() {
    for (text, name, port, wildcard) in [
        ("reviews", "reviews", None, false),
        ("A.B.c:80", "a.b.c", Some(80), false),
        ("10.0.0.1:1", "10.0.0.1", Some(1), false),
        ("[::1]", "[::1]", None, false),
        ("[0:0::1]:443", "[::1]", Some(443), false),
        ("*", "*", None, true),
        ("*:80", "*", Some(80), true),
        ("*.example.com", "*.example.com", None, true),
    ] {
        let host = host(text);
        assert_eq!((host.name(), host.port()), (name, port), "{text}");
        assert_eq!(host.is_wildcard(), wildcard, "{text}");
    }
}

#[test]
fn a_bad_host_is_refused_with_advice() {
    let refused = |text: &str| text.parse::<Host>().unwrap_err().to_string();
    for text in [
        "",
        "http://a",
        "a/b",
        "a b",
        "a..b",
        "10.0.0.300",
        "[::1",
        "[x]",
        "*.",
    ] {
        assert!(!refused(text).is_empty(), "{text}");
    }
    assert!(refused("::1").contains("write it in brackets: [::1]"));
    for text in ["a.*.c", "*a.b", "**", "a.*", "*.*.b"] {
        let error = refused(text);
        assert!(
            error.contains("`*` in the wrong place") || error.contains("names no host"),
            "{error}"
        );
    }
    for text in ["a:0", "a:70000", "a:", "a:b"] {
        assert!(refused(text).contains("has no good port"), "{text}");
    }
}

#[test]
fn a_path_is_what_requests_carry() {
    for text in ["/", "/a/b", "/a%20b", "/a;v=1/~x"] {
        assert_eq!(text.parse::<Path>().unwrap().as_str(), text);
    }
    let refused = |text: &str| text.parse::<Path>().unwrap_err().to_string();
    assert!(refused("a").contains("write `/` before it"));
    assert!(refused("").contains("write `/` before it"));
    assert!(refused("/a?b").contains("match the query with `query`"));
    assert!(refused("/a#b").contains("%23"));
    for text in ["/a b", "/ü", "/\n"] {
        assert!(refused(text).contains("percent-encode"), "{text}");
    }
}

#[test]
fn a_regular_expression_is_bounded() {
    assert_eq!("v[0-9]+".parse::<Pattern>().unwrap().as_str(), "v[0-9]+");
    let refused = |text: &str| text.parse::<Pattern>().unwrap_err().to_string();
    assert_eq!(
        refused("a(b"),
        "the regular expression `a(b` is wrong: unclosed group at character 2; mend it, RE2's \
         syntax is understood"
    );
    assert!(refused("(?=a)").contains("look-around"));
    assert!(refused(&"a".repeat(1_025)).contains("too long"));
    assert!(refused("(\\pL{10}){10}").contains("too large"));
    assert!(refused("(((a{10}){10}){10}b){2}").contains("more than 1000 repetitions"));
    assert!(refused(&"(".repeat(500)).contains("is wrong"));
    assert!(refused(&format!("{}{}", "(".repeat(60), ")".repeat(60))).contains("nest"));
}

#[test]
fn a_match_is_written_as_its_docs_say() {
    let text = r#"{"path":{"prefix":"/a"},"method":"GET","headers":{"X-Beta":"present","a":{"exact":"1"}},"query":{"q":{"regex":"x+"}}}"#;
    let read: Match = serde_json::from_str(text).unwrap();
    let built = Match::prefix("/a")
        .method(http::Method::GET)
        .header("x-beta", ValueMatch::Present)
        .header("a", ValueMatch::exact("1"))
        .query("q", ValueMatch::Regex("x+".parse().unwrap()));
    assert_eq!(read, built);
    let again: Match = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
}

#[test]
fn a_method_in_lower_case_and_a_header_twice_are_refused() {
    let refused = |text: &str| serde_json::from_str::<Match>(text).unwrap_err().to_string();
    assert!(refused(r#"{"method":"get"}"#).contains("write `GET`"));
    assert!(refused(r#"{"method":"G T"}"#).contains("is no method"));
    assert!(refused(r#"{"headers":{"A":"present","a":"absent"}}"#).contains("there twice"));
    assert!(refused(r#"{"headers":{"a b":"present"}}"#).contains("is no header name"));
}

#[test]
fn only_a_match_without_conditions_is_everything() {
    assert!(Match::default().is_everything());
    assert!(Match::prefix("/").is_everything());
    assert!(!Match::prefix("/a").is_everything());
    assert!(!Match::prefix("/").method(http::Method::GET).is_everything());
}

proptest! {
    #[test]
    fn every_host_reads_back_as_it_is_printed(
        text in "(\\*\\.)?[a-zA-Z0-9_-]{1,9}(\\.[a-z0-9-]{1,9}){0,3}(:[1-9][0-9]{0,4})?|\\*(:80)?|\\[(::)?[0-9a-f:]{1,12}\\](:[0-9]{1,5})?"
    ) {
        if let Ok(host) = text.parse::<Host>() {
            prop_assert_eq!(host.to_string().parse::<Host>(), Ok(host.clone()));
            prop_assert_eq!(host.name(), host.name().to_lowercase());
        }
    }

    #[test]
    fn no_text_makes_reading_a_value_panic(text in "\\PC{0,80}|[\\[\\]:.*a-f0-9(){}|+?]{0,40}") {
        let _ = text.parse::<Host>();
        let _ = text.parse::<Path>();
        let _ = text.parse::<Pattern>();
        let _ = text.parse::<Header>();
        let _ = text.parse::<crate::policy::Address>();
    }
}

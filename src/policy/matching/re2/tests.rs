use crate::policy::{CompiledPattern, Pattern};

fn refused(text: &str) -> String {
    text.parse::<Pattern>().expect_err(text).to_string()
}

fn matches(text: &str, value: &str) -> bool {
    let pattern: Pattern = text.parse().unwrap_or_else(|error| panic!("{error}"));
    CompiledPattern::new(&pattern).is_match(value.as_bytes())
}

#[test]
fn what_re2_refuses_is_refused() {
    for (text, says) in [
        ("a(?=b)", "look-around"),
        ("a(?!b)", "look-around"),
        ("(?<=a)b", "look-around"),
        (r"(a)\1", "backreference"),
        (r"(?P<n>a)\k<n>", "unrecognized escape"),
        ("a**", "write a group around it"),
        ("a+*", "write a group around it"),
        ("a{2}{3}", "write a group around it"),
        ("a{1001}", "more than 1000 repetitions"),
        ("(a{100}){11}", "more than 1000 repetitions"),
        ("((a{10}){10}){11}", "more than 1000 repetitions"),
        ("(?x)a # c", "`i`, `m`, `s` and `U` only"),
        ("(?R)$", "`i`, `m`, `s` and `U` only"),
        ("(?-u:a)", "`i`, `m`, `s` and `U` only"),
        (r"\u0041", r"write `\x{41}`"),
        (r"\u{41}", r"write `\x{41}`"),
        (r"\U00000041", r"write `\x{41}`"),
        (r"[\u{41}-Z]", r"write `\x{41}`"),
        (r"\p{Letter}", "RE2 knows categories by one or two letters"),
        (
            r"\p{Alphabetic}",
            "RE2 knows categories by one or two letters",
        ),
        (r"\p{greek}", "RE2 knows categories by one or two letters"),
        (r"\p{Script=Greek}", "write the value alone"),
        (r"\_", "write `_` without"),
        (r"(?P<a.b>c)", "letters, digits and `_` only"),
        (r"\C", "unrecognized escape"),
        (r"\y", "unrecognized escape"),
        ("*a", "missing expression"),
        ("[b-a]", "invalid character class range"),
    ] {
        let error = refused(text);
        assert!(error.contains(says), "{text}: {error}");
        assert!(error.contains(" at character "), "{text}: {error}");
    }
}

#[test]
fn what_re2_reads_otherwise_is_refused() {
    for (text, says) in [
        ("[a&&b]", "no operators"),
        ("[a--b]", "no operators"),
        ("[a~~b]", "no operators"),
        ("[a[b]]", "a class in a class"),
        ("[[:nothing:]]", "a class in a class"),
        (r"\<a", "write `<`"),
        (r"a\>", "write `>`"),
        (r"\b{start}a", "without braces"),
        ("a{,3}", "expects a valid decimal"),
        ("a{b}", "expects a valid decimal"),
    ] {
        let error = refused(text);
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn what_re2_has_is_there() {
    for (text, takes, leaves) in [
        (r"\d+", "17", "١٧"),
        (r"[\d]", "1", "١"),
        (r"\D", "é", "1"),
        (r"[^\D]", "1", "é"),
        (r"\w", "_", "é"),
        (r"\W", "é", "_"),
        (r"a\sb", "a\tb", "a\x0bb"),
        (r"\S", "\x0b", " "),
        (r"é\bb", "éb", "bb"),
        (r"é\Bé", "éé", "é"),
        (r"a\Q.*\E+", "a.**", "abb"),
        (r"\Qa|b", "a|b", "a"),
        (r"\\Qa", r"\Qa", "a"),
        (r"\Aa\z", "a", "ab"),
        (r"\pN\p{Lu}\PL", "1A1", "AA1"),
        (r"\p{Greek}", "α", "a"),
        (r"\p{^Greek}\P{^Greek}", "aα", "αa"),
        (r"[\pL_]+", "a_é", "1"),
        (r"\p{Any}", "é", ""),
        (r"[[:digit:]][[:^digit:]]", "1a", "11"),
        (r"(?P<name>a)(?<other>b)", "ab", "a"),
        (r"(?U)a+(?s).", "aa\n", "a"),
        ("(?i)é", "É", "e"),
        ("(?i:k)", "\u{212a}", "q"),
        (r"\x41\x{e9}\t\/", "Aé\t/", "A"),
        ("[]a]", "]", "b"),
        ("(a{10}){100}", &"a".repeat(1_000), "a"),
        ("(?:a*)*(?:b+?)??", "aab", "ba"),
        (".", "é", "\n"),
    ] {
        assert!(matches(text, takes), "{text} takes {takes:?}");
        assert!(!matches(text, leaves), "{text} leaves {leaves:?}");
    }
}

#[test]
fn classes_of_unicode_are_counted() {
    assert!(matches(&r"\pN".repeat(8), &"1".repeat(8)));
    assert!(refused(&r"\pN".repeat(9)).contains("more than 8 classes"));
}

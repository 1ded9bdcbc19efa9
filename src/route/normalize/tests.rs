use super::*;
use crate::rng::Chance;
use PathNormalization::{Base, DecodeAndMergeSlashes, MergeSlashes, None as Raw};
use proptest::prelude::*;

fn at(level: PathNormalization, path: &str) -> Result<Cow<'_, str>, Unnormal> {
    Normalize(level).path(path)
}

/// As a running Envoy did it: what came, and what went on at the three levels.
const SEEN: [(&str, &str, &str, &str); 44] = [
    ("/a/./b", "/a/b", "/a/b", "/a/b"),
    ("/a/../b", "/b", "/b", "/b"),
    ("/a/b/..", "/a/", "/a/", "/a/"),
    ("/a/b/.", "/a/b/", "/a/b/", "/a/b/"),
    ("/a/b/../", "/a/", "/a/", "/a/"),
    ("/..", "/", "/", "/"),
    ("/../a", "/a", "/a", "/a"),
    ("/a/../../b", "/b", "/b", "/b"),
    ("/a/..;/b", "/b", "/b", "/b"),
    ("/.", "/", "/", "/"),
    ("/a//b", "/a//b", "/a/b", "/a/b"),
    ("//a", "//a", "/a", "/a"),
    ("/a//", "/a//", "/a/", "/a/"),
    ("///", "///", "//", "//"),
    ("/a///b//", "/a///b//", "/a/b/", "/a/b/"),
    ("/a/%2e%2e/b", "/b", "/b", "/b"),
    ("/a/%2E/b", "/a/b", "/a/b", "/a/b"),
    ("/a/%2e%2e%2fb", "/a/..%2fb", "/a/..%2fb", "/b"),
    ("/%61%62", "/ab", "/ab", "/ab"),
    ("/a%7eb", "/a~b", "/a~b", "/a~b"),
    ("/a%2Db", "/a-b", "/a-b", "/a-b"),
    ("/a%20b", "/a%20b", "/a%20b", "/a%20b"),
    ("/a%2fb", "/a%2fb", "/a%2fb", "/a/b"),
    ("/a%5Cb", "/a%5Cb", "/a%5Cb", "/a/b"),
    ("/a\\b", "/a/b", "/a/b", "/a/b"),
    ("/a\\..\\b", "/b", "/b", "/b"),
    ("/a%2f..%2fb", "/a%2f..%2fb", "/a%2f..%2fb", "/b"),
    ("/a/..%2fb", "/a/..%2fb", "/a/..%2fb", "/b"),
    ("/a%2f%2fb", "/a%2f%2fb", "/a%2f%2fb", "/a/b"),
    ("/a%zzb", "/a%zzb", "/a%zzb", "/a%zzb"),
    ("/a%", "/a%", "/a%", "/a%"),
    ("/a%4", "/a%4", "/a%4", "/a%4"),
    ("/a%252fb", "/a%252fb", "/a%252fb", "/a%252fb"),
    ("/a/b;p=1/../c", "/a/c", "/a/c", "/a/c"),
    ("/A/%41", "/A/A", "/A/A", "/A/A"),
    ("/a/.../b", "/a/.../b", "/a/.../b", "/a/.../b"),
    ("/a/.b", "/a/.b", "/a/.b", "/a/.b"),
    ("/a/..b", "/a/..b", "/a/..b", "/a/..b"),
    ("/a%C3%A9", "/a%C3%A9", "/a%C3%A9", "/a%C3%A9"),
    ("/a|b", "/a%7Cb", "/a%7Cb", "/a%7Cb"),
    (
        "/\"<>^`{}",
        "/%22%3C%3E%5E%60%7B%7D",
        "/%22%3C%3E%5E%60%7B%7D",
        "/%22%3C%3E%5E%60%7B%7D",
    ),
    ("/a[b]'", "/a[b]'", "/a[b]'", "/a[b]'"),
    (
        "/a!$&()*+,;=:@b",
        "/a!$&()*+,;=:@b",
        "/a!$&()*+,;=:@b",
        "/a!$&()*+,;=:@b",
    ),
    ("/", "/", "/", "/"),
];

#[test]
fn every_level_does_what_envoy_does() {
    for (path, base, merged, decoded) in SEEN {
        assert_eq!(at(Raw, path).unwrap(), path);
        assert_eq!(at(Base, path).unwrap(), base, "{path}");
        assert_eq!(at(MergeSlashes, path).unwrap(), merged, "{path}");
        assert_eq!(at(DecodeAndMergeSlashes, path).unwrap(), decoded, "{path}");
    }
}

#[test]
fn what_cannot_be_decoded_is_refused() {
    for level in [Base, MergeSlashes, DecodeAndMergeSlashes] {
        assert_eq!(at(level, "/a%00b"), Err(Unnormal));
        assert_eq!(at(level, "/%00"), Err(Unnormal));
    }
    assert_eq!(at(Raw, "/a%00b").unwrap(), "/a%00b");
    for level in [Raw, Base] {
        for path in ["/a b", "/\u{7f}", "/é", "/\n"] {
            assert_eq!(at(level, path), Err(Unnormal));
        }
    }
}

#[test]
fn only_the_path_of_a_target_is_changed() {
    let asked = |uri: &str| {
        let mut request = Request::get(uri).body(()).unwrap();
        let normalize = Normalize(DecodeAndMergeSlashes);
        let refusal = normalize.admit(&mut request, &mut Decision::new(Chance::new(0)));
        match refusal {
            None => request.uri().to_string(),
            Some(refusal) => format!("{} {}", refusal.status().as_u16(), refusal.details()),
        }
    };
    for (uri, expected) in [
        ("http://a/b/../c?x=/../y%2f", "http://a/c?x=/../y%2f"),
        ("http://a//b//?x=//y", "http://a/b/?x=//y"),
        ("/b/./c?", "/b/c?"),
        ("*", "*"),
        ("http://a/%00", "400 path_normalization_failed"),
    ] {
        assert_eq!(asked(uri), expected);
    }
    // Each of these becomes three.
    let long = format!("http://a/{}", "|".repeat(40_000));
    assert_eq!(asked(&long), "400 path_normalization_failed");
}

fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a", "b", ".", "..", "/", "/", "/", ";", "\\", "%2e", "%2F", "%5c", "%41", "%00", "%zz",
        "%", "|", "~",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| format!("/{}", parts.concat()))
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path: String) {
        for level in [Raw, Base, MergeSlashes, DecodeAndMergeSlashes] {
            let _ = at(level, &path);
        }
    }

    /// Nobody climbs out, at whatever level and however it is written.
    #[test]
    fn what_comes_out_has_no_dots_to_walk(path in paths()) {
        for level in [Base, MergeSlashes, DecodeAndMergeSlashes] {
            let Ok(normal) = at(level, &path) else {
                prop_assert!(path.contains("%00"));
                continue;
            };
            prop_assert!(normal.starts_with('/'), "{}", normal);
            prop_assert!(!normal.contains('\\'), "{}", normal);
            for segment in normal.split('/') {
                let name = segment.split(';').next().unwrap();
                prop_assert!(name != "." && name != "..", "{} of {}", normal, path);
            }
            if level != Base {
                prop_assert!(normal == "//" || !normal.contains("//"), "{}", normal);
            }
        }
    }

    /// But for what is no escape: what follows it may become one.
    #[test]
    fn what_is_normal_stays(path in paths()) {
        prop_assume!(!path.contains("%zz") && !path.contains("%%") && !path.ends_with('%'));
        for level in [Raw, Base, MergeSlashes] {
            if let Ok(normal) = at(level, &path) {
                prop_assume!(hexadecimals_only(&normal));
                prop_assert_eq!(&at(level, &normal).unwrap(), &normal);
            }
        }
    }

    #[test]
    fn a_path_without_anything_odd_is_not_copied(path in "(/[a-zA-Z0-9_~-][a-z.,;=:@-]{0,6}){1,4}") {
        for level in [Raw, Base, MergeSlashes, DecodeAndMergeSlashes] {
            let borrowed = matches!(at(level, &path), Ok(Cow::Borrowed(same)) if same == path);
            prop_assert!(borrowed);
        }
    }
}

/// Whether no percent sign begins what is no escape.
fn hexadecimals_only(path: &str) -> bool {
    let percents = path.match_indices('%');
    let mut escapes = percents.map(|(at, _)| hexadecimal(&path[at..]));
    escapes.all(|escape| escape.is_some())
}

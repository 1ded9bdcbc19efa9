//! 9.1, rules 32 and 33, and what Istio's analyzer says of ports: warnings about the whole list.

use crate::reading::{document, ids, read, services};
use crate::validation::VS;
use proptest::prelude::*;
use std::fmt::Write as _;
use tower_mesh::policy::Severity;

/// A VirtualService with a route for each of these lists of matches; none for `-`.
fn routes(matches: &[&str]) -> String {
    let mut spec = String::from("hosts: [a]\nhttp:\n");
    for entries in matches {
        let (mark, entries) = match entries.strip_prefix('!') {
            Some(entries) => ("‸", entries),
            None => ("", *entries),
        };
        let matching = match entries {
            "-" => String::new(),
            entries => format!("match: [{entries}], "),
        };
        let _ = writeln!(
            spec,
            "- {mark}{{{matching}route: [{{destination: {{host: a}}}}]}}"
        );
    }
    spec
}

#[test]
fn rule_9_1_32_a_rule_without_a_match_is_the_last() {
    let words = ("unreachable-rule", "takes all", "move it up");
    VS.warns(&routes(&["-", "!-"]), words);
    VS.warns(&routes(&["{uri: {prefix: /a}}", "-", "!-", "!-"]), words);
    VS.admits(&routes(&["{uri: {prefix: /a}}", "-"]));
}

#[test]
fn rule_9_1_32_a_rule_after_one_without_a_match() {
    let words = ("unreachable-rule", "takes all", "move it up");
    VS.warns(
        &routes(&[
            "-",
            "!{uri: {prefix: /a}}",
            "!{uri: {exact: /b}}, {uri: {exact: /c}}",
        ]),
        words,
    );
    VS.admits(&routes(&["{uri: {prefix: /a}}", "{uri: {exact: /b}}", "-"]));
    // What the policy finds to take all is told once, too.
    let words = ("unreachable-rule", "takes them all", "move it up");
    VS.warns(&routes(&["{}", "!{uri: {exact: /b}}"]), words);
}

#[test]
fn rule_9_1_32_a_rule_whose_matches_were_all_there() {
    let spec = routes(&[
        "{uri: {exact: /a}}",
        "{uri: {exact: /b}}",
        "{uri: {exact: /b}}, {uri: {exact: /a}}",
    ]);
    let found = VS.found(&spec);
    let told: Vec<_> = found
        .iter()
        .map(|finding| (finding.id, finding.at.path.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("unreachable-rule", "spec.http[2]"),
            ("ineffective-match", "spec.http[2].match[0]"),
            ("ineffective-match", "spec.http[2].match[1]"),
        ]
    );
    assert!(
        found
            .iter()
            .all(|finding| finding.severity == Severity::Warning)
    );
    assert!(
        found[0].message.contains("each of its matches") && found[0].advice.contains("move it up")
    );
    assert_eq!(found[0].because[0].path, "spec.http[1].match[0]");
    assert_eq!(found[2].because[0].path, "spec.http[0].match[0]");
    VS.admits(&routes(&[
        "{uri: {exact: /a}}",
        "{uri: {exact: /b}}",
        "{uri: {exact: /c}}, {uri: {exact: /d}}",
    ]));
}

#[test]
fn rule_9_1_32_and_33_hold_for_connections_as_well() {
    let to = "route: [{destination: {host: a}}]";
    let words = ("unreachable-rule", "takes all", "move it up");
    VS.warns(&format!("hosts: [a]\ntcp: [{{{to}}}, ‸{{{to}}}]"), words);
    VS.admits(&format!(
        "hosts: [a]\ntcp: [{{match: [{{port: 1}}], {to}}}, {{{to}}}]"
    ));
    let tls = |one: &str, other: &str| {
        let route = |sni: &str| format!("{{match: [{sni}], {to}}}");
        format!("hosts: ['*.a.b']\ntls: [{}, {}]", route(one), route(other))
    };
    let same = "{sniHosts: [x.a.b]}";
    let found = VS.found(&tls(same, same));
    let told: Vec<_> = found
        .iter()
        .map(|finding| (finding.id, finding.at.path.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("unreachable-rule", "spec.tls[1]"),
            ("ineffective-match", "spec.tls[1].match[0]")
        ]
    );
    VS.admits(&tls(same, "{sniHosts: [y.a.b]}"));
}

#[test]
fn rule_9_1_32_what_a_delegate_takes_is_for_the_delegate_to_say() {
    VS.admits("hosts: [a]\nhttp: [{match: [{uri: {prefix: /x}}], delegate: {name: leaf}}, {route: [{destination: {host: a}}]}]");
    let root = "hosts: [c]\nhttp: [{delegate: {name: some}}, {route: [{destination: {host: a}}]}]";
    let leaf = |entry: &str| format!("http: [{{{entry}route: [{{destination: {{host: a}}}}]}}]");
    let text = |entry: &str| {
        document("VirtualService", "root", root)
            + &document("VirtualService", "some", &leaf(entry))
            + &services(&["a.prod.svc.cluster.local:80"])
    };
    let unreachable = |entry: &str| {
        let found = read(&text(entry)).findings;
        found
            .iter()
            .filter(|finding| finding.id == "unreachable-rule")
            .count()
    };
    assert_eq!(unreachable("match: [{uri: {prefix: /x}}], "), 0);
    assert_eq!(unreachable(""), 1);
}

#[test]
fn rule_9_1_33_a_match_that_was_there_before() {
    let words = (
        "ineffective-match",
        "the same is written before it",
        "remove it",
    );
    for (one, same) in [
        ("{uri: {exact: /a}}", "{uri: {exact: /a}}"),
        ("{name: x, uri: {exact: /a}}", "{uri: {exact: /a}, name: y}"),
        (
            "{headers: {x: {exact: a}, y: {}}, port: 80}",
            "{port: 80, headers: {y: {}, x: {exact: a}}}",
        ),
    ] {
        VS.warns(
            &routes(&[one, &format!("‸{same}, {{uri: {{exact: /other}}}}")]),
            words,
        );
        VS.warns(&routes(&[&format!("{one}, ‸{same}")]), words);
    }
    for (one, other) in [
        ("{uri: {exact: /a}}", "{uri: {exact: /a}, port: 80}"),
        ("{uri: {exact: /a}}", "{uri: {exact: /A}}"),
        ("{headers: {x: {exact: a}}}", "{headers: {x: {prefix: a}}}"),
        ("{sourceLabels: {a: b}}", "{sourceLabels: {a: c}}"),
    ] {
        VS.admits(&routes(&[one, other]));
    }
}

#[test]
fn rule_9_1_33_a_prefix_that_a_shorter_one_covers() {
    let words = ("ineffective-match", "shorter prefix", "move its rule up");
    for (one, below) in [
        ("{uri: {prefix: /a}}", "{uri: {prefix: /ab}}"),
        (
            "{uri: {prefix: /a}, method: {exact: GET}}",
            "{method: {exact: GET}, uri: {prefix: /a/b}, name: x}",
        ),
        (
            "{uri: {prefix: /A}, ignoreUriCase: true}",
            "{uri: {prefix: /a/b}, ignoreUriCase: true}",
        ),
    ] {
        VS.warns(&routes(&[one, &format!("‸{below}")]), words);
    }
    for (one, other) in [
        ("{uri: {prefix: /ab}}", "{uri: {prefix: /a}}"),
        ("{uri: {prefix: /a}}", "{uri: {prefix: /b}}"),
        (
            "{uri: {prefix: /a}, method: {exact: GET}}",
            "{uri: {prefix: /ab}, method: {exact: PUT}}",
        ),
        ("{uri: {prefix: /a}, port: 80}", "{uri: {prefix: /ab}}"),
        (
            "{uri: {prefix: /a}, ignoreUriCase: true}",
            "{uri: {prefix: /ab}}",
        ),
        // Not by what matches mean, but by what is written.
        ("{uri: {prefix: /a}}", "{uri: {exact: /ab}}"),
        ("{uri: {prefix: /a}}", "{uri: {regex: /ab}}"),
        ("{uri: {regex: /a.*}}", "{uri: {regex: /ab.*}}"),
    ] {
        VS.admits(&routes(&[one, other]));
    }
}

#[test]
fn rule_9_1_33_the_shorter_prefix_is_found_wherever_it_stands() {
    let uri = |prefix: &str| format!("{{uri: {{prefix: {prefix}}}}}");
    let between: Vec<_> = ["/a/b/c", "/a", "/a0", "/b", "/a/b", "/a/z/z"]
        .map(uri)
        .to_vec();
    let between: Vec<_> = between.iter().map(String::as_str).collect();
    let found = VS.found(&routes(&between));
    let told: Vec<_> = { found.iter() }
        .map(|finding| {
            (
                finding.id,
                finding.at.path.as_str(),
                finding.because[0].path.as_str(),
            )
        })
        .collect();
    let covered = "ineffective-match";
    assert_eq!(
        told,
        [
            (covered, "spec.http[2].match[0]", "spec.http[1].match[0]"),
            (covered, "spec.http[4].match[0]", "spec.http[1].match[0]"),
            (covered, "spec.http[5].match[0]", "spec.http[1].match[0]"),
        ]
    );
}

#[test]
fn a_refused_document_is_told_of_its_rules_as_well() {
    let spec = routes(&["-", "-"]).replacen("host: a", "host: 'a:80'", 1);
    let found = ids("VirtualService", &spec);
    assert_eq!(
        found,
        [
            "invalid-value spec.http[0].route[0].destination.host",
            "unreachable-rule spec.http[1]"
        ]
    );
}

#[test]
fn analyzer_0112_a_port_is_named_where_there_are_several() {
    let text = |to: &str, known: &[&str]| {
        let spec = format!(
            "hosts: [a]\nhttp:\n- route: [{{destination: {{host: a{to}}}}}]\n  mirror: {{host: a{to}}}"
        );
        document("VirtualService", "x", &spec) + &services(known)
    };
    let found = |to: &str, known: &[&str]| {
        let mut found = read(&text(to, known)).findings;
        found.retain(|finding| finding.id == "port-required");
        found
    };
    let (one, two) = (
        "a.prod.svc.cluster.local:80",
        "a.prod.svc.cluster.local:8080",
    );
    let told = found("", &[one, two]);
    let places: Vec<_> = { told.iter() }
        .map(|finding| (finding.severity, finding.at.line, finding.at.column))
        .collect();
    let warning = Severity::Warning;
    assert_eq!(
        places,
        [(warning, Some(8), Some(34)), (warning, Some(9), Some(20))]
    );
    assert_eq!(
        told[0].message,
        "the service `a.prod.svc.cluster.local` has several ports"
    );
    assert_eq!(
        told[0].advice,
        "write `port: { number: … }` beside it, with one of 80, 8080"
    );
    assert_eq!(found("", &[one]), []);
    assert_eq!(found(", port: {number: 80}", &[one, two]), []);
    // It is no reason to leave the document out.
    assert_eq!(read(&text("", &[one, two])).policy.routes.len(), 1);
}

/// The path's prefix and the method that a match asks for.
type Asked = (String, Option<&'static str>);

fn asked() -> impl Strategy<Value = Asked> {
    (
        "/[ab]{0,3}",
        prop::sample::select(vec![None, Some("GET"), Some("PUT")]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each match held against each before it.
    #[test]
    fn rule_9_1_33_finds_what_comparing_each_with_each_finds(all in prop::collection::vec(asked(), 1..20)) {
        let entries: Vec<_> = { all.iter() }
            .map(|(prefix, method)| match method {
                Some(method) => format!("{{uri: {{prefix: {prefix}}}, method: {{exact: {method}}}}}"),
                None => format!("{{uri: {{prefix: {prefix}}}}}"),
            })
            .collect();
        let late = |place: usize| {
            let (prefix, method) = &all[place];
            let covers = |(other, of): &Asked| of == method && prefix.starts_with(other.as_str());
            all[..place].iter().any(covers)
        };
        let wanted: Vec<_> = { (0..all.len()).filter(|place| late(*place)) }
            .map(|place| format!("spec.http[{place}].match[0]"))
            .collect();
        let entries: Vec<_> = entries.iter().map(String::as_str).collect();
        let found = VS.found(&routes(&entries));
        let found: Vec<_> = { found.iter() }
            .filter(|finding| finding.id == "ineffective-match")
            .map(|finding| finding.at.path.clone())
            .collect();
        prop_assert_eq!(found, wanted);
    }
}

use super::*;
use crate::policy::tree::documents;

fn node(text: &str) -> Node {
    documents(text).remove(0).root.unwrap()
}

fn desk() -> Desk {
    Desk::new(
        0,
        Some("a.yaml".into()),
        "VirtualService prod/reviews".into(),
    )
}

/// `status field: instead`.
fn told(desk: &Desk, root: &Node) -> Vec<String> {
    let entry = |entry: &Entry| {
        let text = format!("{} {}: {}", entry.status, entry.at.path, entry.instead);
        text.trim_end_matches(": ").to_owned()
    };
    desk.report(root).iter().map(entry).collect()
}

fn found(desk: &Desk, root: &Node) -> Vec<String> {
    desk.findings(root).iter().map(Error::to_string).collect()
}

#[test]
fn an_unknown_key_is_refused_with_the_name_that_was_meant() {
    let root = node("spec:\n  http: 1\n  hotss: [a]\n");
    let desk = desk();
    let spec = desk.root(&root).fields(&["spec"]).need("spec").unwrap();
    let fields = spec.fields(&["hosts", "http"]);
    assert!(fields.get("hosts").is_none());
    assert_eq!(fields.get("http").unwrap().integer::<u8>(0, 9), Some(1));
    let findings = desk.findings(&root);
    assert_eq!(
        findings[0].to_string(),
        "a.yaml:3:3: spec.hotss: there is no field `hotss` here; did you mean `hosts`?"
    );
    assert_eq!(findings[0].id, "unknown-field");
    assert_eq!(findings[0].at.document, "VirtualService prod/reviews");
    assert_eq!(
        told(&desk, &root),
        [
            "applied spec.http",
            "refused spec.hotss: left out",
            "refused spec.hotss[0]: left out"
        ]
    );
}

#[test]
fn a_wrong_type_is_refused_where_it_stands() {
    let text =
        "a: 1\nb: x\nc: { d: 1 }\ne: [1]\nf: 101\ng: '1'\nh: round\ni: true\nj: 7\nk: '200'\n";
    let root = node(text);
    let desk = desk();
    let fields = desk
        .root(&root)
        .fields(&["a", "b", "c", "e", "f", "g", "h", "i", "j", "k"]);
    let get = |key| fields.get(key).unwrap();
    assert_eq!(get("a").text(), None);
    assert_eq!(get("b").boolean(), None);
    assert!(get("c").list().is_empty());
    assert!(get("e").fields(&["x"]).get("x").is_none());
    assert_eq!(get("f").integer::<u32>(0, 100), None);
    assert_eq!(get("g").float(), None);
    assert_eq!(get("h").choice(&[("ROUND_ROBIN", 1), ("ROUND", 2)]), None);
    assert!(get("i").entries().is_empty());
    assert!(get("j").fields(&["y"]).need("y").is_none());
    assert_eq!(get("k").parse::<std::num::NonZeroI8>(), None);
    assert_eq!(
        found(&desk, &root),
        [
            "a.yaml:1:4: a: found the number 1, where a text belongs; write it in quotes: \"1\"",
            "a.yaml:2:4: b: found the text \"x\", where `true` or `false` belongs",
            "a.yaml:3:1: c: found a mapping, where a list belongs; write `- ` before it",
            "a.yaml:4:1: e: found a list, where a mapping belongs; write keys and values: `key: value`",
            "a.yaml:5:4: f: found the number 101, where a whole number from 0 to 100 belongs",
            "a.yaml:6:4: g: found the text \"1\", where a number belongs; write it without quotes",
            "a.yaml:7:4: h: there is no `round` to choose here; there are `ROUND_ROBIN`, `ROUND`",
            "a.yaml:8:4: i: found `true`, where a mapping belongs; write keys and values: `key: value`",
            "a.yaml:9:4: j: found the number 7, where a mapping belongs; write keys and values: `key: value`",
            "a.yaml:10:4: k: number too large to fit in target type",
        ]
    );
    assert!(desk.has_errors());
    let report = desk.report(&root);
    assert!(report.iter().all(|entry| entry.status == Status::Refused));
}

#[test]
fn good_values_are_read_and_applied() {
    let text = "a: x\nb: 1\nc: true\nd: 1\ne: 0.5\nf: ONE\ng: []\nh: {}\ni: { k: v }\n";
    let root = node(text);
    let desk = desk();
    let fields = desk
        .root(&root)
        .fields(&["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
    let get = |key| fields.get(key).unwrap();
    assert_eq!(get("a").text(), Some("x"));
    assert_eq!(get("b").integer::<u16>(1, 65_535), Some(1));
    assert_eq!(get("c").boolean(), Some(true));
    assert_eq!((get("d").float(), get("e").float()), (Some(1.0), Some(0.5)));
    assert_eq!(get("f").choice(&[("ONE", 1)]), Some(1));
    assert!(get("g").list().is_empty() && get("h").entries().is_empty());
    let entries = get("i").entries();
    assert_eq!((entries[0].0, entries[0].1.text()), ("k", Some("v")));
    assert!(desk.findings(&root).is_empty() && !desk.has_errors());
    let report = desk.report(&root);
    assert_eq!(report.len(), 10);
    assert!(report.iter().all(|entry| entry.status == Status::Applied));
}

#[test]
fn what_nobody_reads_is_reported() {
    let root = node(
        "apiVersion: v1\nkind: K\nmetadata: { name: x }\nstatus: { a: 1 }\nspec: { a: 1, b: ~, c: [] }\n",
    );
    let desk = desk();
    let top = desk
        .root(&root)
        .fields(&["apiVersion", "kind", "metadata", "status", "spec"]);
    top.get("spec").unwrap().fields(&["a", "b", "c"]);
    assert_eq!(
        told(&desk, &root),
        [
            "ignored spec: not read",
            "ignored spec.a: not read",
            "ignored spec.c: not read",
        ]
    );
}

#[test]
fn what_is_said_of_a_container_holds_for_what_it_holds() {
    let root = node("a: { b: 1, c: { d: 2 } }\ne: [{ f: 3 }, { g: 4 }]\nh: { i: 5, j: 6 }\n");
    let desk = desk();
    let fields = desk.root(&root).fields(&["a", "e", "h"]);
    let a = fields.get("a").unwrap();
    a.ignored("requests are not retried");
    // Read, but to no avail.
    assert_eq!(a.fields(&["b", "c"]).get("b").unwrap().float(), Some(1.0));
    let e = fields.get("e").unwrap().list();
    e[0].applied();
    e[1].left_out("the rule answers 500");
    let h = fields.get("h").unwrap();
    h.approximated("seconds are counted whole");
    h.fields(&["i", "j"]).get("i").unwrap().applied();
    assert_eq!(
        told(&desk, &root),
        [
            "ignored a: requests are not retried",
            "ignored a.b: requests are not retried",
            "ignored a.c: requests are not retried",
            "ignored a.c.d: requests are not retried",
            "applied e[0]",
            "applied e[0].f",
            "refused e[1]: the rule answers 500",
            "refused e[1].g: the rule answers 500",
            "applied h.i",
            "approximated h.j: seconds are counted whole",
        ]
    );
}

#[test]
fn what_is_said_of_the_whole_document_holds_for_all_of_it() {
    let root = node("spec: { a: 1 }\n");
    let desk = desk();
    let whole = desk.root(&root);
    let spec = whole.fields(&["spec"]).get("spec").unwrap();
    spec.fields(&["a"]).get("a").unwrap().applied();
    whole.left_out("the document is left out");
    assert_eq!(told(&desk, &root).len(), 2);
    assert!(told(&desk, &root)[1].starts_with("refused spec.a: the document"));
}

#[test]
fn a_container_of_one_status_tells_all_that_happens_instead() {
    let root = node("s: { a: 1, b: 2, c: 3 }\nt: { a: 1, b: 2, c: 3, d: 4, e: 1 }\n");
    let desk = desk();
    for (_, container) in desk.root(&root).entries() {
        for (key, field) in container.entries() {
            field.ignored(format!("no {key}"));
        }
    }
    let told = told(&desk, &root);
    assert_eq!(told[0], "ignored s: no a; no b; no c");
    assert_eq!(told[4], "ignored t: no a; no b; no c; …");
}

#[test]
fn nothing_gets_better_by_being_said_again() {
    let root = node("a: 1\n");
    let desk = desk();
    let field = desk.root(&root).fields(&["a"]).get("a").unwrap();
    field.refused("invalid-value", "one is too few", "write two");
    field.left_out("two are taken");
    field.applied();
    assert_eq!(field.float(), Some(1.0));
    assert_eq!(told(&desk, &root), ["refused a: two are taken"]);
}

#[test]
fn findings_are_bounded_and_what_became_of_the_fields_is_not_lost() {
    let text: String = (0..1_000).map(|n| format!("k{n}: 1\n")).collect();
    let root = node(&text);
    let desk = desk();
    desk.root(&root).fields(&["spec"]);
    let findings = desk.findings(&root);
    assert_eq!(findings.len(), MOST_FINDINGS + 1);
    assert_eq!(findings[MOST_FINDINGS].id, "too-many-errors");
    assert_eq!(findings[MOST_FINDINGS].severity, Severity::Error);
    assert_eq!(desk.report(&root).len(), 1_000);
}

#[test]
fn too_many_warnings_are_no_error() {
    let root = node("a: 1\n");
    let desk = desk();
    for _ in 0..=MOST_FINDINGS {
        desk.root(&root).warn("doubtful", "hardly meant", "");
    }
    let findings = desk.findings(&root);
    assert_eq!(findings[MOST_FINDINGS].severity, Severity::Warning);
    assert!(!desk.has_errors());
}

#[test]
fn a_value_s_own_words_tell_what_is_wrong_with_it() {
    let root = node("a: ten\n");
    let desk = desk();
    let field = desk.root(&root).fields(&["a"]).get("a").unwrap();
    assert_eq!(field.parse::<crate::policy::Span>(), None);
    let finding = &desk.findings(&root)[0];
    assert_eq!(finding.id, "invalid-value");
    assert_eq!(
        finding.advice,
        "write a number and its unit: 50ms, 1.5s, 1h30m"
    );
}

#[test]
fn an_entry_is_written_for_machines_and_for_people() {
    let root = node("spec:\n  retries: { attempts: 1 }\n  hosts: [a]\n");
    let desk = desk();
    let spec = desk.root(&root).fields(&["spec"]).get("spec").unwrap();
    let fields = spec.fields(&["retries", "hosts"]);
    fields
        .get("retries")
        .unwrap()
        .ignored("requests are not retried");
    fields.get("hosts").unwrap().applied();
    let report = desk.report(&root);
    assert_eq!(
        serde_json::to_value(&report[0]).unwrap(),
        serde_json::json!({
            "status": "ignored",
            "at": {
                "file": "a.yaml", "line": 2, "column": 3,
                "document": "VirtualService prod/reviews", "path": "spec.retries"
            },
            "field": "spec.retries",
            "instead": "requests are not retried",
        })
    );
    let applied = serde_json::to_value(&report[2]).unwrap();
    assert_eq!(applied["field"], "spec.hosts");
    assert!(applied.get("instead").is_none());
    assert_eq!(
        report[0].to_string(),
        "a.yaml:2:3: spec.retries: ignored: requests are not retried"
    );
    assert!(report[1].lies_in(&report[0]) && !report[2].lies_in(&report[0]));
}

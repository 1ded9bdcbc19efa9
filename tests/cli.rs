//! The command `tower-mesh` as its users run it: what it prints and how it ends.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use command::{command, file, run};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;

#[test]
fn check_finds_nothing_in_a_good_policy() {
    let run = run(&["check", "mesh.yaml"], "");
    assert_eq!((run.code, run.out.as_str()), (Some(0), "nothing found\n"));
    assert_eq!(run.err, "");
}

#[test]
fn check_prints_one_finding_a_line_and_counts_them() {
    let run = run(&["check", "invalid.yaml", "warning.yaml"], "");
    assert_eq!(run.code, Some(1));
    let lines: Vec<_> = run.out.lines().collect();
    assert!(
        lines[0].starts_with("invalid.yaml:8:25: routes[0].rules[0].to[0].service: "),
        "{lines:?}"
    );
    assert!(lines[0].contains("did you mean `reviews`?"), "{lines:?}");
    assert!(
        lines[1].starts_with("warning.yaml:2:3: services.reviews: "),
        "{lines:?}"
    );
    assert_eq!(lines[2..], ["2 errors"]);
}

#[test]
fn check_fails_from_the_severity_that_is_asked_for() {
    for (severity, code) in [("error", 0), ("warning", 1), ("info", 1)] {
        let run = run(&["check", "warning.yaml", "--fail-on", severity], "");
        assert_eq!(run.code, Some(code), "{severity}");
        assert!(run.out.ends_with("\n1 warning\n"), "{}", run.out);
    }
}

#[test]
fn check_prints_json_for_tools() {
    let good = run(&["check", "mesh.yaml", "--format", "json"], "");
    assert_eq!(good.code, Some(0));
    assert_eq!(good.json(), json!({ "findings": [], "report": [] }));
    let bad = run(&["check", "--format=json", "invalid.yaml"], "");
    assert_eq!(bad.code, Some(1));
    let finding = &bad.json()["findings"][0];
    assert_eq!(finding["id"], "unknown-service");
    assert_eq!(finding["severity"], "error");
    let at = json!({
        "file": "invalid.yaml", "line": 8, "column": 25, "document": "document 1",
        "path": "routes[0].rules[0].to[0].service"
    });
    assert_eq!(finding["at"], at);
    assert!(finding["message"].is_string() && finding["because"].is_array());
}

/// Two namespaces, of which one has a field that nothing is done about and one that is unknown.
const NAMESPACES: &str = "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\nspec: { \
                          finalizers: [kubernetes] }\n---\napiVersion: v1\nkind: Namespace\n\
                          metadata: { name: b }\n";

#[test]
fn check_tells_what_became_of_imported_fields() {
    let good = run(&["check", "-"], NAMESPACES);
    assert_eq!(good.code, Some(0));
    // Once, though the report has an entry for each part.
    assert_eq!(
        good.out,
        "-:4:1: spec: ignored: namespaces are not deleted here\nnothing found\n"
    );
    let json = run(&["check", "-", "--format", "json"], NAMESPACES).json();
    let report = json["report"].as_array().unwrap();
    assert_eq!(report.len(), 3);
    let entry = json!({
        "status": "ignored",
        "at": { "file": "-", "line": 4, "column": 1, "document": "Namespace a", "path": "spec" },
        "field": "spec",
        "instead": "namespaces are not deleted here",
    });
    assert_eq!(report[0], entry);
    assert_eq!(report[1]["field"], "spec.finalizers");
    assert_eq!(report[2]["field"], "spec.finalizers[0]");
}

#[test]
fn check_fails_for_what_is_denied_and_for_nothing_else() {
    for (deny, code) in [
        (&["--deny", "ignored"][..], 1),
        (&["--deny", "approximated"], 0),
        (&["--deny", "refused"], 0),
        (&["--deny", "approximated,refused"], 0),
        (&["--deny", "refused,ignored"], 1),
        (&["--deny=refused", "--deny=ignored"], 1),
        (&["--deny", "applied"], 2),
        (&["--deny", "ignored,nonsense"], 2),
    ] {
        let arguments = [&["check", "-"][..], deny].concat();
        assert_eq!(run(&arguments, NAMESPACES).code, Some(code), "{deny:?}");
    }
    let unsupported = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: { name: a }\n";
    assert_eq!(run(&["check", "-"], unsupported).code, Some(0));
    assert_eq!(
        run(&["check", "-", "--deny", "ignored"], unsupported).code,
        Some(1)
    );
    let native = std::fs::read_to_string("tests/cli/mesh.yaml").unwrap();
    let all = ["check", "-", "--deny", "approximated,ignored,refused"];
    assert_eq!(run(&all, native).code, Some(0));
}

/// Several things wrong in two documents of Istio.
const FAULTS: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: prod }
spec:
  hosts: [a, a]
  http:
    - route: [{ destination: { host: \"*\" } }]
    - match: [{ port: 80 }]
      timeout: 0s
      route: [{ destination: { host: a } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a, namespace: prod }
spec:
  host: a
  trafficPolicy: { outlierDetection: { consecutiveErrors: 5, minHealthPercent: 101 } }
";

#[test]
fn check_tells_all_that_is_wrong_with_documents_in_the_order_of_the_file() {
    let wanted = [
        (5, 14, "duplicate-host", "error", "spec.hosts[1]"),
        (
            7,
            38,
            "invalid-value",
            "error",
            "spec.http[0].route[0].destination.host",
        ),
        (8, 7, "unreachable-rule", "warning", "spec.http[1]"),
        (9, 16, "invalid-value", "error", "spec.http[1].timeout"),
        (
            17,
            59,
            "deprecated-field",
            "warning",
            "spec.trafficPolicy.outlierDetection.consecutiveErrors",
        ),
        (
            17,
            80,
            "out-of-range",
            "error",
            "spec.trafficPolicy.outlierDetection.minHealthPercent",
        ),
    ];
    let text = run(&["check", "-"], FAULTS);
    assert_eq!(text.code, Some(1));
    assert!(
        text.out.ends_with("\n4 errors, 2 warnings\n"),
        "{}",
        text.out
    );
    for (told, (line, column, _, severity, path)) in text.out.lines().zip(wanted) {
        let warning = if severity == "warning" {
            "warning: "
        } else {
            ""
        };
        assert!(
            told.starts_with(&format!("-:{line}:{column}: {path}: {warning}")),
            "{}",
            text.out
        );
    }
    let json = run(&["check", "-", "--format", "json"], FAULTS).json();
    let told: Vec<_> = { json["findings"].as_array().unwrap().iter() }
        .map(|finding| {
            let at = &finding["at"];
            json!([
                at["file"],
                at["line"],
                at["column"],
                finding["id"],
                finding["severity"],
                at["path"]
            ])
        })
        .collect();
    let wanted: Vec<_> = { wanted.into_iter() }
        .map(|(line, column, id, severity, path)| json!(["-", line, column, id, severity, path]))
        .collect();
    assert_eq!(told, wanted);
}

#[test]
fn check_advises_what_to_write_for_a_made_up_kind() {
    let made_up = "../import/istio-config.yaml";
    let checked = run(&["check", made_up], "");
    assert_eq!(checked.code, Some(1));
    let (first, rest) = checked.out.split_once('\n').unwrap();
    assert!(
        first.starts_with("../import/istio-config.yaml:2:7: kind: there is no kind `IstioConfig`")
    );
    assert!(
        rest.starts_with("    apiVersion: networking.istio.io/v1\n"),
        "{rest}"
    );
    assert!(rest.ends_with(
        "\n../import/istio-config.yaml:5:1: spec: refused: the document is left out\n1 error\n"
    ));
    // The rest of the policy can be decided by.
    let decided = run(
        &["decide", "mesh.yaml", made_up],
        r#"{"authority":"reviews","path":"/"}"#,
    );
    assert_eq!(decided.code, Some(1));
    assert_eq!(decided.lines()[0]["outcome"], "forward");
}

#[test]
fn check_reads_standard_input() {
    let policy = std::fs::read_to_string("tests/cli/mesh.yaml").unwrap();
    assert_eq!(run(&["check", "-"], policy).code, Some(0));
    let bad = run(&["check", "-"], "routs: []\n");
    assert_eq!(bad.code, Some(1));
    assert!(bad.out.starts_with("-:1:1: routs: "), "{}", bad.out);
    assert_eq!(run(&["check", "-"], b"\xff".to_vec()).code, Some(2));
}

#[test]
fn check_tells_of_every_file_that_cannot_be_read() {
    let latin = file("latin.yaml", b"services: { caf\xe9: {} }\n");
    let run = run(&["check", "missing.yaml", "mesh.yaml", &latin], "");
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(
        run.err.starts_with("missing.yaml: cannot be read: "),
        "{}",
        run.err
    );
    assert!(run.err.contains("save it as UTF-8"), "{}", run.err);
}

#[test]
fn a_folder_is_all_its_documents_and_what_is_none_of_ours_is_noted() {
    let checked = run(&["check", "folder"], "");
    assert_eq!(
        (checked.code, checked.out.as_str()),
        (Some(0), "nothing found\n")
    );
    assert!(
        checked
            .err
            .contains("Deployment carries no traffic policy, skipped"),
        "{}",
        checked.err
    );
    let decided = run(&["decide", "folder"], r#"{"authority":"x","path":"/"}"#);
    assert_eq!(decided.code, Some(0));
    assert_eq!(decided.lines()[0]["route"], "all");
    let empty = file("no-policy.txt", b"");
    let folder = PathBuf::from(empty).with_file_name("nothing-inside");
    std::fs::create_dir_all(&folder).unwrap();
    assert_eq!(run(&["check", folder.to_str().unwrap()], "").code, Some(2));
}

#[test]
fn usage_that_is_wrong_ends_with_two_and_help_with_nought() {
    for wrong in [
        &["check"][..],
        &["decide"],
        &["chekc", "x"],
        &["check", "--format", "xml", "x"],
        &[],
    ] {
        let run = run(wrong, "");
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!run.err.is_empty());
    }
    for right in [&["--help"][..], &["--version"], &["help", "decide"]] {
        assert_eq!(run(right, "").code, Some(0), "{right:?}");
    }
}

#[test]
fn schema_prints_what_lies_in_the_repository() {
    let ran = run(&["schema"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(
        ran.json()["$schema"],
        "http://json-schema.org/draft-07/schema#"
    );
    assert_eq!(ran.out, include_str!("../schema/policy.schema.json"));
    assert_eq!(run(&["schema", "mesh.yaml"], "").code, Some(2));
}

#[test]
fn decide_answers_every_question_in_its_order() {
    let questions = concat!(
        "\u{feff}{\"authority\":\"reviews\",\"path\":\"/a\",\"headers\":[[\"x-beta\",\"1\"]]}\r\n",
        "\n  \n",
        r#"{"method":"POST","scheme":"http","authority":"reviews:9080","path":"/b","source":{"namespace":"n","labels":{},"ip":"10.0.0.1"}}"#,
        "\n",
        r#"{"authority":"elsewhere","path":"/"}"#,
    );
    let run = run(&["decide", "mesh.yaml"], questions);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let answers = run.lines();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["rule"], "beta");
    let shares: Vec<_> = answers[1]["backends"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&shares[0]["share"], &shares[1]["share"]),
        (&json!(0.9), &json!(0.1))
    );
    assert_eq!(answers[2]["backends"][0]["service"], "elsewhere");
    assert_eq!(answers[2].get("route"), None);
}

#[test]
fn decide_draws_the_same_for_the_same_seed() {
    let questions = r#"{"authority":"reviews","path":"/"}"#.to_owned() + "\n";
    let of = |seed: &str| {
        let run = run(
            &["decide", "mesh.yaml", "--seed", seed],
            questions.repeat(100),
        );
        assert_eq!(run.code, Some(0));
        run.out
    };
    assert_eq!(of("1"), of("1"));
    assert_ne!(of("1"), of("2"));
    let one = run(&["decide", "--seed", "3", "mesh.yaml"], questions);
    assert_eq!(one.lines()[0]["backends"].as_array().unwrap().len(), 1);
    assert_eq!(one.lines()[0]["backends"][0]["share"], 1.0);
}

#[test]
fn a_line_that_is_no_question_is_answered_in_its_place() {
    let good = r#"{"authority":"reviews","path":"/"}"#;
    let mut input =
        format!("{good}\nnonsense\n{{\"authority\":\"a b\",\"path\":\"/\"}}\n").into_bytes();
    input.extend_from_slice(b"{\"authority\":\"\xff\",\"path\":\"/\"}\n\n");
    input.extend(std::iter::repeat_n(b'[', 2 << 20));
    input.extend_from_slice(format!("\n{}\n", "[".repeat(100_000)).as_bytes());
    input.extend_from_slice(
        format!("{{\"authority\":\"a\",\"path\":\"/\",\"x\":1}}\n{good}").as_bytes(),
    );
    let run = run(&["decide", "mesh.yaml", "--seed", "1"], input);
    assert_eq!(run.code, Some(2));
    let answers = run.lines();
    let lines: Vec<_> = answers
        .iter()
        .map(|answer| answer["error"]["line"].as_u64())
        .collect();
    assert_eq!(
        lines,
        [
            None,
            Some(2),
            Some(3),
            Some(4),
            Some(6),
            Some(7),
            Some(8),
            None
        ]
    );
    for (answer, says) in [
        (2, "the authority \"a b\" is none"),
        (4, "longer than 1 MiB"),
        (6, "unknown field `x`"),
    ] {
        let message = answers[answer]["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert!(run.err.contains(message), "{}", run.err);
    }
    assert!(
        run.err.starts_with("line 2: a question is an object"),
        "{}",
        run.err
    );
}

#[test]
fn a_policy_with_errors_is_decided_by_and_told() {
    let questions = "{\"authority\":\"reviews\",\"path\":\"/old\"}\n{\"authority\":\"reviews\",\"path\":\"/\"}\n";
    let run = run(&["decide", "invalid.yaml"], questions);
    assert_eq!(run.code, Some(1));
    assert!(run.err.starts_with("invalid.yaml:8:25: "), "{}", run.err);
    let answers = run.lines();
    assert_eq!(
        answers[0],
        json!({ "outcome": "reject", "route": "reviews", "rule": "0", "status": 500 })
    );
    assert_eq!(answers[1]["outcome"], "forward");
}

#[test]
fn a_policy_that_cannot_be_read_decides_nothing() {
    let question = r#"{"authority":"reviews","path":"/"}"#;
    for (policy, says) in [
        ("broken.yaml", "there is no field `routs` here"),
        ("missing.yaml", "cannot be read"),
        ("-", "standard input holds the questions"),
    ] {
        let run = run(&["decide", "mesh.yaml", policy], question);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{policy}");
        assert!(run.err.contains(says), "{}", run.err);
    }
}

#[test]
fn whoever_has_read_enough_may_stop() {
    let mut child = command(&["decide", "mesh.yaml"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let question = r#"{"authority":"reviews","path":"/"}"#.to_owned() + "\n";
    // The pipe breaks as soon as the command has ended.
    let _ = stdin.write_all(question.repeat(10_000).as_bytes());
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}

#[test]
fn who_asks_one_by_one_is_answered_one_by_one() {
    use std::io::{BufRead as _, BufReader};
    let mut child = command(&["decide", "mesh.yaml"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for path in ["/a", "/b"] {
        writeln!(stdin, r#"{{"authority":"reviews","path":"{path}"}}"#).unwrap();
        stdin.flush().unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["backends"][0]["request"]["path"], path);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

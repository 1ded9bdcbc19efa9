//! The command `tower-mesh test` as its users run it.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use command::run;
use serde_json::json;

fn test(arguments: &[&str]) -> command::Run {
    run(&[&["test"], arguments].concat(), "")
}

#[test]
fn a_policy_that_is_as_expected_passes() {
    let run = test(&["mesh.yaml", "--cases", "cases"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert_eq!(
        run.out,
        "2 cases, 2 passed\n\
         rules: 2 of 2 (100 %), 100 % required\n\
         matches: 1 of 1 (100 %)\n\
         destinations: 3 of 3 (100 %)\n"
    );
}

#[test]
fn a_case_that_fails_says_where_and_why() {
    let run = test(&[
        "mesh.yaml",
        "--cases",
        "wrong_cases.yaml",
        "--cases",
        "cases/rest.json",
    ]);
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    let explain = ["explain", "mesh.yaml", "--request", "GET http://reviews/"];
    let indented = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("    {line}\n"),
    };
    let why: String = command::run(&explain, "")
        .out
        .lines()
        .map(indented)
        .collect();
    assert_eq!(
        run.out.replace(&why, "    WHY\n"),
        "wrong_cases.yaml:2:5: failed: all of it\n\
         \x20 wrong_cases.yaml:5:7: backends: expected */v2 1, found reviews:9080/v1 0.9, reviews:9080/v2 0.1\n\
         \x20 wrong_cases.yaml:6:19: timeout_ms: expected 100, found nothing\n\
         \x20 question  {\"method\":\"GET\",\"scheme\":\"http\",\"authority\":\"reviews\",\"path\":\"/\"}\n\
         \n\
         \x20   WHY\n\
         \n\
         2 cases, 1 passed\n\
         rules: 1 of 2 (50 %)\n\
         \x20 mesh.yaml:14:9: reviews/beta\n\
         matches: 0 of 1 (0 %)\n\
         \x20 mesh.yaml:15:17: reviews/beta match[0]\n\
         destinations: 2 of 3 (66 %)\n\
         \x20 mesh.yaml:16:14: reviews/beta to reviews/v2\n"
    );
}

#[test]
fn what_is_not_exercised_fails_where_it_is_required() {
    let cases = ["mesh.yaml", "--cases", "cases/rest.json"];
    for (required, code) in [
        ("rules=50,matches=0,destinations=66", 0),
        ("rules=51", 1),
        ("destinations=67", 1),
        ("lines=1", 2),
        ("rules=101", 2),
        ("", 2),
    ] {
        let run = test(&[&cases[..], &["--require", required]].concat());
        assert_eq!(run.code, Some(code), "{required}: {}", run.err);
        assert!(code == 2 || run.out.contains("required"), "{}", run.out);
    }
    // What is asked for here counts in place of what the files say, kind by kind.
    let reviews = ["mesh.yaml", "--cases", "cases/reviews.yaml"];
    let short = test(&reviews);
    assert_eq!(short.code, Some(1));
    assert!(
        short
            .out
            .contains("\nrules: 1 of 2 (50 %), but 100 % required\n"),
        "{}",
        short.out
    );
    let enough = test(&[&reviews[..], &["--require=rules=50"]].concat());
    assert_eq!(enough.code, Some(0));
    let still = test(&[&reviews[..], &["--require=matches=100"]].concat());
    assert_eq!(still.code, Some(1));
}

#[test]
fn json_is_one_object_for_tools() {
    let arguments = [
        "mesh.yaml",
        "--cases",
        "wrong_cases.yaml",
        "--format",
        "json",
    ];
    let run = test(&[&arguments[..], &["--require", "rules=100"]].concat());
    assert_eq!(run.code, Some(1));
    let report = run.json();
    let case = &report["cases"][0];
    assert_eq!(case["name"], "all of it");
    assert_eq!(case["passed"], false);
    assert_eq!(
        case["at"],
        json!({ "file": "wrong_cases.yaml", "line": 2, "column": 5, "document": "document 1", "path": "cases[0]" })
    );
    assert_eq!(
        case["request"],
        json!({ "method": "GET", "scheme": "http", "authority": "reviews", "path": "/" })
    );
    assert_eq!(
        case["differences"][1],
        json!({
            "field": "timeout_ms", "expected": "100", "found": "nothing",
            "at": { "file": "wrong_cases.yaml", "line": 6, "column": 19, "document": "document 1", "path": "cases[0].expect.timeout_ms" },
        })
    );
    assert_eq!(case["taken"]["rule"], "reviews/1");
    assert_eq!(case["explanation"]["answer"]["outcome"], "forward");
    assert_eq!(
        report["coverage"]["rules"],
        json!({
            "covered": 1, "total": 2,
            "missed": [{
                "name": "reviews/beta",
                "at": { "file": "mesh.yaml", "line": 14, "column": 9, "document": "document 1", "path": "routes[0].rules[0]" },
            }],
        })
    );
    assert_eq!(report["required"], json!({ "rules": 100 }));
    assert_eq!(
        (&report["passed"], &report["findings"]),
        (&json!(false), &json!([]))
    );
    let good = test(&["mesh.yaml", "--cases", "cases", "--format=json"]);
    assert_eq!((good.code, &good.json()["passed"]), (Some(0), &json!(true)));
}

#[test]
fn a_policy_with_errors_is_tested_all_the_same_and_fails() {
    let cases =
        "cases: [{ request: 'http://reviews/old', expect: { outcome: reject, status: 500 } }]";
    let ran = run(
        &["test", "invalid.yaml", "--cases", "-", "--format", "json"],
        cases,
    );
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("invalid.yaml:8:25: "), "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["cases"][0]["passed"], true);
    assert_eq!(report["findings"][0]["id"], "unknown-service");
    assert_eq!(report["passed"], false);
}

#[test]
fn laws_are_checked_beside_cases() {
    let file = |targets: &str| {
        format!(
            "cases: [{{ request: 'http://reviews/', expect: {{ rule: 1 }} }}]
laws:
  - name: testers get the new version
    requests: {{ host: reviews, headers: {{ x-beta: '1' }} }}
    only: [{targets}]
"
        )
    };
    let arguments = ["test", "mesh.yaml", "--cases", "-"];
    let good = run(&arguments, file("reviews/v2"));
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""));
    assert!(
        good.out
            .starts_with("1 case, 1 passed\n1 law, 1 held\nrules: 2 of 2"),
        "{}",
        good.out
    );
    let bad = run(&arguments, file("reviews/v1"));
    assert_eq!(bad.code, Some(1));
    let told = "1 case, 1 passed\n-:3:5: broken: testers get the new version: ";
    assert!(bad.out.starts_with(told), "{}", bad.out);
    assert!(bad.out.contains("\n1 law, 0 held\n"), "{}", bad.out);
    let unknown = run(&arguments, file("reviews/v3"));
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
    assert_eq!(
        unknown.err,
        "-:5:12: laws[0].only[0]: the service `reviews` has no subset `v3`; there are `v1`, `v2`\n"
    );
}

#[test]
fn one_of_them_may_be_standard_input() {
    let policy = std::fs::read_to_string("tests/cli/mesh.yaml").unwrap();
    let ran = run(&["test", "-", "--cases", "cases"], policy);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let both = test(&["-", "--cases", "-"]);
    assert_eq!((both.code, both.out.as_str()), (Some(2), ""));
    assert!(
        both.err.contains("standard input can be read once"),
        "{}",
        both.err
    );
}

#[test]
fn what_cannot_be_used_is_told_and_nothing_is_tested() {
    for (arguments, told) in [
        (
            &["mesh.yaml", "--cases", "no_cases.yaml"][..],
            "no_cases.yaml:2:14: cases[0].request: `reviews` is no URL; write scheme and host: http://reviews/api/1\n\
             no_cases.yaml:3:24: cases[0].expect.outcome: there is no `forwards` to choose here; did you mean `forward`?\n",
        ),
        (
            &["mesh.yaml", "--cases", "strange_cases.yaml"],
            "strange_cases.yaml:3:26: cases[0].expect.backends[0]: the service `reviews` has no subset `v7`; there are `v1`, `v2`\n",
        ),
        (
            &["broken.yaml", "--cases", "no_cases.yaml"],
            "broken.yaml:2:1: routs: there is no field `routs` here; did you mean `routes`?\n\
             no_cases.yaml:2:14: cases[0].request: `reviews` is no URL; write scheme and host: http://reviews/api/1\n\
             no_cases.yaml:3:24: cases[0].expect.outcome: there is no `forwards` to choose here; did you mean `forward`?\n",
        ),
    ] {
        let run = test(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(run.err, told, "{arguments:?}");
    }
    for missing in [&["mesh.yaml"][..], &["--cases", "cases"], &[]] {
        assert_eq!(test(missing).code, Some(2), "{missing:?}");
    }
    let gone = test(&["mesh.yaml", "--cases", "gone.yaml"]);
    assert_eq!((gone.code, gone.out.as_str()), (Some(2), ""));
    assert!(
        gone.err.starts_with("gone.yaml: cannot be read: "),
        "{}",
        gone.err
    );
}

#[test]
fn whoever_has_read_enough_may_stop() {
    let mut child = command::command(&["test", "mesh.yaml", "--cases", "cases"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
}

//! `tower-mesh explain` as its users run it: what it prints and how it ends.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use command::run;
use serde_json::{Value, json};

const BETA: &str = "\
Forwarded to reviews:9080/v2 by rule `beta` of route `reviews`: the first that takes it, listed
before `1`.

GET http://reviews/api/1
├─ x-beta: 1
├─ in the mesh, as a client in the namespace `default`
├─ host reviews: route `reviews` claims `reviews` (mesh.yaml:11:5)
├─ rules, in the order in which they are asked
│  ├─ ✓ beta    header x-beta exact \"1\" (mesh.yaml:15:17)
│  └─ · rule 1  would take it, too, but comes later (mesh.yaml:17:9)
└─ to reviews:9080/v2 (mesh.yaml:16:14)
   ├─ request and response as they are
   └─ 1 endpoint (mesh.yaml:9:7)
      ├─ 10.0.0.2:9080
      └─ – 10.0.0.1:9080: label version is `v1`, `v2` wants `v2`
";

fn explain(arguments: &[&str]) -> command::Run {
    run(&[&["explain"], arguments].concat(), "")
}

#[test]
fn it_prints_a_sentence_and_a_tree() {
    let run = explain(&[
        "mesh.yaml",
        "--request",
        "GET http://reviews/api/1",
        "-H",
        "x-beta: 1",
    ]);
    assert_eq!(
        (run.out.as_str(), run.err.as_str(), run.code),
        (BETA, "", Some(0))
    );
    let short = explain(&[
        "mesh.yaml",
        "-r",
        "http://reviews/api/1",
        "--header",
        "x-beta:1",
    ]);
    assert_eq!(short.out, BETA);
}

/// What `decide` takes and what tools tell as a witness can be pasted.
#[test]
fn a_question_in_json_is_a_request_and_arguments_add_to_it() {
    let asked = r#"{"authority":"reviews","path":"/api/1","headers":[["x-beta","1"]]}"#;
    let run = explain(&["mesh.yaml", "--request", asked]);
    assert_eq!((run.out.as_str(), run.code), (BETA, Some(0)));
    let added = explain(&[
        "mesh.yaml",
        "--format",
        "json",
        "-r",
        r#"{"authority":"reviews","path":"/","source":{"namespace":"a"}}"#,
        "-H",
        "x-a: b",
        "--label",
        "app=c=d",
        "--ip",
        "10.0.0.9",
        "--from",
        "prod",
    ]);
    let expected = json!({
        "authority": "reviews", "path": "/", "headers": [["x-a", "b"]],
        "source": { "namespace": "prod", "labels": { "app": "c=d" }, "ip": "10.0.0.9" }
    });
    assert_eq!(added.json()["request"], expected);
    assert_eq!(added.json()["entrance"]["labels"], json!({ "app": "c=d" }));
}

#[test]
fn json_has_everything_and_the_answer_that_decide_gives() {
    let asked = r#"{"method":"GET","scheme":"http","authority":"reviews","path":"/"}"#;
    for seed in [None, Some("7")] {
        let seed: Vec<&str> = seed
            .map(|seed| ["--seed", seed])
            .into_iter()
            .flatten()
            .collect();
        let decided = run(&[&["decide", "mesh.yaml"], seed.as_slice()].concat(), asked).json();
        let request = ["mesh.yaml", "-r", "GET http://reviews/", "--format", "json"];
        let explained = explain(&[&request[..], &seed].concat());
        assert_eq!(explained.code, Some(0));
        let value: Value = explained.json();
        assert_eq!(value["answer"], decided);
        assert_eq!(
            value["rules"][0]["unmet"],
            json!({
                "predicate": "header x-beta", "wanted": "exact \"1\"", "has": []
            })
        );
        assert_eq!(value["chosen"]["because"], "only");
        assert_eq!(value["chosen"]["at"]["line"], 17);
        let how = if seed.is_empty() { "shares" } else { "drawn" };
        assert_eq!(value["split"]["how"], how);
    }
}

#[test]
fn secrets_are_shown_to_who_asks_for_them() {
    let request = ["mesh.yaml", "-r", "http://reviews/", "-H", "Cookie: a=hush"];
    let hidden = explain(&request);
    assert!(
        hidden.out.contains("Cookie: …") && !hidden.out.contains("hush"),
        "{}",
        hidden.out
    );
    let shown = explain(&[&request[..], &["--show-secrets"]].concat());
    assert!(shown.out.contains("Cookie: a=hush"), "{}", shown.out);
}

#[test]
fn a_policy_with_errors_is_explained_all_the_same() {
    let run = explain(&["invalid.yaml", "-r", "http://reviews/old"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out.starts_with("Answered with 500 by rule"),
        "{}",
        run.out
    );
    assert!(run.err.starts_with("invalid.yaml:8:25: "), "{}", run.err);
}

#[test]
fn at_a_gateway_the_port_says_whether_it_came_over_tls() {
    let policy = "gateways:\n  prod/edge:\n    listeners:\n    - { name: plain, port: 80 }\n    \
                  - { name: tls, port: 443, protocol: https, hosts: [shop.example] }\nservices: { \
                  a: { endpoints: [{ address: '10.0.0.1:80' }] } }\nroutes:\n- name: r\n  hosts: \
                  ['*']\n  gateways: [prod/edge]\n  rules:\n  - match: [{ scheme: https }]\n    \
                  to: [{ service: a }]\n";
    let at = |port: &str, url: &str| {
        let asked = [
            "explain",
            "-",
            "--gateway",
            "prod/edge",
            "--port",
            port,
            "-r",
            url,
        ];
        run(&asked, policy)
    };
    let tls = at("443", "GET http://shop.example/");
    assert!(
        tls.out
            .starts_with("Forwarded to a:80 by rule `0` of route `r`"),
        "{}",
        tls.out
    );
    assert!(
        tls.out.contains("\nGET https://shop.example/\n"),
        "{}",
        tls.out
    );
    let plain = at("80", "http://shop.example/");
    assert!(
        plain
            .out
            .contains("scheme: wants exact \"https\", has \"http\""),
        "{}",
        plain.out
    );
    let nowhere = at("81", "http://shop.example/");
    assert_eq!(nowhere.code, Some(0));
    let says = "Answered with 404: the gateway does not listen on the port 81, but on 80, 443.";
    assert!(nowhere.out.starts_with(says), "{}", nowhere.out);
}

/// Which argument it is, what is wrong with it and how to write it; exit code 2 and no output.
#[test]
fn what_is_no_request_is_told() {
    for (arguments, says) in [
        (
            &["-r", "GET /api"][..],
            "--request: `/api` is no URL; write scheme and host: http",
        ),
        (
            &["-r", ""],
            "--request: \"\" is no request; write a method and a URL",
        ),
        (
            &["-r", "GET http://a b"],
            "--request: \"GET http://a b\" is no request",
        ),
        (&["-r", "G{T http://a/"], "--request: the method"),
        (&["-r", "http://a:x/"], "--request: the authority"),
        (
            &["-r", "{\"authority\":\"a\"}"],
            "--request: column 17: missing field `path`",
        ),
        (
            &["-r", "{\"authority\":\"a\",\"paht\":\"/\"}"],
            "unknown field `paht`",
        ),
        (
            &["-r", "http://a/", "-H", "a: b", "-H", "nothing"],
            "--header 2: \"nothing\" is no header; write its name and value: \"x-beta: 1\"",
        ),
        (
            &["-r", "http://a/", "-H", "a b: c"],
            "--header 1: \"a b\" is no header name",
        ),
        (
            &["-r", "http://a/", "-H", "a: b\nc"],
            "--header 1: the value of the header \"a\"",
        ),
        (
            &["-r", "http://a/", "--label", "app"],
            "--label 1: \"app\" is no label; write its name and value: app=reviews",
        ),
        (
            &["-r", "{\"authority\":\"a b\",\"path\":\"/\"}"],
            "--request: the authority",
        ),
        (&["-r", "http://a/", "--ip", "x"], "--ip"),
        (&["-r", "http://a/", "--port", "80"], "--gateway"),
        (&["-r", "http://a/", "--seed", "x"], "--seed"),
        (&[], "--request"),
    ] {
        let run = explain(&[&["mesh.yaml"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(says), "{arguments:?}: {}", run.err);
    }
    // All that is wrong is told at once.
    let both = explain(&[
        "mesh.yaml",
        "missing.yaml",
        "-r",
        "x",
        "-H",
        "y",
        "--label",
        "z",
    ]);
    assert_eq!(both.code, Some(2));
    for says in ["--request: ", "--header 1: ", "--label 1: ", "missing.yaml"] {
        assert!(both.err.contains(says), "{}", both.err);
    }
}

#[test]
fn a_policy_that_cannot_be_read_explains_nothing() {
    let run = explain(&["broken.yaml", "-r", "http://reviews/"]);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
    assert!(run.err.starts_with("broken.yaml:"), "{}", run.err);
}

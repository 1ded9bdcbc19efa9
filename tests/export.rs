//! `tower-mesh export` as its users run it.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use command::{file, run};
use serde_json::Value;
use tower_mesh::Policy;
use tower_mesh::import::Documents;

/// What git would keep, and how it would look.
const MESH: &str = "\
services:
  reviews:
    port: 9080
    endpoints:
    - address: 10.0.0.1:9080
      labels:
        version: v1
    - address: 10.0.0.2:9080
      labels:
        version: v2
    subsets:
      v1:
        labels:
          version: v1
      v2:
        labels:
          version: v2
routes:
- name: reviews
  hosts:
  - reviews
  rules:
  - name: beta
    match:
    - headers:
        x-beta:
          exact: \"1\"
    to:
    - service: reviews
      subset: v2
  - to:
    - service: reviews
      subset: v1
      weight: 90
    - service: reviews
      subset: v2
      weight: 10
";

#[test]
fn native_policy_is_written_without_what_is_default_and_stays_as_it_is() {
    let once = run(&["export", "mesh.yaml"], "");
    assert_eq!((once.code, once.err.as_str()), (Some(0), ""));
    assert_eq!(once.out, MESH);
    let twice = run(&["export", "--to", "native", "-"], once.out.clone());
    assert_eq!((twice.code, twice.out), (Some(0), once.out));
}

#[test]
fn texts_that_yaml_would_take_for_something_else_are_in_quotes() {
    let policy = r#"{"services":{"a":{"inbound":{"fault":{"delay":{"fixed":"1500ms","percent":0.25}}}}},
        "routes":[{"name":"no","hosts":["10.0.0.1","*"],"rules":[{
        "match":[{"query":{"1":{"exact":"true"},"on":{"exact":"1e3"}}}],
        "limits":[{"rate":{"requests":5,"per":"90m"}},{"rate":{"requests":5}}],
        "respond":{"status":200,"body":"one\ntwo: #\n"},
        "headers":{"response":{"set":{"a":"2001-01-01","b":"~","c":"say \"hi\""}}}},
        {"respond":{"status":200,"body":"\u0000\r\t\u007f"}}]}]}"#;
    let written = run(&["export", "-"], policy);
    assert_eq!(written.code, Some(0), "{}", written.err);
    let wanted = "\
services:
  a:
    inbound:
      fault:
        delay:
          fixed: 1.5s
          percent: 0.25
routes:
- name: \"no\"
  hosts:
  - \"10.0.0.1\"
  - \"*\"
  rules:
  - match:
    - query:
        \"1\":
          exact: \"true\"
        \"on\":
          exact: \"1e3\"
    respond:
      status: 200
      body: |
        one
        two: #
    limits:
    - rate:
        requests: 5
        per: 1h30m
    - rate:
        requests: 5
    headers:
      response:
        set:
          a: \"2001-01-01\"
          b: \"~\"
          c: say \"hi\"
  - respond:
      status: 200
      body: \"\\0\\r\\t\\x7F\"
";
    assert_eq!(written.out, wanted);
    let json = run(&["export", "--format", "json", "-"], policy);
    assert!(
        json.out.contains("\\u007f") && json.out.ends_with("}\n"),
        "{}",
        json.out
    );
    let again = run(&["export", "-"], json.out);
    assert_eq!((again.code, again.out), (Some(0), written.out));
}

#[test]
fn documents_of_all_kinds_become_one_that_reads_as_they_did() {
    for path in [
        "../../examples/istio.yaml",
        "../../examples/gateway_api.yaml",
    ] {
        let read = Documents::new();
        let read = read.add_path(format!("tests/cli/{path}")).unwrap().read();
        let yaml = run(&["export", path, "mesh.yaml"], "");
        assert_eq!(yaml.code, Some(0), "{}", yaml.err);
        let written: Policy = yaml.out.parse().unwrap();
        assert_eq!(written.services.len(), read.policy.services.len() + 1);
        let json = run(&["export", path, "mesh.yaml", "--format", "json"], "");
        let value: Value = json.json();
        assert_eq!(value, serde_json::to_value(&written).unwrap());
    }
}

#[test]
fn what_is_not_applied_of_imported_documents_is_hinted_at() {
    let namespace =
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\nspec: { finalizers: [] }\n";
    let one = run(&["export", "-"], namespace);
    assert_eq!((one.code, one.out.as_str()), (Some(0), "{}\n"));
    let hint = "2 imported fields are not applied as they are: `tower-mesh check` tells which\n";
    assert_eq!(one.err, hint);
}

#[test]
fn a_policy_with_errors_is_written_and_told() {
    let ran = run(&["export", "invalid.yaml"], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("invalid.yaml:8:25: "), "{}", ran.err);
    let again = run(&["export", "-"], ran.out.clone());
    assert_eq!((again.code, again.out), (Some(1), ran.out));
}

#[test]
fn what_cannot_be_read_or_not_be_read_again_is_not_written() {
    for path in ["broken.yaml", "missing.yaml"] {
        let ran = run(&["export", path], "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(!ran.err.is_empty());
    }
    // Two files may hold more than one may.
    let long = |name: &str| {
        let body = "a".repeat(9 << 20);
        let rule = format!("{{ respond: {{ status: 200, body: {body} }} }}");
        let text = format!("routes: [{{ name: {name}, hosts: [{name}], rules: [{rule}] }}]\n");
        file(&format!("long-{name}.yaml"), text.as_bytes())
    };
    let (a, b) = (long("a"), long("b"));
    let kept = file("kept.yaml", b"as it was");
    let ran = run(&["export", &a, &b, "-o", &kept], "");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("longer than 16 MiB"), "{}", ran.err);
    assert!(ran.err.ends_with("export parts of it\n"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "as it was");
}

#[test]
fn a_file_is_written_where_one_is_named() {
    let path = file(
        "exported.yaml",
        b"# what was there before, and longer\n"
            .repeat(99)
            .as_slice(),
    );
    let ran = run(&["export", "mesh.yaml", "--output", &path], "");
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (Some(0), "", "")
    );
    assert_eq!(std::fs::read_to_string(path).unwrap(), MESH);
    let nowhere = run(&["export", "mesh.yaml", "-o", "no/such/folder.yaml"], "");
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere
            .err
            .starts_with("no/such/folder.yaml: cannot be written: "),
        "{}",
        nowhere.err
    );
}

#[test]
fn an_envoy_s_configuration_is_written_as_json_too() {
    let policy = "gateways: { edge: { listeners: [{ name: web, port: 80 }] } }
routes: [{ name: r, hosts: ['*'], gateways: [edge], rules: [{ respond: { status: 204 } }] }]";
    let of = |format| {
        run(
            &[
                "export",
                "-",
                "--to",
                "envoy",
                "--gateway",
                "edge",
                "--format",
                format,
            ],
            policy,
        )
    };
    let (yaml, json) = (of("yaml"), of("json"));
    assert_eq!((yaml.code, json.code), (Some(0), Some(0)), "{}", json.err);
    let listeners = &json.json()["static_resources"]["listeners"];
    assert_eq!(listeners.as_array().map(Vec::len), Some(1));
    assert!(yaml.out.contains("\n  listeners:"), "{}", yaml.out);
}

#[test]
fn what_cannot_be_meant_is_said_and_nothing_is_written() {
    let one = "gateways: { edge: { listeners: [{ name: web, port: 80 }] } }";
    let many: String = (0..20)
        .map(|number| format!("  g{number:02}: {{ listeners: [{{ name: web, port: 80 }}] }}\n"))
        .collect();
    let many = format!("gateways:\n{many}");
    let envoy = ["--to", "envoy"];
    for (policy, arguments, said) in [
        (
            one,
            [&envoy[..], &["--gateway", "egde"]].concat(),
            "--gateway: there is no gateway `egde`; there are `edge`\n",
        ),
        (
            "{}",
            [&envoy[..], &["--gateway", "edge"]].concat(),
            "--gateway: there is no gateway `edge`; the policy has none, so leave the option out or \
             add a gateway\n",
        ),
        (
            &many,
            [&envoy[..], &["--gateway", "edge"]].concat(),
            "--gateway: there is no gateway `edge`; there are `g00`, `g01`, `g02`, `g03`, `g04`, \
             `g05`, `g06`, `g07`, `g08`, `g09`, `g10`, `g11`, …\n",
        ),
        (
            one,
            [&envoy[..], &["--namespace", "A b"]].concat(),
            "--namespace: `A b` is no namespace; write small letters, digits and hyphens\n",
        ),
        (
            one,
            vec!["--gateway", "edge"],
            "--gateway: native documents hold the whole policy; add `--to envoy`, or leave it out\n",
        ),
        (
            one,
            vec!["--listen", "127.0.0.1"],
            "--listen: native documents hold the whole policy; add `--to envoy`, or leave it out\n",
        ),
    ] {
        let ran = run(&[&["export", "-"], &arguments[..]].concat(), policy);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(ran.err, said);
    }
}

#[test]
fn an_envoy_listens_where_it_is_told_and_everywhere_otherwise() {
    let at = |more: &[&str]| {
        let ran = run(
            &[&["export", "-", "--to", "envoy", "--format", "json"], more].concat(),
            "{}",
        );
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let listener = &ran.json()["static_resources"]["listeners"][0];
        listener["address"]["socket_address"]["address"].clone()
    };
    assert_eq!(at(&[]), "0.0.0.0");
    assert_eq!(at(&["--listen", "127.0.0.1"]), "127.0.0.1");
}

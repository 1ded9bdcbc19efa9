//! What is most easily got wrong about routing, point by point, through `Plan::decide`. What a
//! running Envoy was seen to do is held against it in `tests/observed`.
#![cfg(feature = "yaml")]

use http::Request;
use serde_json::{Value, json};
use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::policy::Workload;
use tower_mesh::{Plan, Policy};

/// A plan of one route for every host, with these rules. The service `a` is there.
fn plan(rules: &str) -> Plan {
    let text = format!(
        "services: {{ a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }}, b: {{ endpoints: \
         [{{ address: '10.0.0.2:80' }}] }} }}\nroutes:\n- name: r\n  hosts: ['*']\n  rules:\n{rules}"
    );
    let policy: Policy = text.parse().unwrap();
    policy.compile().unwrap()
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn with(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    headers
        .iter()
        .fold(Request::get(uri), |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(())
        .unwrap()
}

/// The rule that takes the request; `None`: none does.
fn rule(plan: &Plan, request: &Request<()>) -> Option<String> {
    let answer = plan.decide(request);
    assert_eq!(answer.rule.is_none(), answer.outcome == Outcome::NoRoute);
    answer.rule
}

/// The path that the only backend receives, and what it is told of the path before.
fn received(answer: &Answer) -> (String, Option<String>) {
    let request = answer.backends[0].request.as_ref().unwrap();
    let told = |name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
    };
    (request.path.clone(), told("x-envoy-original-path"))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut headers = answer.headers.iter();
    headers
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn point_1_there_are_two_kinds_of_prefixes() {
    let plan = plan(
        "  - { name: bytes, match: [{ path: { startsWith: /foo } }], to: [{ service: a }] }
  - { name: elements, match: [{ path: { prefix: /bar/ } }], to: [{ service: a }] }\n",
    );
    for (path, expected) in [
        ("/foo", Some("bytes")),
        ("/foobar", Some("bytes")),
        ("/foo/x?y", Some("bytes")),
        ("/bar", Some("elements")),
        ("/bar/", Some("elements")),
        ("/bar/x", Some("elements")),
        ("/barx", None),
    ] {
        let got = rule(&plan, &get(&format!("http://h{path}")));
        assert_eq!(got.as_deref(), expected, "{path}");
    }
}

#[test]
fn point_3_a_regex_takes_the_whole_path_and_never_sees_the_query() {
    let plan = plan("  - { match: [{ path: { regex: '/re/[0-9]+' } }], to: [{ service: a }] }\n");
    for (path, taken) in [
        ("/re/12", true),
        ("/re/12?x=1", true),
        ("/re/12x", false),
        ("/x/re/12", false),
        ("/re/x?/re/12", false),
    ] {
        let got = rule(&plan, &get(&format!("http://h{path}")));
        assert_eq!(got.is_some(), taken, "{path}");
    }
}

#[test]
fn point_4_lines_of_a_header_are_matched_one_by_one_and_the_first_of_a_querys_keys_counts() {
    let plan = plan(
        "  - { name: two, match: [{ headers: { x: { exact: '2' } } }], to: [{ service: a }] }
  - { name: joined, match: [{ headers: { x: { exact: '1,3' } } }], to: [{ service: a }] }
  - { name: key, match: [{ query: { k: { exact: a%20b } } }], to: [{ service: a }] }\n",
    );
    let lines = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| ("x", *line)).collect();
        rule(&plan, &with("http://h/", &lines))
    };
    assert_eq!(lines(&["1", "2"]).as_deref(), Some("two"));
    assert_eq!(lines(&["1,2"]), None);
    assert_eq!(lines(&["1", "3"]), None);
    assert_eq!(lines(&["1,3"]).as_deref(), Some("joined"));
    let query = |query: &str| rule(&plan, &get(&format!("http://h/?{query}")));
    assert_eq!(query("k=a%20b&k=2").as_deref(), Some("key"));
    assert_eq!(query("k=2&k=a%20b"), None);
    assert_eq!(query("k=a+b"), None);
}

#[test]
fn point_5_a_missing_header_counts_as_empty_where_it_is_not_wanted() {
    let without = |value: &str| {
        plan(&format!(
            "  - {{ match: [{{ withoutHeaders: {{ x: {value} }} }}], to: [{{ service: a }}] }}\n"
        ))
    };
    let taken = |value: &str, headers: &[(&str, &str)]| {
        rule(&without(value), &with("http://h/", headers)).is_some()
    };
    assert!(taken("{ exact: v }", &[]));
    assert!(!taken("{ exact: v }", &[("x", "v")]));
    assert!(!taken("{ exact: v }", &[("x", "v"), ("x", "w")]));
    assert!(taken("{ exact: v }", &[("x", "w")]));
    assert!(!taken("{ regex: '.*' }", &[]));
    assert!(taken("present", &[]));
    assert!(!taken("present", &[("x", "")]));
}

#[test]
fn point_7_no_rule_of_a_less_specific_host_is_asked() {
    let policy: Policy = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] } }
routes:
  - { name: exact, hosts: [foo.com], rules: [{ match: [{ path: { exact: /only } }], to: [{ service: a }] }] }
  - { name: below, hosts: ['*.foo.com'], rules: [{ to: [{ service: a }] }] }
  - { name: all, hosts: ['*'], rules: [{ to: [{ service: a }] }] }
"
    .parse()
    .unwrap();
    let plan = policy.compile().unwrap();
    let route = |uri: &str| plan.decide(&get(uri)).route;
    assert_eq!(route("http://foo.com/only").as_deref(), Some("exact"));
    let answer = plan.decide(&get("http://FOO.com/other"));
    assert_eq!(
        (answer.outcome, answer.status),
        (Outcome::NoRoute, Some(404))
    );
    assert_eq!(route("http://a.b.foo.com/").as_deref(), Some("below"));
    assert_eq!(route("http://other/").as_deref(), Some("all"));
}

#[test]
fn point_9_weights_are_relative_and_what_is_missing_keeps_its_share() {
    let lenient = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] } }
routes:
  - name: r
    hosts: ['*']
    rules:
      - to:
          - { service: a, weight: 3 }
          - { service: a, weight: 0 }
          - { service: gone, weight: 1 }
          - { service: a, permitted: false, whenMissing: 503, weight: 4 }
";
    let policy = with_errors(lenient);
    let plan = Plan::lenient(&policy, &Workload::default(), None);
    let shares: Vec<_> = plan
        .decide(&get("http://h/"))
        .backends()
        .map(|backend| {
            (
                backend.service().map(str::to_owned),
                backend.status,
                backend.share(),
            )
        })
        .collect();
    let expected = [
        (Some("a".to_owned()), None, 0.375),
        (None, Some(500), 0.125),
        (None, Some(503), 0.5),
    ];
    assert_eq!(shares, expected);
}

/// A policy that has errors and is read all the same.
fn with_errors(text: &str) -> Policy {
    let read = tower_mesh::import::Documents::new()
        .add_text("test", text)
        .read();
    assert!(!read.unreadable, "{:?}", read.findings);
    read.policy
}

#[test]
fn point_10_levels_of_header_changes_win_otherwise_for_one_destination_than_for_several() {
    let rule = "headers: { request: { set: { x: rule, y: rule }, add: { z: rule } }, \
                response: { remove: [r], set: { x: rule } } }";
    let to = "headers: { request: { set: { x: to }, remove: [y], add: { z: to } }, \
              response: { set: { x: to, r: to } } }";
    let one = plan(&format!("  - {{ {rule}, to: [{{ service: a, {to} }}] }}\n"));
    let several = plan(&format!(
        "  - {{ {rule}, to: [{{ service: a, {to} }}, {{ service: b }}] }}\n"
    ));
    let request = with("http://h/", &[("x", "0"), ("y", "0"), ("z", "0")]);
    let answer = |plan: &Plan, backend: usize| {
        let answer = serde_json::to_value(plan.decide(&request)).unwrap();
        let backend = &answer["backends"][backend];
        (
            backend["request"]["headers"].clone(),
            backend["response_headers"].clone(),
        )
    };
    let sorted = |headers: Value| {
        let mut headers = headers.as_array().unwrap().clone();
        headers.sort_by_key(Value::to_string);
        Value::from(headers)
    };
    let (headers, response) = answer(&one, 0);
    let expected = json!([
        ["x", "to"],
        ["y", "rule"],
        ["z", "0"],
        ["z", "rule"],
        ["z", "to"]
    ]);
    assert_eq!(sorted(headers), expected);
    assert_eq!(
        response,
        json!({ "remove": ["r"], "set": [["r", "to"], ["x", "to"]], "add": [] })
    );
    let (headers, response) = answer(&several, 0);
    let expected = json!([
        ["x", "rule"],
        ["y", "rule"],
        ["z", "0"],
        ["z", "rule"],
        ["z", "to"]
    ]);
    assert_eq!(sorted(headers), expected);
    assert_eq!(
        response,
        json!({ "remove": ["r"], "set": [["x", "rule"]], "add": [] })
    );
    let (headers, _) = answer(&several, 1);
    let expected = json!([["x", "rule"], ["y", "rule"], ["z", "0"], ["z", "rule"]]);
    assert_eq!(sorted(headers), expected);
}

#[test]
fn point_11_istios_prefix_is_replaced_by_bytes_and_the_gateway_apis_by_elements() {
    let plan = plan(
        "  - { match: [{ path: { startsWith: /foo } }], rewrite: { path: { matched: / } }, to: [{ service: a }] }
  - { match: [{ path: { prefix: /bar } }], rewrite: { path: { prefix: / } }, to: [{ service: a }] }\n",
    );
    for (path, expected) in [
        ("/foo/bar", "//bar"),
        ("/foobar", "/bar"),
        ("/foo?x=1", "/?x=1"),
        ("/bar/foo", "/foo"),
        ("/bar", "/"),
        ("/bar/", "/"),
        ("/bar?x=1", "/?x=1"),
    ] {
        let answer = plan.decide(&get(&format!("http://h{path}")));
        let expected = (expected.to_owned(), Some(path.to_owned()));
        assert_eq!(received(&answer), expected, "{path}");
    }
}

#[test]
fn point_11_the_address_is_changed_after_the_headers_and_told() {
    let plan = plan(
        "  - to: [{ service: a, rewrite: { authority: 'to:81' } }]
    rewrite: { authority: rule, path: { full: /new } }
    headers: { request: { set: { x-envoy-original-path: forged }, add: { x-envoy-original-host: forged } } }\n",
    );
    let answer = plan.decide(&get("http://Host:80/old?q"));
    let request = serde_json::to_value(&answer.backends[0].request).unwrap();
    let expected = json!({
        "method": "GET", "scheme": "http", "authority": "to:81", "path": "/new?q",
        "headers": [["x-envoy-original-path", "/old?q"], ["x-envoy-original-host", "Host:80"]]
    });
    assert_eq!(request, expected);
}

#[test]
fn point_12_a_redirect_keeps_the_query_and_leaves_out_what_is_default() {
    let plan = plan(
        "  - { match: [{ path: { exact: /moved } }], redirect: { path: { full: /new } } }
  - { match: [{ path: { exact: /found } }], redirect: { scheme: https, status: 302 } }
  - { match: [{ path: { exact: /port } }], redirect: { port: { number: 80 } } }
  - { match: [{ path: { exact: /own } }], redirect: { path: { full: '/new?y=2' }, host: n } }
  - name: ops
    match: [{ path: { startsWith: /ops } }]
    redirect: { path: { matched: /to } }
    headers: { response: { add: { x: '1' } } }\n",
    );
    for (uri, status, location) in [
        ("http://A.b:81/moved?x=1", 301, "http://A.b:81/new?x=1"),
        ("http://x:80/found", 302, "https://x/found"),
        ("http://x:81/found?", 302, "https://x:81/found?"),
        ("http://x:81/port", 301, "http://x/port"),
        ("https://x/port", 301, "https://x:80/port"),
        ("http://x/own?x=1", 301, "http://n/new?y=2"),
        ("http://x/opsx?x=1", 301, "http://x/tox?x=1"),
    ] {
        let answer = plan.decide(&get(uri));
        assert_eq!(answer.outcome, Outcome::Redirect, "{uri}");
        assert_eq!(answer.status, Some(status), "{uri}");
        assert_eq!(header(&answer, "location"), Some(location), "{uri}");
        assert!(answer.backends.is_empty() && answer.body.is_none());
    }
    let answer = serde_json::to_value(plan.decide(&get("http://x/ops"))).unwrap();
    let expected = json!({
        "outcome": "redirect", "route": "r", "rule": "ops", "status": 301,
        "headers": [["location", "http://x/to"], ["x", "1"]]
    });
    assert_eq!(answer, expected);
    let grpc = with("http://x/moved", &[("content-type", "application/grpc")]);
    let answer = plan.decide(&grpc);
    assert_eq!(answer.status, Some(200));
    assert_eq!(header(&answer, "grpc-status"), Some("2"));
    assert_eq!(header(&answer, "location"), Some("http://x/new"));
}

#[test]
fn a_direct_response_is_told_in_full() {
    let plan = plan(
        "  - { match: [{ path: { exact: /made } }], respond: { status: 201 } }
  - { match: [{ path: { exact: /none } }], respond: { status: 204, body: nothing } }
  - match: [{ path: { exact: /typed } }]
    respond: { status: 200, body: '{}' }
    headers: { response: { set: { content-type: application/json } } }
  - match: [{ path: { exact: /untyped } }]
    respond: { status: 200, body: '{}' }
    headers: { response: { remove: [content-type] } }
  - { respond: { status: 418, body: teapot } }\n",
    );
    let answer = |request: &Request<()>| serde_json::to_value(plan.decide(request)).unwrap();
    let expected = json!({
        "outcome": "respond", "route": "r", "rule": "4", "status": 418,
        "headers": [["content-type", "text/plain"]], "body": "teapot"
    });
    assert_eq!(answer(&get("http://h/")), expected);
    let made = plan.decide(&get("http://h:80/made?x"));
    assert_eq!(header(&made, "location"), Some("http://h/made?x"));
    let none = plan.decide(&get("http://h/none"));
    assert!(none.body.is_none() && none.headers.is_empty());
    for (path, kind) in [("/typed", "application/json"), ("/untyped", "text/plain")] {
        let typed = plan.decide(&get(&format!("http://h{path}")));
        assert_eq!(header(&typed, "content-type"), Some(kind));
    }
    let head = Request::head("http://h/").body(()).unwrap();
    assert!(plan.decide(&head).body.is_none());
    let grpc = with("http://h/", &[("content-type", "application/grpc+proto")]);
    let expected = json!([
        ["content-type", "application/grpc"],
        ["grpc-status", "2"],
        ["grpc-message", "teapot"]
    ]);
    assert_eq!(answer(&grpc)["headers"], expected);
}

#[test]
fn a_path_is_made_normal_before_anything_looks_at_it() {
    let plan = plan("  - { match: [{ path: { prefix: /b } }], to: [{ service: a }] }\n");
    let answer = plan.decide(&get("http://h/a/..;/b/%7e?x=/../%41"));
    assert_eq!(received(&answer), ("/b/~?x=/../%41".to_owned(), None));
    let asked = |path: &str| plan.answer(&Question::new("h", path)).unwrap();
    for path in ["/b%00", "/b#f", "/b?x#f", "/b c", "/é"] {
        let answer = asked(path);
        assert_eq!(
            (answer.outcome, answer.status),
            (Outcome::Reject, Some(400)),
            "{path}"
        );
    }
    assert_eq!(received(&asked("/b/<`>")).0, "/b/%3C%60%3E");
}

//! Which rule takes a request.

use crate::*;

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

#[test]
fn point_1_virtual_services_match_bytes_and_http_routes_elements() {
    let to = "route: [{ destination: { host: a } }]";
    let istio = istio(&format!(
        "  - {{ name: slash, match: [{{ uri: {{ prefix: /foo/ }} }}], {to} }}
  - {{ name: bytes, match: [{{ uri: {{ prefix: /foo }} }}], {to} }}\n"
    ));
    let gateway = gateway(
        "  - { name: elements, matches: [{ path: { value: /foo/ } }], backendRefs: [{ name: a, port: 80 }] }\n",
    );
    for (path, bytes, elements) in [
        ("/foo", Some("bytes"), Some("elements")),
        ("/foobar", Some("bytes"), None),
        ("/foo/", Some("slash"), Some("elements")),
        ("/foo/bar", Some("slash"), Some("elements")),
        ("/foo?x", Some("bytes"), Some("elements")),
        ("/Foo", None, None),
        ("/fo", None, None),
    ] {
        assert_eq!(istio.rule(path).as_deref(), bytes, "{path}");
        assert_eq!(gateway.rule(path).as_deref(), elements, "{path}");
    }
}

#[test]
fn point_2_virtual_services_go_by_their_list_and_http_routes_by_how_specific_they_are() {
    let to = "route: [{ destination: { host: a } }]";
    let listed = istio(&format!(
        "  - {{ name: first, match: [{{ uri: {{ prefix: / }} }}], {to} }}
  - {{ name: exact, match: [{{ uri: {{ exact: /a/b }} }}], {to} }}\n"
    ));
    assert_eq!(listed.rule("/a/b").as_deref(), Some("first"));

    let to = "backendRefs: [{ name: a, port: 80 }]";
    let header = |name: &str| format!("{{ name: {name}, value: '1' }}");
    let (x, y, z) = (header("x"), header("y"), header("z"));
    // The least specific come first, and the second of equals never decides.
    let specific = gateway(&format!(
        "  - {{ name: all, {to} }}
  - {{ name: all-again, matches: [{{ path: {{ value: / }} }}], {to} }}
  - {{ name: query, matches: [{{ path: {{ value: /a }}, queryParams: [{x}] }}], {to} }}
  - {{ name: queries, matches: [{{ path: {{ value: /a }}, queryParams: [{x}, {y}] }}], {to} }}
  - {{ name: header, matches: [{{ path: {{ value: /a }}, headers: [{x}] }}], {to} }}
  - {{ name: headers, matches: [{{ path: {{ value: /a }}, headers: [{x}, {y}] }}], {to} }}
  - {{ name: method, matches: [{{ path: {{ value: /a }}, method: GET, headers: [{z}] }}], {to} }}
  - {{ name: longer, matches: [{{ path: {{ value: /a/b }} }}], {to} }}
  - {{ name: exact, matches: [{{ path: {{ type: Exact, value: /a/b }} }}], {to} }}
  - {{ name: exact-again, matches: [{{ path: {{ type: Exact, value: /a/b }} }}], {to} }}\n"
    ));
    for (path, headers, expected) in [
        ("/a/b", &[("x", "1"), ("y", "1"), ("z", "1")][..], "exact"),
        (
            "/a/b/c?x=1",
            &[("x", "1"), ("y", "1"), ("z", "1")],
            "longer",
        ),
        (
            "/a?x=1&y=1",
            &[("x", "1"), ("y", "1"), ("z", "1")],
            "method",
        ),
        ("/a?x=1&y=1", &[("x", "1"), ("y", "1")], "headers"),
        ("/a?x=1&y=1", &[("x", "1")], "header"),
        ("/a?x=1&y=1", &[], "queries"),
        ("/a?x=1", &[], "query"),
        ("/a", &[], "all"),
    ] {
        let answer = specific.decide(&with(&format!("http://h{path}"), headers));
        assert_eq!(answer.rule.as_deref(), Some(expected), "{path} {headers:?}");
    }
}

/// Over all rules of all routes: the host, then the path, and among equals age and name.
#[test]
fn point_2_among_http_routes_host_age_and_name_decide() {
    let route = |name: &str, created: &str, hosts: &str, path: &str| {
        format!(
            "---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{ name: {name}, namespace: web{created} }}
spec:
  parentRefs: [{{ name: front }}]
  hostnames: [{hosts}]
  rules: [{{ matches: [{{ path: {{ value: {path} }} }}], backendRefs: [{{ name: a, port: 80 }}] }}]
"
        )
    };
    let old = ", creationTimestamp: '2020-01-01T00:00:00Z'";
    let new = ", creationTimestamp: '2024-01-01T00:00:00Z'";
    let base = "apiVersion: v1
kind: Service
metadata: { name: a, namespace: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: web }
spec: { gatewayClassName: any, listeners: [{ name: http, port: 80, protocol: HTTP }] }
";
    let text = [
        base.to_owned(),
        route("wild", old, "'*.example.com'", "/long/path"),
        route("wilder", old, "'*.com'", "/long/path/longer"),
        route("exact", new, "a.example.com", "/"),
        route("deep", new, "a.example.com", "/deep"),
        route("young", new, "same.test", "/"),
        route("z-old", old, "same.test", "/"),
        route("b-old", old, "same.test", "/"),
    ];
    let plan = Plan::lenient(&with_errors(&text.concat()), &Workload::default(), None);
    let asked = |host: &str, path: &str| {
        let mut question = Question::new(host, path);
        (question.gateway, question.port) = (Some("web/front".into()), Some(80));
        plan.answer(&question).unwrap().route
    };
    for (host, path, expected) in [
        ("a.example.com", "/long/path/longer", "web/exact"),
        ("a.example.com", "/deep/x", "web/deep"),
        ("b.example.com", "/long/path/longer", "web/wild"),
        ("b.com", "/long/path/longer", "web/wilder"),
        ("same.test", "/", "web/b-old"),
    ] {
        assert_eq!(asked(host, path).as_deref(), Some(expected), "{host}{path}");
    }
}

#[test]
fn point_3_no_match_of_a_path_sees_the_query() {
    let to = "route: [{ destination: { host: a } }]";
    let istio = istio(&format!(
        "  - {{ name: exact, match: [{{ uri: {{ exact: /e }} }}], {to} }}
  - {{ name: prefix, match: [{{ uri: {{ prefix: /p/q }} }}], {to} }}
  - {{ name: regex, match: [{{ uri: {{ regex: '/r.' }} }}], {to} }}\n"
    ));
    let gateway = gateway(
        "  - { name: regex, matches: [{ path: { type: RegularExpression, value: '/r.' } }], backendRefs: [{ name: a, port: 80 }] }\n",
    );
    for (path, expected) in [
        ("/e?x", Some("exact")),
        ("/e/", None),
        ("/p/q?x", Some("prefix")),
        ("/p?/q", None),
        ("/r1?x", Some("regex")),
        ("/r?1", None),
        ("/r12", None),
        ("/x/r1", None),
    ] {
        assert_eq!(istio.rule(path).as_deref(), expected, "{path}");
        let regex = expected.filter(|expected| *expected == "regex");
        assert_eq!(gateway.rule(path).as_deref(), regex, "{path}");
    }
}

#[test]
fn point_4_no_line_may_match_what_is_not_wanted() {
    let to = "route: [{ destination: { host: a } }]";
    let istio = istio(&format!(
        "  - {{ name: without, match: [{{ withoutHeaders: {{ x: {{ exact: '2' }} }} }}], {to} }}
  - {{ name: regex, match: [{{ headers: {{ x: {{ regex: '1.*2' }} }} }}], {to} }}
  - {{ name: prefix, match: [{{ headers: {{ x: {{ prefix: '2' }} }} }}], {to} }}\n"
    ));
    for (lines, expected) in [
        (&[("x", "1"), ("x", "3")][..], "without"),
        (&[("x", "1"), ("x", "2")], "prefix"),
        (&[("x", "2"), ("x", "1-2")], "regex"),
        (&[("x", "1,2")], "without"),
    ] {
        let answer = istio.decide(&with("http://h.example/", lines));
        assert_eq!(answer.rule.as_deref(), Some(expected), "{lines:?}");
    }
}

#[test]
fn point_5_virtual_services_leave_missing_headers_pass_as_empty() {
    let taken = |value: &str, lines: &[(&str, &str)]| {
        let istio = istio(&format!(
            "  - {{ match: [{{ withoutHeaders: {{ x: {value} }} }}], route: [{{ destination: {{ host: a }} }}] }}\n"
        ));
        istio.decide(&with("http://h.example/", lines)).forwards()
    };
    for value in ["{ exact: v }", "{ prefix: v }", "{ regex: v.* }"] {
        assert!(taken(value, &[]), "{value}");
        assert!(!taken(value, &[("x", "v")]), "{value}");
        assert!(taken(value, &[("x", "w")]), "{value}");
    }
    assert!(!taken("{ regex: '.*' }", &[]));
    for present in ["{}", "{ regex: '*' }"] {
        assert!(taken(present, &[]), "{present}");
        assert!(!taken(present, &[("x", "")]), "{present}");
    }
}

/// A stack sends such a request nowhere.
#[tokio::test(start_paused = true)]
async fn point_7_what_the_chosen_host_does_not_take_is_answered_with_404() {
    let istio = istio(
        "  - { match: [{ uri: { exact: /only } }], route: [{ destination: { host: a } }] }\n",
    );
    let came = istio.send(get("http://h.example/other")).await;
    assert_eq!((came.status, came.sent.len()), (404, 0));
    let local = came.local.as_ref().unwrap();
    assert_eq!(
        (local.flags.to_string().as_str(), &*local.details),
        ("NR", "route_not_found")
    );
    assert_eq!(
        (came.body.as_str(), came.header("content-type")),
        ("", None)
    );
    assert_eq!(istio.send(get("http://h.example/only")).await.status, 202);
}

//! What a rule does with its requests.

use crate::*;

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
fn point_9_one_destination_gets_all_and_weights_count_among_several() {
    let to = |routes: &str| istio(&format!("  - route: [{routes}]\n"));
    let asked = |setup: &Setup| setup.decide(&get("http://h.example/"));
    for weight in ["", ", weight: 0", ", weight: 7"] {
        let alone = to(&format!("{{ destination: {{ host: a }}{weight} }}"));
        assert_eq!(shares(&asked(&alone)), [(Some("a"), None, 1.0)], "{weight}");
    }
    let several = to(
        "{ destination: { host: a }, weight: 1 }, { destination: { host: b }, weight: 3 }, { destination: { host: none } }",
    );
    let expected = [(Some("a"), None, 0.25), (Some("b"), None, 0.75)];
    assert_eq!(shares(&asked(&several)), expected);

    // Gateway API: 1 where none is written, and what is not there keeps its share.
    let rules = |refs: &str| gateway(&format!("  - backendRefs: [{refs}]\n"));
    let several = rules(
        "{ name: a, port: 80 }, { name: b, port: 80, weight: 2 }, { name: gone, port: 80 }, { name: b, port: 80, weight: 0 }",
    );
    let expected = [
        (Some("a"), None, 0.25),
        (Some("b"), None, 0.5),
        (None, Some(500), 0.25),
    ];
    assert_eq!(shares(&asked(&several)), expected);
    for nobody in [
        "{ name: a, port: 80, weight: 0 }",
        "{ name: gone, port: 80 }",
        "",
    ] {
        let answer = asked(&rules(nobody));
        let end = (answer.outcome, answer.status);
        assert_eq!(end, (Outcome::Reject, Some(500)), "{nobody}");
    }
}

/// A reference that no ReferenceGrant permits keeps its share, and gets 500 over the wire.
#[tokio::test(start_paused = true)]
async fn point_9_the_share_of_an_invalid_reference_is_answered_with_500() {
    let gateway = gateway(
        "  - { matches: [{ path: { value: /all } }], backendRefs: [{ name: x, namespace: vault, port: 80 }] }
  - { backendRefs: [{ name: a, port: 80 }, { name: x, namespace: vault, port: 80 }] }\n",
    );
    let came = gateway.send(get("http://h/all")).await;
    assert_eq!((came.status, came.sent.len()), (500, 0));
    let mut statuses = Vec::new();
    for _ in 0..64 {
        statuses.push(gateway.send(get("http://h/")).await.status);
    }
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [202, 500]);
}

#[tokio::test(start_paused = true)]
async fn point_10_header_changes_are_made_level_by_level_as_istio_has_it() {
    let rule = "headers: { request: { set: { x: rule, y: rule }, add: { z: rule } }, \
                response: { remove: [x-served], set: { x: rule } } }";
    let to = "headers: { request: { set: { x: to }, remove: [y], add: { z: to } }, \
              response: { set: { x: to, r: to } } }";
    let a = format!("{{ destination: {{ host: a }}, weight: 1, {to} }}");
    let one = istio(&format!("  - {{ {rule}, route: [{a}] }}\n"));
    // The second has so little weight that nobody draws it.
    let several = istio(&format!(
        "  - {{ {rule}, route: [{}, {{ destination: {{ host: b }}, weight: 1 }}] }}\n",
        a.replace("weight: 1", "weight: 2147483646")
    ));
    let request = || with("http://h.example/", &[("x", "0"), ("y", "0"), ("z", "0")]);
    for (setup, x, response) in [(&one, "to", "to"), (&several, "rule", "rule")] {
        let came = setup.send(request()).await;
        assert_eq!(came.told("x"), [x]);
        assert_eq!(came.told("y"), ["rule"]);
        let mut z = came.told("z");
        assert_eq!(z.remove(0), "0");
        z.sort_unstable();
        assert_eq!(z, ["rule", "to"]);
        assert_eq!(came.header("x"), Some(response));
        assert_eq!(
            (came.header("r"), came.header("x-served")),
            (Some("to"), None)
        );
        let answer = setup.decide(&request());
        let told = answer.backends[0].request.as_ref().unwrap();
        let mut told: Vec<_> = { told.headers.iter() }
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        told.sort_unstable();
        let mut expected = vec![
            ("x", x),
            ("y", "rule"),
            ("z", "0"),
            ("z", "rule"),
            ("z", "to"),
        ];
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn point_11_a_prefix_is_rewritten_by_bytes_for_istio_and_by_elements_for_the_gateway_api() {
    let istio = istio(
        "  - { match: [{ uri: { prefix: /foo } }], rewrite: { uri: / }, route: [{ destination: { host: a } }] }\n",
    );
    let gateway = gateway(
        "  - matches: [{ path: { value: /foo } }]
    filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }]
    backendRefs: [{ name: a, port: 80 }]\n",
    );
    for (setup, path, expected) in [
        (&istio, "/foo/bar", "//bar"),
        (&istio, "/foobar?x", "/bar?x"),
        (&istio, "/foo", "/"),
        (&gateway, "/foo/bar", "/bar"),
        (&gateway, "/foo/?x", "/?x"),
        (&gateway, "/foo", "/"),
    ] {
        let asked = || get(&format!("http://h.example{path}"));
        let told = (expected.to_owned(), Some(path.to_owned()));
        assert_eq!(received(&setup.decide(&asked())), told, "{path}");
        let came = setup.send(asked()).await;
        assert_eq!(
            came.sent[0].1.uri.path_and_query().unwrap(),
            expected,
            "{path}"
        );
        assert_eq!(came.told("x-envoy-original-path"), [path]);
    }
}

#[tokio::test(start_paused = true)]
async fn point_12_redirects_are_301_for_istio_and_302_for_the_gateway_api() {
    let istio = istio(
        "  - { match: [{ uri: { prefix: /uri } }], redirect: { uri: /new } }
  - { match: [{ uri: { prefix: /port } }], redirect: { port: 80, redirectCode: 307 } }
  - { match: [{ uri: { prefix: /tls } }], redirect: { scheme: https, port: 443 } }
  - { match: [{ uri: { prefix: /host } }], redirect: { authority: n } }\n",
    );
    let redirect = |path: &str, redirect: &str| {
        format!(
            "  - {{ matches: [{{ path: {{ value: {path} }} }}], filters: [{{ type: RequestRedirect, requestRedirect: {{ {redirect} }} }}] }}\n"
        )
    };
    let full = "path: { type: ReplaceFullPath, replaceFullPath: /new }";
    let gateway = gateway(
        &[
            redirect("/uri", full),
            redirect("/port", "port: 80, statusCode: 307"),
            redirect("/tls", "scheme: https"),
            redirect("/host", "hostname: n"),
        ]
        .concat(),
    );
    for (setup, uri, status, location) in [
        (
            &istio,
            "http://h.example:81/uri/x?q=1",
            301,
            "http://h.example:81/new?q=1",
        ),
        (
            &istio,
            "http://h.example:81/port?q=1",
            307,
            "http://h.example/port?q=1",
        ),
        (
            &istio,
            "http://h.example:81/tls",
            301,
            "https://h.example/tls",
        ),
        (&istio, "http://h.example:81/host?q", 301, "http://n/host?q"),
        (
            &gateway,
            "http://h.example/uri/x?q=1",
            302,
            "http://h.example/new?q=1",
        ),
        (
            &gateway,
            "http://h.example/port?q=1",
            307,
            "http://h.example/port?q=1",
        ),
        (
            &gateway,
            "http://h.example/tls",
            302,
            "https://h.example/tls",
        ),
        (&gateway, "http://h.example/host?q", 302, "http://n/host?q"),
    ] {
        let answer = setup.decide(&get(uri));
        assert_eq!(answer.status, Some(status), "{uri}");
        assert_eq!(header(&answer, "location"), Some(location), "{uri}");
        let came = setup.send(get(uri)).await;
        assert_eq!((came.status, came.sent.len()), (status, 0), "{uri}");
        assert_eq!(came.header("location"), Some(location), "{uri}");
        assert_eq!(came.body, "");
    }
}

/// What the clock counts is in `tests/timeout.rs`.
#[test]
fn point_15_there_is_no_timeout_unless_somebody_sets_one() {
    let asked = |setup: &Setup| setup.decide(&get("http://h.example/")).timeout_ms;
    let route = "route: [{ destination: { host: a } }]";
    let virtual_service = |more: &str| asked(&istio(&format!("  - {{ {route}{more} }}\n")));
    assert_eq!(virtual_service(""), None);
    assert_eq!(virtual_service(", timeout: 1s"), Some(1_000));
    let refused = format!(
        "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: r, namespace: default }}
spec: {{ hosts: [h.example], http: [{{ {route}, timeout: 0s }}] }}
"
    );
    let error = refused.parse::<Policy>().unwrap_err().to_string();
    assert!(error.contains("spec.http[0].timeout"), "{error}");
    let route = |timeouts: &str| {
        let rule = format!("  - {{ backendRefs: [{{ name: a, port: 80 }}]{timeouts} }}\n");
        asked(&gateway(&rule))
    };
    for (timeouts, expected) in [
        ("", None),
        (", timeouts: { request: 500ms }", Some(500)),
        (", timeouts: { request: 0s }", None),
        (", timeouts: { backendRequest: 200ms }", Some(200)),
        // Without retries the one try is all of it.
        (
            ", timeouts: { request: 500ms, backendRequest: 200ms }",
            Some(200),
        ),
        // A try without a limit takes none off the request: Istio passes a zero over.
        (
            ", timeouts: { request: 500ms, backendRequest: 0s }",
            Some(500),
        ),
    ] {
        assert_eq!(route(timeouts), expected, "{timeouts}");
    }
}

/// A gRPC request says it itself, up to the timeout.
#[test]
fn point_15_a_grpc_requests_own_timeout_holds_up_to_the_rules() {
    for (timeout, own, expected) in [
        (", timeout: 1s", "200m", Some(200)),
        (", timeout: 1s", "5S", Some(1_000)),
        (", timeout: 1s", "soon", Some(1_000)),
        ("", "5S", Some(5_000)),
        ("", "soon", None),
    ] {
        let istio = istio(&format!(
            "  - {{ route: [{{ destination: {{ host: a }} }}]{timeout} }}\n"
        ));
        let headers = [("grpc-timeout", own), ("content-type", "application/grpc")];
        let answer = istio.decide(&with("http://h.example/", &headers));
        assert_eq!(answer.timeout_ms, expected, "{timeout} {own}");
        let answer = istio.decide(&with("http://h.example/", &headers[..1]));
        assert_eq!(answer.timeout_ms.is_some(), !timeout.is_empty(), "{own}");
    }
}

//! What is written for an Envoy, and what is told of what cannot be.
#![cfg(feature = "export")]

use serde_json::{Value, json};
use tower_mesh::Policy;
use tower_mesh::export::{Envoy, Exported};

fn export(part: &Envoy, policy: &str) -> Exported {
    let policy: Policy = policy.parse().unwrap();
    part.export(&policy.compile().unwrap())
}

/// A gateway with one rule for every host.
fn with_rule(rule: &str) -> Exported {
    let policy = format!(
        "services:
  a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }}
  b: {{ endpoints: [{{ address: '10.0.0.2:80' }}] }}
gateways: {{ edge: {{ listeners: [{{ name: web, port: 8080 }}] }} }}
routes:
  - {{ name: r, hosts: ['*'], gateways: [edge], rules: [{{ name: one, {rule} }}] }}"
    );
    export(&Envoy::gateway("edge"), &policy)
}

fn listeners(exported: &Exported) -> &[Value] {
    let listeners = &exported.bootstrap["static_resources"]["listeners"];
    listeners.as_array().unwrap()
}

fn virtual_hosts(listener: &Value) -> &[Value] {
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    let hosts = &manager["route_config"]["virtual_hosts"];
    hosts.as_array().unwrap()
}

fn ports(exported: &Exported) -> Vec<u64> {
    let port = |listener: &Value| listener["address"]["socket_address"]["port_value"].as_u64();
    listeners(exported).iter().filter_map(port).collect()
}

fn notes(exported: &Exported) -> Vec<String> {
    exported.notes.iter().map(ToString::to_string).collect()
}

fn only_route(exported: &Exported) -> &Value {
    &virtual_hosts(&listeners(exported)[0])[0]["routes"][0]
}

#[test]
fn of_listeners_on_a_port_the_host_picks_one_and_no_other_is_asked() {
    let exported = export(
        &Envoy::gateway("edge"),
        "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] } }
gateways:
  edge:
    listeners:
      - { name: shop, port: 80, hosts: ['*.shop.com'] }
      - { name: rest, port: 80 }
routes:
  - { name: shop, hosts: [a.shop.com], gateways: ['edge#shop'], rules: [{ to: [{ service: a }] }] }
  - { name: all, hosts: ['*', b.shop.com], gateways: ['edge#rest'], rules: [{ to: [{ service: a }] }] }
",
    );
    let hosts = virtual_hosts(&listeners(&exported)[0]);
    let domains: Vec<_> = hosts.iter().map(|host| &host["domains"]).collect();
    assert_eq!(
        domains,
        [
            &json!(["a.shop.com"]),
            &json!(["*"]),
            &json!(["*.shop.com"])
        ]
    );
    // What the first listener takes and has no route for must not reach the second's.
    assert!(hosts[2]["routes"].is_null());
}

#[test]
fn each_port_that_a_host_names_has_a_listener() {
    let policy = "
services:
  a: { port: 9080, endpoints: [{ address: '10.0.0.1:80' }] }
routes:
  - { name: r, hosts: ['x.test:81', 'x.test'], rules: [{ to: [{ service: a }] }] }
gateways: { edge: { listeners: [{ name: web, port: 8080 }] } }
";
    assert_eq!(ports(&export(&Envoy::mesh(), policy)), [80, 81]);
    assert_eq!(ports(&export(&Envoy::everything(), policy)), [80, 81, 8080]);
    assert_eq!(ports(&export(&Envoy::gateway("edge"), policy)), [8080]);
    assert!(ports(&export(&Envoy::gateway("none"), policy)).is_empty());
}

#[test]
fn hosts_that_nobody_knows_go_where_the_policy_says() {
    let unknown = |mode: &str| {
        let policy = format!("mesh: {{ outboundTrafficPolicy: {mode} }}");
        let exported = export(&Envoy::mesh(), &policy);
        let host = virtual_hosts(&listeners(&exported)[0])[0].clone();
        assert_eq!(host["domains"], json!(["*"]));
        host["routes"][0].clone()
    };
    assert_eq!(
        unknown("allowAny")["route"]["cluster"],
        "PassthroughCluster"
    );
    assert_eq!(unknown("registryOnly")["direct_response"]["status"], 502);
}

#[test]
fn a_timeout_that_is_not_there_is_none() {
    assert_eq!(
        only_route(&with_rule("to: [{ service: a }]"))["route"]["timeout"],
        "0s"
    );
    let exported = with_rule("to: [{ service: a }], timeout: 1500ms");
    assert_eq!(only_route(&exported)["route"]["timeout"], "1.5s");
    // As Istio writes it for gRPC requests, which may say less themselves.
    assert_eq!(only_route(&exported)["route"]["max_grpc_timeout"], "1.5s");
}

#[test]
fn durations_have_all_their_digits() {
    for (ours, envoys) in [("50ms", "0.05s"), ("1m", "60s"), ("1ms", "0.001s")] {
        let exported = with_rule(&format!("to: [{{ service: a }}], timeout: {ours}"));
        assert_eq!(only_route(&exported)["route"]["timeout"], envoys);
    }
}

#[test]
fn what_a_match_asks_is_asked_in_envoys_words() {
    let ignore = json!({ "prefix": "/", "case_sensitive": false });
    let absent = json!({ "name": "x", "present_match": true, "invert_match": true });
    // To us a header that is not there is not `a`, and so it has to be to Envoy.
    let not_a = json!({
        "name": "x",
        "string_match": { "exact": "a" },
        "invert_match": true,
        "treat_missing_header_as_empty": true,
    });
    let host = json!({ "name": ":authority", "string_match": { "exact": "a.test" } });
    for (matching, expected) in [
        ("path: { prefix: / }, ignorePathCase: true", ignore),
        (
            "path: { prefix: /a/ }",
            json!({ "path_separated_prefix": "/a" }),
        ),
        ("path: { startsWith: /a/ }", json!({ "prefix": "/a/" })),
        ("path: { exact: /a/ }", json!({ "path": "/a/" })),
        (
            "headers: { x: absent }",
            json!({ "prefix": "/", "headers": [absent] }),
        ),
        (
            "withoutHeaders: { x: { exact: a } }",
            json!({ "prefix": "/", "headers": [not_a] }),
        ),
        (
            "headers: { host: { exact: a.test } }",
            json!({ "prefix": "/", "headers": [host] }),
        ),
    ] {
        let exported = with_rule(&format!(
            "to: [{{ service: a }}], match: [{{ {matching} }}]"
        ));
        assert_eq!(only_route(&exported)["match"], expected, "{matching}");
    }
}

#[test]
fn shares_and_weights_are_the_policys() {
    let exported = with_rule(
        "to: [{ service: a, weight: 7 }, { service: b, weight: 3 }, { service: b, weight: 0 }], \
         mirrors: [{ service: b, percent: 12.5 }], \
         fault: { abort: { status: 418, percent: 0.5 } }",
    );
    let route = only_route(&exported);
    let clusters = route["route"]["weighted_clusters"]["clusters"].as_array();
    let weights: Vec<_> = clusters.unwrap().iter().map(|to| &to["weight"]).collect();
    assert_eq!(weights, [7, 3]);
    let share = &route["route"]["request_mirror_policies"][0]["runtime_fraction"];
    let eighth = json!({ "numerator": 125_000, "denominator": "MILLION" });
    assert_eq!(share["default_value"], eighth);
    let abort = &route["typed_per_filter_config"]["envoy.filters.http.fault"]["abort"];
    let half = json!({ "numerator": 5_000, "denominator": "MILLION" });
    assert_eq!(
        (&abort["http_status"], &abort["percentage"]),
        (&json!(418), &half)
    );
}

#[test]
fn a_redirect_names_no_port_that_its_scheme_has() {
    for (rule, expected) in [
        ("host: 'b.test:80'", json!({ "host_redirect": "b.test" })),
        ("host: 'b.test:81'", json!({ "host_redirect": "b.test:81" })),
        (
            "scheme: https, host: 'b.test:443'",
            json!({ "scheme_redirect": "https", "host_redirect": "b.test" }),
        ),
        ("port: listener", json!({ "port_redirect": 8080 })),
    ] {
        let mut expected = expected;
        expected["response_code"] = "MOVED_PERMANENTLY".into();
        let rule = format!("redirect: {{ {rule}, status: 301 }}");
        assert_eq!(
            only_route(&with_rule(&rule))["redirect"],
            expected,
            "{rule}"
        );
    }
}

#[test]
fn trusted_proxies_are_as_many_as_the_policy_says() {
    let hops = |hops: u32| {
        let policy = format!(
            "mesh: {{ trustedHops: {hops} }}\n\
             gateways: {{ edge: {{ listeners: [{{ name: web, port: 80 }}] }} }}"
        );
        let exported = export(&Envoy::gateway("edge"), &policy);
        let manager = &listeners(&exported)[0]["filter_chains"][0]["filters"][0]["typed_config"];
        assert_eq!(manager["use_remote_address"], true);
        manager["xff_num_trusted_hops"].clone()
    };
    assert_eq!((hops(0), hops(1)), (Value::Null, json!(1)));
}

#[test]
fn a_route_for_a_port_hides_one_for_all_ports_there_and_only_there() {
    let policy = "
routes:
  - { name: all, hosts: [a.test], rules: [{ respond: { status: 200 } }] }
  - { name: one, hosts: ['a.test:81'], rules: [{ respond: { status: 201 } }] }
";
    let exported = export(&Envoy::mesh(), policy);
    let of_a = |listener: &Value| {
        let hosts = virtual_hosts(listener);
        let own = hosts
            .iter()
            .find(|host| host["domains"] == json!(["a.test"]));
        own.unwrap()["routes"][0]["direct_response"]["status"].clone()
    };
    let statuses: Vec<_> = listeners(&exported).iter().map(of_a).collect();
    assert_eq!(statuses, [200, 201]);
}

#[test]
fn a_service_that_many_matches_name_is_one_cluster() {
    let exported = with_rule(
        "to: [{ service: a }], match: [{ path: { exact: /a } }, { path: { exact: /b } }]",
    );
    let clusters = &exported.bootstrap["static_resources"]["clusters"];
    let names: Vec<_> = { clusters.as_array().unwrap().iter() }
        .map(|cluster| &cluster["name"])
        .collect();
    assert_eq!(names, ["outbound|80||a"]);
}

#[test]
fn values_of_headers_are_written_as_they_are_but_for_the_rules_own_name() {
    let rule = "to: [{ service: a }], headers: { request: { set: { x: '%ROUTE_NAME%: 100%% %REQ(y?z):3%' } } }";
    let exported = with_rule(rule);
    let added = &only_route(&exported)["request_headers_to_add"][0];
    let expected = json!({ "key": "x", "value": "one: 100%% %REQ(y?z):3%" });
    assert_eq!(added["header"], expected);
}

#[test]
fn what_envoy_cannot_do_is_told() {
    for (rule, expected) in [
        (
            "to: [{ service: a }], limits: [{ rate: { requests: 1 }, key: { header: x } }]",
            "r/one: limits[0]: ignored: requests are not counted for each client",
        ),
        (
            "to: [{ service: a }], limits: [{ rate: { requests: 1 } }, { rate: { requests: 2 } }]",
            "r/one: limits[1]: ignored: a route has one limit; its first counts",
        ),
        (
            "to: [{ service: a }], limits: [{ rate: { requests: 1 } }], \
             match: [{ path: { exact: /a } }, { path: { exact: /b } }]",
            "r/one: limits: approximated: each match of the rule has a bucket of its own",
        ),
        (
            "to: [{ service: a }, { service: a }], sticky: { by: { header: x-user } }",
            "r/one: sticky: ignored: callers are not kept: every request is drawn for",
        ),
        (
            "to: [{ service: a, permitted: false, whenMissing: 418 }]",
            "r/one: to.whenMissing: approximated: all that cannot be served is answered with \
             SERVICE_UNAVAILABLE",
        ),
        (
            "to: [{ service: a, rewrite: { path: { full: /x } } }, { service: b }]",
            "r/one: to.rewrite.path: ignored: the path is not rewritten for one of several \
             destinations",
        ),
        (
            "redirect: { scheme: https, port: schemeDefault }",
            "r/one: redirect.port: approximated: a port that the request's host has stays, as \
             with Istio",
        ),
    ] {
        assert_eq!(notes(&with_rule(rule)), [expected], "{rule}");
    }
    assert!(
        with_rule("to: [{ service: a }], limits: [{ rate: { requests: 1 } }]")
            .notes
            .is_empty()
    );
}

#[test]
fn what_a_gateway_cannot_do_alone_is_told() {
    let policy = "
services:
  a: { endpoints: [], inbound: { limits: [{ rate: { requests: 1 } }] } }
gateways:
  one: { listeners: [{ name: safe, port: 443, protocol: https }] }
  two: { listeners: [{ name: safe, port: 443, protocol: https }] }
";
    assert_eq!(
        notes(&export(&Envoy::everything(), policy)),
        [
            "one:443: approximated: no certificate is known here; somebody in front takes TLS off",
            "two:443: ignored: another gateway has the port; export the gateways apart",
            "a: inbound: ignored: what servers do is not exported; put it into their own process",
        ]
    );
}

#[test]
fn an_expression_of_no_characters_is_written_so_that_envoy_takes_it() {
    let exported = with_rule("to: [{ service: a }], match: [{ headers: { x: { regex: '' } } }]");
    let matcher = &only_route(&exported)["match"]["headers"][0]["string_match"];
    assert_eq!(matcher["safe_regex"]["regex"], "(?:)");
}

#[test]
fn yaml_says_what_json_says() {
    let exported = with_rule("to: [{ service: a }], respond: null");
    let yaml = exported.to_yaml();
    let again: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(again, exported.bootstrap);
}

use crate::fates;
use crate::reading::*;
use tower_mesh::import::{Read, Status};

fn vs(name: &str, spec: &str) -> String {
    document("VirtualService", name, spec)
}

const ALL: &str = include_str!("virtual_service.yaml");

#[test]
fn every_field_has_its_fate() {
    let read = read(ALL);
    let errors: Vec<_> = read
        .findings
        .iter()
        .filter(|finding| is_error(finding))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(fates::check(ALL, &read) > 90);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
    assert!(
        read.report
            .iter()
            .all(|entry| entry.status != Status::Refused)
    );
}

/// Something wrong in one of `http`, with what is found.
const WRONG_ROUTES: &[(&str, &str)] = &[
    ("name: a", "no-action spec.http[0]"),
    ("~", "invalid-value spec.http[0]"),
    (
        "route: [{destination: {host: a}}]\nredirect: {uri: /}",
        "invalid-value spec.http[0].redirect",
    ),
    (
        "redirect: {uri: /}\nfault: {abort: {httpStatus: 500, percentage: {value: 1}}}",
        "invalid-value spec.http[0].fault",
    ),
    (
        "directResponse: {status: 200}\nrewrite: {uri: /}",
        "invalid-value spec.http[0].rewrite",
    ),
    (
        "delegate: {name: b}\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].delegate",
    ),
    (
        "route: [{destination: {host: a}}]\nmirror: {host: a}\nmirrors: [{destination: {host: a}}]",
        "invalid-value spec.http[0].mirrors",
    ),
    (
        "route: [{destination: {host: a}}]\nmirror: {host: a}\nmirrorPercentage: {value: 101}",
        "invalid-value spec.http[0].mirrorPercentage.value",
    ),
    (
        "route: [{destination: {host: a}, weight: -1}]",
        "out-of-range spec.http[0].route[0].weight",
    ),
    (
        "route: [{destination: {host: a}}, {destination: {host: b}}]",
        "no-weight spec.http[0].route",
    ),
    (
        "route: [{weight: 1}]",
        "missing-field spec.http[0].route[0]",
    ),
    (
        "route: [{destination: {host: '*'}}]",
        "invalid-value spec.http[0].route[0].destination.host",
    ),
    (
        "route: [{destination: {host: 'a:80'}}]",
        "invalid-value spec.http[0].route[0].destination.host",
    ),
    (
        "route: [{destination: {host: a, port: {number: 0}}}]",
        "out-of-range spec.http[0].route[0].destination.port.number",
    ),
    (
        "route: [{destination: {host: a, subset: 'a.b'}}]",
        "invalid-value spec.http[0].route[0].destination.subset",
    ),
    (
        "match: [~]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0]",
    ),
    (
        "match: [{headers: {x: ~}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].headers.x",
    ),
    (
        "match: [{headers: {'x y': {exact: a}}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].headers[\"x y\"]",
    ),
    (
        "match: [{headers: {x: {prefix: ''}}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].headers.x.prefix",
    ),
    (
        "match: [{queryParams: {x: {regex: ''}}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].queryParams.x.regex",
    ),
    (
        "match: [{uri: {regex: '('}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].uri.regex",
    ),
    (
        "match: [{uri: {exact: /a, prefix: /b}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].uri.prefix",
    ),
    (
        "match: [{headers: {'@request.auth.claims.a': {exact: b}}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].headers[\"@request.auth.claims.a\"]",
    ),
    (
        "match: [{port: 70000}]\nroute: [{destination: {host: a}}]",
        "out-of-range spec.http[0].match[0].port",
    ),
    (
        "match: [{sourceNamespace: a.b}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].sourceNamespace",
    ),
    (
        "match: [{sourceLabels: {a: 'b c'}}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].sourceLabels.a",
    ),
    (
        "match: [{gateways: ['']}]\nroute: [{destination: {host: a}}]",
        "invalid-value spec.http[0].match[0].gateways[0]",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {':path': a}}}",
        "invalid-value spec.http[0].headers.request.set[\":path\"]",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {response: {set: {host: a}}}",
        "invalid-value spec.http[0].headers.response.set.host",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {remove: [host]}}",
        "invalid-value spec.http[0].headers.request.remove[0]",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {a: '100%'}}}",
        "invalid-value spec.http[0].headers.request.set.a",
    ),
    (
        "route: [{destination: {host: a, port: {number: 80}}, headers: {response: {add: {a: '%FOO%'}}}}]",
        "invalid-value spec.http[0].route[0].headers.response.add.a",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {a: '5 % of 6 %'}}}",
        "invalid-value spec.http[0].headers.request.set.a",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {a: \"b\\nc\"}}}",
        "invalid-value spec.http[0].headers.request.set.a",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {host: a}}}\nrewrite: {authority: b}",
        "invalid-value spec.http[0].headers.request.set.host",
    ),
    (
        "route: [{destination: {host: a}}]\nheaders: {request: {set: {host: a}, add: {host: b}}}",
        "invalid-value spec.http[0].headers.request.add.host",
    ),
    (
        "route: [{destination: {host: a}}]\ncorsPolicy: {allowOrigins: [{exact: ''}]}",
        "invalid-value spec.http[0].corsPolicy.allowOrigins[0]",
    ),
    (
        "route: [{destination: {host: a}}]\ncorsPolicy: {allowMethods: [get]}",
        "invalid-value spec.http[0].corsPolicy.allowMethods[0]",
    ),
    (
        "route: [{destination: {host: a}}]\ncorsPolicy: {maxAge: 1500ms}",
        "invalid-value spec.http[0].corsPolicy.maxAge",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {}",
        "missing-field spec.http[0].fault",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {abort: {httpStatus: 199, percentage: {value: 1}}}",
        "out-of-range spec.http[0].fault.abort.httpStatus",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {abort: {grpcStatus: NO, percentage: {value: 1}}}",
        "invalid-value spec.http[0].fault.abort.grpcStatus",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {abort: {http2Error: X, percentage: {value: 1}}}",
        "unsupported-field spec.http[0].fault.abort.http2Error",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {delay: {percentage: {value: 1}}}",
        "missing-field spec.http[0].fault.delay",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {delay: {exponentialDelay: 1s, percentage: {value: 1}}}",
        "unsupported-field spec.http[0].fault.delay.exponentialDelay",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {delay: {fixedDelay: 1500us, percentage: {value: 1}}}",
        "invalid-value spec.http[0].fault.delay.fixedDelay",
    ),
    (
        "route: [{destination: {host: a}}]\nfault: {delay: {fixedDelay: 1s, percentage: {value: 0.00001}}}",
        "invalid-value spec.http[0].fault.delay.percentage.value",
    ),
    (
        "route: [{destination: {host: a}}]\nretries: {attempts: -1}",
        "out-of-range spec.http[0].retries.attempts",
    ),
    (
        "route: [{destination: {host: a}}]\nretries: {attempts: 0, retryOn: 5xx}",
        "invalid-value spec.http[0].retries.retryOn",
    ),
    (
        "route: [{destination: {host: a}}]\nretries: {attempts: 1, perTryTimeout: 0s}",
        "invalid-value spec.http[0].retries.perTryTimeout",
    ),
    (
        "route: [{destination: {host: a}}]\nretries: {attempts: 1, retryOn: '5xx, reset'}",
        "invalid-value spec.http[0].retries.retryOn",
    ),
    (
        "route: [{destination: {host: a}}]\nretries: {attempts: 1, retryOn: '599'}",
        "invalid-value spec.http[0].retries.retryOn",
    ),
    (
        "route: [{destination: {host: a}}]\ntimeout: 0s",
        "invalid-value spec.http[0].timeout",
    ),
    (
        "route: [{destination: {host: a}}]\ntimeout: 5",
        "wrong-type spec.http[0].timeout",
    ),
    (
        "route: [{destination: {host: a}}]\nrewrite: {}",
        "missing-field spec.http[0].rewrite",
    ),
    (
        "route: [{destination: {host: a}}]\nrewrite: {uri: /, uriRegexRewrite: {match: a, rewrite: b}}",
        "invalid-value spec.http[0].rewrite.uriRegexRewrite",
    ),
    (
        "route: [{destination: {host: a}}]\nrewrite: {uriRegexRewrite: {match: a}}",
        "missing-field spec.http[0].rewrite.uriRegexRewrite",
    ),
    ("redirect: {}", "missing-field spec.http[0].redirect"),
    (
        "redirect: {uri: /, prefixRewrite: /}",
        "invalid-value spec.http[0].redirect.prefixRewrite",
    ),
    (
        "match: [{uri: {exact: /a}}]\nredirect: {prefixRewrite: /}",
        "invalid-value spec.http[0].match[0].uri",
    ),
    (
        "redirect: {uri: /, redirectCode: 299}",
        "invalid-value spec.http[0].redirect.redirectCode",
    ),
    (
        "redirect: {uri: /, scheme: ftp}",
        "unknown-variant spec.http[0].redirect.scheme",
    ),
    (
        "redirect: {uri: /, port: 80, derivePort: FROM_REQUEST_PORT}",
        "invalid-value spec.http[0].redirect.derivePort",
    ),
    (
        "directResponse: {status: 199}",
        "out-of-range spec.http[0].directResponse.status",
    ),
    (
        "directResponse: {status: 200, body: {bytes: '!'}}",
        "invalid-value spec.http[0].directResponse.body.bytes",
    ),
];

#[test]
fn what_istio_refuses_in_a_route_is_an_error_at_its_place() {
    for (route, wanted) in WRONG_ROUTES {
        let route = route.replace('\n', "\n  ");
        let found = ids("VirtualService", &format!("hosts: [x]\nhttp:\n- {route}"));
        assert_eq!(found, [*wanted], "{route}");
    }
}

#[test]
fn what_istio_refuses_at_the_top_is_an_error_at_its_place() {
    let route = "http: [{route: [{destination: {host: a}}]}]";
    for (spec, wanted) in [
        (format!("hosts: [a b]\n{route}"), "invalid-value spec.hosts[0]"),
        (format!("hosts: ['*']\n{route}"), "invalid-value spec.hosts[0]"),
        (format!("hosts: ['*.a.b', x.a.b]\n{route}"), "duplicate-host spec.hosts[1]"),
        ("hosts: [a]".to_owned(), "missing-field spec"),
        (format!("gateways: [g]\n{route}"), "invalid-value spec.gateways"),
        (format!("hosts: [a]\ngateways: ['a b']\n{route}"), "invalid-value spec.gateways[0]"),
        (format!("hosts: [a]\nexportTo: ['~']\n{route}"), "invalid-value spec.exportTo[0]"),
        (format!("hosts: [a]\nexportTo: ['*', a]\n{route}"), "invalid-value spec.exportTo"),
        (format!("hosts: [a]\nexportTo: [., prod]\n{route}"), "invalid-value spec.exportTo[1]"),
        ("hosts: [a]\ntls: [{route: [{destination: {host: a}}]}]".to_owned(), "missing-field spec.tls[0]"),
        ("hosts: [a]\ntls: [{match: [{sniHosts: [b.c]}], route: [{destination: {host: a}}]}]".to_owned(), "invalid-value spec.tls[0].match[0].sniHosts[0]"),
        ("hosts: [a]\ntcp: [{match: [{destinationSubnets: [10.0.0.0/33]}], route: [{destination: {host: a}}]}]".to_owned(), "invalid-value spec.tcp[0].match[0].destinationSubnets[0]"),
        ("hosts: [a]\ntcp: [{match: []}]".to_owned(), "missing-field spec.tcp[0]"),
        ("http: [{delegate: {name: b}}]".to_owned(), "invalid-value spec.http[0].delegate"),
    ] {
        assert_eq!(ids("VirtualService", &spec), [wanted], "{spec}");
    }
}

#[test]
fn a_refused_document_is_left_out_whole_but_an_unknown_field_alone() {
    let known = services(&["a.prod.svc.cluster.local:80"]);
    let unknown = vs(
        "x",
        "hosts: [a]\nhttp:\n- name: r\n  timout: 5s\n  route: [{destination: {host: a}}]",
    );
    let text = format!("{unknown}{known}");
    let read = read(&text);
    assert_eq!(found(&read)[0], "unknown-field 9:5 spec.http[0].timout");
    assert_eq!(fate(&ask(&plan(&text), "a", "/")), "a@r");
    let wrong = unknown.replace("timout: 5s", "timeout: 0s");
    let text = format!("{wrong}{known}");
    assert_eq!(fate(&ask(&plan(&text), "a", "/")), "a@-");
    let report = crate::reading::read(&text).report;
    assert!(
        report.iter().all(|entry| entry.status == Status::Refused),
        "{report:#?}"
    );
}

#[test]
fn the_first_match_decides_and_prefixes_are_of_bytes() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n\
         - {match: [{uri: {prefix: /foo}}], route: [{destination: {host: a, subset: v1}}]}\n\
         - {match: [{uri: {exact: /}}, {headers: {x: {regex: '[0-9]+'}}}], route: [{destination: {host: a, subset: v2}}]}",
    ) + &services(&["a.prod.svc.cluster.local:80"]);
    let plan = plan(&text);
    assert_eq!(fate(&ask(&plan, "a", "/foobar?x")), "a/v1@0");
    assert_eq!(fate(&ask(&plan, "a.prod:80", "/")), "a/v2@1");
    assert_eq!(fate(&ask(&plan, "a", "/bar")), "NoRoute");
    let numbered = ask_with(&plan, "a", "/bar", |question| {
        question.headers.push(("X".into(), "12".into()));
    });
    assert_eq!(fate(&numbered), "a/v2@1");
}

#[test]
fn one_destination_gets_all_and_zeros_among_several_nothing() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n\
         - {match: [{uri: {prefix: /1}}], route: [{destination: {host: a}, weight: 0}]}\n\
         - {route: [{destination: {host: a, subset: v1}, weight: 1}, {destination: {host: a}, weight: 0}, \
           {destination: {host: nowhere}, weight: 3}]}",
    ) + &services(&["a.prod.svc.cluster.local:80"]);
    let plan = plan(&text);
    let one = ask(&plan, "a", "/1");
    assert_eq!((fate(&one).as_str(), one.backends[0].share), ("a@0", 1.0));
    let several = ask(&plan, "a", "/");
    assert_eq!(fate(&several), "a/v1+503@1");
    assert_eq!(several.backends[0].share, 0.25);
    let unknown = read(&text);
    assert_eq!(
        found(&unknown)[0],
        "unknown-service 9:121 spec.http[1].route[2].destination.host"
    );
}

/// As Istio, which counts what is written: among several the route's changes come last.
#[test]
fn a_destination_without_weight_is_counted_where_headers_are_changed() {
    let value = |more: &str| {
        let text = vs(
            "x",
            &format!(
                "hosts: [a]\nhttp:\n- headers: {{request: {{set: {{x: route}}}}}}\n  route: \
                 [{{destination: {{host: a}}, weight: 1, headers: {{request: {{set: {{x: own}}}}}}}}{more}]"
            ),
        ) + &services(&["a.prod.svc.cluster.local:80"]);
        let answer = ask(&plan(&text), "a", "/");
        assert_eq!((answer.backends.len(), answer.backends[0].share), (1, 1.0));
        answer.backends[0].request.clone().unwrap().headers[0]
            .1
            .clone()
    };
    assert_eq!(value(""), "own");
    assert_eq!(value(", {destination: {host: a}, weight: 0}"), "route");
}

#[test]
fn a_match_that_cannot_be_satisfied_does_not_take_everything() {
    let text = document(
        "Gateway",
        "g",
        "servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ['*']}]",
    ) + &vs(
        "x",
        "hosts: [a.example.com]\ngateways: [g]\nhttp:\n\
             - {name: claims, match: [{headers: {'@request.auth.claims.sub': {exact: b}}}], route: [{destination: {host: a}}]}\n\
             - {name: path, match: [{uri: {exact: no-slash}}], route: [{destination: {host: a}}]}\n\
             - {match: [{uri: {prefix: /}}], route: [{destination: {host: a, subset: v2}}]}",
    ) + &services(&["a.prod.svc.cluster.local:80"]);
    let plan = plan(&text);
    let answer = ask_with(&plan, "a.example.com", "/", |question| {
        question.gateway = Some("prod/g".into());
    });
    assert_eq!(fate(&answer), "a/v2@2");
    let read = read(&text);
    let found: Vec<_> = read.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(
        found,
        ["unsupported-match", "never-matches", "unused-subset"]
    );
}

#[test]
fn what_depends_on_the_client_is_chosen_by_the_client() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n\
         - {name: labels, match: [{sourceLabels: {app: web}}], route: [{destination: {host: a}}]}\n\
         - {name: there, match: [{sourceNamespace: other}], route: [{destination: {host: a}}]}\n\
         - {name: door, match: [{gateways: [mesh], sourceNamespace: nobody, uri: {prefix: /d}}], route: [{destination: {host: a}}]}\n\
         - {name: port, match: [{port: 8080}], route: [{destination: {host: a}}]}\n\
         - {name: other, match: [{port: 1}], route: [{destination: {host: a}}]}",
    ) + &services(&[
        "a.prod.svc.cluster.local:80",
        "a.prod.svc.cluster.local:8080",
    ]);
    let plan = plan(&text);
    let rule = |answer: tower_mesh::explain::Answer| answer.rule.unwrap_or_default();
    let web = ask_with(&plan, "a", "/", |question| {
        let source = question.source.as_mut().unwrap();
        source.labels.insert("app".into(), "web".into());
    });
    assert_eq!(rule(web), "labels");
    let other = ask_with(&plan, "a.prod", "/", |question| {
        question.source.as_mut().unwrap().namespace = Some("other".into());
    });
    assert_eq!(rule(other), "there");
    assert_eq!(rule(ask(&plan, "a", "/d")), "door");
    assert_eq!(rule(ask(&plan, "a:8080", "/")), "port");
    assert_eq!(rule(ask(&plan, "a:80", "/")), "");
}

#[test]
fn short_names_are_services_of_the_rule_s_namespace() {
    let text = vs(
        "x",
        "hosts: [shop.example.com]\nhttp: [{route: [{destination: {host: a}}], mirror: {host: b}}]",
    ) + &services(&[
        "a.prod.svc.cluster.local:80",
        "b.prod.svc.cluster.local:80",
        "a.default.svc.cluster.local:80",
    ]);
    let read = read(&text);
    let rule = &read.policy.routes[0].rules[0];
    assert_eq!(rule.to[0].service, "a.prod.svc.cluster.local");
    assert_eq!(rule.mirrors[0].service, "b.prod.svc.cluster.local");
    let text = text.replace("host: a}", "host: a.prod}");
    let read = crate::reading::read(&text);
    assert_eq!(read.policy.routes[0].rules[0].to[0].service, "a.prod");
    assert_eq!(
        found(&read)[0],
        "unknown-service 7:40 spec.http[0].route[0].destination.host"
    );
}

#[test]
fn native_services_are_found_by_the_names_that_they_have() {
    let text = vs(
        "x",
        "hosts: [reviews]\nhttp: [{route: [{destination: {host: reviews, port: {number: 80}, subset: v1}}]}]",
    ) + &services(&["reviews"]);
    assert_eq!(fate(&ask(&plan(&text), "reviews", "/")), "reviews/v1@0");
}

#[test]
fn the_oldest_of_two_that_claim_a_host_has_it() {
    let one = |name: &str, created: &str| {
        vs(
            name,
            &format!("hosts: [a]\nhttp: [{{name: {name}, route: [{{destination: {{host: a}}}}]}}]"),
        )
        .replace(
            "namespace: prod",
            &format!("namespace: prod, creationTimestamp: \"{created}\""),
        )
    };
    let text = one("younger", "2024-02-01T00:00:00Z")
        + &one("older", "2024-01-01T00:00:00Z")
        + &services(&["a.prod.svc.cluster.local:80"]);
    assert_eq!(fate(&ask(&plan(&text), "a", "/")), "a@older");
    let read = read(&text);
    let finding = read
        .findings
        .iter()
        .find(|finding| finding.id == "host-claimed-twice")
        .unwrap();
    assert_eq!(finding.at.document, "VirtualService prod/younger");
    assert_eq!(finding.because[0].document, "VirtualService prod/older");
}

#[test]
fn who_sees_a_virtual_service_is_as_it_is_exported() {
    let text = vs(
        "x",
        "hosts: [a.prod.svc.cluster.local]\nexportTo: [., far]\nhttp: [{name: mine, route: [{destination: {host: a}}]}]",
    ) + &services(&["a.prod.svc.cluster.local:80"]);
    let plan = plan(&text);
    let from = |namespace: &str| {
        let answer = ask_with(&plan, "a.prod", "/", |question| {
            question.source.as_mut().unwrap().namespace = Some(namespace.to_owned());
        });
        fate(&answer)
    };
    assert_eq!(
        [from("prod"), from("far"), from("else")],
        ["a@mine", "a@mine", "a@-"]
    );
}

#[test]
fn a_delegate_s_routes_stand_in_place_of_the_root_s() {
    let root = "hosts: [a]\nhttp:\n\
        - {name: shop, match: [{uri: {prefix: /shop}}], timeout: 1s, headers: {request: {set: {x: root}}}, delegate: {name: shop, namespace: prod}}\n\
        - {match: [{uri: {exact: /x}}], delegate: {name: all}}\n\
        - {route: [{destination: {host: a}}]}";
    let shop = "http:\n\
        - {name: beta, match: [{uri: {prefix: /shop/beta}, headers: {b: {}}}], timeout: 2s, route: [{destination: {host: a, subset: v2}}]}\n\
        - {match: [{uri: {prefix: /other}}], route: [{destination: {host: nowhere}}]}\n\
        - {headers: {}, route: [{destination: {host: a, subset: v1}}]}";
    let all = "http: [{route: [{destination: {host: a, subset: v2}}]}]";
    let text = vs("root", root)
        + &vs("shop", shop)
        + &vs("all", all)
        + &services(&["a.prod.svc.cluster.local:80"]);
    let plan = plan(&text);
    let beta = ask_with(&plan, "a", "/shop/beta/1", |question| {
        question.headers.push(("b".into(), "1".into()))
    });
    assert_eq!(fate(&beta), "a/v2@shop-beta");
    assert_eq!(beta.timeout_ms, Some(2_000));
    assert_eq!(beta.route.as_deref(), Some("prod/root"));
    let sent = &beta.backends[0].request.as_ref().unwrap().headers;
    assert!(
        sent.contains(&("x".to_owned(), "root".to_owned())),
        "{sent:?}"
    );
    let plain = ask(&plan, "a", "/shop/beta");
    assert_eq!(
        (fate(&plain).as_str(), plain.timeout_ms),
        ("a/v1@shop", Some(1_000))
    );
    assert!(
        plain.backends[0]
            .request
            .as_ref()
            .unwrap()
            .headers
            .is_empty()
    );
    assert_eq!(fate(&ask(&plan, "a", "/x")), "a/v2@1");
    assert_eq!(fate(&ask(&plan, "a", "/other")), "a@2");
}

#[test]
fn a_delegate_that_is_not_there_leaves_its_rule_out() {
    let root = "hosts: [a]\nhttp:\n- {match: [{uri: {prefix: /d}}], delegate: {name: leef}}\n- {name: rest, route: [{destination: {host: a}}]}";
    let known = services(&["a.prod.svc.cluster.local:80"]);
    let route = "http: [{route: [{destination: {host: a}}]}]";
    let missing = vs("root", root) + &vs("leaf", route) + &known;
    let read = read(&missing);
    assert_eq!(found(&read)[0], "unknown-route 8:36 spec.http[0].delegate");
    assert_eq!(read.findings[0].advice, "did you mean `leaf`?");
    assert_eq!(fate(&ask(&plan(&missing), "a", "/d")), "a@rest");
    for leaf in [
        format!("exportTo: [far]\n{route}"),
        format!("hosts: [b]\n{route}"),
    ] {
        let hidden = vs("root", root) + &vs("leef", &leaf) + &known;
        assert!(
            crate::reading::read(&hidden)
                .findings
                .iter()
                .any(|finding| finding.id == "unknown-route")
        );
        assert_eq!(fate(&ask(&plan(&hidden), "a", "/d")), "a@rest");
    }
    // One that was refused has been told of already.
    let refused = vs("root", root) + &vs("leef", "http: [{delegate: {name: x}}]") + &known;
    let found = found(&crate::reading::read(&refused));
    assert!(
        found
            .iter()
            .all(|found| !found.starts_with("unknown-route")),
        "{found:?}"
    );
}

#[test]
fn root_and_delegate_go_together_or_not() {
    // What the root asks, what the delegate asks, and whether some request may take both.
    for (root, leaf, together) in [
        ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}", true),
        ("{uri: {prefix: /a/b}}", "{uri: {prefix: /a}}", false),
        ("{uri: {prefix: /a}}", "{uri: {exact: /ab}}", true),
        ("{uri: {exact: /a}}", "{uri: {exact: /a}}", true),
        ("{uri: {exact: /a}}", "{uri: {prefix: /a}}", false),
        ("{uri: {regex: /a}}", "{uri: {exact: /a}}", false),
        ("{uri: {regex: /a}}", "{method: {exact: GET}}", true),
        (
            "{headers: {x: {exact: a}}}",
            "{headers: {x: {exact: b}}}",
            false,
        ),
        (
            "{headers: {x: {exact: a}}}",
            "{headers: {y: {exact: b}}}",
            true,
        ),
        (
            "{withoutHeaders: {x: {prefix: a}}}",
            "{withoutHeaders: {x: {prefix: b}}}",
            false,
        ),
        (
            "{queryParams: {x: {exact: a}}}",
            "{queryParams: {x: {regex: a}}}",
            false,
        ),
        (
            "{uri: {prefix: /a}, ignoreUriCase: true}",
            "{uri: {prefix: /a}}",
            false,
        ),
        ("{port: 80}", "{port: 81}", false),
        ("{port: 80}", "{uri: {prefix: /a}}", true),
        ("{sourceNamespace: a}", "{sourceNamespace: b}", false),
        ("{sourceNamespace: a}", "{uri: {prefix: /a}}", false),
        ("{sourceLabels: {a: b}}", "{sourceLabels: {a: c}}", false),
        ("{sourceLabels: {a: b}}", "{sourceLabels: {b: c}}", true),
    ] {
        let text = vs(
            "root",
            &format!("hosts: [a]\nhttp: [{{match: [{root}], delegate: {{name: leaf}}}}]"),
        ) + &vs(
            "leaf",
            &format!("http: [{{match: [{leaf}], route: [{{destination: {{host: a}}}}]}}]"),
        );
        let read = read(&text);
        assert_eq!(
            read.policy.routes.len(),
            usize::from(together),
            "{root} {leaf}"
        );
    }
}

#[test]
fn the_host_that_is_sent_comes_from_one_place() {
    let spec = |more: &str| {
        vs("x", &format!("hosts: [a]\nhttp:\n- {more}"))
            + &services(&["a.prod.svc.cluster.local:80"])
    };
    let rule = |more: &str| read(&spec(more)).policy.routes[0].rules[0].clone();
    let rewritten = rule("{route: [{destination: {host: a}}], rewrite: {authority: b.c}}");
    assert_eq!(rewritten.rewrite.authority.as_deref(), Some("b.c"));
    let set = rule(
        "{route: [{destination: {host: a}, headers: {request: {set: {host: d.e}}}}], headers: {request: {add: {Host: b.c}}}}",
    );
    assert_eq!(set.rewrite.authority.as_deref(), Some("b.c"));
    assert_eq!(set.to[0].rewrite.authority, None);
    let own =
        rule("{route: [{destination: {host: a}, headers: {request: {set: {':authority': d.e}}}}]}");
    assert_eq!(own.to[0].rewrite.authority.as_deref(), Some("d.e"));
    assert!(own.to[0].headers.request.set.is_empty());
}

#[test]
fn values_are_format_strings_and_what_only_a_proxy_knows_is_reported() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n- {route: [{destination: {host: a}}], headers: {request: {set: {a: '100%%', b: '%REQ(x)%', c: '%DURATION%', host: '%REQ(x)%'}}}}",
    );
    let read = read(&text);
    let set = &read.policy.routes[0].rules[0].headers.request.set;
    let set: Vec<_> = set
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(set, ["a: 100%%", "b: %REQ(x)%"]);
    let told = |field: &str| {
        let mut report = read.report.iter();
        report.find(|entry| entry.at.path.ends_with(field)).unwrap()
    };
    assert_eq!(told("set.b").status, Status::Applied);
    for (field, instead) in [
        (
            "set.c",
            "`%DURATION%` is not known inside the process: the header stays as it is",
        ),
        ("set.host", "the host is not computed from the request"),
    ] {
        assert_eq!(told(field).status, Status::Ignored, "{field}");
        assert_eq!(told(field).instead, instead, "{field}");
    }
}

#[test]
fn a_fault_without_a_percentage_meets_nobody_and_that_is_said() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n- {route: [{destination: {host: a}}], fault: {abort: {httpStatus: 500}}}",
    ) + &services(&["a.prod.svc.cluster.local:80"]);
    assert_eq!(
        found(&read(&text))[0],
        "fault-never 8:49 spec.http[0].fault.abort"
    );
    let fault = read(&text).policy.routes[0].rules[0].fault.abort.unwrap();
    assert!(fault.percent.is_zero());
    for (status, http) in [("UNAVAILABLE", 503), ("'16'", 401), ("INTERNAL", 400)] {
        let text = text.replace("httpStatus: 500", &format!("grpcStatus: {status}"));
        let abort = read(&text).policy.routes[0].rules[0].fault.abort.unwrap();
        assert_eq!(abort.status.get(), http);
    }
}

#[test]
fn mirrors_copy_all_unless_they_say_how_much() {
    let text = vs(
        "x",
        "hosts: [a]\nhttp:\n- route: [{destination: {host: a}}]\n  mirrors:\n  - {destination: {host: b}}\n  - {destination: {host: b}, percentage: {value: 0.5}}\n  - {destination: {host: b}, percentage: {value: 0}}\n  - {destination: {host: b}, percentage: {}}",
    );
    let mirrors = read(&text).policy.routes[0].rules[0].mirrors.clone();
    let shares: Vec<_> = mirrors
        .iter()
        .map(|mirror| mirror.percent.millionths())
        .collect();
    assert_eq!(shares, [1_000_000, 5_000]);
}

#[test]
fn a_delegate_s_route_that_no_root_takes_is_told_and_ignored() {
    let root = |name: &str, prefix: &str| {
        vs(
            name,
            &format!(
                "hosts: [{name}]\nhttp:\n- {{match: [{{uri: {{prefix: {prefix}}}}}], delegate: {{name: leaf}}}}"
            ),
        )
    };
    let leaf = vs(
        "leaf",
        "http:\n- {match: [{uri: {prefix: /a/x}}], route: [{destination: {host: a}}]}\n\
         - {match: [{uri: {prefix: /a/y}}, {uri: {prefix: /b}}], route: [{destination: {host: a}}]}",
    );
    let known = services(&["a.prod.svc.cluster.local:80"]);
    let told = |read: &Read| {
        let mut found = found(read);
        found.retain(|found| !found.starts_with("unused-subset"));
        found
    };
    let past = read(&(root("one", "/a") + &leaf + &known));
    assert_eq!(told(&past), ["never-matches 16:5 spec.http[1]"]);
    let finding = &past.findings[0];
    assert!(!is_error(finding) && !finding.advice.is_empty());
    assert_eq!(finding.because[0].path, "spec.http[0]");
    assert_eq!(finding.because[0].document, "VirtualService prod/one");
    let lost: Vec<_> = { past.report.iter() }
        .filter(|entry| entry.at.document == "VirtualService prod/leaf")
        .filter(|entry| entry.status != Status::Applied)
        .collect();
    assert!(!lost.is_empty());
    for entry in lost {
        assert_eq!(entry.status, Status::Ignored);
        assert!(entry.at.path.starts_with("spec.http[1]"), "{entry}");
        assert_eq!(entry.instead, "no request of the root's route matches");
    }
    // Whichever of the roots is the first: it is enough that one takes it.
    for (one, other) in [("/a", "/"), ("/", "/a")] {
        let text = root("one", one) + &root("other", other) + &leaf + &known;
        let taken = read(&text);
        assert_eq!(told(&taken), [""; 0], "{one}");
        assert!({ taken.report.iter() }.all(|entry| entry.status == Status::Applied));
    }
}

#[test]
fn a_redirect_with_two_ports_is_no_error() {
    let read = read(&vs(
        "x",
        "hosts: [a]\nhttp: [{redirect: {authority: 'n:9000', port: 81}}]",
    ));
    assert!(!read.findings.is_empty());
    assert!(!read.findings.iter().any(is_error), "{:?}", read.findings);
}

#[test]
fn an_unknown_delegate_is_told_with_those_that_there_are() {
    let root = vs("root", "hosts: [a]\nhttp: [{delegate: {name: zebra}}]");
    let route = "http: [{route: [{destination: {host: a}}]}]";
    let far = vs("other", route).replace("namespace: prod", "namespace: far");
    let read = read(&(root + &vs("leaf", route) + &far));
    assert_eq!(read.findings[0].id, "unknown-route");
    assert_eq!(
        read.findings[0].advice,
        "there are `far/other`, `prod/leaf`"
    );
}

#[test]
fn an_old_share_of_copies_is_told_with_the_field_that_came_for_it() {
    let read = read(&vs(
        "x",
        "hosts: [a]\nhttp: [{route: [{destination: {host: a}}], mirror: {host: a}, mirrorPercent: 3}]",
    ));
    let old = { read.findings.iter() }.find(|finding| finding.id == "deprecated-field");
    assert_eq!(
        old.unwrap().advice,
        "write `mirrorPercentage: { value: … }`"
    );
}

//! What single fields of matches mean, clause by clause.

use crate::*;

const TO: &str = "route: [{ destination: { host: a } }]";

/// Whether a VirtualService with one match takes a request with these headers.
fn taken(matching: &str, uri: &str, headers: &[(&str, &str)]) -> bool {
    let istio = istio(&format!("  - {{ match: [{matching}], {TO} }}\n"));
    istio.decide(&with(uri, headers)).forwards()
}

#[test]
fn entries_are_alternatives_and_all_of_an_entry_has_to_hold() {
    let matching =
        "{ uri: { prefix: /a }, headers: { x: { exact: '1' } } }, { uri: { prefix: /b } }";
    for (path, headers, expected) in [
        ("/a", &[("x", "1")][..], true),
        ("/a", &[], false),
        ("/b", &[], true),
        ("/c", &[("x", "1")], false),
    ] {
        let uri = format!("http://h.example{path}");
        assert_eq!(
            taken(matching, &uri, headers),
            expected,
            "{path} {headers:?}"
        );
    }
}

#[test]
fn the_case_of_a_path_is_ignored_for_exact_and_prefix_alone() {
    for (path, asked, plain, ignoring) in [
        ("exact: /Foo", "/foO", false, true),
        ("prefix: /Foo", "/foO/x", false, true),
        ("regex: '/Foo.*'", "/foO/x", false, false),
        ("regex: '/Foo.*'", "/Foo/x", true, true),
    ] {
        let uri = format!("http://h.example{asked}");
        for (more, expected) in [("", plain), (", ignoreUriCase: true", ignoring)] {
            let matching = format!("{{ uri: {{ {path} }}{more} }}");
            assert_eq!(taken(&matching, &uri, &[]), expected, "{matching} {asked}");
        }
    }
}

#[test]
fn scheme_method_and_authority_are_compared_as_they_are() {
    for (matching, uri, expected) in [
        ("{ scheme: { exact: http } }", "http://h.example/", true),
        ("{ scheme: { exact: https } }", "http://h.example/", false),
        ("{ scheme: { exact: HTTP } }", "http://h.example/", false),
        ("{ method: { exact: GET } }", "http://h.example/", true),
        ("{ method: { regex: 'G..' } }", "http://h.example/", true),
        ("{ method: { regex: 'G' } }", "http://h.example/", false),
        ("{ method: { prefix: PO } }", "http://h.example/", false),
        (
            "{ authority: { exact: h.example } }",
            "http://h.example/",
            true,
        ),
        (
            "{ authority: { exact: h.example } }",
            "http://H.example/",
            false,
        ),
        (
            "{ authority: { exact: 'h.example' } }",
            "http://h.example:80/",
            false,
        ),
        (
            "{ authority: { exact: 'h.example:80' } }",
            "http://h.example:80/",
            true,
        ),
        (
            "{ authority: { prefix: h.ex } }",
            "http://h.example:80/",
            true,
        ),
    ] {
        assert_eq!(taken(matching, uri, &[]), expected, "{matching} {uri}");
    }
}

#[test]
fn names_of_headers_have_no_case_and_values_have() {
    for (wanted, value, expected) in [
        ("{ exact: One }", "One", true),
        ("{ exact: One }", "one", false),
        ("{ prefix: On }", "One", true),
        ("{ prefix: on }", "One", false),
        ("{ regex: 'O.e' }", "One", true),
        ("{ regex: 'O.' }", "One", false),
        ("{ exact: '' }", "", true),
        ("{ exact: '' }", "x", false),
        ("{}", "", true),
        ("{ regex: '*' }", "x", true),
    ] {
        let matching = format!("{{ headers: {{ X-Kind: {wanted} }} }}");
        let asked = |headers: &[(&str, &str)]| taken(&matching, "http://h.example/", headers);
        assert_eq!(asked(&[("x-kind", value)]), expected, "{wanted} {value}");
        assert!(!asked(&[]), "{wanted}");
        assert!(!asked(&[("x-other", value)]), "{wanted}");
    }
}

#[test]
fn parameters_of_a_query_are_compared_undecoded_and_the_first_counts() {
    for (wanted, query, expected) in [
        ("{ k: { exact: '' } }", "k", true),
        ("{ k: { exact: '' } }", "k=", true),
        ("{ k: { exact: '' } }", "k=1", false),
        ("{ k: { exact: '' } }", "", false),
        ("{ k: {} }", "k=1", true),
        ("{ k: { regex: '*' } }", "a&k", true),
        ("{ k: {} }", "K=1", false),
        ("{ k: { exact: '1' } }", "k=1&k=2", true),
        ("{ k: { exact: '2' } }", "k=1&k=2", false),
        ("{ k: { exact: '1=2' } }", "k=1=2", true),
        ("{ k: { exact: '1;k=2' } }", "k=1;k=2", true),
        ("{ k: { exact: 'a b' } }", "k=a+b", false),
        ("{ k: { exact: 'a%20b' } }", "k=a%20b", true),
        ("{ k: { regex: '[0-9]+' } }", "k=12", true),
        ("{ k: { regex: '[0-9]' } }", "k=12", false),
        ("{ k: { prefix: a } }", "k=ab", true),
        ("{ k: { exact: '1' }, l: {} }", "k=1", false),
    ] {
        let matching = format!("{{ queryParams: {wanted} }}");
        let uri = format!("http://h.example/?{query}");
        assert_eq!(taken(&matching, &uri, &[]), expected, "{wanted} {query}");
    }
}

#[test]
fn an_http_route_asks_for_what_it_says_and_without_matches_for_everything() {
    let taken = |rule: &str, uri: &str, headers: &[(&str, &str)]| {
        let gateway = gateway(&format!(
            "  - {{ {rule} backendRefs: [{{ name: a, port: 80 }}] }}\n"
        ));
        gateway.decide(&with(uri, headers)).forwards()
    };
    let one = |matching: &str| format!("matches: [{matching}],");
    let two = "{ name: X, value: '1' }, { name: x, value: '2' }";
    for (rule, uri, headers, expected) in [
        (String::new(), "http://h/any", &[][..], true),
        (one("{}"), "http://h/any", &[], true),
        (
            one("{ path: { type: Exact, value: /a } }"),
            "http://h/a?x",
            &[],
            true,
        ),
        (
            one("{ path: { type: Exact, value: /a } }"),
            "http://h/a/",
            &[],
            false,
        ),
        (
            one("{ path: { type: Exact, value: /a } }"),
            "http://h/A",
            &[],
            false,
        ),
        (one("{ method: POST }"), "http://h/", &[], false),
        (one("{ method: GET }"), "http://h/", &[], true),
        // Of two with one name the first counts.
        (
            one(&format!("{{ headers: [{two}] }}")),
            "http://h/",
            &[("x", "1")],
            true,
        ),
        (
            one(&format!("{{ headers: [{two}] }}")),
            "http://h/",
            &[("x", "2")],
            false,
        ),
        (
            one("{ headers: [{ type: RegularExpression, name: x, value: 'a.' }] }"),
            "http://h/",
            &[("x", "abc")],
            false,
        ),
        (
            one("{ queryParams: [{ name: k, value: '1' }] }"),
            "http://h/?k=1&k=2",
            &[],
            true,
        ),
        (
            one("{ queryParams: [{ name: k, value: '1' }] }"),
            "http://h/?K=1",
            &[],
            false,
        ),
        (
            one("{ queryParams: [{ type: RegularExpression, name: k, value: 'a.' }] }"),
            "http://h/?k=ab",
            &[],
            true,
        ),
    ] {
        assert_eq!(
            taken(&rule, uri, headers),
            expected,
            "{rule} {uri} {headers:?}"
        );
    }
}

#[test]
fn grpc_routes_go_by_service_then_method_then_headers() {
    let to = "backendRefs: [{ name: a, port: 80 }]";
    let text = format!(
        "apiVersion: v1
kind: Service
metadata: {{ name: a, namespace: web }}
spec: {{ ports: [{{ port: 80 }}] }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{ name: front, namespace: web }}
spec: {{ gatewayClassName: any, listeners: [{{ name: http, port: 80, protocol: HTTP }}] }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{ name: r, namespace: web }}
spec:
  parentRefs: [{{ name: front }}]
  rules:
  - {{ name: headers, matches: [{{ headers: [{{ name: x, value: '1' }}] }}], {to} }}
  - {{ name: method, matches: [{{ method: {{ method: Get }} }}], {to} }}
  - {{ name: service, matches: [{{ method: {{ service: a.B }} }}], {to} }}
  - {{ name: both, matches: [{{ method: {{ service: a.B, method: Get }} }}], {to} }}
  - {{ name: both-and-header, matches: [{{ method: {{ service: a.B, method: Get }}, headers: [{{ name: x, value: '1' }}] }}], {to} }}
  - {{ name: regex, matches: [{{ method: {{ type: RegularExpression, service: 'r[.].', method: 'G.*' }} }}], {to} }}
"
    );
    let plan = Plan::lenient(&with_errors(&text), &Workload::default(), None);
    let asked = |path: &str, headers: &[(&str, &str)]| {
        let mut question = Question::of(&with(&format!("http://h{path}"), headers));
        (question.gateway, question.port) = (Some("web/front".into()), Some(80));
        plan.answer(&question).unwrap().rule
    };
    for (path, headers, expected) in [
        ("/a.B/Get", &[("x", "1")][..], Some("both-and-header")),
        ("/a.B/Get", &[], Some("both")),
        ("/a.B/Put", &[("x", "1")], Some("service")),
        ("/c.D/Get", &[("x", "1")], Some("method")),
        ("/c.D/Put", &[("x", "1")], Some("headers")),
        ("/a.BC/Put", &[], None),
        ("/a.b/get", &[], None),
        ("/r.x/Go", &[], Some("regex")),
        ("/rr.x/Go", &[], None),
    ] {
        assert_eq!(
            asked(path, headers).as_deref(),
            expected,
            "{path} {headers:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_response_reach_what_a_redirect_and_a_direct_response_say_themselves() {
    let istio = istio(
        "  - match: [{ uri: { prefix: /moved } }]
    redirect: { authority: n }
    headers: { response: { set: { was: '%RESP(location)%', location: 'http://other/' } } }
  - directResponse: { status: 200, body: { string: '{}' } }
    headers: { response: { set: { content-type: application/json } } }\n",
    );
    let came = istio.send(get("http://h.example/moved")).await;
    let told = (came.header("location"), came.header("was"));
    assert_eq!(told, (Some("http://other/"), Some("http://n/moved")));
    let answer = istio.decide(&get("http://h.example/moved"));
    assert_eq!(header(&answer, "location"), Some("http://other/"));
    assert_eq!(header(&answer, "was"), Some("http://n/moved"));
    let came = istio.send(get("http://h.example/")).await;
    assert_eq!(came.header("content-type"), Some("application/json"));
}

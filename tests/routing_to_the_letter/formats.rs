//! Values of headers that are evaluated for each message, as a decision tells them and as they are
//! sent. What each command says is beside the core.

use crate::*;
use tower_mesh::policy::HeaderText;

/// The rule is one level, and among several destinations each of them another before it.
const ISTIO: &str = "  - name: first
    match: [{ uri: { prefix: /one } }]
    rewrite: { uri: /new, authority: to.example }
    headers:
      request:
        remove: [gone]
        set:
          x: '%REQ(x)%+%REQ(later)%'
          later: 'now'
          path: '%REQ(:path)% of %REQ(:authority)% by %REQ(:method)%, %REQ(gone)%%PROTOCOL%'
          old: '%REQ(missing)%'
          name: '%ROUTE_NAME% to %UPSTREAM_CLUSTER%'
          percent: '100%%'
        add: { x: '%REQ(x?y):2%' }
      response:
        set:
          was: '%REQ(:path)% %REQ(x)%'
          from: '%UPSTREAM_HOST% %RESPONSE_CODE% %RESP(:status)% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%'
          served: '%RESP(x-served)%%RESP(missing?x-served):4%'
    route: [{ destination: { host: a } }]
  - name: second
    headers:
      request: { set: { x: 'rule(%REQ(x)%)', b: '%REQ(a)%' } }
      response: { set: { x: 'rule(%RESP(x)%)' } }
    route:
      - destination: { host: a }
        weight: 2147483646
        headers:
          request: { set: { x: 'to(%REQ(x)%)', a: made } }
          response: { set: { x: 'to(%REQ(x)%)' } }
      - { destination: { host: b }, weight: 1 }
";

fn asked(path: &str) -> Request<()> {
    let headers = [
        ("x", "one"),
        ("later", "before"),
        ("gone", "g"),
        ("old", "kept"),
    ];
    with(&format!("http://h.example{path}"), &headers)
}

type Lines = Vec<(String, String)>;

/// The headers that the first backend gets, and what is done to its response.
fn decided(setup: &Setup, path: &str) -> (Lines, Lines) {
    let answer = setup.decide(&asked(path));
    let backend = &answer.backends[0];
    let request = backend.request.clone().unwrap();
    (
        request.headers,
        backend.response_headers.clone().unwrap().set,
    )
}

fn of<'a>(pairs: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    let pairs = pairs.iter().filter(|(other, _)| other == name);
    pairs.map(|(_, value)| value.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn values_see_the_headers_after_what_is_removed_and_before_what_is_set() {
    let istio = istio(ISTIO);
    let came = istio.send(asked("/one/x?q")).await;
    let (headers, _) = decided(&istio, "/one/x?q");
    for (name, expected) in [
        ("x", &["one+before", "on"][..]),
        ("later", &["now"]),
        ("path", &["/one/x?q of h.example by GET, HTTP/1.1"]),
        ("old", &["kept"]),
        ("name", &["first to outbound|80||a"]),
        ("percent", &["100%"]),
        ("gone", &[]),
    ] {
        assert_eq!(came.told(name), expected, "{name}");
        assert_eq!(of(&headers, name), expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn values_of_responses_see_the_request_as_it_was_sent() {
    let istio = istio(ISTIO);
    let came = istio.send(asked("/one/x?q")).await;
    assert_eq!(came.header("was"), Some("/new/x?q one+before"));
    assert_eq!(
        came.header("from"),
        Some("10.0.0.1:80 202 202 - via_upstream")
    );
    assert_eq!(came.header("served"), Some("10.0.0.1:8010.0"));
    let (_, set) = decided(&istio, "/one/x?q");
    assert_eq!(of(&set, "was"), ["/new/x?q one+before"]);
    // What the response says, nobody knows yet.
    assert_eq!(
        of(&set, "served"),
        ["%RESP(x-served)%%RESP(missing?x-served):4%"]
    );
}

/// As a running Envoy did it with `use_remote_address` and one trusted proxy in front: what the
/// gateway adds to `x-forwarded-for` itself is no proxy's entry.
#[tokio::test(start_paused = true)]
async fn the_client_of_a_gateway_is_who_trusted_proxies_say() {
    let mut gateway = gateway("  - backendRefs: [{ name: a, port: 80 }]\n");
    let name = "client".parse().unwrap();
    let value = "%DOWNSTREAM_REMOTE_ADDRESS% by %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%";
    let changes = &mut gateway.policy.routes[0].rules[0].headers.request;
    changes.set.insert(name, value.parse().unwrap());
    for (hops, client) in [
        (0, "10.9.9.9:0"),
        (1, "9.9.9.9:0"),
        (2, "8.8.8.8:0"),
        (3, "10.9.9.9:0"),
    ] {
        gateway.policy.mesh.trusted_hops = hops;
        let mut request = with("http://h/", &[("x-forwarded-for", "8.8.8.8, 9.9.9.9")]);
        let source = tower_mesh::gate::Source([10, 9, 9, 9].into());
        request.extensions_mut().insert(source);
        let answer = gateway.decide(&request);
        let client = format!("{client} by 10.9.9.9");
        let told = answer.backends[0].request.clone().unwrap();
        assert_eq!(of(&told.headers, "client"), [&client], "{hops}");
        let came = gateway.send(request).await;
        assert_eq!(came.told("client"), [&client], "{hops}");
        assert_eq!(came.told("x-forwarded-for"), ["8.8.8.8, 9.9.9.9,10.9.9.9"]);
    }
}

/// As a running Envoy did it: no code is written down yet when the headers are changed.
#[tokio::test(start_paused = true)]
async fn values_of_local_replies_tell_why_they_are_made() {
    let istio = istio(ISTIO);
    let mut request = asked("/one");
    request
        .headers_mut()
        .insert("fail", "close".parse().unwrap());
    let came = istio.send(request).await;
    assert_eq!(came.status, 503);
    let from =
        "10.0.0.1:80 0 503 UC upstream_reset_before_response_started{connection_termination}";
    assert_eq!(came.header("from"), Some(from));
    assert_eq!(came.header("was"), Some("/new one+before"));
    assert_eq!(came.header("served"), None);
}

#[tokio::test(start_paused = true)]
async fn the_second_level_sees_what_the_first_has_made() {
    let istio = istio(ISTIO);
    let came = istio.send(asked("/two")).await;
    let (headers, set) = decided(&istio, "/two");
    for (name, expected) in [("x", "rule(to(one))"), ("a", "made"), ("b", "made")] {
        assert_eq!(came.told(name), [expected], "{name}");
        assert_eq!(of(&headers, name), [expected], "{name}");
    }
    // Of the response, the first level's is set when the second's is evaluated.
    assert_eq!(came.header("x"), Some("rule(to(rule(to(one))))"));
    assert_eq!(of(&set, "x"), ["rule(%RESP(x)%)"]);
}

#[tokio::test(start_paused = true)]
async fn direct_responses_and_native_rules_evaluate_too_and_the_gateway_api_means_what_it_says() {
    let native = native(
        "  - match: [{ path: { exact: /respond } }]
    respond: { status: 418 }
    headers: { response: { set: { x: '%REQ(x)% %RESP(:status)% %RESPONSE_CODE_DETAILS%' } } }
  - headers: { request: { set: { x: '%REQ(x)%%%' } } }
    to: [{ service: a }]\n",
    );
    let answer = native.decide(&asked("/respond"));
    assert_eq!(header(&answer, "x"), Some("one 418 direct_response"));
    let came = native.send(asked("/respond")).await;
    assert_eq!(came.header("x"), Some("one 418 direct_response"));
    assert_eq!(native.send(asked("/")).await.told("x"), ["one%"]);
    let gateway = gateway(
        "  - filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x, value: '100% %REQ(x)%' }] } }]
    backendRefs: [{ name: a, port: 80 }]\n",
    );
    assert_eq!(gateway.send(asked("/")).await.told("x"), ["100% %REQ(x)%"]);
    let set = &gateway.policy.routes[0].rules[0].to[0].headers.request.set;
    let rule = &gateway.policy.routes[0].rules[0].headers.request.set;
    let value = set.values().chain(rule.values()).next();
    assert_eq!(value.map(HeaderText::as_str), Some("100%% %%REQ(x)%%"));
}

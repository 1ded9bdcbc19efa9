//! One policy, seen from different places: who asks, at which door, on which port.
#![cfg(feature = "yaml")]

use tower_mesh::explain::{Answer, Outcome, Question};
use tower_mesh::policy::Workload;
use tower_mesh::{Plan, Policy};

fn plan(policy: &str) -> Plan {
    let policy: Policy = policy.parse().unwrap();
    policy.compile().unwrap()
}

/// `rule service.namespace:port/subset` of the only backend, or the outcome.
fn short(answer: &Answer) -> String {
    let [backend] = answer.backends.as_slice() else {
        return format!("{:?} {}", answer.outcome, answer.status.unwrap_or(0));
    };
    let part = |text: &Option<String>, before: &str| {
        text.as_ref()
            .map_or(String::new(), |text| format!("{before}{text}"))
    };
    format!(
        "{}{}:{}{}{}",
        backend.service.clone().unwrap_or_default(),
        part(&backend.namespace, "."),
        backend.port.unwrap_or(0),
        part(&backend.subset, "/"),
        part(&answer.rule, " by "),
    )
}

fn ask(plan: &Plan, question: &str) -> String {
    let question: Question = serde_json::from_str(question).unwrap();
    short(&plan.answer(&question).unwrap())
}

const PORTS: &str = r#"
services:
  reviews.prod.svc.cluster.local:9080:
    port: 9080
    aliases: [10.9.9.9]
    endpoints: [{ address: "10.0.0.1:80" }]
  reviews.prod.svc.cluster.local:9090:
    port: 9090
    endpoints: [{ address: "10.0.0.1:81" }]
"#;

#[test]
fn a_kubernetes_service_is_known_by_all_its_names() {
    let plan = plan(PORTS);
    for host in [
        "reviews.prod.svc.cluster.local:9090",
        "reviews.prod.svc:9090",
        "reviews.prod:9090",
    ] {
        let question = format!(r#"{{"authority":"{host}","path":"/"}}"#);
        assert_eq!(ask(&plan, &question), "reviews.prod:9090", "{host}");
    }
    // The short name is for those who live there.
    let near = r#"{"authority":"reviews:9090","path":"/","source":{"namespace":"prod"}}"#;
    assert_eq!(ask(&plan, near), "reviews.prod:9090");
    let far = r#"{"authority":"reviews:9090","path":"/"}"#;
    assert_eq!(ask(&plan, far), "reviews:9090");
    let ip = r#"{"authority":"10.9.9.9:9080","path":"/"}"#;
    assert_eq!(ask(&plan, ip), "reviews.prod:9080");
}

#[test]
fn who_writes_no_port_means_the_services_first() {
    let plan = plan(PORTS);
    let answer = ask(&plan, r#"{"authority":"reviews.prod","path":"/"}"#);
    assert_eq!(answer, "reviews.prod:9080");
    // A port that the service does not have is another host's.
    let answer = ask(&plan, r#"{"authority":"reviews.prod:7","path":"/"}"#);
    assert_eq!(answer, "reviews.prod:7");
}

#[test]
fn a_destination_without_port_is_on_the_port_that_was_asked_for() {
    let plan = plan(&format!(
        "{PORTS}
routes:
  - name: reviews
    hosts: [reviews.prod.svc.cluster.local]
    rules:
      - name: only-9090
        match: [{{ port: 9090, path: {{ prefix: /x }} }}]
        to: [{{ service: reviews.prod.svc.cluster.local }}]
      - to: [{{ service: reviews.prod.svc.cluster.local }}]
"
    ));
    for (asked, wanted) in [
        (
            ("reviews.prod:9090", "/x"),
            "reviews.prod:9090 by only-9090",
        ),
        (("reviews.prod:9090", "/"), "reviews.prod:9090 by 1"),
        (("reviews.prod:9080", "/x"), "reviews.prod:9080 by 1"),
        (("reviews.prod", "/x"), "reviews.prod:9080 by 1"),
    ] {
        let (host, path) = asked;
        let question = format!(r#"{{"authority":"{host}","path":"{path}"}}"#);
        assert_eq!(ask(&plan, &question), wanted, "{asked:?}");
    }
}

const CLIENTS: &str = r#"
services:
  a:
    endpoints: [{ address: "10.0.0.1:80", labels: { version: v1 } }]
    subsets: { old: { labels: { version: v1 } } }
    clients:
      - from: { namespaces: [shop] }
        subsets: { new: { labels: { version: v1 } } }
  hidden:
    namespace: shop
    visibleTo: [shop]
    endpoints: [{ address: "10.0.0.2:80" }]
routes:
  - name: mine
    hosts: [a]
    visibleTo: [shop]
    rules: [{ to: [{ service: a, subset: new }] }]
  - name: everybodys
    hosts: [a]
    visibleTo: [default, lab]
    rules:
      - name: testers
        match: [{ from: { labels: { role: tester }, namespaces: [lab] } }]
        to: [{ service: a, subset: old }]
      - name: rest
        to: [{ service: a }]
sidecars:
  - name: blind
    from: { namespaces: [cellar] }
    hosts: ["~/*"]
    outboundTrafficPolicy: registryOnly
  - name: narrow
    from: { namespaces: [attic] }
    hosts: ["shop/*"]
"#;

#[test]
fn what_is_for_some_clients_is_for_no_others() {
    let policy: Policy = CLIENTS.parse().unwrap();
    let plan = policy.compile().unwrap();
    let from = |source: &str| {
        let question = format!(r#"{{"authority":"a","path":"/","source":{source}}}"#);
        ask(&plan, &question)
    };
    assert_eq!(from(r#"{"namespace":"shop"}"#), "a:80/new by 0");
    assert_eq!(from(r#"{"namespace":"lab"}"#), "a:80 by rest");
    assert_eq!(
        from(r#"{"namespace":"lab","labels":{"role":"tester","x":"y"}}"#),
        "a:80/old by testers"
    );
    assert_eq!(
        from(r#"{"namespace":"default","labels":{"role":"tester"}}"#),
        "a:80 by rest"
    );
    // The route is for neither, so the service is reached directly.
    assert_eq!(from(r#"{"namespace":"office"}"#), "a:80");
    // Somebody may be asked for by whoever it is compiled for.
    let shop = policy.compile_for(&Workload::new("shop")).unwrap();
    let question = Question::new("a", "/");
    assert_eq!(short(&shop.answer(&question).unwrap()), "a:80/new by 0");
}

#[test]
fn what_is_not_visible_is_as_unknown_as_any_other_host() {
    let policy: Policy = CLIENTS.parse().unwrap();
    let plan = policy.compile().unwrap();
    let hidden = |namespace: &str| {
        let question = format!(
            r#"{{"authority":"hidden:1","path":"/","source":{{"namespace":"{namespace}"}}}}"#
        );
        ask(&plan, &question)
    };
    assert_eq!(hidden("shop"), "hidden:80");
    assert_eq!(hidden("lab"), "hidden:1");
    // A sidecar that shows nothing, and one that shows what is not exported to its clients.
    assert_eq!(hidden("cellar"), "NoRoute 502");
    assert_eq!(hidden("attic"), "hidden:1");
}

const GATEWAYS: &str = r#"
services:
  a: { endpoints: [{ address: "10.0.0.1:80" }] }
  b: { endpoints: [{ address: "10.0.0.2:80" }] }
gateways:
  ops/edge:
    namespace: ops
    listeners:
      - { name: wide, port: 80 }
      - { name: shop, port: 80, hosts: ["*.shop.com"] }
      - { name: admin, port: 8080, hosts: [admin.com] }
routes:
  - name: wide
    hosts: ["*"]
    gateways: ["ops/edge#wide"]
    rules: [{ to: [{ service: a }] }]
  - name: shop
    hosts: [cart.shop.com, "*.com"]
    gateways: [ops/edge]
    rules:
      - name: port
        match: [{ port: 8080 }]
        to: [{ service: b }]
      - name: here
        match: [{ gateways: ["ops/edge#shop"] }]
        to: [{ service: b }]
      - name: ops
        match: [{ from: { namespaces: [ops] }, path: { exact: /ops } }]
        to: [{ service: b }]
      - name: mesh
        match: [{ gateways: [mesh] }]
        to: [{ service: b }]
"#;

#[test]
fn the_host_chooses_the_listener_and_there_is_no_falling_back() {
    let plan = plan(GATEWAYS);
    let at = |port: u16, host: &str, path: &str| {
        let question = format!(
            r#"{{"authority":"{host}","path":"{path}","gateway":"ops/edge","port":{port}}}"#
        );
        ask(&plan, &question)
    };
    assert_eq!(at(80, "other.org", "/"), "a:80 by 0");
    assert_eq!(at(80, "cart.shop.com", "/"), "b:80 by here");
    // `*.shop.com` is what both the route's `*.com` and the listener's host take.
    assert_eq!(at(80, "x.shop.com", "/"), "b:80 by here");
    assert_eq!(at(8080, "admin.com", "/"), "b:80 by port");
    assert_eq!(at(8080, "admin.com:8080", "/"), "b:80 by port");
    assert_eq!(at(8080, "cart.shop.com", "/"), "NoRoute 404");
    assert_eq!(at(443, "cart.shop.com", "/"), "NoRoute 404");
    // The route for `*.com` has it, at the wide listener; its rules there are for others.
    assert_eq!(at(80, "far.com", "/"), "NoRoute 404");
    assert_eq!(at(80, "far.com", "/ops"), "b:80 by ops");
}

#[test]
fn what_stands_at_a_gateway_is_not_in_the_mesh() {
    let plan = plan(GATEWAYS);
    let answer = ask(&plan, r#"{"authority":"cart.shop.com","path":"/"}"#);
    assert_eq!(answer, "cart.shop.com:80");
    let nowhere = r#"{"authority":"a","path":"/","gateway":"ops/none"}"#;
    assert_eq!(ask(&plan, nowhere), "NoRoute 404");
}

#[test]
fn the_most_specific_match_wins_over_all_routes_of_a_host() {
    let plan = plan(
        r#"
services: { a: { endpoints: [] }, b: { endpoints: [] } }
routes:
  - name: one
    hosts: [x]
    precedence: specific
    rules:
      - { name: root, to: [{ service: a }] }
      - { name: prefix, match: [{ path: { prefix: /v2 } }], to: [{ service: a }] }
      - { name: regex, match: [{ path: { regex: "/v.*" } }], to: [{ service: a }] }
  - name: two
    hosts: [x]
    precedence: specific
    rules:
      - { name: header, match: [{ path: { prefix: /v2 }, headers: { v: { exact: "1" } } }], to: [{ service: b }] }
      - { name: method, match: [{ path: { prefix: /v2 }, method: PUT }], to: [{ service: b }] }
      - { name: exact, match: [{ path: { exact: /v2/x } }], to: [{ service: b }] }
      - { name: longer, match: [{ path: { prefix: /v2/long } }], to: [{ service: b }] }
"#,
    );
    let ask = |method: &str, path: &str, headers: &str| {
        let question = format!(
            r#"{{"method":"{method}","authority":"x","path":"{path}","headers":{headers}}}"#
        );
        let answer = plan.answer(&serde_json::from_str(&question).unwrap());
        let answer = answer.unwrap();
        assert_eq!(answer.outcome, Outcome::Forward);
        format!("{}/{}", answer.route.unwrap(), answer.rule.unwrap())
    };
    let v1 = r#"[["v","1"]]"#;
    assert_eq!(ask("GET", "/", "[]"), "one/root");
    assert_eq!(ask("GET", "/v2", "[]"), "one/prefix");
    assert_eq!(ask("GET", "/v2", v1), "two/header");
    assert_eq!(ask("PUT", "/v2", v1), "two/method");
    assert_eq!(ask("PUT", "/v2/x", v1), "two/exact");
    assert_eq!(ask("PUT", "/v2/long/y", v1), "two/longer");
    assert_eq!(ask("GET", "/v3", "[]"), "one/root");
}

#[test]
fn a_native_service_without_endpoints_tells_more_of_its_namesake() {
    let policy: Policy = r#"
services:
  reviews.default.svc.cluster.local:9080:
    port: 9080
    endpoints: [{ address: "10.0.0.1:80" }]
  reviews:
    inbound: { limits: [{ rate: { requests: 1 } }] }
routes:
  - { name: r, hosts: [reviews], rules: [{ to: [{ service: reviews }] }] }
"#
    .parse()
    .unwrap();
    let plan = policy.compile().unwrap();
    for host in ["reviews", "reviews:9080", "reviews.default"] {
        let answer = plan.answer(&Question::new(host, "/")).unwrap();
        assert_eq!(short(&answer), "reviews.default:9080 by 0", "{host}");
    }
}

#[test]
fn a_route_of_which_no_rule_is_for_the_client_is_as_if_it_were_not_there() {
    let plan = plan(&format!(
        "{PORTS}
routes:
  - name: reviews
    hosts: [reviews.prod.svc.cluster.local]
    rules:
      - match: [{{ from: {{ labels: {{ app: z }} }} }}]
        to: [{{ service: reviews.prod.svc.cluster.local:9090 }}]
"
    ));
    let from = |labels: &str| {
        let source = format!(r#"{{"namespace":"x","labels":{labels}}}"#);
        ask(
            &plan,
            &format!(r#"{{"authority":"reviews.prod:9080","path":"/","source":{source}}}"#),
        )
    };
    assert_eq!(from(r#"{"app":"z"}"#), "reviews.prod:9090 by 0");
    assert_eq!(from("{}"), "reviews.prod:9080");
}

#[test]
fn a_port_that_a_service_does_not_have_is_of_no_route() {
    let plan = plan(&format!(
        "{PORTS}
routes:
  - name: reviews
    hosts: [reviews.prod.svc.cluster.local]
    rules: [{{ to: [{{ service: reviews.prod.svc.cluster.local:9090 }}] }}]
"
    ));
    let at = |host: &str| ask(&plan, &format!(r#"{{"authority":"{host}","path":"/"}}"#));
    for host in ["reviews.prod:9080", "reviews.prod:9090", "reviews.prod"] {
        assert_eq!(at(host), "reviews.prod:9090 by 0", "{host}");
    }
    assert_eq!(at("reviews.prod:1234"), "reviews.prod:1234");
}

#[test]
fn a_destination_that_the_client_does_not_know_does_not_exist_for_it() {
    let plan = plan(
        r#"
services:
  a: { visibleTo: [n], endpoints: [{ address: "10.0.0.1:80" }] }
routes:
  - { name: r, hosts: [vip.io], rules: [{ to: [{ service: a, whenMissing: 503 }] }] }
"#,
    );
    let from = |namespace: &str| {
        let source = format!(r#"{{"namespace":"{namespace}"}}"#);
        ask(
            &plan,
            &format!(r#"{{"authority":"vip.io","path":"/","source":{source}}}"#),
        )
    };
    assert_eq!(from("n"), "a:80 by 0");
    assert_eq!(from("m"), "Reject 503");
}

#[test]
fn a_consumers_route_hides_the_producers_whichever_port_that_names() {
    let plan = plan(&format!(
        "{PORTS}
routes:
  - name: c/consumer
    hosts: [reviews.prod.svc.cluster.local]
    visibleTo: [c]
    precedence: specific
    rules: [{{ to: [{{ service: reviews.prod.svc.cluster.local:9090 }}] }}]
  - name: prod/producer
    hosts: [reviews.prod.svc.cluster.local:9080]
    precedence: specific
    rules: [{{ match: [{{ path: {{ prefix: /m }} }}], to: [{{ service: reviews.prod.svc.cluster.local:9080 }}] }}]
"
    ));
    let from = |namespace: &str| {
        let question = format!(
            r#"{{"authority":"reviews.prod:9080","path":"/m","source":{{"namespace":"{namespace}"}}}}"#
        );
        ask(&plan, &question)
    };
    assert_eq!(from("c"), "reviews.prod:9090 by 0");
    assert_eq!(from("d"), "reviews.prod:9080 by 0");
}

/// What is read knows where it stood, be it native or imported, and a place is that of the smallest
/// part around it that was written.
#[test]
fn parts_of_a_policy_know_their_lines() {
    let istio = "\
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: prod }
spec: { ports: [{ port: 9080, name: http }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: prod }
spec:
  hosts: [reviews]
  http:
    - match:
        - { uri: { prefix: /a } }
        - { uri: { prefix: /b } }
      route:
        - { destination: { host: reviews } }
";
    let native = "\
services:
  ratings:
    endpoints: [{ address: '10.0.0.1:80', labels: { version: v1 } }]
    subsets:
      v1: { labels: { version: v1 } }
routes:
  - name: ratings
    hosts: [ratings]
    rules:
      - { to: [{ service: ratings, subset: v1 }] }
";
    let documents = tower_mesh::import::Documents::new()
        .add_text("istio.yaml", istio)
        .add_text("native.yaml", native);
    let read = documents.read();
    let position = |name: &str| {
        let mut routes = read.policy.routes.iter();
        routes.position(|route| route.name == name).unwrap()
    };
    let (imported, own) = (position("prod/reviews"), position("ratings"));
    let places = &read.places;
    let told = |place: Option<tower_mesh::policy::Place>| place.unwrap().to_string();
    assert_eq!(
        told(places.matching(imported, 0, 1)),
        "istio.yaml:14:11: spec.http[0].match[1]"
    );
    assert_eq!(
        told(places.destination(imported, 0, 0)),
        "istio.yaml:16:11: spec.http[0].route[0]"
    );
    let document = places.rule(imported, 0).unwrap().document;
    assert_eq!(document, "VirtualService prod/reviews");
    assert_eq!(
        told(places.destination(own, 0, 0)),
        "native.yaml:10:16: routes[0].rules[0].to[0]"
    );
    // Nothing is there, so it is where it would be.
    assert_eq!(
        told(places.matching(own, 0, 7)),
        "native.yaml:10:9: routes[0].rules[0]"
    );
    assert_eq!(
        told(places.subset("ratings", "v1")),
        "native.yaml:5:7: services.ratings.subsets.v1"
    );
    assert_eq!(places.rule(9, 0), None);
    let plan = read.policy.compile().unwrap();
    assert!(plan.places().is_empty());
    assert_eq!(
        told(plan.written_at(read.places).places().rule(own, 0)),
        "native.yaml:10:9: routes[0].rules[0]"
    );
}

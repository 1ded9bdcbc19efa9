use crate::fates;
use crate::reading::*;
use tower_mesh::policy::{Balance, ClientSettings, Workload};

fn rule(name: &str, spec: &str) -> String {
    document("DestinationRule", name, spec)
}

fn in_namespace(document: &str, namespace: &str) -> String {
    document.replace("namespace: prod", &format!("namespace: {namespace}"))
}

#[test]
fn every_field_has_its_fate() {
    let all = include_str!("destination_rule.yaml");
    let read = read(all);
    assert!(!read.findings.iter().any(is_error), "{:#?}", read.findings);
    assert!(fates::check(all, &read) > 55);
    assert!(read.report.iter().all(|entry| entry.instead != "not read"));
}

#[test]
fn what_istio_refuses_is_an_error_at_its_place() {
    let policy = |text: &str| format!("host: a\ntrafficPolicy: {{{text}}}");
    let at = |path: &str, id: &str| format!("{id} spec.trafficPolicy{path}");
    let wrong = "invalid-value";
    let range = "out-of-range";
    let missing = "missing-field";
    for (spec, wanted) in [
        ("host: a b".to_owned(), "invalid-value spec.host".to_owned()),
        (
            "exportTo: ['*']".to_owned(),
            "missing-field spec".to_owned(),
        ),
        (
            "host: a\nsubsets: [{labels: {a: b}}]".to_owned(),
            "missing-field spec.subsets[0]".to_owned(),
        ),
        (
            "host: a\nsubsets: [{name: v1}, {name: v1}]".to_owned(),
            "duplicate-name spec.subsets[1].name".to_owned(),
        ),
        (
            "host: a\nsubsets: [{name: 'a.b'}]".to_owned(),
            "invalid-value spec.subsets[0].name".to_owned(),
        ),
        (
            "host: a\nsubsets: [~]".to_owned(),
            "invalid-value spec.subsets[0]".to_owned(),
        ),
        (
            "host: a\nsubsets: [{name: v1, labels: {a: '-'}}]".to_owned(),
            "invalid-value spec.subsets[0].labels.a".to_owned(),
        ),
        (
            "host: a\nsubsets: [{name: v1, trafficPolicy: {}}]".to_owned(),
            "missing-field spec.subsets[0].trafficPolicy".to_owned(),
        ),
        (
            "host: a\nexportTo: [far]\nworkloadSelector: {matchLabels: {a: b}}".to_owned(),
            "invalid-value spec.exportTo".to_owned(),
        ),
        (
            "host: a\nworkloadSelector: {matchLabels: {a: '*'}}".to_owned(),
            "invalid-value spec.workloadSelector.matchLabels.a".to_owned(),
        ),
        (policy(""), at("", missing)),
        (
            policy("portLevelSettings: [{loadBalancer: {simple: RANDOM}}]"),
            at(".portLevelSettings[0]", missing),
        ),
        (
            policy("portLevelSettings: [{port: {number: 1}}]"),
            at(".portLevelSettings[0]", missing),
        ),
        (
            policy("tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {}"),
            at(".proxyProtocol", wrong),
        ),
        (
            policy("tunnel: {targetHost: a, targetPort: 0}"),
            at(".tunnel.targetPort", range),
        ),
        (
            policy("tunnel: {protocol: GET, targetHost: a, targetPort: 1}"),
            at(".tunnel.protocol", "unknown-variant"),
        ),
        (
            policy("outlierDetection: {interval: 0s}"),
            at(".outlierDetection.interval", wrong),
        ),
        (
            policy("outlierDetection: {maxEjectionPercent: 101}"),
            at(".outlierDetection.maxEjectionPercent", range),
        ),
        (
            policy("outlierDetection: {consecutiveLocalOriginFailures: 1}"),
            at(".outlierDetection.consecutiveLocalOriginFailures", wrong),
        ),
        (policy("connectionPool: {}"), at(".connectionPool", missing)),
        (
            policy("connectionPool: {http: {maxRetries: -1}}"),
            at(".connectionPool.http.maxRetries", range),
        ),
        (
            policy("connectionPool: {tcp: {connectTimeout: 0s}}"),
            at(".connectionPool.tcp.connectTimeout", wrong),
        ),
        (
            policy("connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}"),
            at(".connectionPool.http.useClientProtocol", wrong),
        ),
        (
            policy("connectionPool: {http: {http2KeepAlive: {interval: 1s}}}"),
            at(".connectionPool.http.http2KeepAlive", missing),
        ),
        (
            policy("loadBalancer: {simple: NONE}"),
            at(".loadBalancer.simple", "unknown-variant"),
        ),
        (
            policy("loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}"),
            at(".loadBalancer.consistentHash", wrong),
        ),
        (
            policy("loadBalancer: {consistentHash: {httpCookie: {ttl: 1s}}}"),
            at(".loadBalancer.consistentHash.httpCookie", missing),
        ),
        (
            policy(
                "loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 65536}}}",
            ),
            at(".loadBalancer.consistentHash.maglev.tableSize", wrong),
        ),
        (
            policy("loadBalancer: {warmup: {aggression: 1}}"),
            at(".loadBalancer.warmup", missing),
        ),
        (
            policy("loadBalancer: {warmup: {duration: 1s, minimumPercent: 101}}"),
            at(".loadBalancer.warmup.minimumPercent", range),
        ),
        (
            policy("loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 99}}]}}"),
            at(".loadBalancer.localityLbSetting.distribute[0].to", wrong),
        ),
        (
            policy(
                "loadBalancer: {localityLbSetting: {distribute: [{from: 'a/*', to: {b: 100}}, {from: a/b, to: {b: 100}}]}}",
            ),
            at(".loadBalancer.localityLbSetting.distribute[1].from", wrong),
        ),
        (
            policy(
                "loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}, outlierDetection: {}",
            ),
            at(".loadBalancer.localityLbSetting.failover[0].to", wrong),
        ),
        (
            policy(
                "loadBalancer: {localityLbSetting: {failover: [{from: a/b, to: a}]}}, outlierDetection: {}",
            ),
            at(".loadBalancer.localityLbSetting.failover[0].from", wrong),
        ),
        (
            policy(
                "loadBalancer: {localityLbSetting: {zoneAware: {}, failover: []}}, outlierDetection: {}",
            ),
            at(".loadBalancer.localityLbSetting.failover", wrong),
        ),
        (
            policy("tls: {mode: MUTUAL, clientCertificate: a}"),
            at(".tls", missing),
        ),
        (
            policy("tls: {mode: SIMPLE, credentialName: a, caCertificates: b}"),
            at(".tls.caCertificates", wrong),
        ),
        (
            policy("tls: {mode: SIMPLE, credentialName: 'configmap://far/a'}"),
            at(".tls.credentialName", wrong),
        ),
        (
            policy("tls: {mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}"),
            at(".tls.subjectAltNames", wrong),
        ),
    ] {
        assert_eq!(ids("DestinationRule", &spec), [wanted], "{spec}");
    }
}

#[test]
fn what_is_doubtful_is_a_warning() {
    let policy = |text: &str| format!("host: a\ntrafficPolicy: {{{text}}}");
    for (spec, wanted) in [
        (
            policy("outlierDetection: {consecutiveErrors: 1}"),
            "deprecated-field",
        ),
        (
            policy("loadBalancer: {simple: LEAST_CONN}"),
            "deprecated-field",
        ),
        (
            policy("loadBalancer: {consistentHash: {useSourceIp: true, minimumRingSize: 2}}"),
            "deprecated-field",
        ),
        (
            policy("loadBalancer: {localityLbSetting: {failoverPriority: [a]}}"),
            "missing-field",
        ),
        ("host: a\nworkloadSelector: {}".to_owned(), "empty-selector"),
        ("host: a".to_owned(), "unknown-service"),
        (
            "host: a.prod.svc.cluster.local\nsubsets: [{name: v1}]".to_owned(),
            "unused-subset",
        ),
        (
            "host: a\nsubsets: [{name: v1, labels: {a: b}}]".to_owned(),
            "no-endpoints",
        ),
    ] {
        let mut text = rule("x", &spec);
        if wanted != "unknown-service" {
            text += &bare_services(&["a.prod.svc.cluster.local:80"]);
        }
        let read = read(&text);
        assert!(!read.findings.iter().any(is_error), "{:#?}", read.findings);
        assert!(
            read.findings.iter().any(|finding| finding.id == wanted),
            "{spec}"
        );
    }
}

/// What a client finds of the first service.
fn settings(text: &str, client: &Workload) -> ClientSettings {
    let policy = read(text).policy;
    let service = policy.services.values().next().unwrap();
    let mut found = service.clients.iter();
    found
        .find(|settings| settings.from.include(client))
        .cloned()
        .unwrap_or_default()
}

fn balance(text: &str, namespace: &str) -> Balance {
    settings(text, &Workload::new(namespace)).balance
}

const SERVICE: &str = "a.prod.svc.cluster.local:80";
const HOST: &str = "host: a.prod.svc.cluster.local";

fn simple(name: &str, namespace: &str, host: &str, balance: &str, more: &str) -> String {
    let spec = format!("{host}\n{more}\ntrafficPolicy: {{loadBalancer: {{simple: {balance}}}}}");
    in_namespace(&rule(name, &spec), namespace)
}

#[test]
fn the_client_s_namespace_comes_before_the_service_s_and_that_before_the_root_s() {
    let text = simple("a", "web", HOST, "RANDOM", "")
        + &simple("b", "prod", HOST, "ROUND_ROBIN", "exportTo: [., far]")
        + &simple("c", "istio-system", "host: '*.local'", "LEAST_REQUEST", "")
        + &bare_services(&[SERVICE]);
    assert_eq!(balance(&text, "web"), Balance::Random);
    assert_eq!(balance(&text, "prod"), Balance::RoundRobin);
    assert_eq!(balance(&text, "far"), Balance::RoundRobin);
    assert_eq!(balance(&text, "else"), Balance::LeastRequest);
    let root =
        simple("c", "istio-system", "host: '*.local'", "RANDOM", "") + &bare_services(&[SERVICE]);
    assert_eq!(balance(&root, "else"), Balance::Random);
    assert_eq!(balance(&root, "istio-system"), Balance::Random);
    // Rules of other namespaces are nobody's business.
    let foreign = simple("a", "web", HOST, "RANDOM", "") + &bare_services(&[SERVICE]);
    assert_eq!(balance(&foreign, "else"), Balance::LeastRequest);
}

#[test]
fn the_most_specific_host_of_a_namespace_wins() {
    let text = simple("a", "prod", "host: '*'", "RANDOM", "")
        + &simple(
            "b",
            "prod",
            "host: '*.svc.cluster.local'",
            "ROUND_ROBIN",
            "",
        )
        + &bare_services(&[SERVICE]);
    assert_eq!(balance(&text, "prod"), Balance::RoundRobin);
    let exact = text + &simple("c", "prod", "host: a", "LEAST_REQUEST", "");
    assert_eq!(balance(&exact, "prod"), Balance::LeastRequest);
}

#[test]
fn who_selects_workloads_is_for_these_alone() {
    let text = simple(
        "a",
        "prod",
        HOST,
        "RANDOM",
        "workloadSelector: {matchLabels: {app: web}}",
    ) + &simple("b", "prod", HOST, "ROUND_ROBIN", "")
        + &bare_services(&[SERVICE]);
    let web = |namespace: &str| Workload::new(namespace).label("app", "web");
    assert_eq!(settings(&text, &web("prod")).balance, Balance::Random);
    assert_eq!(settings(&text, &web("far")).balance, Balance::RoundRobin);
    assert_eq!(balance(&text, "prod"), Balance::RoundRobin);
}

#[test]
fn rules_of_one_namespace_for_one_host_are_one() {
    let dated = |name: &str, created: &str, spec: &str| {
        rule(name, &format!("{HOST}\n{spec}")).replace(
            "namespace: prod",
            &format!("namespace: prod, creationTimestamp: \"{created}\""),
        )
    };
    let text = dated(
        "a",
        "2024-03-01T00:00:00Z",
        "subsets: [{name: v1, labels: {version: no}}, {name: v3}]\ntrafficPolicy: {loadBalancer: {simple: RANDOM}}",
    ) + &dated(
        "b",
        "2024-01-01T00:00:00Z",
        "subsets: [{name: v1, labels: {version: v1}}]",
    ) + &dated(
        "c",
        "2024-02-01T00:00:00Z",
        "trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}",
    ) + &bare_services(&[SERVICE]);
    let found = settings(&text, &Workload::new("prod"));
    assert_eq!(found.balance, Balance::RoundRobin);
    assert_eq!(found.subsets.keys().collect::<Vec<_>>(), ["v1", "v3"]);
    assert_eq!(found.subsets["v1"].labels["version"], "v1");
}

#[test]
fn a_port_s_settings_replace_and_a_subset_s_override() {
    let spec = format!(
        "{HOST}\ntrafficPolicy: {{loadBalancer: {{simple: ROUND_ROBIN}}, portLevelSettings: [{{port: {{number: 80}}, outlierDetection: {{}}}}]}}\n\
         subsets: [{{name: v1}}, {{name: v2, trafficPolicy: {{loadBalancer: {{simple: RANDOM}}}}}}]"
    );
    let text = rule("x", &spec) + &bare_services(&[SERVICE]);
    let found = settings(&text, &Workload::new("prod"));
    assert_eq!(found.balance, Balance::LeastRequest);
    assert_eq!(found.subsets["v1"].balance, None);
    assert_eq!(found.subsets["v2"].balance, Some(Balance::Random));
    let other = rule("x", &spec.replace("number: 80", "number: 81")) + &bare_services(&[SERVICE]);
    assert_eq!(
        settings(&other, &Workload::new("prod")).balance,
        Balance::RoundRobin
    );
}

#[test]
fn subsets_are_there_for_the_clients_that_see_the_rule() {
    let text = rule(
        "x",
        &format!("{HOST}\nexportTo: [.]\nsubsets: [{{name: v1, labels: {{version: v1}}}}]"),
    ) + &document(
        "VirtualService",
        "x",
        "hosts: [a.prod.svc.cluster.local]\nhttp: [{route: [{destination: {host: a, subset: v1}}]}]",
    ) + &bare_services(&[SERVICE]);
    assert_eq!(found(&read(&text)), Vec::<String>::new());
    let plan = plan(&text);
    assert_eq!(fate(&ask(&plan, "a", "/")), "a/v1@0");
    let far = ask_with(&plan, "a.prod", "/", |question| {
        question.source.as_mut().unwrap().namespace = Some("far".into());
    });
    assert_eq!((fate(&far).as_str(), far.status), ("Reject", Some(503)));
}

#[test]
fn a_native_service_without_a_namespace_is_found_by_its_short_name() {
    let text = rule(
        "x",
        "host: reviews\ntrafficPolicy: {loadBalancer: {simple: RANDOM}}",
    ) + &bare_services(&["reviews"]);
    assert_eq!(balance(&text, "prod"), Balance::Random);
}

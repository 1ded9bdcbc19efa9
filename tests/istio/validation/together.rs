//! Several faults in one file: all of them are told, each at its place, in the order of the text.

use crate::reading::{document, read, services};
use crate::validation::{MARK, marks, place};

/// A file with something wrong at each mark, and what that is.
fn file() -> (String, [&'static str; 18]) {
    let route = "hosts: [x.foo.com, ‸'*.foo.com']\n\
        gateways: [‸g.prod]\n\
        http:\n\
        - {match: [{headers: {x: {prefix: ‸''}}}], route: [{destination: {host: ‸'*'}}], timeout: ‸0s}\n\
        - {match: [{uri: {prefix: /a}}], redirect: {uri: /, redirectCode: ‸304}}\n\
        - {match: [‸{uri: {prefix: /ab}}], directResponse: {status: ‸199}}\n\
        - ‸{fault: {‸abort: {percentage: {value: 1}}}, retries: {retryOn: ‸5xx}, route: []}\n\
        - ‸{route: [{destination: {host: a}}]}";
    let rule = "host: ‸10.0.0.1\n\
        trafficPolicy: {‸connectionPool: {}, outlierDetection: {consecutiveErrors: ‸5, interval: ‸0s}}\n\
        subsets: [{name: v1}, {name: ‸v1}]\n\
        ‸workloadSelector: {}";
    let text = document("VirtualService", "x", route)
        + &document("DestinationRule", "x", rule)
        + &services(&["a.prod.svc.cluster.local:80"]);
    let wrong = [
        "duplicate-host spec.hosts[1]",
        "deprecated-field spec.gateways[0]",
        "invalid-value spec.http[0].match[0].headers.x.prefix",
        "invalid-value spec.http[0].route[0].destination.host",
        "invalid-value spec.http[0].timeout",
        "unsupported-status spec.http[1].redirect.redirectCode",
        "ineffective-match spec.http[2].match[0]",
        "out-of-range spec.http[2].directResponse.status",
        "no-action spec.http[3]",
        "missing-field spec.http[3].fault.abort",
        "invalid-value spec.http[3].retries.retryOn",
        "unreachable-rule spec.http[4]",
        "invalid-value spec.host",
        "missing-field spec.trafficPolicy.connectionPool",
        "deprecated-field spec.trafficPolicy.outlierDetection.consecutiveErrors",
        "invalid-value spec.trafficPolicy.outlierDetection.interval",
        "duplicate-name spec.subsets[1].name",
        "empty-selector spec.workloadSelector",
    ];
    (text, wrong)
}

#[test]
fn all_faults_of_a_file_are_told_in_its_order() {
    let (text, wrong) = file();
    let read = read(&text.replace(MARK, ""));
    let told: Vec<_> = { read.findings.iter() }
        .map(|finding| format!("{} {}", finding.id, finding.at.path))
        .collect();
    assert_eq!(told, wrong);
    let places: Vec<_> = read.findings.iter().map(place).collect();
    assert_eq!(places, marks(&text));
    for finding in &read.findings {
        assert_eq!(finding.at.file.as_deref(), Some("a.yaml"));
        let (line, column) = place(finding);
        let head = format!("a.yaml:{line}:{column}: {}: ", finding.at.path);
        assert!(finding.to_string().starts_with(&head), "{finding}");
    }
}

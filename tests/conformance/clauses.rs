//! Which of our own cases stand for which of the Gateway API's.

use serde_json::Value;
use std::collections::BTreeSet;

/// Their files, and the clauses that they are about; each of our own cases names its `clause`.
const CLAUSES: &[(&str, &[&str])] = &[
    ("grpcroute-exact-method-matching", &["grpc-method"]),
    (
        "grpcroute-request-header-modifier",
        &["grpc-request-headers"],
    ),
    ("grpcroute-weight", &["grpc-weights"]),
    ("httproute-303-redirect", &["redirect-status"]),
    ("httproute-backend-protocol-h2c", &["h2c"]),
    ("httproute-backend-url-rewrite", &["backend-rewrite"]),
    (
        "httproute-cors",
        &[
            "cors-preflight",
            "cors-other-origin",
            "cors-request",
            "cors-star",
        ],
    ),
    ("httproute-cross-namespace", &["cross-namespace-route"]),
    ("httproute-exact-path-matching", &["exact-path"]),
    (
        "httproute-header-matching",
        &["headers", "header-precedence"],
    ),
    ("httproute-https-listener", &["https-listener"]),
    (
        "httproute-invalid-cross-namespace-backend-ref",
        &["no-grant"],
    ),
    (
        "httproute-invalid-nonexistent-backendref",
        &["no-such-backend"],
    ),
    (
        "httproute-listener-hostname-matching",
        &["listener-hostname", "no-falling-back"],
    ),
    ("httproute-listener-port-matching", &["listener-port"]),
    ("httproute-matching", &["prefix", "precedence"]),
    (
        "httproute-method-matching",
        &["method", "method-precedence"],
    ),
    ("httproute-multiple-gateways", &["several-gateways"]),
    ("httproute-omitted-backendrefs", &["no-backends"]),
    (
        "httproute-query-param-matching",
        &["query", "query-precedence"],
    ),
    (
        "httproute-redirect-host-and-status",
        &["redirect-host", "redirect-status"],
    ),
    (
        "httproute-redirect-path",
        &["redirect-path", "redirect-prefix"],
    ),
    ("httproute-redirect-port", &["redirect-port"]),
    ("httproute-redirect-scheme", &["redirect-scheme"]),
    ("httproute-reference-grant", &["grant", "grant-deleted"]),
    (
        "httproute-request-header-modifier--http-route-backend-request-header-modifier",
        &["backend-request-headers"],
    ),
    (
        "httproute-request-header-modifier--http-route-request-header-modifier",
        &[
            "request-headers-set",
            "request-headers-add",
            "request-headers-remove",
        ],
    ),
    ("httproute-request-mirror", &["mirror", "mirrors"]),
    ("httproute-request-percentage-mirror", &["mirror-share"]),
    (
        "httproute-response-header-modifier",
        &[
            "response-headers-set",
            "response-headers-add",
            "response-headers-remove",
        ],
    ),
    ("httproute-retry", &["not-retried", "retried"]),
    ("httproute-rewrite-host", &["rewrite-host"]),
    (
        "httproute-rewrite-path",
        &["rewrite-path", "rewrite-prefix"],
    ),
    ("httproute-service-types", &["headless"]),
    ("httproute-simple-same-namespace", &["prefix"]),
    ("httproute-timeout-request", &["timeout", "no-timeout"]),
    ("httproute-weight", &["weights"]),
    ("listenerset-dual-parentref-independence", &["listener-set"]),
    ("mesh-grpcroute-request-header-modifier", &["mesh-grpc"]),
    ("mesh-httproute-matching", &["mesh-matching"]),
    ("mesh-httproute-simple-same-namespace", &["mesh-matching"]),
    ("mesh-httproute-weight", &["mesh-weights"]),
    ("mesh-mesh-basic", &["mesh-no-route"]),
    (
        "mesh-mesh-consumer-route",
        &["producer-route", "consumer-route"],
    ),
    ("mesh-mesh-ports", &["mesh-port"]),
];

/// Each clause has a case of ours, each case of ours a clause, and each file of theirs clauses.
pub(crate) fn covered(ours: &[(String, Value)], theirs: Option<&[(String, Value)]>) {
    let cases = { ours.iter() }.flat_map(|(_, document)| document["cases"].as_array().unwrap());
    let has: BTreeSet<_> = cases
        .map(|case| {
            let clause = case["clause"].as_str();
            clause.unwrap_or_else(|| panic!("{} names no clause", case["name"]))
        })
        .collect();
    let wanted: BTreeSet<_> = { CLAUSES.iter() }
        .flat_map(|(_, clauses)| clauses.iter().copied())
        .collect();
    assert_eq!(has, wanted);
    if let Some(theirs) = theirs {
        let named: Vec<_> = CLAUSES.iter().map(|(file, _)| *file).collect();
        let there: Vec<_> = theirs.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(
            there, named,
            "a file without clauses, or clauses without a file"
        );
    }
}

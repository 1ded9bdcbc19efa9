//! An HTTPRoute and the VirtualService that Istio would make of it decide the same.
#![cfg(feature = "yaml")]

mod actions;
mod ask;
mod count;
mod draw;
mod http_route;
mod model;
mod virtual_service;

use ask::{Ask, aimed, asks};
use count::Counts;
use draw::routes;
use http_route::Parent;
use model::Route;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::cell::RefCell;
use tower_mesh::Plan;
use tower_mesh::explain::{Answer, Outcome};
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Severity, Workload};

const POLICIES: u32 = 256;
const REQUESTS: usize = 48;

/// The services that there are; each has endpoints, though nobody is asked here.
fn services() -> Vec<Value> {
    let all = [
        ("a", "web", &[80, 8080][..]),
        ("b", "web", &[80]),
        ("c", "web", &[9000]),
        ("granted", "vault", &[80]),
        ("closed", "vault", &[80]),
    ];
    let service = |(name, namespace, ports): (&str, &str, &[u16])| {
        let ports = ports.iter();
        let ports = ports.map(|port| json!({ "name": format!("http-{port}"), "port": port }));
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name, "namespace": namespace },
            "spec": { "ports": ports.collect::<Value>() },
        })
    };
    all.into_iter().map(service).collect()
}

fn read(documents: &[Value]) -> Read {
    let all = services().into_iter().chain(documents.iter().cloned());
    let text = |documents: Documents, (index, document): (usize, Value)| {
        documents.add_text(index.to_string(), document.to_string())
    };
    all.enumerate().fold(Documents::new(), text).read()
}

/// Nothing may be wrong but what the routes are to have wrong.
fn check(read: &Read, meant: &[&str]) -> Result<(), TestCaseError> {
    let errors = read.findings.iter();
    let errors = errors.filter(|found| found.severity == Severity::Error);
    let left: Vec<_> = errors.filter(|found| !meant.contains(&found.id)).collect();
    prop_assert!(left.is_empty(), "{:#?}", left);
    Ok(())
}

/// What is not a matter of which API is written.
fn alike(mut answer: Answer) -> Answer {
    (answer.route, answer.rule) = (None, None);
    answer
}

/// What Istio says of its own: there a destination that is not there is answered with 500, and so
/// is who sends requests nowhere. A VirtualService that somebody writes says 503 for the one, and
/// a direct response for the other.
fn as_istio_s_own(mut answer: Answer) -> Answer {
    for share in &mut answer.backends {
        if share.service.is_none() && share.status == Some(503) {
            share.status = Some(500);
        }
    }
    if answer.outcome == Outcome::Reject && answer.status == Some(503) {
        answer.status = Some(500);
    }
    // No route has a direct response of its own.
    if answer.outcome == Outcome::Respond && answer.status == Some(500) {
        answer.outcome = Outcome::Reject;
        answer.headers.clear();
    }
    answer
}

/// The routes among documents.
fn shown(documents: &[Value]) -> String {
    let routes = documents
        .iter()
        .map(|document| (&document["kind"], &document["spec"]));
    let routes = routes.filter(|(kind, _)| *kind == "HTTPRoute" || *kind == "VirtualService");
    routes
        .map(|(kind, spec)| format!("{kind}: {spec:#}\n"))
        .collect()
}

fn compare(
    routes: &[Route],
    asked: &[Ask],
    parent: Parent,
    counts: &mut Counts,
) -> Result<(), TestCaseError> {
    let here = read(&http_route::documents(routes, parent));
    let there = read(&virtual_service::documents(routes, parent));
    let broken = [
        "ref-not-permitted",
        "unknown-service",
        "invalid-kind",
        "missing-field",
        "unsupported-filter",
    ];
    check(&here, &broken)?;
    check(&there, &["unknown-service"])?;
    let client = Workload::new("web");
    let plans = [&here, &there].map(|read| Plan::lenient(&read.policy, &client, None));
    let requests = aimed(&here.policy);
    for ask in asked {
        let question = ask.question(&requests, parent);
        let [one, another] = [0, 1].map(|plan| plans[plan].answer(&question).unwrap());
        counts.met(routes, &one);
        let (one, another) = (alike(one), as_istio_s_own(alike(another)));
        prop_assert_eq!(
            &one,
            &another,
            "{}\n{}\n{}",
            json!(question),
            shown(&http_route::documents(routes, parent)),
            shown(&virtual_service::documents(routes, parent))
        );
    }
    Ok(())
}

fn all_agree(parent: Parent) {
    let config = ProptestConfig {
        cases: POLICIES,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let counts = RefCell::new(Counts::default());
    let result = TestRunner::new(config)
        .run(&(routes(), vec(asks(), REQUESTS)), |(routes, asked)| {
            compare(&routes, &asked, parent, &mut counts.borrow_mut())
        });
    if let Err(error) = result {
        panic!("{error}");
    }
    let counts = counts.into_inner();
    println!("{parent:?}:\n{counts}");
    assert!(counts.all() >= 10_000, "{counts}");
    counts.check(parent);
}

#[test]
fn an_http_route_at_a_gateway_is_what_istio_makes_of_it() {
    all_agree(Parent::Gateway);
}

#[test]
fn an_http_route_of_a_service_is_what_istio_makes_of_it() {
    all_agree(Parent::Service);
}

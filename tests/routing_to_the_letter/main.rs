//! What is most easily got wrong about routing, point by point, as `Plan::decide` tells it and, where
//! it is about what is sent, over a client or gateway stack; from native, Istio and Gateway API
//! documents, each where the point is about them. What a running Envoy was seen to do is held against
//! it in `tests/observed`.
#![cfg(feature = "yaml")]

mod actions;
mod clauses;
mod copies;
mod formats;
mod matching;
mod origins;
mod replies;
mod retries;
mod selectors;
mod wire;

pub(crate) use http::Request;
pub(crate) use serde_json::{Value, json};
pub(crate) use tower_mesh::explain::{Answer, Outcome, Question};
pub(crate) use tower_mesh::policy::Workload;
pub(crate) use tower_mesh::{Plan, Policy};
pub(crate) use wire::{Setup, gateway, istio, native};

/// A plan of one route for every host, with these rules. The service `a` is there.
fn plan(rules: &str) -> Plan {
    native(rules).policy.compile().unwrap()
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn with(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    headers
        .iter()
        .fold(Request::get(uri), |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(())
        .unwrap()
}

/// The rule that takes the request; `None`: none does.
fn rule(plan: &Plan, request: &Request<()>) -> Option<String> {
    let answer = plan.decide(request);
    assert_eq!(answer.rule.is_none(), answer.outcome == Outcome::NoRoute);
    answer.rule
}

/// The path that the only backend receives, and what it is told of the path before.
fn received(answer: &Answer) -> (String, Option<String>) {
    let request = answer.backends[0].request.as_ref().unwrap();
    let told = |name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
    };
    (request.path.clone(), told("x-envoy-original-path"))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut headers = answer.headers.iter();
    headers
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

/// Where requests go, each with its share.
fn shares(answer: &Answer) -> Vec<(Option<&str>, Option<u16>, f64)> {
    let backends = answer.backends();
    backends
        .map(|backend| (backend.service(), backend.status, backend.share()))
        .collect()
}

/// A policy that has errors and is read all the same.
fn with_errors(text: &str) -> Policy {
    let read = tower_mesh::import::Documents::new()
        .add_text("test", text)
        .read();
    assert!(!read.unreadable, "{:?}", read.findings);
    read.policy
}

//! Requests of pages of other origins: decided, through a client stack, and through a gateway.

use crate::ways::{Doors, bytes, server};
use crate::{Tally, Way, list, observations, text, translate};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tower::ServiceExt as _;
use tower_mesh::connect::Hyper;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::Workload;
use tower_mesh::reply::LocalReply;
use tower_mesh::{Mesh, Plan, Policy};

/// An answer, without what says how long its body is and when it was made.
#[derive(Debug, Default, Eq, PartialEq)]
struct Reply {
    status: u64,
    headers: BTreeMap<String, String>,
    /// Who gave it, in Envoy's name for the reason; not known at the far end of a socket.
    by: Option<String>,
    /// The body of an answer that is not the backend's.
    body: Option<String>,
}

impl Reply {
    fn new(status: u64, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = ["connection", "content-length", "date"];
        let headers = { headers.into_iter() }
            .filter(|(name, _)| !ours.contains(&name.as_str()))
            // Lists are written with and without spaces.
            .map(|(name, value)| (name, value.replace(", ", ",")));
        Self {
            status,
            headers: headers.collect(),
            ..Self::default()
        }
    }

    /// What was recorded.
    fn expected(case: &Value) -> Self {
        let headers = case["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| (name.clone(), text(value).to_owned()));
        Self {
            by: Some(text(&case["answered_by"]).to_owned()),
            body: case["body"].as_str().map(str::to_owned),
            ..Self::new(case["status"].as_u64().unwrap(), headers)
        }
    }
}

/// Each route's rule, under its path.
fn policy(part: &Value, backend: &str, nobody: &str) -> Policy {
    let rules = list(&part["routes"]).iter().filter_map(|route| {
        let path = text(&route["route"]);
        if is_left_out(&route["policy"]) {
            return None;
        }
        let mut rule = match path {
            "/dr" => json!({ "respond": { "status": 200, "body": "x" } }),
            "/uf" => json!({ "to": [{ "service": "nobody" }] }),
            _ => json!({ "to": [{ "service": "a" }] }),
        };
        match path {
            "/fault" => rule["fault"] = json!({ "abort": { "status": 418, "percent": 100 } }),
            "/full" => rule["headers"] = json!({ "response": { "set": { "x-r": "r" } } }),
            _ => {}
        }
        rule["match"] = json!([{ "path": { "exact": path } }]);
        rule["cors"] = translate::cors(&route["policy"]);
        Some(rule)
    });
    // What has no policy, and what has one that is switched off.
    let rules = rules.chain([json!({ "to": [{ "service": "a" }] })]);
    serde_json::from_value(json!({
        "services": {
            "a": { "endpoints": [{ "address": backend }] },
            "nobody": { "endpoints": [{ "address": nobody }] },
        },
        "gateways": { "edge": { "listeners": [{ "name": "plain", "port": 80 }] } },
        "routes": [{
            "name": "r", "hosts": ["a.test"], "gateways": ["mesh", "edge"],
            "rules": rules.collect::<Vec<_>>(),
        }],
    }))
    .unwrap()
}

/// A policy that is switched off is none.
fn is_left_out(policy: &Value) -> bool {
    policy["filter_enabled"]["default_value"]["numerator"] == 0
}

/// The cases, without those about private networks.
fn cases<'a>(part: &'a Value, tally: &mut Tally) -> Vec<&'a Value> {
    let mut cases = Vec::new();
    for case in list(&part["cases"]) {
        if case.to_string().contains("private-network") {
            let why = "private networks, of which neither Istio nor the Gateway API speaks";
            tally.skip("cors", why);
        } else {
            tally.tried("cors");
            cases.push(case);
        }
    }
    cases
}

fn lines(case: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned());
    list(&case["request_headers"]).iter().map(pair).collect()
}

#[test]
fn a_plan_decides_of_pages_what_envoy_did() {
    let (observed, all) = observations();
    let part = &observed["cors"];
    let policy = policy(part, "10.0.0.1:80", "10.0.0.2:80");
    let plan = Plan::lenient(&policy, &Workload::default(), None);
    let mut tally = Tally::new(Way::Decided);
    for case in cases(part, &mut tally) {
        let mut question = Question::new("a.test", text(&case["route"]));
        question.method = Some(text(&case["method"]).to_owned());
        question.headers = lines(case);
        let answer = plan.answer(&question).unwrap();
        let expected = Reply::expected(case);
        let seen = decided(&answer, case);
        assert_eq!(seen.headers, expected.headers, "{case}\n{answer:?}");
        // Whether the backend answers is not decided.
        if case["route"] != "/uf" {
            assert_eq!(seen.status, expected.status, "{case}\n{answer:?}");
        }
    }
    tally.close(&["cors"], all);
}

/// The answer that a client would get, if the backend says what it is asked to say.
fn decided(answer: &Answer, case: &Value) -> Reply {
    if let Some(status) = answer.fault.as_ref().and_then(|fault| fault.abort_status) {
        let kind = ("content-type".to_owned(), "text/plain".to_owned());
        return Reply::new(status.into(), [kind]);
    }
    if let Some(status) = answer.status {
        return Reply::new(status.into(), answer.headers.clone());
    }
    let told = lines(case);
    let told = { told.iter() }.find_map(|(_, value)| value.strip_prefix("hdr="));
    let pairs = told.into_iter().flat_map(|told| told.split('|'));
    let mut reply: BTreeMap<_, _> = pairs
        .map(|pair| pair.split_once(':').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if case["route"] == "/uf" && case["method"] == "GET" {
        reply.insert("content-type".to_owned(), "text/plain".to_owned());
    }
    if let Some(changes) = &answer.backends[0].response_headers {
        reply.retain(|name, _| !changes.remove.contains(name));
        reply.extend(changes.set.iter().chain(&changes.add).cloned());
    }
    Reply::new(200, reply)
}

#[tokio::test]
async fn a_client_stack_does_with_pages_what_envoy_did() {
    let (observed, all) = observations();
    let part = &observed["cors"];
    let client = mesh(part).await.client(Hyper::new());
    let mut tally = Tally::new(Way::Happened);
    for case in cases(part, &mut tally) {
        let uri = format!("http://a.test{}", text(&case["route"]));
        let mut request = http::Request::builder()
            .method(text(&case["method"]))
            .uri(uri);
        for (name, value) in lines(case) {
            request = request.header(name, value);
        }
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let (head, body) = client.clone().oneshot(request).await.unwrap().into_parts();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| {
            let value = value.to_str().unwrap();
            (name.to_string(), value.to_owned())
        });
        let told = head.extensions.get::<LocalReply>();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let seen = Reply {
            by: Some(told.map_or("upstream", |told| &told.details).to_owned()),
            body: told.map(|_| body),
            ..Reply::new(head.status.as_u16().into(), headers)
        };
        assert_eq!(seen, Reply::expected(case), "{case}");
    }
    tally.close(&["cors"], all);
}

#[tokio::test]
async fn a_gateway_does_with_pages_what_envoy_did() {
    let (observed, all) = observations();
    let part = &observed["cors"];
    let doors = Doors::of(&mesh(part).await).await;
    let mut tally = Tally::new(Way::Happened);
    for case in cases(part, &mut tally) {
        let path = text(&case["route"]).as_bytes();
        let request = bytes(text(&case["method"]), path, "a.test", &lines(case));
        let said = doors.said(80, &request).await;
        let expected = Reply::expected(case);
        let seen = Reply {
            by: expected.by.clone(),
            body: expected.body.is_some().then_some(said.body),
            ..Reply::new(said.status, said.headers)
        };
        assert_eq!(seen, expected, "{case}");
    }
    tally.close(&["cors"], all);
}

async fn mesh(part: &Value) -> Mesh {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = nobody.local_addr().unwrap().to_string();
    let policy = policy(part, &server().await.to_string(), &nobody);
    Mesh::new(&policy).unwrap()
}

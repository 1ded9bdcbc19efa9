//! Why a request goes where it goes: the tree that people read and the value behind it.
#![cfg(all(feature = "yaml", feature = "http"))]

mod laws;
mod live;
mod policies;
mod why;

use std::path::Path;
use tower_mesh::Plan;
use tower_mesh::explain::{Explanation, Question};
use tower_mesh::import::Documents;
use tower_mesh::policy::Workload;
use tower_mesh::rng::Rng;

/// The plan of a file in the repository, which goes by `name`.
fn plan(file: &str, name: &str) -> Plan {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&file).unwrap();
    let read = Documents::new().add_text(name, text).read();
    Plan::lenient(&read.policy, &Workload::default(), None).written_at(read.places)
}

/// The plan of a text, `mesh.yaml`, without findings.
fn sound(text: &str) -> Plan {
    let read = Documents::new().add_text("mesh.yaml", text).read();
    let (policy, places) = read.into_policy_and_places().unwrap();
    policy.compile().unwrap().written_at(places)
}

fn question(json: &str) -> Question {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// What is said of a question in JSON, without a chance.
fn explain(plan: &Plan, json: &str) -> Explanation {
    plan.explain_question(&question(json), None).unwrap()
}

/// Compares with the tree that a file beside this one holds.
fn same_as(file: &str, explanation: &Explanation) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/explain")
        .join(file);
    let expected = std::fs::read_to_string(&path).unwrap();
    let said = explanation.to_string();
    assert_eq!(said, expected, "\n{said}");
}

#[test]
fn the_quickstarts_tree() {
    let plan = plan("examples/quickstart.yaml", "quickstart.yaml");
    let asked = r#"{"authority":"b","path":"/fault/1","headers":[["x-version","1"]]}"#;
    same_as("quickstart.txt", &explain(&plan, asked));
}

#[test]
fn the_tree_of_documents_of_istio() {
    let plan = plan("tests/explain/istio.yaml", "istio.yaml");
    let asked = question(
        r#"{"authority":"reviews:9080","path":"/api/1?beta=x",
            "headers":[["x-beta","1"],["x-beta","2"],["cookie","uid=7"],["x-seen","0"]],
            "source":{"namespace":"prod","ip":"10.9.9.9"}}"#,
    );
    let chance = Rng::seeded(3).chance();
    same_as(
        "istio.txt",
        &plan.explain_question(&asked, Some(chance)).unwrap(),
    );
}

#[test]
fn the_tree_of_a_gateway_where_nothing_takes_the_request() {
    let plan = plan("tests/explain/gateway.yaml", "gateway.yaml");
    let asked = r#"{"authority":"shop.example.com","path":"/a/../cart//x","gateway":"prod/edge",
                    "port":443,"method":"DELETE"}"#;
    same_as("gateway.txt", &explain(&plan, asked));
}

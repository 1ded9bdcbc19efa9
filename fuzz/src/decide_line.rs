use crate::documents::answered;
use std::sync::LazyLock;
use tower_mesh::Plan;
use tower_mesh::explain::Question;
use tower_mesh::import::Documents;
use tower_mesh::policy::Workload;

/// Asks what a line of JSON asks, of a policy in which every field occurs.
pub fn decide_line(input: &[u8]) {
    let Ok(question) = serde_json::from_slice::<Question>(input) else {
        return;
    };
    answered(&PLAN, &question);
    // As it was written, so it is read.
    let line = serde_json::to_vec(&question).expect("a question is JSON");
    let again: Question = serde_json::from_slice(&line).expect("a question is a question");
    assert_eq!(again, question);
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let text = include_str!("../../tests/policies/every_field.yaml");
    let read = Documents::new().add_text("every_field.yaml", text).read();
    assert!(!read.unreadable, "{:#?}", read.findings);
    Plan::lenient(&read.policy, &Workload::default(), None)
});

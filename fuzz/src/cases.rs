use std::sync::LazyLock;
use tower_mesh::Plan;
use tower_mesh::import::Documents;
use tower_mesh::policy::{Errors, Workload};
use tower_mesh::testing::Subject;
use tower_mesh::testing::cases::Cases;

/// Reads a file of cases and asks them of a policy in which every field occurs.
pub fn cases(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let documents = Documents::new().add_text("cases.yaml", text.as_ref());
    let cases = match Cases::from_documents(&documents) {
        Ok(cases) => cases,
        Err(errors) => return can_be_told(&errors),
    };
    // Checking a law takes hundreds of requests: reading it is what is looked at here.
    if !cases.laws().is_empty() {
        return;
    }
    let report = match MESH.check_cases(&cases) {
        Ok(report) => report,
        Err(errors) => return can_be_told(&errors),
    };
    assert_eq!(report.cases.len(), cases.len());
    is_clean(&report.to_string());
    serde_json::to_string(&report).expect("a report is JSON");
    for (case, checked) in cases.iter().zip(&report.cases) {
        let Some(explanation) = &checked.explanation else {
            assert!(checked.passed(), "{checked}");
            continue;
        };
        // It explains what was decided.
        assert!(!case.holds(&explanation.answer), "{checked}");
        assert!(checked.at.line.is_some(), "{checked}");
    }
}

fn can_be_told(errors: &Errors) {
    assert!(errors.iter().len() > 0);
    for error in errors {
        assert!(
            error.at.line.is_some() || error.id == "too-many-errors",
            "{error:?}"
        );
        assert!(!error.message.is_empty(), "{error:?}");
    }
    is_clean(&errors.to_string());
}

fn is_clean(told: &str) {
    assert!(!told.contains('\u{1b}'), "a terminal would obey: {told:?}");
}

static MESH: LazyLock<Subject> = LazyLock::new(|| {
    let text = include_str!("../../tests/policies/every_field.yaml");
    let read = Documents::new().add_text("every_field.yaml", text).read();
    let plan = Plan::lenient(&read.policy, &Workload::default(), None);
    Subject::of(plan.written_at(read.places))
});

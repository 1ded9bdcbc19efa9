//! What `decide` prints is an expectation that holds; whatever is changed of it is told by name.

use crate::policies::json;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tower_mesh::Policy;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::rng::Rng;
use tower_mesh::testing::cases::{Cases, Report};
use tower_mesh::testing::{Subject, policies, questions_for};

/// A policy, a question and the seed with which it is asked, if there is to be any chance.
fn asked() -> impl Strategy<Value = (Policy, Question, Option<u64>)> {
    let question = |policy: Policy| {
        let questions = questions_for(&policy);
        (Just(policy), questions, prop::option::of(0..100u64))
    };
    policies().prop_flat_map(question)
}

fn answer(mesh: &Subject, question: &Question, seed: Option<u64>) -> Answer {
    let answer = match seed {
        None => mesh.answer(question),
        Some(seed) => mesh.answer_by(question, Rng::seeded(seed).chance()),
    };
    answer.unwrap()
}

/// A file with one case.
fn file(question: &Question, seed: Option<u64>, expected: &Value) -> String {
    let mut case = json!({ "request": question, "expect": expected });
    if let Some(seed) = seed {
        case["seed"] = seed.into();
    }
    json(&json!({ "cases": [case] }))
}

fn check(mesh: &Subject, file: &str) -> Report {
    let cases = Cases::parse(file).unwrap_or_else(|errors| panic!("{errors}\n{file}"));
    let report = mesh.check_cases(&cases);
    report.unwrap_or_else(|errors| panic!("{errors}\n{file}"))
}

/// Every way to a value of an answer that can be changed for itself, with the field that is told
/// of then: headers go by their names, and parts of a pair by the pair's.
fn places(value: &Value, at: &str, field: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let below = match field {
                    "" => key.clone(),
                    field => format!("{field}.{key}"),
                };
                places(value, &format!("{at}/{key}"), &below, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}/{index}");
                match item.as_array() {
                    // A pair: its value is changed.
                    Some(pair) => {
                        let name = pair[0].as_str().unwrap();
                        found.push((format!("{at}/1"), format!("{field}.{name}")));
                    }
                    None => places(item, &at, &format!("{field}[{index}]"), found),
                }
            }
        }
        _ => found.push((at.to_owned(), field.to_owned())),
    }
}

/// Something else of the same kind.
fn changed(value: &Value, field: &str) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) if field.ends_with("share") => {
            let share = number.as_f64().unwrap();
            json!(if share > 0.5 {
                share - 0.001
            } else {
                share + 0.001
            })
        }
        Value::Number(number) => json!(number.as_u64().unwrap() ^ 1),
        Value::String(text) if field == "outcome" => match text.as_str() {
            "reject" => json!("respond"),
            _ => json!("reject"),
        },
        Value::String(text) => json!(format!("{text}x")),
        other => panic!("{field}: {other}"),
    }
}

/// Names are looked up before anything is compared.
fn is_name(field: &str) -> bool {
    let last = field.rsplit('.').next().unwrap();
    field == "route"
        || field == "rule"
        || ["service", "subset", "port", "namespace"].contains(&last) && !field.contains("request")
}

proptest! {
    #[test]
    fn what_decide_prints_is_an_expectation_that_holds((policy, question, seed) in asked()) {
        let mesh = Subject::new(&policy).unwrap();
        let answer = answer(&mesh, &question, seed);
        let value = serde_json::to_value(&answer).unwrap();
        let report = check(&mesh, &file(&question, seed, &value));
        prop_assert!(report.failed() == 0, "{report}");
        // The same without JSON, as people would indent it.
        let yaml = serde_saphyr::to_string(&value).unwrap();
        let indented = yaml.lines().map(|line| format!("      {line}\n"));
        let expected: String = indented.collect();
        let asked = json(&question);
        let seed = seed.map_or_else(String::new, |seed| format!("    seed: {seed}\n"));
        let file = format!("cases:\n  - request: {asked}\n{seed}    expect:\n{expected}");
        let report = check(&mesh, &file);
        prop_assert!(report.failed() == 0, "{report}");
    }

    #[test]
    fn whatever_is_changed_of_it_is_told_by_its_name(
        (policy, question, seed) in asked(),
        which: Index,
    ) {
        let mesh = Subject::new(&policy).unwrap();
        let answer = answer(&mesh, &question, seed);
        let mut value = serde_json::to_value(&answer).unwrap();
        let mut all = Vec::new();
        places(&value, "", "", &mut all);
        let (at, field) = which.get(&all);
        let part = value.pointer_mut(at).unwrap();
        *part = changed(part, field);
        let file = file(&question, seed, &value);
        let cases = Cases::parse(&file);
        let cases = match cases {
            Ok(cases) => cases,
            // What no answer can be is no expectation.
            Err(errors) => panic!("{field}: {errors}\n{file}"),
        };
        match mesh.check_cases(&cases) {
            Ok(report) => {
                let case = &report.cases[0];
                let told: Vec<_> = case.differences.iter().map(|gap| gap.field.as_str()).collect();
                // Two elements may come to differ less from each other's than from their own.
                let list = |field: &str| field.split('[').next().unwrap().to_owned();
                let same = told.contains(&field.as_str())
                    || field.contains('[') && told.iter().any(|told| list(told) == list(field));
                prop_assert!(same, "{field} is not told of: {told:?}\n{file}");
                prop_assert!(told.len() <= 2, "{field}: {told:?}");
            }
            Err(errors) => {
                prop_assert!(is_name(field), "{field}: {errors}");
                prop_assert_eq!(errors.as_slice().len(), 1);
            }
        }
    }

    #[test]
    fn whatever_is_left_out_or_absent_is_told_as_well(
        (policy, question, seed) in asked(),
        which: Index,
    ) {
        let mesh = Subject::new(&policy).unwrap();
        let answer = answer(&mesh, &question, seed);
        let mut value = serde_json::to_value(&answer).unwrap();
        let fields: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        let field = which.get(&fields);
        // The outcome is never absent, and nobody can expect that.
        prop_assume!(field != "outcome");
        value[field] = Value::Null;
        let report = check(&mesh, &file(&question, seed, &value));
        let told: Vec<_> = { report.cases[0].differences.iter() }
            .map(|gap| gap.field.as_str())
            .collect();
        prop_assert_eq!(told, [field.as_str()]);
        // What is not written down may be anything.
        value.as_object_mut().unwrap().remove(field);
        prop_assert!(check(&mesh, &file(&question, seed, &value)).failed() == 0);
    }
}

/// The properties above are about something: all fields of answers come about.
#[test]
fn the_answers_that_are_pasted_have_every_field() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        let mesh = Subject::new(&policy).unwrap();
        let questions = questions_for(&policy);
        for seed in (0..10).map(|number| (number % 2 == 0).then_some(number)) {
            let question = questions.new_tree(&mut runner).unwrap().current();
            let value = serde_json::to_value(answer(&mesh, &question, seed)).unwrap();
            let mut all = Vec::new();
            places(&value, "", "", &mut all);
            let names = all.into_iter().map(|(at, _)| {
                let parts = at.split('/').filter(|part| part.parse::<usize>().is_err());
                parts.collect::<Vec<_>>().join("/")
            });
            seen.extend(names);
        }
    }
    for field in [
        "/outcome",
        "/route",
        "/rule",
        "/status",
        "/headers",
        "/body",
        "/timeout_ms",
        "/per_try_timeout_ms",
        "/backends/service",
        "/backends/port",
        "/backends/subset",
        "/backends/namespace",
        "/backends/status",
        "/backends/share",
        "/backends/request/method",
        "/backends/request/headers",
        "/backends/response_headers/set",
        "/backends/response_headers/add",
        "/backends/response_headers/remove",
        "/mirrors/service",
        "/mirrors/port",
        "/mirrors/share",
        "/retry/attempts",
        "/retry/on",
        "/retry/codes",
        "/fault/delay_ms",
        "/fault/delay_share",
        "/fault/abort_status",
        "/fault/abort_share",
        "/limits/name",
        "/limits/key",
        "/limits/allowed",
    ] {
        assert!(seen.contains(field), "no answer has {field}: {seen:#?}");
    }
}

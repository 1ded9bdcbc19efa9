//! Policies at random have every field of the model, or what is said of all of them would be said
//! of a part.

use crate::policies;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::BTreeSet;
use tower_mesh::Policy;

/// What is never written: there is a shorter way, or it is the default.
const LEFT_OUT: &[&str] = &[
    "ListenerProtocol=\"http\"",
    "MethodMatch.exact",
    "PathNormalization=\"base\"",
    "Precedence=\"listed\"",
    "Protocol=\"http1\"",
    "RedirectPort=\"asRequested\"",
    "TextMatch.exact",
    "UnmatchedPreflights=\"forward\"",
];

/// The fields and the choices of a schema, by the name of their type: those which a value has, or
/// all.
struct Parts<'a> {
    root: &'a Value,
    found: BTreeSet<String>,
    /// The types that were looked at, where all are asked for.
    seen: BTreeSet<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(root: &'a Value) -> Self {
        Self {
            root,
            found: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    /// `None` for a value is every value.
    fn look(&mut self, schema: &'a Value, name: &'a str, value: Option<&Value>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            if value.is_some() || self.seen.insert(name) {
                self.look(&self.root["definitions"][name], name, value);
            }
            return;
        }
        for key in ["allOf", "anyOf", "oneOf"] {
            for part in schema[key].as_array().into_iter().flatten() {
                self.look(part, name, value);
            }
        }
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            let within = value.map(|value| &value[field]);
            if within != Some(&Value::Null) {
                self.found.insert(format!("{name}.{field}"));
                self.look(schema, name, within);
            }
        }
        if let Some(others) = schema
            .get("additionalProperties")
            .filter(|it| it.is_object())
        {
            match value {
                None => self.look(others, name, None),
                Some(value) => { value.as_object().into_iter().flatten() }
                    .for_each(|(_, value)| self.look(others, name, Some(value))),
            }
        }
        if let Some(items) = schema.get("items") {
            match value {
                None => self.look(items, name, None),
                Some(value) => { value.as_array().into_iter().flatten() }
                    .for_each(|value| self.look(items, name, Some(value))),
            }
        }
        let choices =
            { schema["enum"].as_array().into_iter().flatten() }.chain(schema.get("const"));
        for choice in choices.filter(|choice| value.is_none_or(|value| value == *choice)) {
            self.found.insert(format!("{name}={choice}"));
        }
    }
}

#[test]
fn policies_at_random_have_every_field_and_every_choice() {
    let schema = Policy::schema().to_value();
    let mut known = Parts::of(&schema);
    known.look(&schema, "Policy", None);
    assert!(known.found.contains("Rule.match"), "{:?}", known.found);
    assert!(
        known.found.contains("Balance=\"weighted\""),
        "{:?}",
        known.found
    );
    let mut used = Parts::of(&schema);
    let mut runner = TestRunner::deterministic();
    let strategy = policies::policy();
    for _ in 0..256 {
        let policy = strategy.new_tree(&mut runner).unwrap().current();
        let value = serde_json::to_value(&policy).unwrap();
        used.look(&schema, "Policy", Some(&value));
    }
    let left = known.found.difference(&used.found);
    let left: Vec<_> = left.map(String::as_str).collect();
    assert_eq!(left, LEFT_OUT);
}

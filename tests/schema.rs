//! The schema and the parser take and refuse the same documents.
#![cfg(all(feature = "schema", feature = "yaml"))]

#[path = "support/policies.rs"]
mod policies;
#[path = "support/spoil.rs"]
mod spoil;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tower_mesh::Policy;
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Error, Severity};

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::draft7::new(Policy::schema().as_value()).unwrap());

/// A document that is a policy, as JSON.
fn every_field() -> Value {
    let policy = Policy::load("tests/policies/every_field.yaml").unwrap();
    serde_json::to_value(policy).unwrap()
}

/// Whether the parser can read all of a document, whatever validation finds in it.
fn read(document: &Value) -> Read {
    Documents::new()
        .add_text("", policies::json(document))
        .read()
}

/// What the parser could not read.
fn refusals(read: &Read) -> Vec<&Error> {
    let validation = read.policy.validate();
    let is_read = |error: &&Error| {
        let mut validation = validation.iter();
        error.severity == Severity::Error
            && !validation.any(|found| (found.id, &found.message) == (error.id, &error.message))
    };
    read.findings.iter().filter(is_read).collect()
}

/// What only the parser sees, and why JSON Schema does not.
fn is_the_parsers_alone(error: &Error) -> bool {
    let says = |part: &str| error.message.contains(part);
    let quoted = error.message.split('`').nth(1).unwrap_or_default();
    // There is no pattern for RE2's syntax, nor for what an expression grows to.
    says("the regular expression `")
        // Digits could be compared, but an expression for "at most 8760h" is beyond reading.
        || says("is too long") && says("`") && error.advice.contains("365 days")
        // Whether an hour's or a minute's fraction is whole nanoseconds is arithmetic.
        || says("is finer than a nanosecond") && quoted.contains(['m', 'h'])
        // JSON Schema counts characters, the parser bytes.
        || says("is no duration") && quoted.len() > 24
        // Labels are counted by the pattern, the whole name is not.
        || says("names no host") && quoted.ends_with('…')
        // Which groups may be left out of an IPv6 address is beyond a readable pattern.
        || says("names no host") && quoted.contains('[')
        // The pattern takes every pseudo-header, in upper and lower case.
        || says("is no header") && quoted.starts_with(':')
        // JSON Schema compares keys as they are.
        || says("is there twice, in upper and lower case")
}

/// Says what parser and schema disagree about.
fn disagreement(document: &Value) -> Option<String> {
    let read = read(document);
    match (read.unreadable, SCHEMA.is_valid(document)) {
        (false, true) | (true, false) => None,
        (false, false) => {
            let error = SCHEMA.iter_errors(document).next()?;
            let place = error.instance_path();
            Some(format!("only the schema refuses {place}: {error}"))
        }
        (true, true) => {
            let refusals = refusals(&read);
            let mut left = refusals.iter().filter(|error| !is_the_parsers_alone(error));
            match (left.next(), refusals.is_empty()) {
                (Some(error), _) => Some(format!("only the parser refuses: {error}")),
                (None, true) => Some("the parser refuses without a word".to_owned()),
                (None, false) => None,
            }
        }
    }
}

fn agree(document: &Value) -> Result<(), TestCaseError> {
    match disagreement(document) {
        Some(what) => Err(TestCaseError::fail(format!("{what}\n{document:#}"))),
        None => Ok(()),
    }
}

/// A policy of one text at a place.
fn at(place: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    let rule = |rule: Value| json!({ "routes": [{ "name": "", "hosts": [], "rules": [rule] }] });
    match place {
        "host" => json!({ "routes": [{ "name": "", "hosts": [value], "rules": [] }] }),
        "door" => json!({
            "routes": [{ "name": "", "hosts": [], "gateways": [value], "rules": [] }]
        }),
        "address" => json!({ "services": { "": { "endpoints": [{ "address": value }] } } }),
        "span" => rule(json!({ "timeout": value })),
        "status" => rule(json!({ "respond": { "status": value } })),
        "percent" => rule(json!({ "mirrors": [{ "service": "", "percent": value }] })),
        "path" => rule(json!({ "match": [{ "path": { "exact": value } }] })),
        "method" => rule(json!({ "match": [{ "method": value }] })),
        "header" => rule(json!({ "headers": { "request": { "remove": [value] } } })),
        "key" => {
            let name = value.as_str().unwrap_or_default();
            rule(json!({ "match": [{ "headers": { name: "present" } }] }))
        }
        "value" => rule(json!({ "headers": { "request": { "set": { "a": value } } } })),
        place => panic!("no place is called {place}"),
    }
}

#[test]
fn the_file_of_every_field_has_every_field() {
    fn properties(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                if let Some(Value::Object(fields)) = object.get("properties") {
                    found.extend(fields.keys().cloned());
                }
                object.values().for_each(|value| properties(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| properties(value, found)),
            _ => {}
        }
    }
    fn keys(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.keys().cloned());
                object.values().for_each(|value| keys(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    properties(Policy::schema().as_value(), &mut known);
    keys(&every_field(), &mut used);
    let left: Vec<_> = known.difference(&used).collect();
    assert_eq!(left, Vec::<&String>::new());
}

#[test]
fn both_refuse_a_field_too_many_a_field_too_few_and_another_type_anywhere() {
    let document = every_field();
    let nodes = spoil::count(&document);
    for node in 0..nodes {
        for spoilt in spoil::everything(&document, node) {
            assert_eq!(disagreement(&spoilt), None, "{spoilt:#}");
        }
    }
}

/// So that the law above is not one of two that take everything.
#[test]
fn both_refuse_what_is_known_to_be_wrong() {
    for (place, value) in [
        ("host", json!("a..b")),
        ("host", json!("a:65536")),
        ("host", json!("10.0.0.300")),
        ("host", json!("::1")),
        ("door", json!("#a")),
        ("address", json!("a")),
        ("address", json!("a:0")),
        ("address", json!("10.0.0.01:80")),
        ("span", json!("50")),
        ("span", json!("0s")),
        ("span", json!("0.1ns")),
        ("span", json!(50)),
        ("status", json!(199)),
        ("status", json!("200")),
        ("percent", json!(100.1)),
        ("percent", json!(0.00004)),
        ("percent", json!("1%")),
        ("path", json!("a")),
        ("path", json!("/a?b")),
        ("method", json!("get")),
        ("method", json!({ "exact": "GET", "prefix": "G" })),
        ("method", json!({})),
        ("header", json!("a b")),
        ("key", json!("")),
        ("value", json!(" a")),
    ] {
        let document = at(place, value);
        assert!(read(&document).unreadable, "the parser: {document}");
        assert!(!SCHEMA.is_valid(&document), "the schema: {document}");
    }
}

/// What the documentation of `Policy::schema` says of the two.
#[test]
fn where_they_differ_is_known() {
    let long = format!("{}:80", ["a"; 130].join("."));
    for (place, value) in [
        ("address", json!(long)),
        ("address", json!("[1:2:3]:80")),
        ("span", json!("8761h")),
        ("span", json!("0.00000000000001h")),
        ("span", json!("0000000000000000000000001s")),
        ("status", json!(200.0)),
    ] {
        let document = at(place, value);
        assert!(read(&document).unreadable, "the parser: {document}");
        assert!(SCHEMA.is_valid(&document), "the schema: {document}");
    }
}

fn text(place: &'static str, texts: &'static str) -> BoxedStrategy<Value> {
    let texts = proptest::string::string_regex(texts).unwrap();
    texts.prop_map(move |text| at(place, text)).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_schema_takes_every_policy(policy in policies::policy()) {
        let document = serde_json::to_value(&policy).unwrap();
        let error = SCHEMA.iter_errors(&document).next().map(|error| error.to_string());
        prop_assert_eq!(error, None);
        agree(&document)?;
    }

    #[test]
    fn parser_and_schema_agree_about_spoilt_policies(
        policy in policies::policy(),
        spoils in proptest::collection::vec(spoil::spoil(), 1..3),
    ) {
        let mut document = serde_json::to_value(&policy).unwrap();
        for spoil in &spoils {
            spoil.apply(&mut document);
        }
        agree(&document)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// Near misses of each form, where whole policies would hit upon few.
    #[test]
    fn parser_and_schema_agree_about_texts(document in prop_oneof![
        text("host", "[*.:a-b0-1_\\[\\]-]{0,8}"),
        text("host", "(\\*\\.)?([0-9]{1,3}\\.){3}[0-9]{1,3}(:[0-9]{0,6})?"),
        text("host", "[a-c.]{1,3}(:[0-9]{1,6})?"),
        text("host", "a{62,65}(\\.a)?"),
        text("address", "[.:a0-1_\\[\\]-]{0,8}"),
        text("address", "([0-9]{1,3}\\.){3}[0-9]{1,3}:[0-9]{0,6}"),
        text("address", "\\[::[0-9a-f]{1,4}(%[0-9])?\\]:[0-9]{0,6}"),
        text("door", "[#mesh/ü\n]{0,6}"),
        text("span", "([0-9.]{0,4}(ns|us|µs|μs|ms|s|m|h|x|)){0,3}"),
        text("span", "0\\.[0-9]{0,11}0{0,2}(ns|us|µs|ms|s)"),
        text("path", "/?[ -~é]{0,4}"),
        text("method", "[!-~ é]{0,4}"),
        text("header", "[ -~é\n]{0,4}"),
        text("key", "[ -~é\n]{0,4}"),
        text("value", "[ -~é\t\n\u{7f}]{0,4}"),
        text("value", "([ax%)]|%%|%(REQ|RESP|PROTOCOL|FOO|HOSTNAME)(\\((:path|x|\\?|%)*\\))?(:[0-9])?%){0,3}"),
        text("value", "%(START_TIME|ENVIRONMENT)(\\(([%:YfA3)]|%[Ys3%])*\\))?(:[0-9])?%"),
        any::<String>().prop_map(|text| at("value", text)),
        (190u32..=610).prop_map(|number| at("status", number)),
        any::<i64>().prop_map(|number| at("status", number)),
        // None is whole: see `where_they_differ_is_known`.
        (-0.1f64..100.1).prop_map(|number| at("percent", number)),
        (0.0f64..0.0002).prop_map(|number| at("percent", number)),
        (-1i32..=101).prop_map(|number| at("percent", number)),
    ]) {
        agree(&document)?;
    }
}

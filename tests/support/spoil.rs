//! JSON documents with something wrong in them.
#![allow(unreachable_pub)] // A module of each test that uses it.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// One thing that is changed at one node. Numbers beyond the last one count on from the first.
#[derive(Clone, Debug)]
pub struct Spoil {
    node: usize,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    /// Something else stands in its place.
    Replace(Value),
    /// One of its fields or elements is gone.
    Remove(usize),
    /// It has a field or an element more.
    Add(&'static str, Value),
    /// One of its fields has another name.
    Rename(usize, &'static str),
    /// One of its characters is another.
    Edit(usize, &'static str),
}

pub fn spoil() -> impl Strategy<Value = Spoil> {
    let change = prop_oneof![
        select(values()).prop_map(Change::Replace),
        any::<usize>().prop_map(Change::Remove),
        (select(KEYS), select(values())).prop_map(|(key, value)| Change::Add(key, value)),
        (any::<usize>(), select(KEYS)).prop_map(|(child, key)| Change::Rename(child, key)),
        (any::<usize>(), select(MARKS)).prop_map(|(at, mark)| Change::Edit(at, mark)),
    ];
    (any::<usize>(), change).prop_map(|(node, change)| Spoil { node, change })
}

impl Spoil {
    pub fn apply(&self, document: &mut Value) {
        let mut number = self.node % count(document);
        let is_root = number == 0;
        let Some(node) = nth(document, &mut number) else {
            return;
        };
        match &self.change {
            // Nothing at all is an empty document.
            Change::Replace(Value::Null) if is_root => {}
            Change::Replace(value) => *node = value.clone(),
            Change::Remove(child) => {
                take(node, *child);
            }
            Change::Add(key, value) => match node {
                Value::Object(object) => {
                    object.insert((*key).to_owned(), value.clone());
                }
                Value::Array(items) => items.push(value.clone()),
                _ => {}
            },
            Change::Rename(child, key) => {
                if let Some(value) = take(node, *child)
                    && let Value::Object(object) = node
                {
                    object.insert((*key).to_owned(), value);
                }
            }
            Change::Edit(at, mark) => {
                if let Value::String(text) = node {
                    let mut characters: Vec<char> = text.chars().collect();
                    let at = at % (characters.len() + 1);
                    characters.splice(at..(at + 1).min(characters.len()), mark.chars());
                    *text = characters.into_iter().collect();
                }
            }
        }
    }
}

/// The document with a node of another type, with one of its parts gone or misspelt, and with one
/// too many; each alone.
pub fn everything(document: &Value, node: usize) -> Vec<Value> {
    let mut place = node;
    let mut sound = document.clone();
    let parts = match nth(&mut sound, &mut place) {
        Some(Value::Object(object)) => object.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    };
    let types = [
        json!(null),
        json!(true),
        json!(0.5),
        json!("zzz"),
        json!([{}]),
        json!({}),
    ];
    let replaced = types.into_iter().map(Change::Replace);
    let removed = (0..parts).map(Change::Remove);
    let renamed = (0..parts).map(|part| Change::Rename(part, "zzz"));
    let added = [Change::Add("zzz", json!(1))];
    let changes = replaced.chain(removed).chain(renamed).chain(added);
    changes
        .map(|change| {
            let mut document = document.clone();
            Spoil { node, change }.apply(&mut document);
            document
        })
        .collect()
}

/// How many nodes there are.
pub fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(object) => object.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// The node of this number, each before those that it holds.
fn nth<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Object(object) => object.values_mut().find_map(|value| nth(value, number)),
        Value::Array(items) => items.iter_mut().find_map(|value| nth(value, number)),
        _ => None,
    }
}

fn take(node: &mut Value, child: usize) -> Option<Value> {
    match node {
        Value::Object(object) if !object.is_empty() => {
            let key = object.keys().nth(child % object.len())?.clone();
            object.remove(&key)
        }
        Value::Array(items) if !items.is_empty() => Some(items.remove(child % items.len())),
        _ => None,
    }
}

/// Of every type, at and beyond every limit. No fraction is whole: for JSON Schema `1.0` is 1.
fn values() -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(0.5),
        json!(0.00001),
        json!(100),
        json!(100.5),
        json!(199),
        json!(200),
        json!(599),
        json!(600),
        json!(65_535),
        json!(65_536),
        json!(4_294_967_295u64),
        json!(4_294_967_296u64),
        json!(u64::MAX),
        json!(1e300),
        json!([]),
        json!([1]),
        json!([""]),
        json!([null]),
        json!({}),
        json!({ "zzz": 1 }),
        json!({ "exact": "a" }),
        json!({ "exact": "/a", "prefix": "/a" }),
        json!({ "regex": "a" }),
        json!({ "regex": "(" }),
        json!({ "regex": 1 }),
        json!({ "present": null }),
        json!({ "present": {} }),
        json!({ "number": 1 }),
    ];
    values.extend(TEXTS.iter().map(|text| json!(text)));
    values
}

const TEXTS: &[&str] = &[
    "", "1", "a", "A", "GET", "get", "present", "exact", "weighted", "sourceIp", "SourceIp",
    "50ms", "0s", "a:1", "a:0", "a#b", "#", "/", "/a", "/?", " a", "ü", "*", "(",
];

const KEYS: &[&str] = &[
    "zzz", "", "name", "exact", "regex", "weight", "services", "percent", "X-A", "x a", "match",
];

const MARKS: &[&str] = &[
    "", "a", "A", " ", ".", ":", "*", "/", "#", "0", "9", "ü", "\n", "(",
];

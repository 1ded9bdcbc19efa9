//! What a rule asks of a request.

use crate::policy::{Header, Match, PathMatch, Pattern, TextMatch, ValueMatch};
use http::header::HOST;
use serde_json::{Map, Value, json};

/// The match of a route (Envoy: RouteMatch). The policy's selectors of clients, ports and gateways
/// are settled before.
pub(super) fn route_match(matching: Option<&Match>) -> Value {
    let mut made = Map::new();
    let Some(matching) = matching else {
        made.insert("prefix".to_owned(), "/".into());
        return Value::Object(made);
    };
    let (kind, text) = path(matching.path.as_ref());
    made.insert(kind.to_owned(), text);
    if matching.ignore_path_case {
        made.insert("case_sensitive".to_owned(), false.into());
    }
    let headers = headers(matching);
    if !headers.is_empty() {
        made.insert("headers".to_owned(), headers.into());
    }
    let query = matching.query.iter();
    let query: Vec<_> = query.map(|(name, value)| parameter(name, value)).collect();
    if !query.is_empty() {
        made.insert("query_parameters".to_owned(), query.into());
    }
    Value::Object(made)
}

fn path(path: Option<&PathMatch>) -> (&'static str, Value) {
    match path {
        None => ("prefix", "/".into()),
        Some(PathMatch::Exact(path)) => ("path", path.as_str().into()),
        Some(PathMatch::Prefix(path)) => match path.as_str().trim_end_matches('/') {
            "" => ("prefix", "/".into()),
            // One slash at the end means nothing; of several, the others do.
            _ => {
                let path = path.as_str();
                let path = path.strip_suffix('/').unwrap_or(path);
                ("path_separated_prefix", path.into())
            }
        },
        Some(PathMatch::StartsWith(start)) if start.is_empty() => ("prefix", "/".into()),
        Some(PathMatch::StartsWith(start)) => ("prefix", start.as_str().into()),
        Some(PathMatch::Regex(pattern)) => ("safe_regex", regex(pattern)),
    }
}

fn headers(matching: &Match) -> Vec<Value> {
    let mut all = Vec::new();
    let texts = [
        (":method", &matching.method),
        (":scheme", &matching.scheme),
        (":authority", &matching.authority),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            all.push(json!({ "name": name, "string_match": text_match(text) }));
        }
    }
    for (name, value) in &matching.headers {
        all.push(header(name, value));
    }
    for (name, value) in &matching.without_headers {
        all.push(without(name, value));
    }
    all
}

fn header(name: &Header, value: &ValueMatch) -> Value {
    let name = header_name(name);
    match value_match(value) {
        Some(text) => json!({ "name": name, "string_match": text }),
        None => {
            let absent = *value == ValueMatch::Absent;
            json!({ "name": name, "present_match": true, "invert_match": absent })
        }
    }
}

fn without(name: &Header, value: &ValueMatch) -> Value {
    let name = header_name(name);
    match value_match(value) {
        Some(text) => json!({
            "name": name,
            "string_match": text,
            "invert_match": true,
            "treat_missing_header_as_empty": true,
        }),
        None => {
            let present = *value == ValueMatch::Present;
            json!({ "name": name, "present_match": true, "invert_match": present })
        }
    }
}

/// `host` is the authority, wherever the request says it.
fn header_name(name: &Header) -> &str {
    match *name.get() == HOST {
        true => ":authority",
        false => name.as_str(),
    }
}

fn parameter(name: &str, value: &ValueMatch) -> Value {
    match value_match(value) {
        Some(text) => json!({ "name": name, "string_match": text }),
        None => {
            let present = *value == ValueMatch::Present;
            json!({ "name": name, "present_match": present })
        }
    }
}

/// `None` where it only matters whether there is any.
fn value_match(value: &ValueMatch) -> Option<Value> {
    Some(match value {
        ValueMatch::Exact(text) => json!({ "exact": text }),
        ValueMatch::Prefix(text) => json!({ "prefix": text }),
        ValueMatch::Regex(pattern) => json!({ "safe_regex": regex(pattern) }),
        ValueMatch::Present | ValueMatch::Absent => return None,
    })
}

/// A predicate on a text (Envoy: StringMatcher).
pub(super) fn text_match(text: &TextMatch) -> Value {
    match text {
        TextMatch::Exact(text) => json!({ "exact": text }),
        TextMatch::Prefix(text) => json!({ "prefix": text }),
        TextMatch::Regex(pattern) => json!({ "safe_regex": regex(pattern) }),
    }
}

/// Envoy wants all of a text to match, as we do, and its engine is RE2.
pub(super) fn regex(pattern: &Pattern) -> Value {
    json!({ "regex": expression(pattern) })
}

/// Envoy refuses an expression of no characters.
pub(super) fn expression(pattern: &Pattern) -> &str {
    match pattern.as_str() {
        "" => "(?:)",
        expression => expression,
    }
}

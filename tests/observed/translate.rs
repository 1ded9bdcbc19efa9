//! Envoy's configuration, as native policies say it.

use crate::{list, text};
use serde_json::{Value, json};

/// A rule's match; `None` for what native policies cannot ask.
pub(crate) fn matches(from: &Value) -> Option<Value> {
    let mut to = json!({});
    for (theirs, ours) in [
        ("path", "exact"),
        ("prefix", "startsWith"),
        ("path_separated_prefix", "prefix"),
    ] {
        if let Some(path) = from[theirs].as_str() {
            to["path"] = json!({ ours: path });
        }
    }
    if let Some(regex) = from["safe_regex"]["regex"].as_str() {
        to["path"] = json!({ "regex": regex });
    }
    if from["case_sensitive"] == false {
        to["ignorePathCase"] = true.into();
    }
    for from in list(&from["headers"]) {
        header(from, &mut to)?;
    }
    for parameter in list(&from["query_parameters"]) {
        to["query"][text(&parameter["name"])] = value(parameter)?;
    }
    // What the type refuses no request can have.
    serde_json::from_value::<tower_mesh::policy::Match>(to.clone()).ok()?;
    Some(to)
}

fn header(from: &Value, to: &mut Value) -> Option<()> {
    let (name, value) = (text(&from["name"]), value(from)?);
    let inverted = from["invert_match"] == true;
    let as_empty = from["treat_missing_header_as_empty"] == true;
    match (name, inverted) {
        (":method" | ":authority" | ":scheme", false) if !as_empty => to[&name[1..]] = value,
        _ if name.starts_with(':') => return None,
        (_, true) if as_empty || value == "present" => to["withoutHeaders"][name] = value,
        // Envoy takes no request without the header, whatever is not to be in it.
        (_, true) => {
            to["headers"][name] = "present".into();
            to["withoutHeaders"][name] = value;
        }
        // A header that is missing and counts as empty is nothing that this value takes.
        (_, false) if as_empty && value["exact"] == "" => return None,
        (_, false) if as_empty && !value["exact"].is_string() => return None,
        (_, false) => to["headers"][name] = value,
    }
    Some(())
}

fn value(from: &Value) -> Option<Value> {
    if from["present_match"] == true {
        return Some("present".into());
    }
    let wanted = &from["string_match"];
    let regex = wanted["safe_regex"]["regex"].as_str();
    match (wanted["exact"].as_str(), regex) {
        (Some(exact), _) => Some(json!({ "exact": exact })),
        (_, Some(regex)) => Some(json!({ "regex": regex })),
        _ => None,
    }
}

/// What stands in the place of a path.
pub(crate) fn new_path(from: &Value) -> Option<Value> {
    if let Some(text) = from["prefix_rewrite"].as_str() {
        return Some(json!({ "matched": text }));
    }
    let regex = &from["regex_rewrite"];
    let pattern = regex["pattern"]["regex"].as_str()?;
    Some(json!({ "regex": { "match": pattern, "substitution": regex["substitution"] } }))
}

pub(crate) fn redirect(config: &Value, status: &Value) -> Value {
    let mut redirect = json!({ "status": status });
    redirect["host"] = config["host_redirect"].clone();
    redirect["scheme"] = match &config["https_redirect"] {
        Value::Bool(true) => "https".into(),
        _ => config["scheme_redirect"].clone(),
    };
    if let Some(port) = config["port_redirect"].as_u64() {
        redirect["port"] = json!({ "number": port });
    }
    redirect["path"] = match config["path_redirect"].as_str() {
        Some(path) => json!({ "full": path }),
        None => new_path(config).unwrap_or_default(),
    };
    redirect
}

pub(crate) fn cors(policy: &Value) -> Value {
    let listed = |key: &str| -> Value {
        let words = text(&policy[key]).split(',').map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(Value::from)
            .collect()
    };
    let ignored = policy["forward_not_matching_preflights"] == false;
    json!({
        "allowOrigins": policy["allow_origin_string_match"],
        "allowMethods": listed("allow_methods"),
        "allowHeaders": listed("allow_headers"),
        "exposeHeaders": listed("expose_headers"),
        "maxAge": policy["max_age"].as_str().map(|seconds| format!("{seconds}s")),
        "allowCredentials": policy["allow_credentials"] == true,
        "unmatchedPreflights": if ignored { "ignore" } else { "forward" },
    })
}

//! Headers and places as they are, held against what is expected.

use serde_json::Value;
use tower_mesh::explain::Question;

pub(crate) fn headers(of: &str, expected: &Value, has: &[(String, String)]) -> Vec<String> {
    let mut wrong = listed(&expected["response_headers"], has, of);
    wrong.extend(absent(&expected["response_headers_absent"], has, of));
    let bare = expected["ignore_whitespace_in_header_values"] == Value::Bool(true);
    let plain = |text: &str| match bare {
        true => text.split_whitespace().collect(),
        false => text.to_owned(),
    };
    let choices = expected["response_headers_one_of"].as_object();
    for (name, values) in choices.into_iter().flatten() {
        let is = joined(has, name).map(|value| plain(&value));
        let mut values = values.as_array().unwrap().iter();
        if !values.any(|value| value.as_str().map(plain) == is) {
            wrong.push(format!("the {of} header {name} is {is:?}"));
        }
    }
    wrong
}

pub(crate) fn listed(wanted: &Value, has: &[(String, String)], of: &str) -> Vec<String> {
    let wanted = wanted.as_object().into_iter().flatten();
    wanted
        .filter_map(|(name, value)| {
            let is = joined(has, name);
            (is.as_deref() != value.as_str())
                .then(|| format!("the {of} header {name} is {is:?}, not {value}"))
        })
        .collect()
}

pub(crate) fn absent(names: &Value, has: &[(String, String)], of: &str) -> Vec<String> {
    let names = names.as_array().into_iter().flatten();
    names
        .filter_map(|name| joined(has, name.as_str()?).map(|is| (name, is)))
        .map(|(name, is)| format!("the {of} header {name} is there: {is}"))
        .collect()
}

/// All values of a header.
pub(crate) fn joined(headers: &[(String, String)], name: &str) -> Option<String> {
    let values: Vec<_> = { headers.iter() }
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether a `Location` is the one that is expected of the request. What is not said of it is as
/// in the request; the port is the scheme's.
pub(crate) fn redirect(wanted: &Value, question: &Question, location: &str) -> Option<String> {
    let wrong = |part: &str| Some(format!("the {part} of {location} is not that of {wanted}"));
    let Ok(uri) = location.parse::<http::Uri>() else {
        return wrong("form");
    };
    let scheme = question.scheme.as_deref().unwrap_or("http");
    let is = uri.scheme_str().unwrap_or_default();
    if is != wanted["scheme"].as_str().unwrap_or(scheme) {
        return wrong("scheme");
    }
    if wanted["host"]
        .as_str()
        .is_some_and(|host| uri.host() != Some(host))
    {
        return wrong("host");
    }
    let path = question.path.split('?').next().unwrap_or_default();
    if uri.path() != wanted["path"].as_str().unwrap_or(path) {
        return wrong("path");
    }
    let default = if is == "https" { "443" } else { "80" };
    let port = uri.port().map(|port| port.as_str().to_owned());
    let port = port.unwrap_or_else(|| default.to_owned());
    let named = wanted["port"].as_str().filter(|port| !port.is_empty());
    if port != named.unwrap_or(default) {
        return wrong("port");
    }
    None
}

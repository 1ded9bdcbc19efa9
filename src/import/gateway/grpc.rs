use crate::import::field::Field;
use crate::import::gateway::listener::RouteKind;
use crate::import::gateway::matching;
use crate::import::gateway::route::{self, Route, Shape};
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;
use crate::policy::{Match, PathMatch, Pattern};
use std::collections::BTreeMap;

/// Reads a GRPCRoute.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<Route<'a>> {
    let shape = Shape {
        kind: RouteKind::Grpc,
        rule: &[
            "backendRefs",
            "filters",
            "matches",
            "name",
            "sessionPersistence",
        ],
        matching,
    };
    route::convert(document, shape)
}

/// Reads what is asked of a call. `None` if any of it is wrong: less of it would take more calls.
fn matching(field: &Field<'_>) -> Option<Match> {
    let fields = field.fields(&["headers", "method"]);
    let method = fields.get("method").map(|field| method(&field));
    let headers = fields.get("headers").map(|field| matching::headers(&field));
    Some(Match {
        path: match method {
            Some(method) => Some(method?),
            None => None,
        },
        headers: match headers {
            Some(headers) => headers?,
            None => BTreeMap::new(),
        },
        ..Match::default()
    })
}

/// The method of a call is its path: `/package.Service/Method`.
fn method(field: &Field<'_>) -> Option<PathMatch> {
    let fields = field.fields(&["method", "service", "type"]);
    let regex = match fields.get("type") {
        Some(kind) => kind.choice(&[("Exact", false), ("RegularExpression", true)])?,
        None => false,
    };
    let part = |key| match fields.get(key) {
        Some(field) => part(&field, regex).map(Some),
        None => Some(None),
    };
    let (service, method) = (part("service"), part("method"));
    match (service?, method?) {
        (None, None) => {
            let message = "neither a service nor a method is named";
            field.refused(
                "missing-field",
                message,
                "write `service`, `method` or both",
            );
            None
        }
        (Some(service), Some(method)) if !regex => format!("/{service}/{method}")
            .parse()
            .ok()
            .map(PathMatch::Exact),
        (Some(service), None) if !regex => {
            format!("/{service}").parse().ok().map(PathMatch::Prefix)
        }
        (service, method) => {
            let expression = |part: Option<&str>| match part {
                None => "[^/]+".to_owned(),
                Some(part) if regex => format!("(?:{part})"),
                Some(part) => part.replace('.', "\\."),
            };
            let (service, method) = (expression(service), expression(method));
            match format!("/{service}/{method}").parse::<Pattern>() {
                Ok(pattern) => Some(PathMatch::Regex(pattern)),
                Err(error) => {
                    let (message, advice) = (error.to_string(), "write it shorter or simpler");
                    field.refused("invalid-value", message, advice);
                    None
                }
            }
        }
    }
}

fn part<'a>(field: &Field<'a>, regex: bool) -> Option<&'a str> {
    let text = field.text()?;
    if regex {
        // By itself, so that it cannot reach beyond its part.
        return field.parse::<Pattern>().map(|_| text);
    }
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=1_024).contains(&text.len()) && text.bytes().all(inside) {
        return Some(text);
    }
    let message = format!("`{}` names no service or method", shortened(text));
    let advice = "write it as in the .proto file: `package.Service`, `Method`";
    field.refused("invalid-value", message, advice);
    None
}

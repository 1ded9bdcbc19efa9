//! How the tree says places, values and times.

use crate::explain::explanation::text::Readable;
use crate::policy::Place;

impl Readable<'_> {
    /// The value of a header, unless it is a secret.
    pub(super) fn value(&self, name: &str, value: &str) -> String {
        match self.hides(name) {
            true => "…".to_owned(),
            false => value.to_owned(),
        }
    }

    /// As [`value`](Self::value), between quotes.
    pub(super) fn quoted(&self, name: &str, value: &str) -> String {
        match self.hides(name) {
            true => "…".to_owned(),
            false => format!("{value:?}"),
        }
    }

    /// What is wanted of something, or what there is: `path`, `header x-beta`, `query page`.
    pub(super) fn wanted(&self, predicate: &str, wanted: &str) -> String {
        match self.hides(header_of(predicate)) {
            true => "…".to_owned(),
            false => wanted.to_owned(),
        }
    }

    /// What there is of it.
    pub(super) fn has(&self, predicate: &str, has: &[String]) -> String {
        let plain = matches!(predicate, "path" | "from" | "gateways" | "port");
        let values: Vec<_> = { has.iter() }
            .map(|value| match plain {
                true => value.clone(),
                false => self.quoted(header_of(predicate), value),
            })
            .collect();
        match values.as_slice() {
            [] => "nothing".to_owned(),
            values => values.join(", "),
        }
    }

    pub(super) fn hides(&self, name: &str) -> bool {
        !self.secrets
            && SECRETS
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
    }
}

/// The header of which a predicate speaks; anything else is none with a secret.
pub(super) fn header_of(predicate: &str) -> &str {
    let predicate = predicate.strip_prefix("without ").unwrap_or(predicate);
    predicate.strip_prefix("header ").unwrap_or_default()
}

/// ` (mesh.yaml:12:5, VirtualService prod/reviews)`; nothing for a policy made in code.
pub(super) fn at(place: Option<&Place>) -> String {
    let Some(place) = place else {
        return String::new();
    };
    let mut parts = Vec::new();
    if let (Some(line), Some(column)) = (place.line, place.column) {
        parts.push(match &place.file {
            Some(file) => format!("{file}:{line}:{column}"),
            None => format!("line {line}:{column}"),
        });
    }
    // A number says nothing that the line does not.
    if !place.document.is_empty() && !place.document.starts_with("document ") {
        parts.push(place.document.clone());
    }
    match parts.as_slice() {
        [] => String::new(),
        parts => format!(" ({})", parts.join(", ")),
    }
}

/// `250 ms`, `1.5 s`.
pub(super) fn time(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{} s", milliseconds as f64 / 1e3),
    }
}

/// A point of 1, with as many digits as help.
pub(super) fn point(point: f64) -> String {
    format!("{point:.6}")
}

/// `3 matches`, `1 match`.
pub(super) fn count(number: usize, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {several}"),
    }
}

/// The headers whose values are nobody's business.
const SECRETS: &[&str] = &[
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
];

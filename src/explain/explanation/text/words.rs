//! How the tree says places, values and times.

use crate::explain::explanation::text::Readable;
use crate::policy::Place;

impl Readable<'_> {
    /// The value of a header, unless it is a secret.
    pub(super) fn value(&self, name: &str, value: &str) -> String {
        match self.hides(name) || self.holds_secret(value) {
            true => "…".to_owned(),
            false => value.to_owned(),
        }
    }

    /// As [`value`](Self::value), between quotes.
    pub(super) fn quoted(&self, name: &str, value: &str) -> String {
        match self.hides(name) || self.holds_secret(value) {
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

    /// Says whether a secret of the request has come into the value of another header, as a format
    /// string can bring it.
    fn holds_secret(&self, value: &str) -> bool {
        let mut headers = self.explanation.request.headers.iter();
        headers.any(|(name, secret)| {
            self.hides(name) && !secret.is_empty() && value.contains(secret.as_str())
        })
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

/// ` (mesh.yaml:12:5)`; nothing for a policy made in code.
pub(super) fn at(place: Option<&Place>) -> String {
    let line = place.and_then(line);
    line.map(|line| format!(" ({line})")).unwrap_or_default()
}

/// ` (mesh.yaml:12:5, VirtualService prod/reviews)`.
pub(super) fn at_document(place: Option<&Place>) -> String {
    let document = place.and_then(document).map(str::to_owned);
    match (place.and_then(line), document) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
        (Some(line), Some(document)) => format!(" ({line}, {document})"),
    }
}

/// What a document is called, if it has a name: a number says nothing that the line does not.
pub(super) fn document(place: &Place) -> Option<&str> {
    let document = place.document.as_str();
    (!document.is_empty() && !document.starts_with("document ")).then_some(document)
}

fn line(place: &Place) -> Option<String> {
    let (line, column) = (place.line?, place.column?);
    Some(match &place.file {
        Some(file) => format!("{file}:{line}:{column}"),
        None => format!("line {line}:{column}"),
    })
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
    let point = format!("{point:.6}");
    let short = point.trim_end_matches('0').trim_end_matches('.');
    short.to_owned()
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
    // No standard, but what most services call it, whose clients limits tell apart by it.
    "x-api-key",
];

//! What several of Istio's documents share: who they are for, labels, durations, percentages.

use crate::import::field::{Field, Fields};
use crate::import::istio::names::{is_dns, is_label, read_label};
use crate::import::resource::Foreign;
use crate::policy::wording::shortened;
use crate::policy::{NotAPercent, Percent, Span};
use std::collections::BTreeMap;

/// Which document comes first: the oldest, then by name and namespace. What is in no cluster yet is
/// the youngest.
pub(super) fn age<'a>(document: &Foreign<'a>) -> (bool, Option<&'a str>, &'a str, &'a str) {
    let created = document.created;
    (
        created.is_none(),
        created,
        document.name,
        document.namespace,
    )
}

/// Who may see a document (`exportTo`). Absent: everybody.
pub(super) fn export_to(
    field: Option<Field<'_>>,
    own: &str,
    nobody_allowed: bool,
) -> Option<Vec<String>> {
    let field = field?;
    let items = field.list();
    let mut namespaces: Vec<String> = Vec::new();
    let (mut all, mut nobody) = (false, false);
    for item in &items {
        let Some(text) = item.text() else { continue };
        let namespace = match text {
            "*" => {
                all = true;
                continue;
            }
            "~" if nobody_allowed => {
                nobody = true;
                continue;
            }
            "." => own,
            text if is_label(text) => text,
            text => {
                let message = format!("`{}` is no namespace", shortened(text));
                let advice = "write `.` for the own namespace, `*` for all, or a namespace's name";
                item.refused("invalid-value", message, advice);
                continue;
            }
        };
        if namespaces.iter().any(|known| known == namespace) {
            let message = format!("the namespace `{namespace}` is there twice");
            item.refused(
                "invalid-value",
                message,
                "write it once; `.` is the own one",
            );
        }
        namespaces.push(namespace.to_owned());
    }
    if (all || nobody) && items.len() > 1 {
        let message = "`*` and `~` say all there is to say";
        field.refused("invalid-value", message, "write it alone, or namespaces");
    }
    (!all && !items.is_empty()).then_some(namespaces)
}

/// Labels, each with its value.
pub(super) fn labels(field: &Field<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in field.entries() {
        let Some(text) = value.text() else { continue };
        let (domain, name) = key.rsplit_once('/').unwrap_or(("label", key));
        if !is_dns(domain) || !is_label_text(name, false) || !is_label_text(text, true) {
            let message = format!("`{}: {}` is no label", shortened(key), shortened(text));
            let advice = "write at most 63 letters, digits, `-`, `_` and `.` on each side";
            value.refused("invalid-value", message, advice);
            continue;
        }
        labels.insert(key.to_owned(), text.to_owned());
    }
    labels
}

fn is_label_text(text: &str, may_be_empty: bool) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match text.as_bytes() {
        [] => may_be_empty,
        [first, .., last] => {
            text.len() <= 63
                && text.bytes().all(inside)
                && first.is_ascii_alphanumeric()
                && last.is_ascii_alphanumeric()
        }
        [only] => only.is_ascii_alphanumeric(),
    }
}

/// A duration of whole milliseconds, at least one.
pub(super) fn duration(field: &Field<'_>) -> Option<Span> {
    let span = field.parse::<Span>()?;
    if span.get().subsec_nanos() % 1_000_000 != 0 {
        let text = shortened(field.as_text().unwrap_or_default());
        let message = format!("`{text}` is no whole number of milliseconds");
        field.refused("invalid-value", message, "write whole milliseconds: 50ms");
        return None;
    }
    Some(span)
}

/// A duration of whole milliseconds that may be none at all.
pub(super) fn duration_or_none(field: &Field<'_>) -> Option<Span> {
    match is_no_time(field) {
        true => None,
        false => duration(field),
    }
}

/// A duration that may be none at all, and as fine as it likes.
pub(super) fn any_duration(field: &Field<'_>) -> Option<Span> {
    match is_no_time(field) {
        true => None,
        false => field.parse(),
    }
}

/// `0s`, in whichever units.
fn is_no_time(field: &Field<'_>) -> bool {
    let none = |text: &str| {
        let mut digits = text.bytes().filter(u8::is_ascii_digit);
        digits.all(|digit| digit == b'0') && text.replace('0', "1").parse::<Span>().is_ok()
    };
    field.is_text() && field.text().is_some_and(none)
}

/// A port.
pub(super) fn port(field: &Field<'_>) -> Option<u16> {
    field.integer(1, 65_535)
}

/// A port, or 0 for all of them.
pub(super) fn port_or_any(field: &Field<'_>) -> Option<u16> {
    let port = field.integer(0, 65_535);
    port.filter(|port| *port != 0)
}

/// `{number: 80}`.
pub(super) fn port_selector(field: &Field<'_>) -> Option<u16> {
    port(&field.fields(&["number"]).need("number")?)
}

/// `{value: 0.5}`; an empty one is 0. What is finer than 0.0001 is refused.
pub(super) fn percent(field: &Field<'_>) -> Option<Percent> {
    read_percent(field, true)
}

/// The same, but what is too fine is none, as for Istio.
pub(super) fn percent_or_none(field: &Field<'_>) -> Option<Percent> {
    read_percent(field, false)
}

fn read_percent(field: &Field<'_>, strict: bool) -> Option<Percent> {
    let Some(value) = field.fields(&["value"]).get("value") else {
        return Some(Percent::default());
    };
    let number = value.float()?;
    let percent = match number > 0.0 && number < FINEST_PERCENT {
        // Percentages are rounded elsewhere, Istio's are not.
        true => Err(NotAPercent::TooFine(number)),
        false => Percent::try_from(number),
    };
    match percent {
        Ok(percent) => Some(percent),
        Err(NotAPercent::TooFine(_)) if !strict => Some(Percent::default()),
        Err(error) => {
            let text = error.to_string();
            let (message, advice) = text.split_once("; ").unwrap_or((&text, ""));
            value.refused("invalid-value", message, advice);
            None
        }
    }
}

const FINEST_PERCENT: f64 = 0.0001;

/// A whole percentage, as it was written before there was `percentage`.
pub(super) fn whole_percent(field: &Field<'_>, instead: &str) -> Option<Percent> {
    deprecated(field, &format!("{instead}: {{ value: … }}"));
    let percent: u8 = field.integer(0, 100)?;
    Percent::try_from(f64::from(percent)).ok()
}

/// Says that something is old, and what has come in its place.
pub(super) fn deprecated(field: &Field<'_>, instead: &str) {
    let advice = format!("write `{instead}`");
    field.warn("deprecated-field", "the field is deprecated", advice);
}

/// A field that is there; an empty text is as good as none, as everywhere in protobuf.
pub(super) fn written<'a>(fields: &Fields<'a>, key: &'static str) -> Option<Field<'a>> {
    let filled = |field: &Field<'_>| !field.is_text() || field.text() != Some("");
    fields.get(key).filter(filled)
}

/// The fields of these that are there. More than one is told as an error.
pub(super) fn one_of<'a>(
    fields: &Fields<'a>,
    keys: &[&'static str],
) -> Vec<(&'static str, Field<'a>)> {
    let there = keys.iter().filter_map(|key| Some((*key, fields.get(key)?)));
    only_one(there.collect(), keys)
}

/// The same of texts that are written.
pub(super) fn one_written<'a>(
    fields: &Fields<'a>,
    keys: &[&'static str],
) -> Option<(&'static str, Field<'a>)> {
    let there = keys
        .iter()
        .filter_map(|key| Some((*key, written(fields, key)?)));
    only_one(there.collect(), keys).into_iter().next()
}

fn only_one<'a>(
    there: Vec<(&'static str, Field<'a>)>,
    keys: &[&'static str],
) -> Vec<(&'static str, Field<'a>)> {
    if let [(first, _), (_, second), ..] = there.as_slice() {
        let message = format!("it cannot stand beside `{first}`");
        second.refused(
            "invalid-value",
            message,
            format!("write one of {}", list(keys)),
        );
    }
    there
}

/// Tells that at least one of these fields has to be there, if none is.
pub(super) fn at_least_one(fields: &Fields<'_>, keys: &[&'static str]) -> bool {
    let there = keys.iter().any(|key| written(fields, key).is_some());
    if !there && fields.of().is_mapping() {
        let message = "there is nothing in it that says what to do";
        let advice = format!("write one of {}", list(keys));
        fields.of().fault("missing-field", message, advice);
    }
    there
}

pub(super) fn list(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}

/// The name of a namespace.
pub(super) fn namespace<'a>(field: &Field<'a>) -> Option<&'a str> {
    read_label(field, "a namespace")
}

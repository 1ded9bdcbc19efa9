use crate::import::field::Field;
use crate::import::istio::virtual_service::actions::read_authority;
use crate::policy::wording::shortened;
use crate::policy::{Header, HeaderChanges, HeaderText, Headers};
use std::collections::BTreeMap;

/// What is changed in headers, and the host, which Istio lets people write among them.
#[derive(Clone, Default)]
pub(super) struct Changes<'a> {
    pub(super) headers: Headers,
    pub(super) authority: Option<(String, Field<'a>)>,
    /// Where the host is set again.
    pub(super) second_authority: Option<Field<'a>>,
}

pub(super) fn convert<'a>(field: &Field<'a>) -> Changes<'a> {
    let fields = field.fields(&["request", "response"]);
    let mut changes = Changes::default();
    if let Some(request) = fields.get("request") {
        let mut hosts = Vec::new();
        changes.headers.request = operations(&request, Some(&mut hosts));
        let mut hosts = hosts.into_iter();
        changes.authority = { hosts.next() }.and_then(|field| Some((host(&field)?, field)));
        changes.second_authority = hosts.next();
    }
    if let Some(response) = fields.get("response") {
        changes.headers.response = operations(&response, None);
    }
    changes
}

/// Reads what is done to headers. `hosts`: where the host may be set, the fields that do.
fn operations<'a>(field: &Field<'a>, mut hosts: Option<&mut Vec<Field<'a>>>) -> HeaderChanges {
    let fields = field.fields(&["set", "add", "remove"]);
    let mut changes = HeaderChanges::default();
    for (key, into) in [("set", &mut changes.set), ("add", &mut changes.add)] {
        let Some(values) = fields.get(key) else {
            continue;
        };
        let mut entries = values.entries();
        // Istio goes by the order of the keys; that `A` stands before `a` decides who is last.
        entries.sort_by_key(|(key, _)| *key);
        for (name, value) in entries {
            match hosts.as_deref_mut() {
                Some(hosts) if is_host(name) => hosts.push(value),
                _ => insert(into, key, name, &value),
            }
        }
    }
    for item in fields.get("remove").iter().flat_map(Field::list) {
        let Some(name) = item.text().and_then(|text| header(text, &item)) else {
            continue;
        };
        if is_framing(&name) {
            item.ignored(FRAMING);
        } else if !changes.remove.contains(&name) {
            changes.remove.push(name);
        }
    }
    changes
}

fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority")
}

/// What frames the message is no matter of values: whoever changed it would let two servers on
/// the way read two messages.
fn is_framing(name: &Header) -> bool {
    matches!(
        name.as_str(),
        "connection" | "content-length" | "transfer-encoding" | "upgrade"
    )
}

fn insert(into: &mut BTreeMap<Header, HeaderText>, key: &str, name: &str, value: &Field<'_>) {
    let text = value.text();
    let (Some(name), Some(text)) = (header(name, value), text) else {
        return;
    };
    if is_framing(&name) {
        return value.ignored(FRAMING);
    }
    if text.is_empty() {
        return value.ignored("an empty value changes nothing");
    }
    let Some(value_text) = format(text, value) else {
        return;
    };
    if key == "add" && into.contains_key(&name) {
        return value.ignored("the first value of this header is added, not the second");
    }
    into.insert(name, value_text);
}

fn header(text: &str, field: &Field<'_>) -> Option<Header> {
    if let Ok(header) = text.parse::<Header>()
        && header.as_str() != "host"
    {
        return Some(header);
    }
    let message = format!("the header `{}` cannot be changed", shortened(text));
    let advice = match is_host(text) {
        true => "set the host of requests, or rewrite `authority`",
        false => "write letters, digits and hyphens: x-beta",
    };
    field.refused("invalid-value", message, advice);
    None
}

/// The host is no format string to Istio: it becomes a rewriting to what is written.
fn host(field: &Field<'_>) -> Option<String> {
    match field.text()? {
        "" => {
            field.ignored("an empty value changes nothing");
            None
        }
        text if text.contains('%') => {
            if is_balanced(text, field) {
                field.ignored("the host is not computed from the request");
            }
            None
        }
        _ => read_authority(field),
    }
}

/// A value as a format string, if it is one that is evaluated here.
fn format(text: &str, field: &Field<'_>) -> Option<HeaderText> {
    if !is_balanced(text, field) {
        return None;
    }
    let control = |byte: u8| byte < b' ' && byte != b'\t' || byte == 0x7f;
    if text.bytes().any(control) {
        let message = "a header's value holds no control characters";
        field.refused("invalid-value", message, "take them out");
        return None;
    }
    if !text.is_ascii() || text.trim_matches([' ', '\t']) != text {
        field.ignored("values beyond ASCII, or with spaces at their ends, are not set");
        return None;
    }
    match text.parse::<HeaderText>() {
        Ok(text) => Some(text),
        Err(flaw) if flaw.is_unsupported() => {
            let told = flaw.to_string();
            let (message, _) = told.rsplit_once("; ").unwrap_or((&told, ""));
            field.ignored(format!("{message}: the header stays as it is"));
            None
        }
        // Istio does not look between the percent signs. Envoy does, and takes no route at all
        // from a policy that has one like it.
        Err(_) => field.parse(),
    }
}

/// Istio's check, which comes before Envoy's.
fn is_balanced(text: &str, field: &Field<'_>) -> bool {
    let balanced = text
        .bytes()
        .filter(|byte| *byte == b'%')
        .count()
        .is_multiple_of(2);
    if !balanced {
        let message = format!("a `%` in `{}` has no partner", shortened(text));
        field.refused("invalid-value", message, "write `%%` for a percent sign");
    }
    balanced
}

const FRAMING: &str = "the header belongs to the connection and stays as it is";

use crate::import::field::Field;
use crate::import::istio::parts::{labels, namespace, port_or_any};
use crate::import::istio::virtual_service::strings::{Of, Wanted, wanted};
use crate::import::istio::virtual_service::{Gate, gate};
use crate::policy::wording::shortened;
use crate::policy::{Door, Header, Match, PathMatch, ValueMatch};
use std::collections::BTreeMap;

/// One entry of `match`.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) field: Field<'a>,
    pub(super) matching: Match,
    /// Whether no request can satisfy it here. It must not come to take every request.
    pub(super) dead: bool,
}

/// Reads one entry; `None` if it is wrong.
pub(super) fn convert<'a>(field: &Field<'a>, own: &str, claims_allowed: bool) -> Option<Entry<'a>> {
    if field.is_null() {
        let message = "there is nothing in the match";
        field.refused(
            "invalid-value",
            message,
            "write `{}` for all requests, or remove it",
        );
        return None;
    }
    let fields = field.fields(&[
        "name",
        "uri",
        "scheme",
        "method",
        "authority",
        "headers",
        "withoutHeaders",
        "queryParams",
        "port",
        "sourceLabels",
        "sourceNamespace",
        "gateways",
        "ignoreUriCase",
        "statPrefix",
    ]);
    let mut entry = Entry {
        field: field.clone(),
        matching: Match::default(),
        dead: false,
    };
    if let Some(name) = fields.get("name") {
        name.text();
        name.approximated("replies and events name the rule alone");
    }
    if let Some(uri) = fields.get("uri") {
        entry.uri(&uri);
    }
    let text = |key| wanted(&fields.get(key)?, Of::Other)?.into_text();
    entry.matching.scheme = text("scheme");
    entry.matching.method = text("method");
    entry.matching.authority = text("authority");
    if let Some(headers) = fields.get("headers") {
        entry.headers(&headers, claims_allowed);
    }
    if let Some(without) = fields.get("withoutHeaders") {
        entry.without_headers(&without, claims_allowed);
    }
    for (key, value) in fields.get("queryParams").iter().flat_map(Field::entries) {
        if let Some(wanted) = wanted(&value, Of::Optional) {
            entry
                .matching
                .query
                .insert(key.to_owned(), wanted.into_value());
        }
    }
    entry.matching.port = fields.get("port").and_then(|field| port_or_any(&field));
    if let Some(of) = fields.get("sourceLabels") {
        entry.matching.from.labels = labels(&of);
    }
    let from = fields
        .get("sourceNamespace")
        .filter(|field| field.text() != Some(""));
    entry.matching.from.namespaces = from
        .and_then(|field| namespace(&field))
        .map(str::to_owned)
        .into_iter()
        .collect();
    let gateways = fields.get("gateways").map(|gateways| gateways.list());
    for at in gateways.unwrap_or_default() {
        let door = gate(&at, own).map(|gate| match gate {
            Gate::Mesh => Door::Mesh,
            Gate::Gateway(name) => Door::gateway(name),
        });
        entry.matching.gateways.extend(door);
    }
    if let Some(ignore) = fields.get("ignoreUriCase") {
        entry.matching.ignore_path_case = ignore.boolean().unwrap_or_default();
    }
    if let Some(prefix) = fields.get("statPrefix") {
        prefix.text();
        prefix.ignored("no statistics are kept for the route alone");
    }
    Some(entry)
}

impl Entry<'_> {
    fn uri(&mut self, field: &Field<'_>) {
        let Some(wanted) = wanted(field, Of::Path) else {
            return;
        };
        self.matching.path = match wanted {
            Wanted::Present => None,
            Wanted::Exact(text) => match text.parse() {
                Ok(path) => Some(PathMatch::Exact(path)),
                Err(_) => return self.never(field, &text),
            },
            Wanted::Prefix(text) if text.is_empty() || could_begin_a_path(&text) => {
                Some(PathMatch::StartsWith(text))
            }
            Wanted::Prefix(text) => return self.never(field, &text),
            Wanted::Regex(pattern) => Some(PathMatch::Regex(pattern)),
        };
    }

    /// The path that is asked for is one that no request has.
    fn never(&mut self, field: &Field<'_>, path: &str) {
        self.dead = true;
        let message = format!("no request has the path `{}`", shortened(path));
        let advice = "write a path that begins with `/`, without query and fragment, \
                      percent-encoded";
        field.warn("never-matches", message, advice);
        field.applied();
    }

    fn headers(&mut self, field: &Field<'_>, claims_allowed: bool) {
        for (key, value) in field.entries() {
            if value.is_null() {
                let message = format!("nothing is asked of the header `{}`", shortened(key));
                value.refused(
                    "invalid-value",
                    message,
                    "write `{}` to ask that it is there",
                );
                continue;
            }
            if self.claim(key, &value, claims_allowed) {
                continue;
            }
            let Some(wanted) = wanted(&value, Of::Optional) else {
                continue;
            };
            if let Some(pseudo) = key.strip_prefix(':') {
                self.pseudo(pseudo, &value, wanted);
            } else if matches!(key, "uri" | "scheme" | "method" | "authority") {
                value.ignored(format!("`{key}` is a field of the match itself"));
            } else {
                insert(&mut self.matching.headers, key, &value, wanted.into_value());
            }
        }
    }

    /// `:method` and its kin are no headers here, but fields of the match.
    fn pseudo(&mut self, key: &str, field: &Field<'_>, wanted: Wanted) {
        let place = match key {
            "method" => &mut self.matching.method,
            "scheme" => &mut self.matching.scheme,
            "authority" => &mut self.matching.authority,
            _ if key.parse::<Header>().is_err() => return no_header(key, field),
            _ => {
                self.dead = true;
                field.ignored("the match takes no request");
                return;
            }
        };
        let both = place.is_some();
        if let Some(text) = wanted.into_text() {
            if both {
                // All of a match must hold, and there is one place for what it asks of each.
                self.dead = true;
                field.ignored("the match takes no request");
                return;
            }
            *place = Some(text);
        }
    }

    fn without_headers(&mut self, field: &Field<'_>, claims_allowed: bool) {
        for (key, value) in field.entries() {
            if self.claim(key, &value, claims_allowed) {
                continue;
            }
            let wanted = match value.is_null() {
                true => {
                    value.applied();
                    Some(Wanted::Present)
                }
                false => wanted(&value, Of::Absent),
            };
            let Some(wanted) = wanted else { continue };
            if let Some(pseudo) = key.strip_prefix(':') {
                if pseudo.parse::<Header>().is_err() {
                    no_header(key, &value);
                }
                self.dead = true;
                value.ignored("the match takes no request");
                continue;
            }
            insert(
                &mut self.matching.without_headers,
                key,
                &value,
                wanted.into_value(),
            );
        }
    }

    /// Says whether a key asks for a claim of a token. Nobody knows the claims here, so the match
    /// can hold for no request.
    fn claim(&mut self, key: &str, field: &Field<'_>, allowed: bool) -> bool {
        let claim = is_claim(key);
        if claim && !allowed {
            let message = "claims are matched at gateways only";
            field.refused("invalid-value", message, "name a gateway in `gateways`");
        } else if claim {
            self.dead = true;
            field.ignored("tokens are not read: the match takes no request");
            let message = "claims of tokens are not matched: no request satisfies this";
            field.warn("unsupported-match", message, "match a header instead");
        }
        claim
    }
}

fn insert(
    into: &mut BTreeMap<Header, ValueMatch>,
    key: &str,
    field: &Field<'_>,
    value: ValueMatch,
) {
    let Ok(name) = key.parse::<Header>() else {
        return no_header(key, field);
    };
    if into.insert(name, value).is_some() {
        let message = format!("the header `{}` is there twice", shortened(key));
        field.refused(
            "invalid-value",
            message,
            "upper and lower case are one: write one",
        );
    }
}

fn no_header(key: &str, field: &Field<'_>) {
    let message = format!("`{}` is no header name", shortened(key));
    let advice = "write letters, digits and hyphens: x-beta";
    field.refused("invalid-value", message, advice);
}

/// `@request.auth.claims.a.b` or `@request.auth.claims[a][b]`.
fn is_claim(key: &str) -> bool {
    const CLAIMS: &str = "@request.auth.claims";
    let head = key.get(..CLAIMS.len());
    if !head.is_some_and(|head| head.eq_ignore_ascii_case(CLAIMS)) {
        return false;
    }
    let rest = &key[CLAIMS.len()..];
    let inside = rest
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inside {
        Some(inside) => inside.split("][").all(|name| !name.is_empty()),
        None => rest.len() > 1 && rest.starts_with('.'),
    }
}

fn could_begin_a_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.contains(['?', '#'])
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

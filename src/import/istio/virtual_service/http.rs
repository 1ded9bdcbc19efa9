use crate::import::field::{Field, Fields};
use crate::import::istio::names::read_label;
use crate::import::istio::parts::{duration, list, percent_or_none, whole_percent};
use crate::import::istio::virtual_service::actions::{self, Redirected};
use crate::import::istio::virtual_service::destinations::{self, Copied, To};
use crate::import::istio::virtual_service::headers::{self, Changes};
use crate::import::istio::virtual_service::matching::{self, Entry};
use crate::import::istio::virtual_service::{cors, fault, retries};
use crate::import::sticky::Said;
use crate::policy::{Cors, Fault, PathRewrite, Percent, Respond, Retries, Rewrite, Span};

/// One of `http`.
#[derive(Clone)]
pub(super) struct HttpRoute<'a> {
    pub(super) field: Field<'a>,
    /// Which one it is.
    pub(super) index: usize,
    pub(super) name: Option<String>,
    /// Whether no match is written, so that it takes all.
    pub(super) takes_all: bool,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) delegate: Option<Delegate<'a>>,
    pub(super) to: Vec<To<'a>>,
    pub(super) redirect: Option<Redirected>,
    /// What a delegate's own says in place of the root's, each as a whole.
    pub(super) settings: Settings<'a>,
}

/// What is done beside sending requests somewhere.
#[derive(Clone, Default)]
pub(super) struct Settings<'a> {
    pub(super) respond: Option<Respond>,
    pub(super) rewrite: Option<Rewrite>,
    pub(super) timeout: Option<Span>,
    pub(super) retries: Option<Retries>,
    pub(super) fault: Option<Fault>,
    pub(super) cors: Option<Cors>,
    pub(super) headers: Option<Changes<'a>>,
    pub(super) mirror: Option<Copied<'a>>,
    pub(super) mirror_percent: Option<Percent>,
    pub(super) mirrors: Option<Vec<Copied<'a>>>,
    /// What the document's annotation says.
    pub(super) sticky: Option<Said<'a>>,
}

/// Another VirtualService that decides.
#[derive(Clone)]
pub(super) struct Delegate<'a> {
    pub(super) field: Field<'a>,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// Of which VirtualService a route is.
#[derive(Clone, Copy)]
pub(super) struct Where<'a> {
    pub(super) namespace: &'a str,
    pub(super) delegate: bool,
    pub(super) at_gateway: bool,
}

const ACTIONS: &[&str] = &["route", "redirect", "directResponse", "delegate"];

/// Reads one; `None` if there is nothing.
pub(super) fn convert<'a>(
    index: usize,
    field: &Field<'a>,
    place: Where<'a>,
) -> Option<HttpRoute<'a>> {
    if field.is_null() {
        field.refused(
            "invalid-value",
            "there is nothing in the route",
            "remove it",
        );
        return None;
    }
    let fields = field.fields(&[
        "name",
        "match",
        "route",
        "redirect",
        "directResponse",
        "delegate",
        "rewrite",
        "timeout",
        "retries",
        "fault",
        "mirror",
        "mirrors",
        "mirrorPercentage",
        "mirrorPercent",
        "mirror_percent",
        "corsPolicy",
        "headers",
    ]);
    check_actions(&fields, place);
    let matches = fields.get("match").map(|entries| entries.list());
    let matches = matches.unwrap_or_default();
    let entries: Vec<_> = matches
        .iter()
        .filter_map(|entry| matching::convert(entry, place.namespace, place.at_gateway))
        .collect();
    let name = fields.get("name").and_then(|name| name.text());
    let headers = fields.get("headers").map(|field| headers::convert(&field));
    let rewrite = fields
        .get("rewrite")
        .and_then(|field| actions::rewrite(&field));
    let redirect = fields
        .get("redirect")
        .and_then(|field| actions::redirect(&field));
    let moved = { redirect.as_ref() }.and_then(|redirect| redirect.redirect.path.as_ref());
    if let Some(PathRewrite::Matched(_)) = moved {
        check_prefixes(&matches);
    }
    check_authority(rewrite.as_ref(), headers.as_ref());
    Some(HttpRoute {
        field: field.clone(),
        index,
        name: name.filter(|name| !name.is_empty()).map(str::to_owned),
        takes_all: matches.is_empty(),
        entries,
        delegate: fields
            .get("delegate")
            .and_then(|field| delegate(&field, place.namespace)),
        to: fields
            .get("route")
            .map(|route| destinations::convert(&route, place.namespace))
            .unwrap_or_default(),
        redirect,
        settings: Settings {
            respond: fields
                .get("directResponse")
                .and_then(|field| actions::respond(&field)),
            rewrite,
            timeout: fields.get("timeout").and_then(|field| duration(&field)),
            retries: fields
                .get("retries")
                .map(|field| retries::convert_route(&field)),
            fault: fields.get("fault").and_then(|field| fault::convert(&field)),
            cors: fields
                .get("corsPolicy")
                .and_then(|field| cors::convert(&field)),
            headers,
            mirror: fields
                .get("mirror")
                .and_then(|field| destinations::mirror(&field, place.namespace)),
            mirror_percent: mirror_percent(&fields),
            mirrors: fields
                .get("mirrors")
                .map(|field| destinations::mirrors(&field, place.namespace)),
            sticky: None,
        },
    })
}

fn check_actions(fields: &Fields<'_>, place: Where<'_>) {
    let has = |key| fields.get(key).filter(|field| !field.is_empty_list());
    let there: Vec<_> = ACTIONS
        .iter()
        .filter_map(|key| Some((*key, has(key)?)))
        .collect();
    match there.as_slice() {
        [] if fields.of().is_mapping() => {
            let message = "the route says nothing of what becomes of its requests";
            let advice = format!("write one of {}", list(ACTIONS));
            fields.of().fault("no-action", message, advice);
        }
        // Istio lets it pass, for a delegate that does not say otherwise.
        [("directResponse", _), ("delegate", _)] if !place.delegate => return,
        [(first, _), (second, field), ..] => {
            let message = format!("`{second}` cannot stand beside `{first}`");
            let advice = format!("write one of {}", list(ACTIONS));
            field.refused("invalid-value", message, advice);
        }
        _ => {}
    }
    match fields.get("delegate") {
        Some(field) if place.delegate => {
            let message = "a delegate cannot delegate";
            let advice = "write the routes of the last one here";
            field.refused("invalid-value", message, advice);
        }
        // What else it says is for a delegate that does not say otherwise.
        Some(_) => return,
        None => {}
    }
    for action in ["redirect", "directResponse"] {
        if fields.get(action).is_none() {
            continue;
        }
        for key in ["fault", "rewrite"] {
            if let Some(field) = fields.get(key) {
                let message = format!("`{key}` cannot stand beside `{action}`");
                field.refused("invalid-value", message, "take out one of the two");
            }
        }
    }
    if let (Some(_), Some(mirrors)) = (fields.get("mirror"), fields.get("mirrors")) {
        let message = "`mirrors` cannot stand beside `mirror`";
        mirrors.refused("invalid-value", message, "put all into `mirrors`");
    }
}

/// What takes the place of a prefix needs one.
fn check_prefixes(matches: &[Field<'_>]) {
    for uri in matches.iter().filter_map(|entry| entry.peek("uri")) {
        if uri.peek("prefix").is_none() {
            let message = "`prefixRewrite` replaces the prefix of the match, which is none";
            uri.fault(
                "invalid-value",
                message,
                "match a prefix, or redirect to a `uri`",
            );
        }
    }
}

/// The host that the endpoint sees is said in one place.
fn check_authority(rewrite: Option<&Rewrite>, headers: Option<&Changes<'_>>) {
    if let Some(second) = headers.and_then(|changes| changes.second_authority.as_ref()) {
        let message = "the host is set twice";
        second.refused("invalid-value", message, "set it once");
    }
    let rewritten = rewrite.is_some_and(|rewrite| rewrite.authority.is_some());
    let written = headers.and_then(|changes| changes.authority.as_ref());
    if let (true, Some((_, field))) = (rewritten, written) {
        let message = "the host is set here and in `rewrite.authority`";
        field.refused("invalid-value", message, "set it in one of the two");
    }
}

fn delegate<'a>(field: &Field<'a>, own: &'a str) -> Option<Delegate<'a>> {
    let fields = field.fields(&["name", "namespace"]);
    let name = fields.need("name")?.text()?;
    let namespace = match fields.get("namespace") {
        Some(namespace) => read_label(&namespace, "a namespace")?,
        None => own,
    };
    Some(Delegate {
        field: field.clone(),
        namespace,
        name,
    })
}

fn mirror_percent(fields: &Fields<'_>) -> Option<Percent> {
    let old = ["mirrorPercent", "mirror_percent"]
        .into_iter()
        .find_map(|key| fields.get(key));
    let old = old.map(|field| (whole_percent(&field, "mirrorPercentage"), field));
    match (fields.get("mirrorPercentage"), old) {
        (Some(field), Some((_, old))) => {
            old.ignored("`mirrorPercentage` holds");
            percent_or_none(&field)
        }
        (Some(field), None) => percent_or_none(&field),
        (None, old) => old.and_then(|(percent, _)| percent),
    }
}

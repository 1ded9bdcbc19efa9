use crate::import::field::{Field, Fields};
use crate::import::gateway::backend::Reference;
use crate::import::gateway::listener::RouteKind;
use crate::import::gateway::{at_most, change, cors, hostname};
use crate::policy::wording::{choose_from, shortened};
use crate::policy::{
    Cors, Headers, Path, PathRewrite, Percent, Redirect, RedirectPort, Rewrite, Scheme, Status,
};

/// What the filters of a rule or of a backend do.
#[derive(Default)]
pub(super) struct Filters<'a> {
    pub(super) headers: Headers,
    /// Where header changes are written: of requests, of replies.
    pub(super) changes: [Option<Field<'a>>; 2],
    pub(super) rewrite: Rewrite,
    /// The host that a header change sets, for where no rewriting says another.
    pub(super) host: Option<String>,
    pub(super) redirect: Option<Redirect>,
    pub(super) cors: Option<Cors>,
    pub(super) mirrors: Vec<MirrorTo<'a>>,
    /// Whether one of them cannot be applied: to go on without it is not allowed.
    pub(super) broken: bool,
}

/// Who gets copies.
pub(super) struct MirrorTo<'a> {
    pub(super) reference: Reference<'a>,
    pub(super) percent: Percent,
}

/// Where filters stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Level {
    Rule,
    Backend,
}

/// What filters there are, each with the field that says more.
const HTTP: &[(&str, &str)] = &[
    ("RequestHeaderModifier", "requestHeaderModifier"),
    ("ResponseHeaderModifier", "responseHeaderModifier"),
    ("RequestMirror", "requestMirror"),
    ("RequestRedirect", "requestRedirect"),
    ("URLRewrite", "urlRewrite"),
    ("CORS", "cors"),
    ("ExternalAuth", "externalAuth"),
    ("ExtensionRef", "extensionRef"),
];
const GRPC: &[(&str, &str)] = &[
    ("RequestHeaderModifier", "requestHeaderModifier"),
    ("ResponseHeaderModifier", "responseHeaderModifier"),
    ("RequestMirror", "requestMirror"),
    ("ExtensionRef", "extensionRef"),
];
const FIELDS: &[&str] = &[
    "cors",
    "extensionRef",
    "externalAuth",
    "requestHeaderModifier",
    "requestMirror",
    "requestRedirect",
    "responseHeaderModifier",
    "type",
    "urlRewrite",
];
const GRPC_FIELDS: &[&str] = &[
    "extensionRef",
    "requestHeaderModifier",
    "requestMirror",
    "responseHeaderModifier",
    "type",
];

impl<'a> Filters<'a> {
    pub(super) fn convert(list: Option<&Field<'a>>, kind: RouteKind, level: Level) -> Self {
        let mut filters = Self::default();
        let items = list.map(|list| list.list()).unwrap_or_default();
        at_most(MOST, list, items.len());
        let mut seen = Vec::new();
        for field in &items {
            if filters.read(field, kind, level, &mut seen).is_none() {
                field.left_out(match level {
                    Level::Rule => "requests of the rule are answered with 500",
                    Level::Backend => "the backend's share is answered with 500",
                });
                filters.broken = true;
            }
        }
        if filters.redirect.is_some()
            && seen.contains(&"URLRewrite")
            && let Some(list) = list
        {
            let message = "a rule that redirects cannot rewrite, too";
            list.fault(
                "conflicting-fields",
                message,
                "remove one of the two filters",
            );
            filters.rewrite = Rewrite::default();
        }
        filters
    }

    /// `None`: it cannot be applied; why has been told.
    fn read(
        &mut self,
        field: &Field<'a>,
        kind: RouteKind,
        level: Level,
        seen: &mut Vec<&'static str>,
    ) -> Option<()> {
        let (known, keys) = match kind {
            RouteKind::Http => (HTTP, FIELDS),
            RouteKind::Grpc => (GRPC, GRPC_FIELDS),
        };
        let fields = field.fields(keys);
        let named = fields.need("type")?;
        let text = named.text()?;
        let Some(&(name, key)) = known.iter().find(|(name, _)| *name == text) else {
            let message = format!("there is no filter `{}`", shortened(text));
            let advice = choose_from(text, known.iter().map(|(name, _)| *name));
            named.refused("unknown-variant", message, advice);
            return None;
        };
        for (other, field) in keys.iter().filter_map(|key| Some((*key, fields.get(key)?))) {
            if other != key && other != "type" {
                let message = format!("`{other}` belongs to another type than {name}");
                field.refused(
                    "conflicting-fields",
                    message,
                    "remove it, or correct the type",
                );
            }
        }
        if seen.contains(&name) && !matches!(name, "RequestMirror" | "ExtensionRef") {
            let message = format!("the filter {name} is there twice");
            field.fault("duplicate-filter", message, "put the two together");
            field.left_out("the first one is applied");
            return Some(());
        }
        seen.push(name);
        let unsupported = matches!(
            (name, level),
            ("ExtensionRef" | "ExternalAuth", _) | ("RequestRedirect" | "CORS", Level::Backend)
        );
        if unsupported {
            let message = match level {
                Level::Rule => format!("the filter {name} cannot be applied here"),
                Level::Backend => format!("the filter {name} cannot be applied to one backend"),
            };
            let advice = "remove it: requests must not pass without it, so they get 500";
            named.fault("unsupported-filter", message, advice);
            return None;
        }
        let payload = fields.need(key)?;
        self.apply(name, &payload)
    }

    fn apply(&mut self, name: &str, payload: &Field<'a>) -> Option<()> {
        match name {
            "RequestHeaderModifier" => {
                let (changes, host) = change::convert(payload)?;
                self.headers.request = changes;
                self.changes[0] = Some(payload.clone());
                self.host = host;
            }
            "ResponseHeaderModifier" => {
                let (changes, host) = change::convert(payload)?;
                if host.is_some() {
                    let message = "a reply has no header `host`";
                    payload.refused("invalid-value", message, "take it out");
                    return None;
                }
                self.headers.response = changes;
                self.changes[1] = Some(payload.clone());
            }
            "RequestRedirect" => self.redirect = Some(redirect(payload)?),
            "URLRewrite" => {
                let fields = payload.fields(&["hostname", "path"]);
                let (host, path) = (fields.get("hostname"), new_path(&fields));
                if let Some(host) = host {
                    self.rewrite.authority = Some(precise(&host)?);
                }
                self.rewrite.path = path?;
            }
            "CORS" => self.cors = Some(cors::convert(payload)?),
            "RequestMirror" => self.mirrors.push(mirror(payload)?),
            _ => return None,
        }
        Some(())
    }
}

/// A host without a wildcard.
fn precise(field: &Field<'_>) -> Option<String> {
    let host = hostname(field)?;
    if host.is_wildcard() {
        let message = format!("`{host}` is many hosts");
        field.refused("invalid-value", message, "write one host");
        return None;
    }
    Some(host.to_string())
}

fn redirect(field: &Field<'_>) -> Option<Redirect> {
    let fields = field.fields(&["hostname", "path", "port", "scheme", "statusCode"]);
    let scheme = match fields.get("scheme") {
        Some(field) => Some(field.choice(&[("http", Scheme::Http), ("https", Scheme::Https)])?),
        None => None,
    };
    let host = match fields.get("hostname") {
        Some(field) => Some(precise(&field)?),
        None => None,
    };
    let port = match (fields.get("port"), scheme) {
        (Some(field), _) => RedirectPort::Number(field.integer(1, 65_535)?),
        (None, Some(_)) => RedirectPort::SchemeDefault,
        (None, None) => RedirectPort::Listener,
    };
    let code = match fields.get("statusCode") {
        Some(field) => {
            let code: u16 = field.integer(0, 999)?;
            if !matches!(code, 301 | 302 | 303 | 307 | 308) {
                let message = format!("{code} redirects nobody");
                field.refused("invalid-value", message, "write 301, 302, 303, 307 or 308");
                return None;
            }
            code
        }
        None => 302,
    };
    Some(Redirect {
        scheme,
        host,
        port,
        path: new_path(&fields)?,
        status: Status::try_from(code).ok()?,
    })
}

/// The outer `None`: it is wrong.
fn new_path(fields: &Fields<'_>) -> Option<Option<PathRewrite>> {
    let Some(field) = fields.get("path") else {
        return Some(None);
    };
    let fields = field.fields(&["replaceFullPath", "replacePrefixMatch", "type"]);
    let whole = fields
        .need("type")?
        .choice(&[("ReplaceFullPath", true), ("ReplacePrefixMatch", false)])?;
    let (key, other) = match whole {
        true => ("replaceFullPath", "replacePrefixMatch"),
        false => ("replacePrefixMatch", "replaceFullPath"),
    };
    if let Some(other) = fields.get(other) {
        let message = "the field belongs to the other type";
        other.refused(
            "conflicting-fields",
            message,
            "remove it, or correct the type",
        );
        return None;
    }
    let value = fields.need(key)?;
    let text = value.text()?;
    // An empty one is `/`, to the letter of the API.
    let path = match text {
        "" => "/",
        text => {
            value.parse::<Path>()?;
            text
        }
    };
    Some(Some(match whole {
        true => PathRewrite::Full(path.to_owned()),
        false => PathRewrite::Prefix(path.to_owned()),
    }))
}

fn mirror<'a>(field: &Field<'a>) -> Option<MirrorTo<'a>> {
    let fields = field.fields(&["backendRef", "fraction", "percent"]);
    let reference = Reference::convert(&fields.need("backendRef")?)?;
    let percent = match (fields.get("percent"), fields.get("fraction")) {
        (Some(_), Some(fraction)) => {
            let message = "`percent` and `fraction` say the same thing twice";
            fraction.refused("conflicting-fields", message, "remove one of the two");
            return None;
        }
        (Some(percent), None) => {
            let percent: u8 = percent.integer(0, 100)?;
            Percent::try_from(f64::from(percent)).ok()?
        }
        (None, Some(fraction)) => share(&fraction)?,
        (None, None) => Percent::HUNDRED,
    };
    Some(MirrorTo { reference, percent })
}

fn share(field: &Field<'_>) -> Option<Percent> {
    let fields = field.fields(&["denominator", "numerator"]);
    let most = i128::from(i32::MAX);
    let denominator = match fields.get("denominator") {
        Some(field) => field.integer::<u32>(1, most)?,
        None => 100,
    };
    let numerator: u32 = fields.need("numerator")?.integer(0, most)?;
    if numerator > denominator {
        let message = format!("{numerator}/{denominator} is more than all");
        field.refused(
            "invalid-value",
            message,
            "write a numerator up to the denominator",
        );
        return None;
    }
    let percent = 100.0 * f64::from(numerator) / f64::from(denominator);
    // What is too little to be drawn is at least drawn as seldom as can be.
    let least = if numerator == 0 { 0.0 } else { 0.0001 };
    Percent::try_from(percent.max(least)).ok()
}

const MOST: usize = 16;

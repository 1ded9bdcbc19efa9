use crate::import::field::Field;
use crate::import::istio::parts::{deprecated, duration};
use crate::import::istio::virtual_service::strings::{Of, Wanted, wanted};
use crate::policy::wording::shortened;
use crate::policy::{Cors, Header, TextMatch, UnmatchedPreflights};

pub(super) fn convert(field: &Field<'_>) -> Option<Cors> {
    let fields = field.fields(&[
        "allowOrigins",
        "allowOrigin",
        "allowMethods",
        "allowHeaders",
        "exposeHeaders",
        "maxAge",
        "allowCredentials",
        "unmatchedPreflights",
    ]);
    let mut cors = Cors::default();
    let origins = fields.get("allowOrigins").map(|origins| origins.list());
    let old = fields.get("allowOrigin");
    if let Some(old) = &old {
        deprecated(old, "allowOrigins: [{ exact: … }]");
    }
    match origins.filter(|origins| !origins.is_empty()) {
        Some(origins) => {
            cors.allow_origins = origins.iter().filter_map(origin).collect();
            if let Some(old) = old {
                old.ignored("`allowOrigins` holds");
            }
        }
        None => {
            let origins = old.iter().flat_map(Field::list);
            let exact = |origin: Field<'_>| origin.text().map(TextMatch::exact);
            cors.allow_origins = origins.filter_map(exact).collect();
        }
    }
    let texts = |key, check: &dyn Fn(&str) -> bool, what: &str| {
        let items = fields
            .get(key)
            .map(|items| items.list())
            .unwrap_or_default();
        let checked = |item: &Field<'_>| {
            let text = item.text()?;
            if !check(text) {
                let message = format!("`{}` is no {what}", shortened(text));
                item.refused("invalid-value", message, "mend it, or write `*` for all");
                return None;
            }
            Some(text.to_owned())
        };
        items.iter().filter_map(checked).collect::<Vec<_>>()
    };
    let header = |text: &str| text == "*" || text.parse::<Header>().is_ok();
    cors.allow_methods = texts("allowMethods", &|text| METHODS.contains(&text), "method");
    cors.allow_headers = texts("allowHeaders", &header, "header name");
    cors.expose_headers = texts("exposeHeaders", &header, "header name");
    if let Some(age) = fields.get("maxAge") {
        cors.max_age = duration(&age);
        if cors.max_age.is_some_and(|age| age.get().subsec_nanos() > 0) {
            let message = "browsers count whole seconds";
            age.refused("invalid-value", message, "write whole seconds: 10s");
        }
    }
    if let Some(allow) = fields.get("allowCredentials") {
        cors.allow_credentials = allow.boolean().unwrap_or_default();
    }
    if let Some(preflights) = fields.get("unmatchedPreflights") {
        let choice = preflights.choice(&[
            ("UNSPECIFIED", UnmatchedPreflights::Forward),
            ("FORWARD", UnmatchedPreflights::Forward),
            ("IGNORE", UnmatchedPreflights::Ignore),
        ]);
        cors.unmatched_preflights = choice.unwrap_or_default();
    }
    Some(cors)
}

fn origin(field: &Field<'_>) -> Option<TextMatch> {
    match wanted(field, Of::Other)? {
        Wanted::Present => {
            let message = "the origin is empty";
            field.refused(
                "invalid-value",
                message,
                "write `exact`, `prefix` or `regex`",
            );
            None
        }
        Wanted::Exact(text) if text.is_empty() => {
            let advice = "write one, or `*` for all";
            field.refused("invalid-value", "the origin is empty", advice);
            None
        }
        wanted => wanted.into_text(),
    }
}

const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
];

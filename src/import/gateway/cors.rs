use crate::import::field::{Field, Fields};
use crate::policy::wording::shortened;
use crate::policy::{Cors, Pattern, Span, TextMatch, UnmatchedPreflights};
use std::time::Duration;

/// Reads a CORS filter. `None` if any of it is wrong.
pub(super) fn convert(field: &Field<'_>) -> Option<Cors> {
    let fields = field.fields(&[
        "allowCredentials",
        "allowHeaders",
        "allowMethods",
        "allowOrigins",
        "exposeHeaders",
        "maxAge",
    ]);
    let credentials = fields.get("allowCredentials").map(|field| field.boolean());
    let age = fields
        .get("maxAge")
        .map(|field| field.integer(1, 31_536_000));
    let origins: Option<Vec<_>> = { fields.items("allowOrigins").into_iter() }
        .map(|field| origin(&field))
        .collect();
    let (methods, headers) = (
        texts(&fields, "allowMethods"),
        texts(&fields, "allowHeaders"),
    );
    let exposed = texts(&fields, "exposeHeaders");
    let seconds = match age {
        Some(age) => age?,
        None => DEFAULT_AGE,
    };
    Some(Cors {
        allow_origins: origins?,
        allow_methods: methods?,
        allow_headers: headers?,
        expose_headers: exposed?,
        max_age: Some(Span::from(Duration::from_secs(seconds))),
        allow_credentials: match credentials {
            Some(credentials) => credentials?,
            None => false,
        },
        // As Istio has it for these filters.
        unmatched_preflights: UnmatchedPreflights::Ignore,
    })
}

fn texts(fields: &Fields<'_>, key: &'static str) -> Option<Vec<String>> {
    let items = fields.items(key);
    let texts: Option<Vec<_>> = { items.iter() }
        .map(|field| field.text().map(str::to_owned))
        .collect();
    let texts = texts?;
    if texts.len() > 1
        && texts.iter().any(|text| text == "*")
        && let Some(field) = fields.get(key)
    {
        let message = "`*` stands beside others, which it takes in";
        field.refused(
            "conflicting-fields",
            message,
            "write `*` alone, or the others",
        );
        return None;
    }
    Some(texts)
}

/// `*`, or a scheme and a host that may begin with `*` and may have a port.
fn origin(field: &Field<'_>) -> Option<TextMatch> {
    let text = field.text()?;
    let wrong = || {
        let message = format!("`{}` is no origin", shortened(text));
        let advice = "write scheme and host, without a path: https://shop.example.com";
        field.refused("invalid-value", message, advice);
        None
    };
    if text == "*" {
        // As Istio has it: whoever has an origin, which `null` is none.
        return ANY.parse().ok().map(TextMatch::Regex);
    }
    let Some((scheme, host)) = text.split_once("://") else {
        return wrong();
    };
    let sound = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
    };
    let rest = host.strip_prefix('*').unwrap_or(host);
    let scheme_is_sound = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !scheme_is_sound || host.is_empty() || !rest.bytes().all(sound) {
        return wrong();
    }
    if !host.starts_with('*') {
        return Some(TextMatch::exact(text));
    }
    // Any number of labels, as in hosts.
    let expression = format!("{}://[^/:]+{}", escape(scheme), escape(rest));
    match expression.parse::<Pattern>() {
        Ok(pattern) => Some(TextMatch::Regex(pattern)),
        Err(_) => wrong(),
    }
}

/// Only characters of schemes and hosts come here.
fn escape(text: &str) -> String {
    let special = |letter: char| matches!(letter, '.' | '+' | '[' | ']' | '-');
    text.chars().fold(String::new(), |mut whole, letter| {
        if special(letter) {
            whole.push('\\');
        }
        whole.push(letter);
        whole
    })
}

/// A scheme and an authority.
const ANY: &str = "[^:/?#]+://[^/?#]+";
/// In seconds.
const DEFAULT_AGE: u64 = 5;

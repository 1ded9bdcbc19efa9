use crate::import::field::Field;
use crate::import::istio::parts::one_of;
use crate::policy::{Pattern, TextMatch, ValueMatch};

/// What a text must be like (StringMatch).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Nothing is asked but that it is there.
    Present,
    Exact(String),
    Prefix(String),
    Regex(Pattern),
}

/// What a text is of, which decides what may be asked of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Of {
    Path,
    /// A header or a query parameter, which need not be there.
    Optional,
    /// A header that must not be like that.
    Absent,
    Other,
}

/// Reads one. Outside of paths an empty prefix is refused, as it says nothing.
pub(super) fn wanted(field: &Field<'_>, of: Of) -> Option<Wanted> {
    let fields = field.fields(&["exact", "prefix", "regex"]);
    if !field.is_mapping() {
        return None;
    }
    let there = one_of(&fields, &["exact", "prefix", "regex"]);
    let Some((kind, value)) = there.into_iter().next() else {
        field.applied();
        return Some(Wanted::Present);
    };
    let text = value.text()?;
    match kind {
        "exact" => Some(Wanted::Exact(text.to_owned())),
        "prefix" if text.is_empty() && of != Of::Path => {
            let message = "every text begins with an empty prefix";
            value.refused("invalid-value", message, IS_THERE);
            None
        }
        "prefix" => Some(Wanted::Prefix(text.to_owned())),
        // No regular expression, but Istio's way to ask that it is there.
        _ if text == "*" && of == Of::Absent => Some(Wanted::Present),
        _ if text == "*" && of == Of::Optional => {
            let message = "`*` is no regular expression: Istio's webhook refuses it, though its \
                           proxies would ask that it is there";
            value.fault("star-for-regex", message, IS_THERE);
            Some(Wanted::Present)
        }
        _ if text.is_empty() => {
            let message = "the regular expression is empty";
            value.refused(
                "invalid-value",
                message,
                "write one, or leave the match out",
            );
            None
        }
        _ => value.parse().map(Wanted::Regex),
    }
}

const IS_THERE: &str = "write `{}` to ask that it is there";

impl Wanted {
    pub(super) fn into_value(self) -> ValueMatch {
        match self {
            Self::Present => ValueMatch::Present,
            Self::Exact(text) => ValueMatch::Exact(text),
            Self::Prefix(text) => ValueMatch::Prefix(text),
            Self::Regex(pattern) => ValueMatch::Regex(pattern),
        }
    }

    /// For what every request has.
    pub(super) fn into_text(self) -> Option<TextMatch> {
        match self {
            Self::Present => None,
            Self::Exact(text) => Some(TextMatch::Exact(text)),
            Self::Prefix(text) => Some(TextMatch::Prefix(text)),
            Self::Regex(pattern) => Some(TextMatch::Regex(pattern)),
        }
    }
}

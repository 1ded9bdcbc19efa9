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

/// Reads one. Outside of paths an empty prefix is refused, as it says nothing.
pub(super) fn wanted(field: &Field<'_>, in_path: bool) -> Option<Wanted> {
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
        "prefix" if text.is_empty() && !in_path => {
            let message = "every text begins with an empty prefix";
            value.refused(
                "invalid-value",
                message,
                "write `{}` to ask that it is there",
            );
            None
        }
        "prefix" => Some(Wanted::Prefix(text.to_owned())),
        // No regular expression, but Istio's way to ask that it is there.
        _ if text == "*" && !in_path => Some(Wanted::Present),
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

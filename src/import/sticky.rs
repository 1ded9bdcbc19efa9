//! The annotation that keeps callers at one destination of a split.
//!
//! Neither VirtualServices nor routes of the Gateway API have a field for it, so it stands where
//! they leave room for others: `tower-mesh.io/sticky-split` holds what the field `sticky` of a
//! native rule holds, in YAML, for every rule of the document that has several destinations; with
//! `.` and a rule's name (or its index) behind it, for that rule alone. So there is one form to
//! learn, and whoever does not know it passes over it.

use crate::import::field::Field;
use crate::import::kind::Kind;
use crate::import::resource::Foreign;
use crate::policy::Sticky;
use crate::policy::wording::{choose_from, shortened};

/// What the annotation is called.
const ANNOTATION: &str = "tower-mesh.io/sticky-split";
/// What all annotations that are meant for us begin with.
const OURS: &str = "tower-mesh.io/";

/// What follows the annotation's name for one rule, or nothing for all; `None` for another
/// annotation.
pub(crate) fn meant_for(annotation: &str) -> Option<Option<&str>> {
    match annotation.strip_prefix(ANNOTATION)? {
        "" => Some(None),
        rest => rest.strip_prefix('.').map(Some),
    }
}

/// What a document says, with the field that says it.
pub(crate) type Said<'a> = (Sticky, Field<'a>);

/// A rule for which something may be said.
pub(crate) struct Split<'b, 'a> {
    pub(crate) name: Option<&'b str>,
    pub(crate) index: usize,
    /// Whether it sends requests anywhere.
    pub(crate) sends: bool,
    /// What is said.
    pub(crate) sticky: &'b mut Option<Said<'a>>,
}

/// Says to the rules of a document what its annotations say.
///
/// Call it when it is decided whether the document is taken: what is wrong with the annotation is
/// told, but Istio and the Gateway API would take the document all the same.
pub(crate) fn apply<'a>(document: &Foreign<'a>, rules: &mut [Split<'_, 'a>]) {
    let mut said: Vec<_> = annotations(document)
        .into_iter()
        .filter_map(|(name, field)| Some((meant_for(name)?, field)))
        .collect();
    // What is said of one rule holds over what is said of all.
    said.sort_by_key(|(rule, _)| rule.is_some());
    for (meant, field) in said {
        if field.is_null() {
            let message = "the annotation says nothing";
            let advice = "write such as `{ by: { header: x-user } }`";
            field.refused("invalid-value", message, advice);
            continue;
        }
        let known = |rule: &Split<'_, '_>| match rule.name {
            Some(name) => name.to_owned(),
            None => rule.index.to_string(),
        };
        let is_meant = |rule: &Split<'_, '_>| meant.is_none_or(|meant| known(rule) == meant);
        if let Some(meant) = meant
            && !rules.iter().any(is_meant)
        {
            let message = format!("there is no rule `{}`", shortened(meant));
            let names: Vec<_> = rules.iter().map(known).collect();
            let advice = choose_from(meant, names.iter().map(String::as_str));
            field.refused("unknown-rule", message, advice);
            continue;
        }
        let Some(sticky) = field.whole::<Sticky>() else {
            field.left_out("requests are drawn for");
            continue;
        };
        let mut idle = true;
        for rule in rules.iter_mut().filter(|rule| is_meant(rule)) {
            if rule.sends {
                *rule.sticky = Some((sticky.clone(), field.clone()));
                idle = false;
            }
        }
        if idle {
            field.ignored("no rule that it is for sends requests anywhere");
        }
    }
}

/// Tells of annotations that are meant for us, but say nothing to this document.
pub(crate) fn tell_of_strays(document: &Foreign<'_>) {
    let splits = matches!(
        document.kind,
        Kind::VirtualService | Kind::HttpRoute | Kind::GrpcRoute
    );
    for (name, field) in annotations(document) {
        if !name.starts_with(OURS) || splits && meant_for(name).is_some() {
            continue;
        }
        let message = format!("the annotation `{}` says nothing here", shortened(name));
        let advice = format!("write `{ANNOTATION}`, in a VirtualService, HTTPRoute or GRPCRoute");
        field.ignored("nobody reads the annotation");
        field.warn("unknown-field", message, advice);
    }
}

fn annotations<'a>(document: &Foreign<'a>) -> Vec<(&'a str, Field<'a>)> {
    let annotations =
        { document.root.peek("metadata") }.and_then(|metadata| metadata.peek("annotations"));
    // What is no mapping is nothing of ours.
    let annotations = annotations.filter(Field::is_mapping);
    annotations.map(|field| field.entries()).unwrap_or_default()
}

//! Changes of headers.

use crate::policy::format::{Piece, Said};
use crate::policy::{Destination, Header, HeaderChanges, HeaderText, Rule};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Puts the changes of a level into a route or a weighted cluster.
pub(super) fn edit(into: &mut Map<String, Value>, request: Value, response: Value) {
    let all = [("request", request), ("response", response)];
    for (message, changes) in all {
        for (what, list) in [("remove", "remove"), ("add", "add")] {
            if changes[list]
                .as_array()
                .is_some_and(|list| !list.is_empty())
            {
                let key = format!("{message}_headers_to_{what}");
                into.insert(key, changes[list].clone());
            }
        }
    }
}

/// What a rule says alone, as it counts where it redirects or responds, and, where there are
/// several destinations, after what those say.
pub(super) fn of_rule(rule: &Rule) -> (Value, Value) {
    let headers = &rule.headers;
    (
        level(rule, &[&headers.request]),
        level(rule, &[&headers.response]),
    )
}

/// What one of several destinations says.
pub(super) fn of_destination(rule: &Rule, to: &Destination) -> (Value, Value) {
    let headers = &to.headers;
    (
        level(rule, &[&headers.request]),
        level(rule, &[&headers.response]),
    )
}

/// What a rule and its only destination say, as one level, in which the destination's come last.
pub(super) fn of_both(rule: &Rule, to: &Destination) -> (Value, Value) {
    let (own, to) = (&rule.headers, &to.headers);
    (
        level(rule, &[&own.request, &to.request]),
        level(rule, &[&own.response, &to.response]),
    )
}

/// One level: Envoy removes, then sets, then adds, whatever the order in the list.
fn level(rule: &Rule, changes: &[&HeaderChanges]) -> Value {
    let removed = changes.iter().flat_map(|changes| &changes.remove);
    let removed: Vec<_> = removed.map(Header::as_str).collect();
    let pairs = |of: fn(&HeaderChanges) -> &BTreeMap<Header, HeaderText>, action: &str| {
        let all = changes.iter().flat_map(move |changes| of(changes));
        // An empty value changes nothing.
        let all = all.filter(|(_, value)| !value.as_str().is_empty());
        let pair = |(name, value): (&Header, &HeaderText)| {
            json!({
                "header": { "key": name.as_str(), "value": named(value, rule) },
                "append_action": action,
            })
        };
        all.map(pair).collect::<Vec<_>>()
    };
    let mut added = pairs(|changes| &changes.set, "OVERWRITE_IF_EXISTS_OR_ADD");
    added.extend(pairs(|changes| &changes.add, "APPEND_IF_EXISTS_OR_ADD"));
    json!({ "remove": removed, "add": added })
}

/// The format string. To Envoy a route's name is one that no other route has, so that a rule's own
/// name is put in here.
fn named(value: &HeaderText, rule: &Rule) -> String {
    let doubled = |text: &str| text.replace('%', "%%");
    let pieces = value.pieces().iter();
    pieces
        .map(|piece| match piece {
            Piece::Text(text) => doubled(text),
            Piece::Command(command) => match command.said() {
                Said::Rule => doubled(rule.name.as_deref().unwrap_or_default()),
                _ => format!("%{command}%"),
            },
        })
        .collect()
}

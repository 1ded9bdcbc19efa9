//! How a path becomes another.

use crate::export::envoy::matching::expression;
use crate::policy::{Match, PathMatch, PathRewrite, RegexRewrite};
use serde_json::{Value, json};

/// What a rewriting is to Envoy.
#[derive(Debug, PartialEq)]
pub(super) enum NewPath {
    /// In place of what the route's match took (Envoy: `prefix_rewrite`).
    Prefix(String),
    /// (Envoy: `regex_rewrite`.)
    Regex(Value),
    /// Cannot be said; what is nearest.
    Nearly(Value),
}

/// The rewriting for a route with this match.
pub(super) fn new_path(rewrite: &PathRewrite, matching: Option<&Match>) -> NewPath {
    let path = matching.and_then(|matching| matching.path.as_ref());
    let case = match matching.is_some_and(|matching| matching.ignore_path_case) {
        true => "(?i)",
        false => "",
    };
    match rewrite {
        PathRewrite::Full(new) => NewPath::Regex(all_of_it(new)),
        PathRewrite::Regex(regex) => NewPath::Regex(regex_rewrite(regex)),
        PathRewrite::Matched(new) if !new.is_empty() => NewPath::Prefix(new.clone()),
        // To Envoy an empty prefix is none.
        PathRewrite::Matched(_) => match path {
            Some(PathMatch::StartsWith(start)) => {
                NewPath::Regex(by_regex(&format!("{case}^{}", literal(start)), ""))
            }
            _ => NewPath::Regex(by_regex("^/", "")),
        },
        PathRewrite::Prefix(new) => {
            let new = new.strip_suffix('/').unwrap_or(new);
            match path {
                Some(PathMatch::Exact(_) | PathMatch::Regex(_)) => {
                    NewPath::Regex(all_of_it(if new.is_empty() { "/" } else { new }))
                }
                Some(PathMatch::Prefix(prefix)) if prefix.as_str() != "/" => {
                    let prefix = prefix.as_str();
                    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
                    match new {
                        // Nothing in front of the rest, but one slash.
                        "" => {
                            let start = format!("{case}^{}(/?)(.*)", literal(prefix));
                            NewPath::Regex(by_regex(&start, r"/\2"))
                        }
                        new => NewPath::Prefix(new.to_owned()),
                    }
                }
                None | Some(PathMatch::Prefix(_)) => {
                    NewPath::Regex(match new {
                        // `/` is replaced by nothing but itself.
                        "" => by_regex("^/", "/"),
                        // `/` alone has no rest; in front of any other path the new one is put.
                        new => by_regex("^/$|^", &substitution(new)),
                    })
                }
                Some(PathMatch::StartsWith(start)) => {
                    let start = format!("{case}^{}(/?)(.*)", literal(start));
                    NewPath::Nearly(by_regex(&start, &format!(r"{}/\2", substitution(new))))
                }
            }
        }
    }
}

fn all_of_it(new: &str) -> Value {
    by_regex("^/.*$", &substitution(new))
}

fn regex_rewrite(regex: &RegexRewrite) -> Value {
    by_regex(expression(&regex.pattern), &regex.substitution)
}

fn by_regex(pattern: &str, substitution: &str) -> Value {
    json!({ "pattern": { "regex": pattern }, "substitution": substitution })
}

/// A text that stands for itself in a pattern.
fn literal(text: &str) -> String {
    regex_syntax::escape(text)
}

/// A text that stands for itself where groups may be named.
fn substitution(text: &str) -> String {
    text.replace('\\', r"\\")
}

//! What a running Envoy did, held against what a plan decides, and against what happens to the
//! same bytes at a gateway's socket.
//!
//! The observations are data. Some lie beside this file; the environment variable
//! `TOWER_MESH_CASES` names a folder with all that were recorded, in its folder `envoy`. What
//! cannot be the same is listed in `LEFT_OUT`, with the reason.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod cors;
mod parts;
#[path = "../support/recorded.rs"]
mod recorded;
mod translate;
mod trial;
mod ways;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is left out, by part, and why.
const LEFT_OUT: &[(Way, &str, &str)] = &[
    (
        Way::Each,
        "host_matching",
        "a wildcard elsewhere than in front",
    ),
    (Way::Each, "matching", NO_SUCH_PREDICATE),
    (
        Way::Each,
        "normalisation",
        "a setting that is none of Istio's levels",
    ),
    (
        Way::Each,
        "redirect",
        "`strip_query`, which neither Istio nor the Gateway API has",
    ),
    (Way::Each, "repeated_headers", NO_SUCH_PREDICATE),
    (
        Way::Each,
        "rewrite",
        "what comes out is no path: it is left as it was, by design",
    ),
    (
        Way::Each,
        "cors",
        "private networks, of which neither Istio nor the Gateway API speaks",
    ),
    (Way::Decided, "normalisation", "bytes that are no text"),
    (Way::Decided, "normalisation", NO_URI),
    (
        Way::Decided,
        "matching",
        "a target with scheme and host, for which a question has fields",
    ),
    (Way::Happened, "normalisation", NO_URI),
    (
        Way::Happened,
        "matching",
        "hyper's server cuts fragments off before anybody sees them",
    ),
];

const NO_SUCH_PREDICATE: &str = "a predicate that neither Istio nor the Gateway API has";
const NO_URI: &str = "no URI holds it: hyper's server answers 400, and a question is escaped";

/// How it is found out what becomes of a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Way {
    Decided,
    Happened,
    Each,
}

/// What was tried, by part, and what was not.
pub(crate) struct Tally {
    way: Way,
    tried: BTreeMap<&'static str, usize>,
    skipped: BTreeMap<(&'static str, &'static str), usize>,
}

impl Tally {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            way,
            tried: BTreeMap::new(),
            skipped: BTreeMap::new(),
        }
    }

    pub(crate) fn tried(&mut self, part: &'static str) {
        *self.tried.entry(part).or_default() += 1;
    }

    pub(crate) fn skip(&mut self, part: &'static str, why: &'static str) {
        *self.skipped.entry((part, why)).or_default() += 1;
    }

    /// Says what it was, and that what was left out is what is listed.
    pub(crate) fn close(self, parts: &[&str], all: bool) {
        for (part, number) in &self.tried {
            println!("{:?}: {part}: {number} tried", self.way);
        }
        for ((part, why), number) in &self.skipped {
            println!("{:?}: {part}: {number} left out: {why}", self.way);
        }
        let listed = LEFT_OUT.iter().filter(|(way, part, _)| {
            (*way == Way::Each || *way == self.way) && parts.contains(part)
        });
        let listed: BTreeSet<_> = listed.map(|(_, part, why)| (*part, *why)).collect();
        let skipped: BTreeSet<_> = self.skipped.into_keys().collect();
        assert!(skipped.is_subset(&listed), "not listed: {skipped:?}");
        // What lies beside this test needs nothing of it.
        assert!(
            !all || skipped == listed,
            "stale: {listed:?}, not {skipped:?}"
        );
        let tried: Vec<_> = self.tried.into_keys().collect();
        assert_eq!(tried, parts);
    }
}

/// The observations, and whether that is all of them.
pub(crate) fn observations() -> (Value, bool) {
    const OWN: &str = include_str!("own.json");
    recorded::recorded("envoy/routing-observations.json", OWN)
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

const PARTS: &[&str] = &[
    "host_matching",
    "matching",
    "normalisation",
    "redirect",
    "repeated_headers",
    "rewrite",
];

#[test]
fn a_plan_decides_what_envoy_did() {
    let (observed, all) = observations();
    let (mut tally, mut failed) = (Tally::new(Way::Decided), Vec::new());
    for (part, groups) in parts::groups(&observed, &mut tally) {
        for group in &groups {
            for trial in &group.trials {
                let path = str::from_utf8(&trial.path);
                let reason = match path {
                    Err(_) => Some("bytes that are no text"),
                    Ok(path) if trial.fate.path.as_deref() == Some(path) && no_uri(path) => {
                        Some(NO_URI)
                    }
                    Ok(path) if path.starts_with("http:") => {
                        Some("a target with scheme and host, for which a question has fields")
                    }
                    Ok(_) => None,
                };
                if let Some(reason) = reason {
                    tally.skip(part, reason);
                    continue;
                }
                tally.tried(part);
                let seen = ways::decided(group, trial);
                failed.extend(trial.judge(&seen).map(|wrong| format!("{part}: {wrong}")));
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    tally.close(PARTS, all);
}

#[tokio::test]
async fn a_gateway_does_with_the_same_bytes_what_envoy_did() {
    let (observed, all) = observations();
    let (mut tally, mut failed) = (Tally::new(Way::Happened), Vec::new());
    let server = ways::server().await;
    for (part, groups) in parts::groups(&observed, &mut tally) {
        for group in &groups {
            for (trial, seen) in group.trials.iter().zip(ways::happened(group, server).await) {
                let path = String::from_utf8_lossy(&trial.path);
                if no_uri(&path) {
                    tally.skip(part, NO_URI);
                    assert_eq!(seen.status, Some(400), "{path}");
                } else if path.contains('#') {
                    tally.skip(
                        part,
                        "hyper's server cuts fragments off before anybody sees them",
                    );
                } else {
                    tally.tried(part);
                    failed.extend(trial.judge(&seen).map(|wrong| format!("{part}: {wrong}")));
                }
            }
        }
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    tally.close(PARTS, all);
}

fn no_uri(path: &str) -> bool {
    path.contains(['<', '>', '`'])
}

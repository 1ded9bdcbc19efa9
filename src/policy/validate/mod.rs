//! What serde cannot see: names that refer to nothing, weights that sum to nothing, things that
//! are there twice.

mod actions;
mod cors;
mod gateways;
mod limits;
mod patterns;
mod retries;
mod routes;
mod services;
mod sticky;

use crate::policy::registry::Registry;
use crate::policy::trail::Trail;
use crate::policy::wording::shortened;
use crate::policy::{Error, Policy, Span};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

impl Policy {
    /// Finds what is wrong with the policy, and what can hardly be meant.
    ///
    /// A policy without findings of severity [`Error`](crate::policy::Severity::Error) compiles.
    /// The places are paths; policies that are read from text are validated with their lines and
    /// columns by [`Policy::parse`](Policy::parse) and its kin.
    pub fn validate(&self) -> Vec<Error> {
        check(self, &BTreeSet::new())
    }
}

/// Validates a policy of which these services could not be read, though they are there.
pub(crate) fn check(policy: &Policy, unread: &BTreeSet<String>) -> Vec<Error> {
    let mut found = Vec::new();
    let root = Trail::default();
    let registry = Registry::new(policy);
    for (name, service) in &policy.services {
        services::check(
            name,
            service,
            &registry,
            &root.key("services").key(name),
            &mut found,
        );
    }
    for (name, gateway) in &policy.gateways {
        gateways::check(name, gateway, &root.key("gateways").key(name), &mut found);
    }
    gateways::check_sidecars(policy, &root.key("sidecars"), &mut found);
    routes::check(policy, &registry, unread, &root.key("routes"), &mut found);
    patterns::check(policy, &root.key("routes"), &mut found);
    services::unused_subsets(policy, &registry, &root.key("services"), &mut found);
    found
}

/// Spans made in code can be what texts cannot.
fn check_span(span: Span, trail: Trail, found: &mut Vec<Error>) {
    if !span.is_valid() {
        let message = format!("`{span}` is not between 0 and 365 days");
        found.push(Error::new("invalid-value", trail, message).advise("write more than 0"));
    }
}

/// Finds what stands in two places: both, the later first.
fn twice<T: Eq + Hash>(items: impl IntoIterator<Item = (Trail, T)>) -> Vec<(Trail, Trail, T)> {
    let mut places: HashMap<T, Trail> = HashMap::new();
    let mut found = Vec::new();
    for (trail, item) in items {
        match places.get(&item) {
            Some(first) => found.push((trail, first.clone(), item)),
            None => {
                places.insert(item, trail);
            }
        }
    }
    found
}

/// Finds names that are given twice where each has to be there once.
fn check_names<'a>(
    what: &str,
    names: impl IntoIterator<Item = (Trail, Cow<'a, str>)>,
    found: &mut Vec<Error>,
) {
    for (at, first, name) in twice(names) {
        let message = format!("the name `{}` is given to two {what}", shortened(&name));
        let error = Error::new("duplicate-name", at, message).because(first);
        found.push(error.advise("rename one of the two"));
    }
}

/// What has no name goes by its index, which is a name that others may have been given.
fn name_or_index<'a>(trail: Trail, name: Option<&'a str>, index: usize) -> (Trail, Cow<'a, str>) {
    match name {
        Some(name) => (trail.key("name"), name.into()),
        None => (trail, index.to_string().into()),
    }
}

#[cfg(test)]
mod tests;

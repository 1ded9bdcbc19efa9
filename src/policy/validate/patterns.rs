//! Regular expressions cost memory and time to compile. Each is bounded when it is read; here all
//! of a policy are.

use crate::policy::trail::Trail;
use crate::policy::{
    Cors, Error, Match, PathMatch, PathRewrite, Pattern, Policy, Rewrite, Rule, TextMatch,
    ValueMatch,
};

/// Refuses the pattern that is one too many.
pub(super) fn check(policy: &Policy, trail: &Trail, found: &mut Vec<Error>) {
    let mut left = MOST;
    for (index, route) in policy.routes.iter().enumerate() {
        for (number, rule) in route.rules.iter().enumerate() {
            for (steps, pattern) in patterns(rule) {
                if let Some(rest) = left.checked_sub(pattern.size()) {
                    left = rest;
                    continue;
                }
                let rule = trail.index(index).key("rules").index(number);
                let at = steps.into_iter().fold(rule, |trail, step| match step {
                    Step::Key(key) => trail.key(key),
                    Step::Index(index) => trail.index(index),
                });
                let message = "the regular expressions up to this one are too large together: \
                               1,048,576 states are the most";
                let error = Error::new("too-many-patterns", at, message);
                found.push(error.advise(
                    "repeat less within them, write what needs no expression as `exact` or \
                     `prefix`, or split the policy",
                ));
                return;
            }
        }
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

type Found<'a> = (Vec<Step<'a>>, &'a Pattern);

fn patterns(rule: &Rule) -> impl Iterator<Item = Found<'_>> {
    let matches = rule.matches.iter().enumerate();
    let matches = matches.flat_map(|(index, matching)| {
        let found = of_match(matching).into_iter();
        found.map(move |(steps, pattern)| {
            let place = [Step::Key("match"), Step::Index(index)];
            (place.into_iter().chain(steps).collect(), pattern)
        })
    });
    let own = of_rewrite(&rule.rewrite).map(|found| (Vec::new(), found));
    let shares = rule.to.iter().enumerate().filter_map(|(index, to)| {
        let place = vec![Step::Key("to"), Step::Index(index)];
        Some((place, of_rewrite(&to.rewrite)?))
    });
    let rewrites = own.into_iter().chain(shares).map(|(mut place, pattern)| {
        place.extend(["rewrite", "path", "regex", "match"].map(Step::Key));
        (place, pattern)
    });
    let origins = rule.cors.iter().flat_map(of_cors);
    matches.chain(rewrites).chain(origins)
}

fn of_rewrite(rewrite: &Rewrite) -> Option<&Pattern> {
    match &rewrite.path {
        Some(PathRewrite::Regex(regex)) => Some(&regex.pattern),
        _ => None,
    }
}

fn of_cors(cors: &Cors) -> impl Iterator<Item = Found<'_>> {
    let origins = cors.allow_origins.iter().enumerate();
    origins.filter_map(|(index, origin)| {
        let keys = ["cors", "allowOrigins"].map(Step::Key).into_iter();
        let end = [Step::Index(index), Step::Key("regex")];
        Some((keys.chain(end).collect(), of_text(origin)?))
    })
}

fn of_match(matching: &Match) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    if let Some(PathMatch::Regex(pattern)) = &matching.path {
        found.push((vec![Step::Key("path"), Step::Key("regex")], pattern));
    }
    for (field, text) in [
        ("method", &matching.method),
        ("scheme", &matching.scheme),
        ("authority", &matching.authority),
    ] {
        if let Some(pattern) = text.as_ref().and_then(of_text) {
            found.push((vec![Step::Key(field), Step::Key("regex")], pattern));
        }
    }
    let headers = matching.headers.iter();
    let headers = headers.map(|(name, value)| ("headers", name.as_str(), value));
    let without = matching.without_headers.iter();
    let without = without.map(|(name, value)| ("withoutHeaders", name.as_str(), value));
    let query = matching.query.iter();
    let query = query.map(|(name, value)| ("query", name.as_str(), value));
    for (field, name, value) in headers.chain(without).chain(query) {
        if let ValueMatch::Regex(pattern) = value {
            let steps = [field, name, "regex"].map(Step::Key);
            found.push((steps.into(), pattern));
        }
    }
    found
}

fn of_text(text: &TextMatch) -> Option<&Pattern> {
    match text {
        TextMatch::Regex(pattern) => Some(pattern),
        TextMatch::Exact(_) | TextMatch::Prefix(_) => None,
    }
}

/// So many states take a second or so to compile, and tens of megabytes.
const MOST: usize = 1 << 20;

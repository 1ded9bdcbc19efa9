//! Which parts of a policy any test has exercised, and how much of it must be.

mod minimum;
mod told;

pub use minimum::{Minimum, NotAMinimum};
#[cfg(feature = "yaml")]
pub(in crate::testing) use told::Spot;

use crate::explain::Taken;
use crate::policy::places::to_rule;
use crate::policy::{Place, Places, Policy, Rule};
use serde::Serialize;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often each rule, match and destination of a policy has decided a request.
///
/// A rule is covered when it took a request, a match when it was the one by which it did, and a
/// destination when a request that it may be drawn for came that far: past faults, limits and
/// preflights, and past `redirect` and `respond`. A destination without a share is none.
///
/// Threads may count at once.
#[derive(Debug)]
pub struct Coverage {
    rules: Vec<Counted>,
    /// The index of each route's first rule.
    routes: Vec<usize>,
}

/// What is counted of one rule.
#[derive(Debug)]
struct Counted {
    route: usize,
    rule: usize,
    name: String,
    hits: AtomicU64,
    matches: Vec<AtomicU64>,
    destinations: Vec<Option<(String, AtomicU64)>>,
}

/// What a [`Coverage`] has come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Covered {
    /// The rules of all routes.
    pub rules: Share,
    /// The matches of those rules that have some.
    pub matches: Share,
    /// The destinations that have a share.
    pub destinations: Share,
}

/// How much of one kind is covered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// How many are covered.
    pub covered: usize,
    /// How many there are.
    pub total: usize,
    /// Those that are not, in the policy's order.
    pub missed: Vec<Missed>,
}

/// A part of a policy that no request has come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Missed {
    /// The rule as `route/rule`; with the match's index or the destination's name behind it.
    pub name: String,
    /// Where it stands in the policy, or in the documents where these are known.
    pub at: Place,
}

impl Coverage {
    /// Nothing is covered yet.
    pub fn of(policy: &Policy) -> Self {
        let mut rules = Vec::new();
        let mut routes = Vec::new();
        for (route, from) in policy.routes.iter().enumerate() {
            routes.push(rules.len());
            for (index, rule) in from.rules.iter().enumerate() {
                let name = rule.name.clone().unwrap_or_else(|| index.to_string());
                rules.push(Counted {
                    route,
                    rule: index,
                    name: format!("{}/{name}", from.name),
                    hits: AtomicU64::new(0),
                    matches: rule.matches.iter().map(|_| AtomicU64::new(0)).collect(),
                    destinations: destinations(rule),
                });
            }
        }
        Self { rules, routes }
    }

    fn rule(&self, taken: &Taken) -> Option<&Counted> {
        let first = self.routes.get(taken.route)?;
        self.rules.get(first + taken.rule)
    }

    /// `route/rule`.
    #[cfg(feature = "yaml")]
    pub(in crate::testing) fn name_of(&self, taken: &Taken) -> &str {
        self.rule(taken).map_or("", |rule| &rule.name)
    }

    /// Counts what decided a request.
    pub(crate) fn count(&self, taken: &Taken) {
        let Some(rule) = self.rule(taken) else {
            return;
        };
        rule.hits.fetch_add(1, Ordering::Relaxed);
        if let Some(matching) = taken.matching.and_then(|at| rule.matches.get(at)) {
            matching.fetch_add(1, Ordering::Relaxed);
        }
        for to in &taken.destinations {
            if let Some(Some((_, hits))) = rule.destinations.get(*to) {
                hits.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What it has come to, so far.
    pub fn covered(&self, places: &Places) -> Covered {
        let mut covered = Covered {
            rules: Share::none(),
            matches: Share::none(),
            destinations: Share::none(),
        };
        for rule in &self.rules {
            let trail = to_rule(rule.route, rule.rule);
            let at = |trail| { places.find(&trail) }.unwrap_or_else(|| Place::within(trail));
            covered.rules.add(&rule.hits, || Missed {
                name: rule.name.clone(),
                at: at(trail.clone()),
            });
            for (index, hits) in rule.matches.iter().enumerate() {
                covered.matches.add(hits, || Missed {
                    name: format!("{} match[{index}]", rule.name),
                    at: at(trail.key("match").index(index)),
                });
            }
            for (index, to) in rule.destinations.iter().enumerate() {
                if let Some((name, hits)) = to {
                    covered.destinations.add(hits, || Missed {
                        name: format!("{} to {name}", rule.name),
                        at: at(trail.key("to").index(index)),
                    });
                }
            }
        }
        covered
    }
}

/// The names of those that have a share.
fn destinations(rule: &Rule) -> Vec<Option<(String, AtomicU64)>> {
    let to = rule.to.iter();
    to.map(|to| {
        let name = match &to.subset {
            Some(subset) => format!("{}/{subset}", to.service),
            None => to.service.clone(),
        };
        (to.weight > 0).then(|| (name, AtomicU64::new(0)))
    })
    .collect()
}

impl Share {
    fn none() -> Self {
        Self {
            covered: 0,
            total: 0,
            missed: Vec::new(),
        }
    }

    fn add(&mut self, hits: &AtomicU64, missed: impl FnOnce() -> Missed) {
        self.total += 1;
        match hits.load(Ordering::Relaxed) {
            0 => self.missed.push(missed()),
            _ => self.covered += 1,
        }
    }

    /// The part that is covered, in percent; of nothing all is.
    pub fn percent(&self) -> f64 {
        match self.total {
            0 => 100.0,
            total => self.covered as f64 * 100.0 / total as f64,
        }
    }
}

/// `3 of 4 (75 %)`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded down: what is not whole must not look so.
        let percent = self.percent().floor();
        write!(f, "{} of {} ({percent} %)", self.covered, self.total)
    }
}

#[cfg(all(test, feature = "yaml"))]
mod tests {
    use crate::testing::Subject;
    use http::Request;

    #[test]
    fn each_part_is_counted_for_itself() {
        let policy = "
services: { a: { endpoints: [{ address: '10.0.0.1:80' }] }, b: { endpoints: [{ address: '10.0.0.2:80' }] } }
routes:
  - name: a
    hosts: [a]
    rules:
      - match: [{ path: { exact: /x } }, { path: { exact: /y } }, { path: { exact: /z } }]
        to: [{ service: a }, { service: b, weight: 0 }]
      - to: [{ service: b }]
";
        let mesh = Subject::new(&policy.parse().unwrap()).unwrap();
        for path in ["/y", "/z"] {
            mesh.decide(&Request::get(format!("http://a{path}")).body(()).unwrap());
        }
        let covered = mesh.covered();
        let missed = |share: &super::Share| -> Vec<_> {
            { share.missed.iter() }
                .map(|missed| missed.name.clone())
                .collect()
        };
        assert_eq!(missed(&covered.rules), ["a/1"]);
        assert_eq!(missed(&covered.matches), ["a/0 match[0]"]);
        // What nobody is sent to is not asked for.
        assert_eq!(missed(&covered.destinations), ["a/1 to b"]);
        assert_eq!(covered.destinations.total, 2);
        // What is not whole does not look so.
        assert_eq!(covered.matches.to_string(), "2 of 3 (66 %)");
    }
}

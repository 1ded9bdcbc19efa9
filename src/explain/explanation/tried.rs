use crate::explain::explanation::make::Way;
use crate::explain::explanation::wording;
use crate::plan::{Group, Selector, Spot};
use crate::policy::{Match, Place};
use crate::route::{Asked, Located};
use serde::{Deserialize, Serialize};

/// One match of one rule, as the request was held beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tried {
    /// The route; absent for a service that is reached without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The rule: its name, or its index.
    pub rule: String,
    /// Which of the rule's matches; absent for a rule without any, which takes everything.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matching: Option<usize>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// How it went.
    pub verdict: Verdict,
    /// Everything that it asks for, in the order in which it is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<Asks>,
    /// The first of these that the request does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet: Option<Unmet>,
}

/// How it went with a match.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It does not take the request.
    Unmet,
    /// It is the first that takes it.
    Takes,
    /// It would take it, but one before it does.
    TooLate,
}

/// What a match asks for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asks {
    /// Of what: `path`, `method`, `scheme`, `authority`, `header x-beta`, `without header x-beta`,
    /// `query page`.
    pub predicate: String,
    /// What is wanted, in the policy's words: `prefix /api`, `exact "1"`, `matches [0-9]+`,
    /// `present`, `absent`.
    pub wanted: String,
}

/// What is wanted beside what is there.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unmet {
    /// Of what, as in [`Asks`]; of an [`Excluded`] match it is `from`, `gateways` or `port`.
    pub predicate: String,
    /// What is wanted, in the policy's words.
    pub wanted: String,
    /// What there is: all lines of a repeated header, nothing if there is none.
    pub has: Vec<String>,
}

/// A match of the routes that were asked, which does not stand where the request came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Excluded {
    /// The route.
    pub route: String,
    /// The rule: its name, or its index.
    pub rule: String,
    /// Which of the rule's matches.
    #[serde(rename = "match")]
    pub matching: usize,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// What keeps it away.
    pub unmet: Unmet,
}

/// A match of the plan's rule, and where the policy has it.
pub(super) struct Spotted<'a> {
    pub(super) tried: Tried,
    pub(super) matching: Option<&'a Match>,
    pub(super) listed: bool,
}

/// Every match of the group in which the request ended, in their order.
pub(super) fn tried<'a>(way: &'a Way<'_>, located: Located, group: &Group) -> Vec<Spotted<'a>> {
    let asked = Asked::of(&way.head);
    let rules = way
        .routing
        .and_then(|routing| routing.table.rules(located.route));
    let matchers = rules.into_iter().flat_map(|rules| rules.matchers());
    let taker = located.entry.unwrap_or(u32::MAX);
    let entries = (0_u32..).zip(matchers.zip(&group.entries));
    let spotted = entries.filter_map(|(number, (matcher, entry))| {
        let rule = way.plan.rule(Some(entry.rule))?;
        let written = rule
            .written
            .map(|(route, rule)| (route as usize, rule as usize));
        let matching = entry.matching.map(|matching| matching as usize);
        let policy = way.plan.policy();
        let own = written
            .zip(matching)
            .map(|((route, rule), matching)| &policy.routes[route].rules[rule].matches[matching]);
        let at = written.and_then(|(route, rule)| match matching {
            Some(matching) => way.places.matching(route, rule, matching),
            None => way.places.rule(route, rule),
        });
        let failed = matcher.unmet(&asked);
        let tried = Tried {
            route: rule.route.as_deref().map(str::to_owned),
            rule: match written {
                Some(_) => rule.name.as_ref().to_owned(),
                None => rule.label.as_ref().to_owned(),
            },
            matching,
            at: at.map(unfollowed),
            verdict: match failed {
                Some(_) => Verdict::Unmet,
                None if number == taker => Verdict::Takes,
                None => Verdict::TooLate,
            },
            asks: own.map(wording::asks).unwrap_or_default(),
            unmet: failed.map(|predicate| Unmet {
                predicate: wording::name(predicate),
                wanted: { own.and_then(|own| wording::wanted(own, predicate)) }.unwrap_or_default(),
                has: wording::has(&asked, predicate),
            }),
        };
        let precedence = written.map(|(route, _)| policy.routes[route].precedence);
        Some(Spotted {
            tried,
            matching: own,
            listed: precedence != Some(crate::policy::Precedence::Specific),
        })
    });
    spotted.collect()
}

/// The matches of a group's routes that do not stand there.
pub(super) fn excluded(way: &Way<'_>, group: &Group, spot: Spot<'_>) -> Vec<Excluded> {
    let mut all = Vec::new();
    for &number in &group.routes {
        let route = &way.plan.policy().routes[number as usize];
        for (index, rule) in route.rules.iter().enumerate() {
            for (place, matching) in rule.matches.iter().enumerate() {
                let Some(selector) = spot.shuts_out(matching) else {
                    continue;
                };
                let (predicate, wanted) = wording::selector(matching, selector);
                let at = way.places.matching(number as usize, index, place);
                all.push(Excluded {
                    route: route.name.clone(),
                    rule: rule.name.clone().unwrap_or_else(|| index.to_string()),
                    matching: place,
                    at: at.map(unfollowed),
                    unmet: Unmet {
                        predicate: predicate.to_owned(),
                        wanted,
                        has: has(way, spot, selector),
                    },
                });
            }
        }
    }
    all
}

fn has(way: &Way<'_>, spot: Spot<'_>, selector: Selector) -> Vec<String> {
    match selector {
        Selector::From => {
            let labels = wording::labels(way.workload.labels.iter());
            let namespace = format!("namespace {}", way.workload.namespace);
            std::iter::once(namespace).chain(labels).collect()
        }
        Selector::Gateways => vec![match spot.listener {
            Some((gateway, listener)) => format!("{gateway}#{listener}"),
            None => "mesh".to_owned(),
        }],
        Selector::Port => {
            let asked = Asked::of(&way.head).port();
            vec![spot.port.unwrap_or(asked).to_string()]
        }
    }
}

/// A place for people to read, as it is when it was read from JSON.
pub(super) fn unfollowed(mut place: Place) -> Place {
    place.trail = Default::default();
    place
}

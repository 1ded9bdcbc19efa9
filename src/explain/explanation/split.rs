use crate::explain::decide::Destinations;
use crate::explain::explanation::make::Way;
use crate::explain::explanation::steps::fraction;
use crate::explain::explanation::tried::unfollowed;
use crate::plan::{self, Rule};
use crate::policy::registry::is_visible;
use crate::policy::{self, Place, StickyKey, Subset};
use crate::rng::Purpose;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How one of a rule's destinations is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Split {
    /// By what.
    pub how: How,
    /// What keeps callers at a destination: `header x-user`, `cookie uid`, `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The point that was drawn, of 1: each destination holds the part that is its share, in their
    /// order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<f64>,
    /// The destinations, in the rule's order.
    pub arms: Vec<Arm>,
}

/// What decides where a request goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum How {
    /// One destination has everything.
    Sole,
    /// Each request is drawn for; without a chance all are shown.
    Shares,
    /// It was drawn.
    Drawn,
    /// The caller is kept where it is.
    Kept,
    /// The caller gets a cookie whose value was drawn, and is kept by it from now on.
    Settled,
    /// No destination has any weight.
    Nobody,
}

/// A destination of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Arm {
    /// The service, as the policy writes it.
    pub service: String,
    /// Its subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// Its weight.
    pub weight: u32,
    /// Its part of the requests, of 1, over all callers.
    pub share: f64,
    /// Whether this request may go there.
    pub open: bool,
    /// Why nobody is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// A destination that does not exist.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Missing {
    /// The status that its requests get.
    pub status: u16,
    /// What is missing.
    pub because: String,
}

pub(super) fn split(way: &Way<'_>, rule: &Rule, destinations: Destinations) -> Split {
    let written = { rule.written }.map(|(route, index)| (route as usize, index as usize));
    let policy = written.map(|(route, index)| &way.plan.policy().routes[route].rules[index]);
    let choice = rule.split.as_ref();
    let shares: Vec<f64> = match choice {
        Some(choice) => choice.shares().collect(),
        None => vec![0.0; rule.arms.len()],
    };
    let several = shares.iter().filter(|share| **share > 0.0).count() > 1;
    let kept = choice.and_then(|choice| choice.kept(&way.head, way.hops));
    let sticky = { policy.and_then(|rule| rule.sticky.as_ref()) }.filter(|_| several);
    let settles = sticky.is_some_and(|sticky| match &sticky.by {
        StickyKey::Cookie(cookie) => cookie.ttl.is_some(),
        _ => false,
    });
    let how = match (choice, several) {
        (None, _) => How::Nobody,
        (Some(_), false) => How::Sole,
        (Some(_), true) if kept.is_some() => How::Kept,
        (Some(_), true) => match way.chance {
            None => How::Shares,
            Some(_) if settles => How::Settled,
            Some(_) => How::Drawn,
        },
    };
    let draw = way.chance.filter(|_| how == How::Drawn);
    let open = |number: usize| match destinations {
        Destinations::None => false,
        Destinations::All => shares[number] > 0.0,
        Destinations::One(one) => one == Some(number as u32),
    };
    let arms = rule.arms.iter().enumerate().map(|(number, arm)| {
        let to = policy.and_then(|rule| rule.to.get(number));
        let place = written.and_then(|(route, index)| way.places.destination(route, index, number));
        Arm {
            service: match (to, arm) {
                (Some(to), _) => to.service.clone(),
                (None, _) => rule.label.as_ref().to_owned(),
            },
            subset: to.and_then(|to| to.subset.clone()),
            at: place.map(unfollowed),
            weight: to.map_or(1, |to| to.weight),
            share: shares.get(number).copied().unwrap_or(0.0),
            open: open(number),
            missing: match arm {
                plan::Arm::Cluster(_) => None,
                plan::Arm::Missing(status) => Some(Missing {
                    status: status.as_u16(),
                    because: missing(way, rule, to),
                }),
            },
        }
    });
    Split {
        how,
        by: sticky.map(|sticky| by(&sticky.by)),
        draw: draw.map(|chance| fraction(chance.draw(Purpose::Split))),
        arms: arms.collect(),
    }
}

fn by(key: &StickyKey) -> String {
    match key {
        StickyKey::Header(name) => format!("header {name}"),
        StickyKey::Cookie(cookie) => format!("cookie {}", cookie.name),
        StickyKey::SourceIp => "address".to_owned(),
    }
}

/// What keeps a destination from being there.
fn missing(way: &Way<'_>, rule: &Rule, to: Option<&policy::Destination>) -> String {
    let name = to.map_or(&*rule.label, |to| &*to.service);
    if to.is_some_and(|to| !to.permitted) {
        // What may not be known is not named either.
        let there = match name {
            "" => "there".to_owned(),
            name => format!("to `{name}`"),
        };
        return format!("the route may not send requests {there}: no ReferenceGrant allows it");
    }
    let namespace = &way.workload.namespace;
    let Some(known) = way.registry.find(name, namespace, Some(0)) else {
        return format!("there is no service `{name}`");
    };
    if !is_visible(known.service.visible_to.as_deref(), &way.workload) {
        return format!("`{name}` is not visible to clients in the namespace `{namespace}`");
    }
    match to.and_then(|to| to.subset.as_deref()) {
        Some(subset) => {
            let service = known.service;
            let others = service.clients.iter().map(|settings| &settings.subsets);
            let has = |subsets: &BTreeMap<String, Subset>| subsets.contains_key(subset);
            match others.chain([&service.subsets]).any(has) {
                true => format!("`{name}` has a subset `{subset}` for other clients only"),
                false => format!("`{name}` has no subset `{subset}`"),
            }
        }
        None => format!("`{name}` cannot be reached"),
    }
}

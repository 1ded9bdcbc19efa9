//! Which of a route's rules stand at a door, and in which order.

use crate::policy::{Door, Match, PathMatch, Policy, Precedence, Workload};

/// Where a table is for: the door, who comes through it, and on which port.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) workload: &'a Workload,
    /// The gateway and its listener; `None`: the mesh.
    pub(crate) listener: Option<(&'a str, &'a str)>,
    /// The port on which requests come, where it makes a difference.
    pub(crate) port: Option<u16>,
}

impl Spot<'_> {
    /// Says whether one of the doors leads here.
    pub(crate) fn is_behind(&self, doors: &[Door]) -> bool {
        doors.iter().any(|door| match (door, self.listener) {
            (Door::Mesh, None) => true,
            (Door::Gateway { gateway, listener }, Some((here, name))) => {
                gateway == here && listener.as_ref().is_none_or(|listener| listener == name)
            }
            _ => false,
        })
    }

    /// Says whether requests that come here can satisfy what does not depend on the request.
    fn admits(&self, matching: &Match) -> bool {
        self.shuts_out(matching).is_none()
    }

    /// What of a match does not depend on the request and keeps it from standing here.
    pub(crate) fn shuts_out(&self, matching: &Match) -> Option<Selector> {
        match matching.gateways.as_slice() {
            // Istio: where an entry names gateways, it does not ask who comes.
            [] if !matching.from.include(self.workload) => Some(Selector::From),
            [_, ..] if !self.is_behind(&matching.gateways) => Some(Selector::Gateways),
            _ if matching.port.is_some_and(|port| self.port != Some(port)) => Some(Selector::Port),
            _ => None,
        }
    }
}

/// What a match asks that is settled before a request comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Selector {
    /// Who the client is.
    From,
    /// Where its requests come in.
    Gateways,
    /// On which port.
    Port,
}

/// A rule of the policy, with one of its matches; `None` for a rule without any.
pub(super) struct Selected<'a> {
    pub(super) route: usize,
    pub(super) rule: usize,
    /// The match, and which of the rule's it is.
    pub(super) matching: Option<(u32, &'a Match)>,
}

/// The rules of these routes that stand here, in the order in which they are asked.
///
/// A rule of which no match is left is left out; it must not come to take everything.
pub(super) fn select<'a>(
    policy: &'a Policy,
    routes: &[usize],
    spot: Spot<'_>,
) -> Vec<Selected<'a>> {
    let mut listed = Vec::new();
    let mut specific = Vec::new();
    for &route in routes {
        let from = &policy.routes[route];
        let into = match from.precedence {
            Precedence::Listed => &mut listed,
            Precedence::Specific => &mut specific,
        };
        for (number, rule) in from.rules.iter().enumerate() {
            let selected = |matching| Selected {
                route,
                rule: number,
                matching,
            };
            if rule.matches.is_empty() {
                into.push(selected(None));
            }
            let matches = (0..).zip(&rule.matches);
            let here = matches.filter(|(_, matching)| spot.admits(matching));
            into.extend(here.map(|matching| selected(Some(matching))));
        }
    }
    if routes.len() > 1 {
        // Istio, of several VirtualServices for one host: none's catch-all may hide the others.
        listed.sort_by_key(|selected| {
            selected
                .matching
                .is_none_or(|(_, matching)| matching.asks_nothing())
        });
    }
    // Both sorts are stable: what is alike stays in the order of the routes.
    specific.sort_by_key(|selected| {
        let matching = selected.matching.map(|(_, matching)| matching);
        std::cmp::Reverse(Rank::of(matching))
    });
    listed.extend(specific);
    listed
}

/// How specific a match is (Gateway API): what comes first counts first, and more is more specific.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Rank {
    /// The kind of its path.
    pub(crate) kind: u8,
    /// The length of its path.
    pub(crate) length: usize,
    /// Whether it asks for a method.
    pub(crate) method: bool,
    /// How many headers it asks for.
    pub(crate) headers: usize,
    /// How many query parameters it asks for.
    pub(crate) query: usize,
}

impl Rank {
    /// That of a match; `None` for a rule without any.
    pub(crate) fn of(matching: Option<&Match>) -> Self {
        let (kind, length) = match matching.and_then(|matching| matching.path.as_ref()) {
            // Nothing said is the prefix `/`.
            None => (2, 1),
            Some(PathMatch::Exact(path)) => (3, path.as_str().len()),
            // A slash at its end says nothing, so it makes it no longer.
            Some(PathMatch::Prefix(path)) => {
                let path = path.as_str();
                (2, path.strip_suffix('/').unwrap_or(path).len().max(1))
            }
            Some(PathMatch::StartsWith(start)) => (2, start.len()),
            // Where it stands is left to the implementation; Istio puts it last.
            Some(PathMatch::Regex(pattern)) => (1, pattern.as_str().len()),
        };
        Self {
            kind,
            length,
            method: matching.is_some_and(|matching| matching.method.is_some()),
            headers: matching.map_or(0, |matching| matching.headers.len()),
            query: matching.map_or(0, |matching| matching.query.len()),
        }
    }
}

//! Which of a route's rules stand at a door, and in which order.

use crate::policy::{Door, Match, PathMatch, Policy, Precedence, Workload};

/// Where a table is for: the door, who comes through it, and on which port.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) workload: &'a Workload,
    /// The gateway and its listener; `None`: the mesh.
    pub(super) listener: Option<(&'a str, &'a str)>,
    /// The port on which requests come, where it makes a difference.
    pub(super) port: Option<u16>,
}

impl Spot<'_> {
    /// Says whether one of the doors leads here.
    pub(super) fn is_behind(&self, doors: &[Door]) -> bool {
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
        let comes = match matching.gateways.as_slice() {
            // Istio: where an entry names gateways, it does not ask who comes.
            [] => matching.from.include(self.workload),
            doors => self.is_behind(doors),
        };
        comes && matching.port.is_none_or(|port| self.port == Some(port))
    }
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
    specific.sort_by_key(|selected| std::cmp::Reverse(rank(selected.matching)));
    listed.extend(specific);
    listed
}

/// How specific a match is (Gateway API): the kind of its path, its length, whether there is a
/// method, how many headers, how many query parameters.
fn rank(matching: Option<(u32, &Match)>) -> (u8, usize, bool, usize, usize) {
    let Some((_, matching)) = matching else {
        return (2, 1, false, 0, 0);
    };
    let (kind, length) = match &matching.path {
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
    (
        kind,
        length,
        matching.method.is_some(),
        matching.headers.len(),
        matching.query.len(),
    )
}

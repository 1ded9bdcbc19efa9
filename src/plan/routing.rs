//! What stands behind a door: the table that serves, and what it was made of.

use crate::gate::{Decision, Gate};
use crate::policy::Host;
use crate::reply::Refusal;
use crate::route::{Rules, Table};
use http::Request;

/// A table of routes, and beside it, for who explains or exports a plan, what stands in it. No
/// request reads that.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    pub(crate) table: Table,
    /// By the numbers that the table has for them.
    pub(crate) groups: Vec<Group>,
}

/// Hosts that have the same rules.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) hosts: Box<[Host]>,
    /// The policy's routes that are in force for them, by their indices; none for a service that is
    /// reached without a route.
    pub(crate) routes: Box<[u32]>,
    /// The port on which their requests come, where the rules differ by it.
    pub(crate) port: Option<u16>,
    /// In the order in which they are asked.
    pub(crate) entries: Box<[Entry]>,
}

/// One match of one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The number of the plan's rule.
    pub(crate) rule: u32,
    /// Which match it is, of those that the policy's rule has; `None` where it has none.
    pub(crate) matching: Option<u32>,
}

impl Routing {
    pub(super) fn add(
        &mut self,
        hosts: &[Host],
        routes: &[usize],
        port: Option<u16>,
        rules: Rules,
        entries: Vec<Entry>,
    ) {
        self.table.add(hosts, rules);
        self.groups.push(Group {
            hosts: hosts.into(),
            routes: routes.iter().map(|route| *route as u32).collect(),
            port,
            entries: entries.into(),
        });
    }
}

impl Gate for Routing {
    #[inline]
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        self.table.admit(request, decision)
    }
}

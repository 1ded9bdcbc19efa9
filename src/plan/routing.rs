//! What stands behind a door: the table that serves, and what it was made of.

use crate::gate::{Decision, Gate};
use crate::policy::Host;
use crate::reply::Refusal;
use crate::route::{Rules, Table};
use http::Request;

/// A table of routes, and beside it, for who exports a plan, what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    pub(crate) table: Table,
    #[cfg(feature = "export")]
    pub(crate) groups: Vec<Group>,
}

/// Hosts that have the same rules.
#[cfg(feature = "export")]
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) hosts: Box<[Host]>,
    /// In the order in which they are asked.
    pub(crate) entries: Box<[Entry]>,
}

/// One match of one rule.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "export"),
    expect(dead_code, reason = "only exports read it")
)]
pub(crate) struct Entry {
    /// The number of the plan's rule.
    pub(crate) rule: u32,
    /// Which match it is, of those that the policy's rule has; `None` where it has none.
    pub(crate) matching: Option<u32>,
}

impl Routing {
    pub(super) fn add(&mut self, hosts: &[Host], rules: Rules, entries: Vec<Entry>) {
        self.table.add(hosts, rules);
        #[cfg(feature = "export")]
        self.groups.push(Group {
            hosts: hosts.into(),
            entries: entries.into(),
        });
        #[cfg(not(feature = "export"))]
        drop(entries);
    }
}

impl Gate for Routing {
    #[inline]
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        self.table.admit(request, decision)
    }
}

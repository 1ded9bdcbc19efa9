use crate::explain::decide::{Decided, Destinations};
use crate::plan::{Entry, Plan};

/// Which parts of a policy decided a request, by their indices in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) route: usize,
    pub(crate) rule: usize,
    /// Which of the rule's matches took it; `None` for a rule without any.
    pub(crate) matching: Option<usize>,
    /// The rule's destinations to which the request may go, those that do not exist included.
    pub(crate) destinations: Vec<usize>,
}

impl Decided {
    /// What of the policy decided it; `None` if no rule of a route did. `plan` and `entry` are
    /// those that it was decided with.
    pub(crate) fn taken(&self, plan: &Plan, entry: Entry) -> Option<Taken> {
        let rule = plan.rule(self.rule)?;
        let (route, number) = rule.written?;
        // The head is as the table saw it, so it leads to the same place again.
        let (routing, located) = plan.locate(entry, &self.head)?;
        let group = routing.groups.get(located.route as usize)?;
        let matching = group.entries.get(located.entry? as usize)?.matching;
        let destinations = match self.destinations {
            Destinations::None => Vec::new(),
            Destinations::One(one) => one.iter().map(|one| *one as usize).collect(),
            Destinations::All => { rule.split.iter() }
                .flat_map(|split| split.shares().enumerate())
                .filter(|(_, share)| *share > 0.0)
                .map(|(arm, _)| arm)
                .collect(),
        };
        Some(Taken {
            route: route as usize,
            rule: number as usize,
            matching: matching.map(|matching| matching as usize),
            destinations,
        })
    }
}

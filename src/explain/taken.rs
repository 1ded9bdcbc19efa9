#[cfg(feature = "testing")]
use crate::explain::answer::Outcome;
use crate::explain::decide::{Decided, Destinations};
use crate::plan::{Entry, Plan, Rule};

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
        Some(Taken {
            route: route as usize,
            rule: number as usize,
            matching: matching.map(|matching| matching as usize),
            destinations: self.arms(rule),
        })
    }

    /// The destinations of its rule to which the request may go, by their numbers.
    pub(super) fn arms(&self, rule: &Rule) -> Vec<usize> {
        match self.destinations {
            Destinations::None => Vec::new(),
            Destinations::One(one) => one.iter().map(|one| *one as usize).collect(),
            Destinations::All => { rule.split.iter() }
                .flat_map(|split| split.shares().enumerate())
                .filter(|(_, share)| *share > 0.0)
                .map(|(arm, _)| arm)
                .collect(),
        }
    }

    /// Whether the policy speaks of the request's host at that entry, so that what becomes of the
    /// request is the policy's doing. Hosts that it lets through or shuts out as strangers are not.
    #[cfg(feature = "testing")]
    pub(crate) fn is_known(&self, plan: &Plan, entry: Entry) -> bool {
        match self.rule {
            Some(rule) => rule != plan.unknown,
            // What is refused otherwise is no request to anybody.
            None => {
                self.answer.outcome == Outcome::NoRoute && plan.locate(entry, &self.head).is_some()
            }
        }
    }

    /// Whether the caller is kept at one of several destinations, whatever their shares. Only where
    /// it was decided without a chance.
    #[cfg(feature = "testing")]
    pub(crate) fn is_kept(&self, plan: &Plan) -> bool {
        matches!(self.destinations, Destinations::One(_))
            && plan
                .rule(self.rule)
                .is_some_and(|rule| rule.split.is_some())
    }
}

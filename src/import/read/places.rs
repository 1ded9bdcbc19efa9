use crate::import::read::merge::Merge;
use crate::policy::Places;
use crate::policy::places::{to_route, to_rule, to_service};
use crate::policy::trail::Trail;

impl Merge {
    /// Where everything is that decisions speak of.
    pub(super) fn places(&self) -> Places {
        let documents = self.documents.iter();
        let mut places = Places::within(
            documents
                .map(|origin| (origin.file.clone(), origin.label.clone()))
                .collect(),
        );
        let mut note = |trail: Trail| {
            if let Some((document, place)) = self.locate(&trail) {
                places.insert(&trail, document, &place);
            }
        };
        for (index, route) in self.policy.routes.iter().enumerate() {
            note(to_route(index));
            for (number, rule) in route.rules.iter().enumerate() {
                let trail = to_rule(index, number);
                for (list, length) in [
                    ("match", rule.matches.len()),
                    ("to", rule.to.len()),
                    ("mirrors", rule.mirrors.len()),
                    ("limits", rule.limits.len()),
                ] {
                    let list = trail.key(list);
                    (0..length).for_each(|index| note(list.index(index)));
                }
                note(trail);
            }
        }
        for (name, service) in &self.policy.services {
            let trail = to_service(name);
            let subsets = trail.key("subsets");
            { service.subsets.keys() }.for_each(|subset| note(subsets.key(subset)));
            note(trail);
        }
        for (name, gateway) in &self.policy.gateways {
            let trail = Trail::default().key("gateways").key(name);
            let listeners = trail.key("listeners");
            (0..gateway.listeners.len()).for_each(|index| note(listeners.index(index)));
            note(trail);
        }
        places
    }
}

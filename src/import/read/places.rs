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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Documents;

    const TEXT: &str = "\
services: { a: {}, b: {} }
gateways:
  edge:
    listeners:
      - { name: http, port: 80 }
routes:
  - name: a
    hosts: [a]
    rules:
      - to: [{ service: a }]
        mirrors:
          - { service: b }
        limits:
          - { rate: { requests: 1 } }
";

    #[test]
    fn all_that_decisions_speak_of_has_its_place() {
        let places = Documents::new().add_text("a.yaml", TEXT).read().places;
        let line = |trail: &Trail| {
            let place = places.find(trail)?;
            Some((place.line?, place.path))
        };
        let gateway = Trail::default().key("gateways").key("edge");
        let rule = to_rule(0, 0);
        for (trail, at, path) in [
            (to_route(0), 7, "routes[0]"),
            (
                rule.key("mirrors").index(0),
                12,
                "routes[0].rules[0].mirrors[0]",
            ),
            (
                rule.key("limits").index(0),
                14,
                "routes[0].rules[0].limits[0]",
            ),
            (
                gateway.key("listeners").index(0),
                5,
                "gateways.edge.listeners[0]",
            ),
            (to_service("b"), 1, "services.b"),
        ] {
            assert_eq!(line(&trail), Some((at, path.to_owned())));
        }
    }
}

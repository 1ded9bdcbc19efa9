use crate::import::field::Field;
use crate::policy::trail::{Step, Trail};
use crate::policy::wording::shortened;
use crate::policy::{
    Error, Gateway, MeshSettings, Place, Policy, Retries, Route, Service, Sidecar,
};
use std::collections::{BTreeMap, HashMap};

/// The policy in the making, to which importers add.
///
/// Each element that is added is registered with the field it was made from, so that what
/// validation finds wrong with it is told at its place in the document.
#[derive(Debug, Default)]
pub(crate) struct Model {
    policy: Policy,
    written: Written,
    /// Where each service was written.
    services: BTreeMap<String, Place>,
    /// What the mesh says of further tries, where it does.
    retries: Option<Retries>,
}

impl Model {
    /// What native documents say, with the places of their services.
    pub(super) fn new(policy: Policy, services: BTreeMap<String, Place>) -> Self {
        Self {
            policy,
            written: Written::default(),
            services,
            retries: None,
        }
    }

    pub(super) fn into_parts(self) -> (Policy, Written) {
        (self.policy, self.written)
    }

    /// What is there so far.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Adds a service and gives its trail, for its parts to be registered. A second one of a name
    /// is refused, and gives `None`.
    pub(crate) fn add_service(
        &mut self,
        name: &str,
        service: Service,
        field: &Field<'_>,
    ) -> Option<Trail> {
        if let Some(first) = self.services.get(name) {
            let message = format!("the name `{}` is given to two services", shortened(name));
            let mut error = Error::new("duplicate-name", Trail::default(), message);
            error.because.push(first.clone());
            field.left_out("the first is used");
            field.tell(error.advise("rename or remove one of the two"));
            return None;
        }
        let trail = Trail::default().key("services").key(name);
        self.services.insert(name.to_owned(), field.place());
        self.policy.services.insert(name.to_owned(), service);
        self.register(trail.clone(), field);
        Some(trail)
    }

    /// Adds a route behind the others and gives its trail, for its parts to be registered.
    pub(crate) fn add_route(&mut self, route: Route, field: &Field<'_>) -> Trail {
        let trail = Trail::default()
            .key("routes")
            .index(self.policy.routes.len());
        self.policy.routes.push(route);
        self.register(trail.clone(), field);
        trail
    }

    /// Adds a gateway and gives its trail. A second one of a name is refused, and gives `None`.
    pub(crate) fn add_gateway(
        &mut self,
        name: &str,
        gateway: Gateway,
        field: &Field<'_>,
    ) -> Option<Trail> {
        if self.policy.gateways.contains_key(name) {
            let message = format!("the name `{}` is given to two gateways", shortened(name));
            field.left_out("the first is used");
            field.fault("duplicate-name", message, "rename or remove one of the two");
            return None;
        }
        let trail = Trail::default().key("gateways").key(name);
        self.policy.gateways.insert(name.to_owned(), gateway);
        self.register(trail.clone(), field);
        Some(trail)
    }

    /// Adds a sidecar behind the others and gives its trail.
    pub(crate) fn add_sidecar(&mut self, sidecar: Sidecar, field: &Field<'_>) -> Trail {
        let trail = Trail::default()
            .key("sidecars")
            .index(self.policy.sidecars.len());
        self.policy.sidecars.push(sidecar);
        self.register(trail.clone(), field);
        trail
    }

    /// A service that is there, to say more of it.
    pub(crate) fn service_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.policy.services.get_mut(name)
    }

    /// What holds for routes that say nothing of further tries, in place of Istio's default.
    pub(crate) fn set_default_retries(&mut self, retries: Retries) {
        self.retries = Some(retries);
    }

    /// How requests are tried again where this is said; nothing means as the mesh has it, and
    /// without that as Istio does. `None`: not at all.
    pub(crate) fn retries(&self, said: Option<&Retries>) -> Option<Retries> {
        let retries = said.or(self.retries.as_ref()).cloned().unwrap_or_default();
        (retries.attempts > 0).then_some(retries)
    }

    /// The settings of the mesh.
    pub(crate) fn mesh_mut(&mut self) -> &mut MeshSettings {
        &mut self.policy.mesh
    }

    /// Says from which field a part of the policy was made, and so all in it for which nothing
    /// more exact is said.
    pub(crate) fn register(&mut self, trail: Trail, field: &Field<'_>) {
        self.written.places.insert(trail.0, field.place_in());
    }
}

/// Where the imported parts of a policy were written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The document and the place in it, by the trail in the policy.
    places: HashMap<Vec<Step>, (usize, Place)>,
}

impl Written {
    /// The document and the place from which a part of the policy was made: that of the smallest
    /// registered part which it belongs to.
    pub(super) fn find(&self, trail: &Trail) -> Option<(usize, Place)> {
        (1..=trail.0.len())
            .rev()
            .find_map(|length| self.places.get(&trail.0[..length]).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::desk::Desk;
    use crate::policy::tree::documents;

    #[test]
    fn a_part_was_written_where_the_smallest_registered_part_around_it_was() {
        let root = documents("spec:\n  http:\n  - a: 1\n  - b: 2\n")
            .remove(0)
            .root
            .unwrap();
        let desk = Desk::new(7, Some("a.yaml".into()), "VirtualService prod/a".into());
        let spec = desk.root(&root).peek("spec").unwrap();
        let rules = spec.peek("http").unwrap().list();
        let mut model = Model::default();
        model.add_route(Route::new("other", []), &spec);
        let route = model.add_route(Route::new("a", []), &spec);
        model.register(route.key("rules").index(0), &rules[1]);
        let found = |trail: &Trail| {
            let (document, place) = model.written.find(trail)?;
            assert_eq!(
                (document, place.document.as_str()),
                (7, "VirtualService prod/a")
            );
            Some(place.to_string())
        };
        let rule = route.key("rules").index(0);
        assert_eq!(
            found(&rule.key("to").index(0)).unwrap(),
            "a.yaml:4:5: spec.http[1]"
        );
        assert_eq!(found(&rule).unwrap(), "a.yaml:4:5: spec.http[1]");
        assert_eq!(
            found(&route.key("rules").index(1)).unwrap(),
            "a.yaml:1:1: spec"
        );
        assert_eq!(found(&route.key("hosts")).unwrap(), "a.yaml:1:1: spec");
        assert_eq!(found(&Trail::default().key("routes").index(2)), None);
    }

    #[test]
    fn a_second_service_of_a_name_is_refused_and_points_at_the_first() {
        let root = documents("a: 1\nb: 2\n").remove(0).root.unwrap();
        let desk = Desk::new(0, None, "Service default/a".into());
        let (first, second) = (
            desk.root(&root).peek("a").unwrap(),
            desk.root(&root).peek("b").unwrap(),
        );
        let mut native = Place::within(Trail::default().key("services").key("n"));
        native.line = Some(9);
        let services = BTreeMap::from([("n".to_owned(), native)]);
        let mut model = Model::new(Policy::default(), services);
        assert!(model.add_service("s", Service::default(), &first).is_some());
        assert!(
            model
                .add_service("s", Service::default(), &second)
                .is_none()
        );
        assert!(
            model
                .add_service("n", Service::default(), &second)
                .is_none()
        );
        let findings = desk.findings(&root);
        assert_eq!(findings[0].at.path, "b");
        assert_eq!(findings[0].because[0].path, "a");
        assert_eq!(findings[1].because[0].line, Some(9));
        assert_eq!(model.policy().services.len(), 1);
    }
}

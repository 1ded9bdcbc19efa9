use crate::policy::Place;
use crate::policy::trail::Trail;
use std::collections::HashMap;

/// Where the parts of a policy were written: the file, the document, the line and the column.
///
/// [`Documents::read`](crate::import::Documents::read) makes it beside the policy, whose parts it
/// knows by their indices: it is of no use any more when routes have been moved about in code.
///
/// ```
/// use tower_mesh::import::Documents;
///
/// let text = "
/// services: { reviews: {} }
/// routes:
///   - name: reviews
///     hosts: [reviews]
///     rules:
///       - to: [{ service: reviews }]
/// ";
/// let read = Documents::new().add_text("mesh.yaml", text).read();
/// let rule = read.places.rule(0, 0).unwrap();
/// assert_eq!(rule.to_string(), "mesh.yaml:7:9: routes[0].rules[0]");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Each file and what its document is called.
    documents: Vec<(Option<String>, String)>,
    /// By the path in the policy. As texts, which take a third of the memory.
    spots: HashMap<Box<str>, Spot>,
}

#[derive(Clone, Debug)]
struct Spot {
    document: u32,
    line: u32,
    column: u32,
    /// The path in the document.
    path: Box<str>,
}

impl Places {
    /// The place of a route of the policy, by its index.
    pub fn route(&self, route: usize) -> Option<Place> {
        self.find(&to_route(route))
    }

    /// The place of a rule, by the indices of its route and of itself.
    pub fn rule(&self, route: usize, rule: usize) -> Option<Place> {
        self.find(&to_rule(route, rule))
    }

    /// The place of a match of a rule.
    pub fn matching(&self, route: usize, rule: usize, matching: usize) -> Option<Place> {
        self.find(&to_rule(route, rule).key("match").index(matching))
    }

    /// The place of a destination of a rule.
    pub fn destination(&self, route: usize, rule: usize, destination: usize) -> Option<Place> {
        self.find(&to_rule(route, rule).key("to").index(destination))
    }

    /// The place of a service, by its name in the policy.
    pub fn service(&self, service: &str) -> Option<Place> {
        self.find(&to_service(service))
    }

    /// The place of a subset of a service.
    pub fn subset(&self, service: &str, subset: &str) -> Option<Place> {
        self.find(&to_service(service).key("subsets").key(subset))
    }

    /// Says whether nothing is known, as for a policy made in code.
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// The place of a part of the policy, or of the smallest part around it that has one.
    pub(crate) fn find(&self, trail: &Trail) -> Option<Place> {
        let spot = (1..=trail.0.len()).rev().find_map(|length| {
            let part = Trail(trail.0[..length].to_vec());
            self.spots.get(part.to_string().as_str())
        })?;
        let (file, document) = self.documents.get(spot.document as usize)?;
        Some(Place {
            file: file.clone(),
            line: Some(spot.line),
            column: Some(spot.column),
            document: document.clone(),
            path: spot.path.as_ref().to_owned(),
            trail: trail.clone(),
        })
    }

    /// Nothing is known yet of what was written in these documents.
    #[cfg(feature = "yaml")]
    pub(crate) fn within(documents: Vec<(Option<String>, String)>) -> Self {
        Self {
            documents,
            spots: HashMap::new(),
        }
    }

    /// Writes down where a part of the policy is, in the document of this number. Without a line it
    /// is nowhere.
    #[cfg(feature = "yaml")]
    pub(crate) fn insert(&mut self, trail: &Trail, document: usize, place: &Place) {
        if let (Some(line), Some(column)) = (place.line, place.column) {
            let spot = Spot {
                document: document as u32,
                line,
                column,
                path: place.path.as_str().into(),
            };
            self.spots.insert(trail.to_string().into(), spot);
        }
    }
}

/// The way to a route of a policy.
pub(crate) fn to_route(route: usize) -> Trail {
    Trail::default().key("routes").index(route)
}

/// The way to a rule of a policy.
pub(crate) fn to_rule(route: usize, rule: usize) -> Trail {
    to_route(route).key("rules").index(rule)
}

/// The way to a service of a policy.
pub(crate) fn to_service(service: &str) -> Trail {
    Trail::default().key("services").key(service)
}

#[cfg(all(test, feature = "yaml"))]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_line_is_nowhere() {
        let mut places = Places::within(vec![(None, String::new())]);
        let trail = to_route(0);
        places.insert(&trail, 0, &Place::within(trail.clone()));
        assert!(places.is_empty() && places.find(&trail).is_none());
    }
}

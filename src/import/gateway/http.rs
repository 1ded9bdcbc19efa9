use crate::import::gateway::listener::RouteKind;
use crate::import::gateway::matching;
use crate::import::gateway::route::{self, Route, Shape};
use crate::import::resource::Foreign;

/// Reads an HTTPRoute.
pub(super) fn convert<'a>(document: &Foreign<'a>) -> Option<Route<'a>> {
    let shape = Shape {
        kind: RouteKind::Http,
        rule: &[
            "backendRefs",
            "filters",
            "matches",
            "name",
            "retry",
            "sessionPersistence",
            "timeouts",
        ],
        matching: matching::convert,
    };
    route::convert(document, shape)
}

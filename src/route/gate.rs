use crate::gate::{Decision, Gate};
use crate::reply::{Flags, Refusal};
use crate::route::{Asked, Found, Rules, Table};
use http::{Request, StatusCode};

/// Writes the rule down. Refuses a request whose host has a route of which no rule takes it; a
/// host without a route is left to who drives.
impl Gate for Table {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        match self.find(&Asked::of(request)) {
            Found::Rule { rule, matched } => {
                decision.rule = Some(rule);
                decision.matched = matched;
            }
            Found::NoHost => decision.rule = None,
            Found::NoRule => return Some(no_route()),
        }
        None
    }
}

/// Writes the rule down; refuses nothing.
impl Gate for Rules {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        let (rule, matched) = self.find(&Asked::of(request)).unzip();
        decision.rule = rule;
        decision.matched = matched.unwrap_or_default();
        None
    }
}

fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Flags::NR, "route_not_found")
}

use crate::gate::{Decision, Gate};
use crate::reply::Refusal;
use crate::split::Choice;
use http::Request;

/// Writes the destination down; refuses nothing.
impl Gate for Choice {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        decision.destination = Some(self.choose(request, decision) as u32);
        None
    }
}

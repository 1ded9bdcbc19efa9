use crate::gate::{Decision, Gate};
use crate::reply::Refusal;
use crate::split::Weights;
use http::Request;

/// Writes the destination down; refuses nothing.
impl Gate for Weights {
    fn admit<B>(&self, _: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        decision.destination = Some(self.choose(decision.chance) as u32);
        None
    }
}

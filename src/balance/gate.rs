use crate::balance::Cluster;
use crate::gate::{Decision, Gate};
use crate::reply::{Flags, Refusal};
use http::{Request, StatusCode};

/// Writes the endpoint down, or refuses where there is none.
impl Gate for Cluster {
    fn admit<B>(&self, _: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        match self.pick(decision.chance) {
            Some(endpoint) => {
                decision.endpoint = Some(endpoint as u32);
                None
            }
            None => Some(no_healthy_upstream()),
        }
    }
}

fn no_healthy_upstream() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Flags::UH,
        "no_healthy_upstream",
    )
    .body("no healthy upstream")
}

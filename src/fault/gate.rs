use crate::fault::{Abort, Delay};
use crate::gate::{Decision, Gate};
use crate::reply::{Flags, Refusal};
use http::Request;

/// Writes down for how long the request is to be held back; who drives obeys.
impl Gate for Delay {
    fn admit<B>(&self, _: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        decision.delay = self.draw(decision.chance);
        None
    }
}

/// Refuses a share. To be asked after the delay.
impl Gate for Abort {
    fn admit<B>(&self, _: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        let status = self.draw(decision.chance)?;
        let flags = match decision.delay {
            Some(_) => Flags::DI | Flags::FI,
            None => Flags::FI,
        };
        Some(Refusal::new(status, flags, "fault_filter_abort").body("fault filter abort"))
    }
}

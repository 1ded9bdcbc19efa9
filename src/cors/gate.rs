use crate::cors::{Sharing, Verdict};
use crate::gate::{Decision, Gate};
use crate::reply::{Flags, Refusal};
use http::{HeaderMap, Request, StatusCode};

/// Answers preflights, and writes down with which origin the answer is to be marked.
impl Gate for Sharing {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        match self.look(request.method(), request.headers()) {
            Verdict::Pass => None,
            Verdict::Mark(origin) => {
                decision.origin = Some(Box::new(origin));
                None
            }
            Verdict::Answer(headers) => Some(preflight(&headers)),
        }
    }
}

/// 200 as Envoy answers, where others answer 204.
fn preflight(headers: &HeaderMap) -> Refusal {
    let reply = Refusal::new(StatusCode::OK, Flags::NONE, "cors_response").as_is();
    headers.iter().fold(reply, |reply, (name, value)| {
        reply.header(name.clone(), value.clone())
    })
}

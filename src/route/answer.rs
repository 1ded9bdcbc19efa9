use crate::gate::{Decision, Gate};
use crate::policy;
use crate::reply::Refusal;
use crate::route::{Redirect, Respond};
use http::Request;

/// What a rule says itself, instead of passing the request on.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Go there.
    Redirect(Redirect),
    /// That.
    Respond(Respond),
}

impl Answer {
    /// Compiles a rule's own answer, if it has one; of two, which no policy that was checked has,
    /// the redirect.
    pub fn compile(rule: &policy::Rule) -> Option<Self> {
        let redirect = rule.redirect.as_ref().map(Redirect::compile);
        let respond = || rule.respond.as_ref().map(Respond::compile);
        redirect
            .map(Self::Redirect)
            .or_else(|| respond().map(Self::Respond))
    }
}

/// Refuses every request.
impl Gate for Answer {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        match self {
            Self::Redirect(redirect) => redirect.admit(request, decision),
            Self::Respond(respond) => respond.admit(request, decision),
        }
    }
}

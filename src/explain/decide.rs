mod asking;
mod backend;
mod figures;
mod head;

pub(crate) use asking::{Asking, asking};
pub(crate) use backend::received;
pub(crate) use figures::milliseconds;
pub(crate) use head::head_of;

use crate::clock;
use crate::explain::answer::{Answer, Limit, Outcome};
use crate::explain::question::{NotARequest, Question};
use crate::gate::{Decision, Gate as _};
use crate::plan::{Entry, Plan, Rule, unknown_host};
use crate::reply::{Refusal, ReplyTo};
use crate::rng::Chance;
use crate::route;
use crate::upgrade::is_for_tunnel;
use backend::{backend, stamp};
use bytes::Bytes;
use figures::{fault, mirror, retry, timeout};
use head::{pairs, text};
use http::header::{CONTENT_LENGTH, SET_COOKIE};
use http::{HeaderMap, Request};
use http_body_util::Full;

impl Plan {
    /// What becomes of a request, whatever is drawn: every backend with its share, every fault
    /// with its share. The same gates say it that serve requests.
    ///
    /// Shares of requests, even a share of all, change no outcome: what a fault does is in
    /// `fault`. Limits are asked without taking anything, and change none either. Endpoints are
    /// not asked at all: they come and go. A destination that does not exist is a [`Backend`](crate::explain::Backend)
    /// with a `status`; if there is no other, the outcome is `reject`.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// let policy: tower_mesh::Policy = "services: {}".parse().unwrap();
    /// let plan = policy.compile().unwrap();
    /// let request = http::Request::get("http://example.com/").body(()).unwrap();
    /// let answer = plan.decide(&request);
    /// // Nobody knows the host, so the request goes there as if there were no mesh.
    /// assert!(answer.forwards() && answer.route.is_none());
    /// assert_eq!(answer.backends[0].service(), Some("example.com"));
    /// # }
    /// ```
    pub fn decide<B>(&self, request: &Request<B>) -> Answer {
        decide(self, Entry::Mesh, head_of(request), None).answer
    }

    /// What becomes of a request with this chance: exactly what a mesh with this plan does to
    /// which its [`Rng`](crate::rng::Rng) gives it.
    ///
    /// One backend is left, with a share of 1: all of this request goes there. A request that is
    /// aborted, or goes to a backend that cannot serve it, is a `reject` with its status. The
    /// faults are reported with their shares all the same.
    pub fn decide_by<B>(&self, request: &Request<B>, chance: Chance) -> Answer {
        decide(self, Entry::Mesh, head_of(request), Some(chance)).answer
    }

    /// [`decide`](Self::decide) for a question. At a gateway that the policy does not have,
    /// nothing takes the request.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn answer(&self, question: &Question) -> Result<Answer, NotARequest> {
        Ok(ask(self, question, None)?.answer)
    }

    /// [`decide_by`](Self::decide_by) for a question.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn answer_by(&self, question: &Question, chance: Chance) -> Result<Answer, NotARequest> {
        Ok(ask(self, question, Some(chance))?.answer)
    }
}

/// What became of a request, and where in the plan that was decided.
pub(crate) struct Decided {
    pub(crate) answer: Answer,
    /// The plan's rule that took it.
    pub(crate) rule: Option<u32>,
    /// Which of the rule's destinations it came to.
    pub(crate) destinations: Destinations,
    /// The request as the gates looked at it: what is changed for a destination is not changed here.
    pub(crate) head: Request<()>,
}

/// Which of a rule's destinations a request may go to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Destinations {
    /// It came to none: something answered it before.
    None,
    /// To all that have a share.
    All,
    /// To this one; to nobody, where none has a share.
    One(Option<u32>),
}

fn ask(plan: &Plan, question: &Question, chance: Option<Chance>) -> Result<Decided, NotARequest> {
    Ok(match asking(plan, question)? {
        Ok(asking) => decide(&asking.plan, asking.entry, asking.request, chance),
        Err(answer) => Decided::at_once(answer, Request::new(())),
    })
}

impl Decided {
    fn at_once(answer: Answer, head: Request<()>) -> Self {
        Self {
            answer,
            rule: None,
            destinations: Destinations::None,
            head,
        }
    }
}

/// Sends a request through the gates, which may change what they admit. With a chance exactly one
/// thing becomes of it.
pub(crate) fn decide(
    plan: &Plan,
    entry: Entry,
    mut head: Request<()>,
    chance: Option<Chance>,
) -> Decided {
    // Without a chance nothing is drawn below, so any number will do.
    let mut decision = Decision::new(chance.unwrap_or_else(|| Chance::new(0)));
    if let Some(refusal) = plan.enter(entry, &mut head, &mut decision) {
        return Decided::at_once(refused(&refusal), head);
    }
    let Some(rule) = plan.rule(decision.rule) else {
        return Decided::at_once(refused(&unknown_host()), head);
    };
    let mut decided = Decided::at_once(Answer::new(Outcome::Forward), Request::new(()));
    decided.rule = decision.rule;
    decided.fare(plan, rule, &mut head, &mut decision, chance);
    decided.head = head;
    decided
}

impl Decided {
    /// What becomes of a request that a rule has taken.
    fn fare(
        &mut self,
        plan: &Plan,
        rule: &Rule,
        head: &mut Request<()>,
        decision: &mut Decision,
        chance: Option<Chance>,
    ) {
        let answer = &mut self.answer;
        if let Some(route) = &rule.route {
            answer.route = Some(route.as_ref().to_owned());
            answer.rule = Some(rule.name.as_ref().to_owned());
        }
        answer.fault = fault(&rule.fault);
        if chance.is_some() {
            // A delay refuses nothing.
            let _ = rule.fault.delay.admit(head, decision);
            if let Some(refusal) = rule.fault.abort.admit(head, decision) {
                answer.outcome = Outcome::Reject;
                answer.status = Some(refusal.status().as_u16());
                return;
            }
        }
        if let Some(reply) = rule.cors.admit(head, decision) {
            answer.outcome = Outcome::Respond;
            answer.status = Some(reply.status().as_u16());
            answer.headers = pairs(reply.headers());
            return;
        }
        let origin = decision.origin.take();
        if let Some(limits) = &rule.limits {
            let outlooks = limits.consult(head, decision.trusted_hops, clock::now());
            answer.limits.extend(outlooks.map(|outlook| Limit {
                name: outlook.limit.to_owned(),
                key: outlook.key.map(Into::into),
                allowed: outlook.wait.is_none(),
            }));
        }
        if let Some(refusal) = rule.answer.admit(head, decision) {
            answered(answer, rule, refusal, head, decision);
            return;
        }
        self.destinations = Destinations::All;
        // Who is kept somewhere goes there, whatever is drawn.
        let kept =
            { rule.split.as_ref() }.and_then(|split| split.kept(head, decision.trusted_hops));
        match &rule.split {
            Some(split) if chance.is_none() && kept.is_none() => {
                answer.backends.reserve_exact(rule.arms.len());
                let shares = (0..).zip(split.shares());
                let backends = shares
                    .filter(|(_, share)| *share > 0.0)
                    .map(|(arm, share)| {
                        decision.destination = Some(arm);
                        backend(plan, rule, decision, share, head)
                    });
                answer.backends.extend(backends);
            }
            split => {
                // A split refuses nothing, and without any weight it writes no destination down.
                let _ = split.admit(head, decision);
                self.destinations = Destinations::One(decision.destination);
                let cookie = decision.cookie.take();
                let mut backend = backend(plan, rule, decision, 1.0, head);
                if let (Some(cookie), Some(_)) = (cookie, &backend.service) {
                    let changes = backend.response_headers.get_or_insert_default();
                    changes.add.push(text(&SET_COOKIE, &cookie));
                }
                answer.backends = vec![backend];
            }
        }
        if answer
            .backends
            .iter()
            .all(|backend| backend.service.is_none())
        {
            let status = answer.backends.drain(..).find_map(|share| share.status);
            answer.outcome = Outcome::Reject;
            answer.status = status;
            return;
        }
        if let (Some(cors), Some(origin)) = (&rule.cors, origin) {
            let mut mark = HeaderMap::new();
            cors.mark(&origin, &mut mark);
            let backends = answer.backends.iter_mut();
            let served = backends.filter(|backend| backend.service.is_some());
            served.for_each(|backend| stamp(backend, &mark));
        }
        if !is_for_tunnel(head) {
            answer.mirrors = match chance {
                None => rule.mirrors.iter().filter_map(mirror(plan)).collect(),
                Some(chance) => {
                    let drawn = rule.drawn_mirrors(chance).map(|(mirror, _)| mirror);
                    drawn.filter_map(mirror(plan)).collect()
                }
            };
        }
        let in_all = timeout(rule, head);
        answer.timeout_ms = in_all.map(milliseconds);
        if let Some(tries) = &rule.tries {
            answer.per_try_timeout_ms = tries.per_try(in_all).map(milliseconds);
            answer.retry = Some(retry(tries));
        }
    }
}

/// The end of a request that no rule takes.
fn refused(refusal: &Refusal) -> Answer {
    let outcome = match refusal.details() {
        // No rule takes it, or nobody knows its host.
        "route_not_found" | "direct_response" => Outcome::NoRoute,
        _ => Outcome::Reject,
    };
    let mut answer = Answer::new(outcome);
    answer.status = Some(refusal.status().as_u16());
    answer
}

/// The end of a request that the rule answers itself.
fn answered(
    answer: &mut Answer,
    rule: &Rule,
    mut refusal: Refusal,
    head: &Request<()>,
    decision: &mut Decision,
) {
    answer.outcome = match rule.answer.as_deref() {
        Some(route::Answer::Redirect(_)) => Outcome::Redirect,
        _ => Outcome::Respond,
    };
    decision.destination = None;
    let bound = rule.bind(head, decision);
    rule.change_reply(None, bound.as_deref(), &mut refusal.head_mut(), || None);
    let reply = refusal.into_response::<Full<Bytes>>(ReplyTo::of(head));
    answer.status = Some(reply.status().as_u16());
    let headers = reply.headers().iter();
    // How long the body is, whoever sends it says.
    let headers = headers.filter(|(name, _)| *name != CONTENT_LENGTH);
    answer.headers = headers.map(|(name, value)| text(name, value)).collect();
    let body = reply.into_body().into_inner().unwrap_or_default();
    answer.body = (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned());
}

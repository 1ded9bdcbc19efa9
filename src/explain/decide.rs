use crate::clock;
use crate::explain::answer::{
    Answer, Backend, Fault, Limit, Mirror, Outcome, Received, ResponseHeaders, Retry,
};
use crate::explain::question::{NotARequest, Question};
use crate::fault::Injection;
use crate::gate::{Decision, Gate as _};
use crate::plan::{self, Entry, Plan, Rule, unknown_host, without_tls};
use crate::policy::Workload;
use crate::reply::{Refusal, ReplyTo};
use crate::retry::Tries;
use crate::rng::Chance;
use crate::route::{self, Asked, HeaderEdit, not_normal};
use crate::timeout::tell_grpc;
use crate::upgrade::is_for_tunnel;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

impl Plan {
    /// What becomes of a request, whatever is drawn: every backend with its share, every fault
    /// with its share. The same gates say it that serve requests.
    ///
    /// Shares of requests, even a share of all, change no outcome: what a fault does is in
    /// `fault`. Limits are asked without taking anything, and change none either. Endpoints are
    /// not asked at all: they come and go. A destination that does not exist is a [`Backend`]
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
        decide(self, Entry::Mesh, request, None).answer
    }

    /// What becomes of a request with this chance: exactly what a mesh with this plan does to
    /// which its [`Rng`](crate::rng::Rng) gives it.
    ///
    /// One backend is left, with a share of 1: all of this request goes there. A request that is
    /// aborted, or goes to a backend that cannot serve it, is a `reject` with its status. The
    /// faults are reported with their shares all the same.
    pub fn decide_by<B>(&self, request: &Request<B>, chance: Chance) -> Answer {
        decide(self, Entry::Mesh, request, Some(chance)).answer
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

/// A question, and who is to answer it.
pub(crate) struct Asking<'a> {
    pub(crate) plan: Seen<'a>,
    pub(crate) entry: Entry,
    pub(crate) request: Request<()>,
}

/// A plan, as who asks sees it.
pub(crate) enum Seen<'a> {
    By(&'a Plan),
    Elsewhere(Arc<Plan>),
}

impl Deref for Seen<'_> {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        match self {
            Self::By(plan) => plan,
            Self::Elsewhere(plan) => plan,
        }
    }
}

/// Finds out who is to answer. `Err` within where it is answered before any plan looks at it.
pub(crate) fn asking<'a>(
    plan: &'a Plan,
    question: &Question,
) -> Result<Result<Asking<'a>, Answer>, NotARequest> {
    let request = match Request::try_from(question) {
        // A fragment, a space or the like is what a client may send all the same, and gets 400.
        Err(NotARequest::Path(_)) if question.path.starts_with('/') => {
            let path = "/".to_owned();
            let otherwise = Question {
                path,
                ..question.clone()
            };
            Request::try_from(&otherwise)?;
            return Ok(Err(refused(&not_normal())));
        }
        request => request?,
    };
    let Some(gateway) = &question.gateway else {
        let plan = match asker(question).filter(|asker| *asker != plan.workload) {
            Some(asker) => Seen::Elsewhere(plan.seen_by(&asker)),
            None => Seen::By(plan),
        };
        let entry = Entry::Mesh;
        return Ok(Ok(Asking {
            plan,
            entry,
            request,
        }));
    };
    let Some(entry) = plan.entry(gateway, question.port) else {
        let mut answer = Answer::new(Outcome::NoRoute);
        answer.status = Some(StatusCode::NOT_FOUND.as_u16());
        return Ok(Err(answer));
    };
    let request = match question.scheme.is_none() && plan.is_https(entry) {
        true => {
            let scheme = Some("https".to_owned());
            let over_tls = Question {
                scheme,
                ..question.clone()
            };
            Request::try_from(&over_tls)?
        }
        false => request,
    };
    let plan = Seen::By(plan);
    Ok(Ok(Asking {
        plan,
        entry,
        request,
    }))
}

fn ask(plan: &Plan, question: &Question, chance: Option<Chance>) -> Result<Decided, NotARequest> {
    Ok(match asking(plan, question)? {
        Ok(asking) => decide(&asking.plan, asking.entry, &asking.request, chance),
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

/// Who asks, if the question says so.
fn asker(question: &Question) -> Option<Workload> {
    let asker = question.source.as_ref()?;
    if asker.namespace.is_none() && asker.labels.is_empty() {
        return None;
    }
    let mut workload = Workload::default();
    if let Some(namespace) = &asker.namespace {
        workload.namespace.clone_from(namespace);
    }
    workload.labels.clone_from(&asker.labels);
    Some(workload)
}

/// Sends a request through the gates. With a chance exactly one thing becomes of it.
pub(crate) fn decide<B>(
    plan: &Plan,
    entry: Entry,
    request: &Request<B>,
    chance: Option<Chance>,
) -> Decided {
    // Gates may change what they admit.
    let mut head = head_of(request);
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
            let outlooks = limits.consult(head, clock::now());
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
                answer.backends.push(backend);
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

/// How long the answer may take, as far as the request and its rule say.
fn timeout(rule: &Rule, head: &Request<()>) -> Option<Duration> {
    rule.timeout.of(head.headers(), ReplyTo::of(head).is_grpc())
}

/// When and how often it is tried again.
fn retry(tries: &Tries) -> Retry {
    Retry {
        attempts: tries.attempts(),
        on: tries.conditions().iter().map(ToString::to_string).collect(),
        codes: tries.codes().iter().map(StatusCode::as_u16).collect(),
    }
}

/// Who gets copies, unless it is never.
fn mirror(plan: &Plan) -> impl Fn(&plan::Mirror) -> Option<Mirror> {
    |mirror| {
        let cluster = &plan.clusters[mirror.cluster as usize];
        let share = mirror.share.share();
        (share > 0.0).then(|| Mirror {
            service: cluster.name.as_ref().to_owned(),
            namespace: cluster.namespace.as_deref().map(str::to_owned),
            port: cluster.port,
            share,
        })
    }
}

/// Puts headers into a response in which all other changes have been made: they stand over those.
fn stamp(backend: &mut Backend, mark: &HeaderMap) {
    let changes = backend.response_headers.get_or_insert_default();
    let others = |name: &str| !mark.contains_key(name);
    changes.remove.retain(|name| others(name));
    changes.set.retain(|(name, _)| others(name));
    changes.add.retain(|(name, _)| others(name));
    changes.set.extend(pairs(mark));
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter();
    headers.map(|(name, value)| text(name, value)).collect()
}

/// The request without its body, as gates take it.
fn head_of<B>(request: &Request<B>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    *head.extensions_mut() = request.extensions().clone();
    head
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

fn backend(
    plan: &Plan,
    rule: &Rule,
    decision: &mut Decision,
    share: f64,
    head: &Request<()>,
) -> Backend {
    let cluster = match rule.cluster(decision.destination) {
        Ok(number) => &plan.clusters[number as usize],
        Err(refusal) => return Backend::failing(refusal.status(), share),
    };
    // Each destination has its own; the others see nothing of it.
    let mut sent = head_of(head);
    let in_all = timeout(rule, &sent);
    let per_try = { rule.tries.as_ref() }.and_then(|tries| tries.per_try(in_all));
    let told = in_all.into_iter().chain(per_try).min();
    if let (Some(timeout), true) = (told, ReplyTo::of(&sent).is_grpc()) {
        tell_grpc(sent.headers_mut(), timeout);
    }
    rule.change(&mut sent, decision);
    let bound = rule.bind(&sent, decision);
    let edit = bound.as_deref();
    let edit = edit.unwrap_or_else(|| rule.response(decision.destination));
    if decision.listener.is_some() {
        without_tls(&mut sent);
    }
    let asked = Asked::of(&sent);
    // Where requests are let through to whichever host they address, it is that one.
    let any = cluster.service.is_empty() || cluster.name.starts_with('*');
    let (service, namespace, port) = match any {
        true => (asked.host(), None, asked.port()),
        false => (&*cluster.name, cluster.namespace.as_deref(), cluster.port),
    };
    Backend {
        service: Some(service.to_owned()),
        namespace: namespace.map(str::to_owned),
        port: Some(port),
        subset: cluster.subset.as_deref().map(str::to_owned),
        status: None,
        share,
        request: Some(received(&sent, &asked)),
        response_headers: response_headers(edit),
    }
}

fn response_headers(edit: &HeaderEdit) -> Option<ResponseHeaders> {
    let pairs = |changes: Vec<(HeaderName, String)>| {
        let changes = changes.into_iter();
        changes
            .map(|(name, value)| (name.to_string(), value))
            .collect()
    };
    (!edit.is_empty()).then(|| {
        let outline = edit.outline();
        ResponseHeaders {
            set: pairs(outline.set),
            add: pairs(outline.add),
            remove: outline.remove.iter().map(ToString::to_string).collect(),
        }
    })
}

fn text(name: &HeaderName, value: &HeaderValue) -> (String, String) {
    let value = String::from_utf8_lossy(value.as_bytes());
    (name.as_str().to_owned(), value.into_owned())
}

fn received(head: &Request<()>, asked: &Asked<'_>) -> Received {
    let uri = head.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Received {
        method: head.method().as_str().to_owned(),
        scheme: uri.scheme_str().unwrap_or("http").to_owned(),
        authority: asked.authority.to_owned(),
        path: path.to_owned(),
        headers: head
            .headers()
            .iter()
            .filter(|(name, _)| *name != HOST)
            .map(|(name, value)| text(name, value))
            .collect(),
    }
}

fn fault(injection: &Injection) -> Option<Fault> {
    let delay = injection.delay.filter(|delay| delay.share() > 0.0);
    let abort = injection.abort.filter(|abort| abort.share() > 0.0);
    (delay.is_some() || abort.is_some()).then(|| Fault {
        delay_ms: delay.map(|delay| milliseconds(delay.pause())),
        delay_share: delay.map(|delay| delay.share()),
        abort_status: abort.map(|abort| abort.status().as_u16()),
        abort_share: abort.map(|abort| abort.share()),
    })
}

/// Rounded up: what is on is never 0.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_below_a_millisecond_is_not_off() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::from_millis(250)), 250);
    }
}

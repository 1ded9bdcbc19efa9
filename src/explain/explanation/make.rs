//! A request's way, gone once more to see why.

use crate::clock;
use crate::explain::answer::Answer;
use crate::explain::decide::{Asking, Decided, Destinations, asking, decide, head_of};
use crate::explain::explanation::claims::claims;
use crate::explain::explanation::entrance::{Entrance, entrance};
use crate::explain::explanation::live::Live;
use crate::explain::explanation::passage::{Change, passages};
use crate::explain::explanation::split::split;
use crate::explain::explanation::summary::summary;
use crate::explain::explanation::tried::{excluded, tried};
use crate::explain::explanation::{Explanation, Verdict, chosen, steps};
use crate::explain::question::{NotARequest, Question};
use crate::gate::{Decision, TrustedHops};
use crate::plan::{Entry, Group, Plan, Routing, Rule, Spot, workload_of};
use crate::policy::registry::Registry;
use crate::policy::{Places, Workload};
use crate::reply::Refusal;
use crate::rng::Chance;
use crate::route::Located;
use http::Request;

/// What a plan does not say of a request by itself.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    /// Where the policy was written.
    pub(super) places: &'a Places,
    pub(super) chance: Option<Chance>,
    /// The loads and turns of what runs.
    pub(super) live: Option<&'a Live<'a>>,
}

/// What explaining a request goes by.
pub(super) struct Way<'a> {
    pub(super) plan: &'a Plan,
    pub(super) entry: Entry,
    /// Who asks: the client, or the gateway.
    pub(super) workload: Workload,
    /// The request as the gates look at it when it has entered.
    pub(super) head: Request<()>,
    /// Why it did not enter.
    pub(super) refusal: Option<Refusal>,
    pub(super) hops: TrustedHops,
    pub(super) chance: Option<Chance>,
    /// The table that was asked.
    pub(super) routing: Option<&'a Routing>,
    pub(super) located: Option<Located>,
    pub(super) places: &'a Places,
    pub(super) registry: Registry<'a>,
    pub(super) live: Option<&'a Live<'a>>,
}

impl<'a> Way<'a> {
    fn new<B>(plan: &'a Plan, entry: Entry, request: &Request<B>, beside: Beside<'a>) -> Self {
        let Beside {
            places,
            chance,
            live,
        } = beside;
        let mut head = head_of(request);
        let mut decision = Decision::new(chance.unwrap_or_else(|| Chance::new(0)));
        let refusal = plan.enter(entry, &mut head, &mut decision);
        let located = plan.locate(entry, &head);
        let mut way = Self {
            plan,
            entry,
            workload: plan.workload().clone(),
            head,
            refusal,
            hops: decision.trusted_hops,
            chance,
            routing: located.map(|(routing, _)| routing),
            located: located.map(|(_, located)| located),
            places,
            registry: Registry::new(plan.policy()),
            live,
        };
        if let Some(gateway) = way.gateway().map(|(_, gateway)| workload_of(gateway)) {
            way.workload = gateway;
        }
        way
    }

    /// The hosts and matches among which the request ended.
    pub(super) fn group(&self) -> Option<&'a Group> {
        let routing = self.routing?;
        routing.groups.get(self.located?.route as usize)
    }
}

pub(super) fn explanation<B>(plan: &Plan, request: &Request<B>, beside: Beside<'_>) -> Explanation {
    let question = Question::of(request);
    explained(plan, Entry::Mesh, request, question, beside)
}

pub(super) fn for_question(
    plan: &Plan,
    question: &Question,
    beside: Beside<'_>,
) -> Result<Explanation, NotARequest> {
    Ok(match asking(plan, question)? {
        Ok(Asking {
            plan,
            entry,
            request,
        }) => explained(&plan, entry, &request, question.clone(), beside),
        Err(answer) => answered_at_once(plan, question, answer),
    })
}

/// Nothing of the policy looks at it.
fn answered_at_once(plan: &Plan, question: &Question, answer: Answer) -> Explanation {
    let unknown = { question.gateway.as_deref() }.filter(|name| plan.entry(name, None).is_none());
    let (entrance, summary) = match unknown {
        Some(name) => {
            let known: Vec<_> = plan.policy().gateways.keys().map(String::as_str).collect();
            let entrance = Entrance::unknown(name, question.port, &known);
            (
                entrance,
                format!("Answered with 404: the policy has no gateway `{name}`."),
            )
        }
        None => {
            let entrance = Entrance::of(plan.workload());
            (
                entrance,
                "Answered with 400: its path cannot stand in a request.".to_owned(),
            )
        }
    };
    Explanation {
        summary,
        entrance,
        ..Explanation::of(question.clone(), answer)
    }
}

fn explained<B>(
    plan: &Plan,
    entry: Entry,
    request: &Request<B>,
    question: Question,
    beside: Beside<'_>,
) -> Explanation {
    let decided = decide(plan, entry, head_of(request), beside.chance);
    let way = Way::new(plan, entry, request, beside);
    let mut explanation = Explanation::of(question, decided.answer.clone());
    explanation.entrance = entrance(&way);
    let (sent, seen) = (request.uri().path(), way.head.uri().path());
    explanation.path = (sent != seen).then(|| Change::new(sent, seen));
    explanation.found(&way);
    if way.refusal.is_none()
        && let Some(rule) = plan.rule(decided.rule)
    {
        explanation.fared(&way, rule, &decided);
    }
    explanation.summary = summary(&explanation, &way);
    explanation
}

impl Explanation {
    fn of(request: Question, answer: Answer) -> Self {
        Self {
            summary: String::new(),
            request,
            entrance: Entrance::default(),
            path: None,
            host: None,
            passed_over: Vec::new(),
            rules: Vec::new(),
            not_asked: 0,
            excluded: Vec::new(),
            chosen: None,
            faults: Vec::new(),
            cors: None,
            limits: Vec::new(),
            split: None,
            passages: Vec::new(),
            copies: Vec::new(),
            answer,
        }
    }

    /// Which host, which match, and which others not.
    fn found(&mut self, way: &Way<'_>) {
        let refused = way.refusal.as_ref().map(Refusal::details);
        // What was refused before was not looked up in any table.
        let looked_up = matches!(refused, None | Some("route_not_found" | "direct_response"));
        if !looked_up || self.entrance.shut.is_some() {
            return;
        }
        // A listener that sends all to https asks no route.
        let mut listener = self.entrance.listener.iter();
        if listener.any(|listener| listener.https_redirect) {
            return;
        }
        let group = way.group();
        let listener = { self.entrance.listener.as_ref() }.map(|listener| listener.name.clone());
        let listener = way.gateway().map(|(name, _)| name).zip(listener.as_deref());
        let port = match way.entry {
            Entry::Mesh => group.and_then(|group| group.port),
            Entry::Gateway(_, port) => Some(port),
        };
        let spot = Spot {
            workload: &way.workload,
            listener,
            port,
        };
        (self.host, self.passed_over) = claims(way, group, spot);
        let (Some(group), Some(located)) = (group, way.located) else {
            return;
        };
        let spotted = tried(way, located, group);
        self.chosen = chosen::chosen(&spotted);
        self.excluded = excluded(way, group, spot);
        let asked = located
            .entry
            .map_or(spotted.len(), |entry| entry as usize + 1);
        let all = spotted.len();
        let told = { spotted.into_iter().enumerate() }
            .filter(|(number, one)| *number < asked || one.tried.verdict == Verdict::TooLate);
        self.rules = told.map(|(_, one)| one.tried).collect();
        self.not_asked = all - self.rules.len();
    }

    /// What became of it after a rule took it, as far as it came.
    fn fared(&mut self, way: &Way<'_>, rule: &Rule, decided: &Decided) {
        self.faults = steps::faults(rule, way.chance);
        if self.faults.iter().any(steps::Fault::aborts) {
            return;
        }
        self.cors = { rule.cors.as_ref() }.map(|cors| steps::cors(cors, &way.head));
        if { self.cors.as_ref() }.is_some_and(steps::Cors::answers) {
            return;
        }
        if let Some(limits) = &rule.limits {
            let outlooks = limits.consult(&way.head, way.hops, clock::now());
            let keys = limits.limiters().iter().map(|limiter| limiter.key());
            self.limits = outlooks.zip(keys).map(steps::limit).collect();
            // Between two looks a bucket fills; one explanation says one thing.
            for (said, looked) in self.answer.limits.iter_mut().zip(&self.limits) {
                said.allowed = looked.allowed;
            }
        }
        if rule.answer.is_some() {
            return;
        }
        self.split = Some(split(way, rule, decided.destinations));
        if decided.destinations == Destinations::None || !self.answer.forwards() {
            return;
        }
        self.passages = passages(way, rule, decided);
        self.copies = steps::copies(way, rule);
    }
}

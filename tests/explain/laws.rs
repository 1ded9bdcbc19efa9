//! What holds for every explanation, whatever the policy and the request.

use crate::policies::{policy, question};
use proptest::prelude::*;
use tower_mesh::explain::explanation::{Because, How, Pick, Tried, Verdict};
use tower_mesh::explain::{Explanation, Outcome, Question};
use tower_mesh::policy::{Match, PathMatch, Precedence, TextMatch, ValueMatch, Workload};
use tower_mesh::rng::Chance;
use tower_mesh::testing::{policies, questions_for};
use tower_mesh::{Plan, Policy};

/// The match of the policy of which something is said.
fn written<'a>(policy: &'a Policy, tried: &Tried) -> Option<&'a Match> {
    let route = { policy.routes.iter() }.find(|route| Some(&route.name) == tried.route.as_ref())?;
    let rule = { route.rules.iter().enumerate() }.find(|(number, rule)| {
        let name = rule.name.clone().unwrap_or_else(|| number.to_string());
        // Two rules of one name are told apart by how many matches they have, if at all.
        name == tried.rule && tried.matching.is_none_or(|at| at < rule.matches.len())
    })?;
    rule.1.matches.get(tried.matching?)
}

fn names_are_unique(policy: &Policy) -> bool {
    policy.routes.iter().all(|route| {
        let mut names: Vec<_> = { route.rules.iter().enumerate() }
            .map(|(number, rule)| rule.name.clone().unwrap_or_else(|| number.to_string()))
            .collect();
        names.sort();
        let all = names.len();
        names.dedup();
        names.len() == all
    })
}

/// What the request has after it has entered.
struct Seen {
    path: String,
    query: String,
    method: String,
    scheme: String,
    authority: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    fn of(explanation: &Explanation) -> Self {
        let asked = &explanation.request;
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let path = { explanation.path.as_ref() }.map_or(path, |change| &change.after);
        let over_tls = explanation.entrance.https;
        Self {
            path: path.to_owned(),
            query: query.to_owned(),
            method: asked.method.clone().unwrap_or_else(|| "GET".to_owned()),
            scheme: match &asked.scheme {
                Some(scheme) => scheme.clone(),
                None if over_tls => "https".to_owned(),
                None => "http".to_owned(),
            },
            authority: asked.authority.clone(),
            headers: asked.headers.clone(),
        }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        if name == "host" {
            return vec![self.authority.clone()];
        }
        let lines = { self.headers.iter() }.filter(|(own, _)| own == name);
        lines.map(|(_, line)| line.clone()).collect()
    }

    /// The oracle: whether one predicate of a match holds, found out from the policy's data and by
    /// another engine for regular expressions than the one that serves.
    fn holds(&self, matching: &Match, predicate: &str) -> bool {
        match predicate.split_once(' ') {
            None => match predicate {
                "path" => self.path_holds(matching),
                "method" => text_holds(matching.method.as_ref().unwrap(), &self.method),
                "scheme" => text_holds(matching.scheme.as_ref().unwrap(), &self.scheme),
                "authority" => text_holds(matching.authority.as_ref().unwrap(), &self.authority),
                other => panic!("{other}"),
            },
            Some(("header", name)) => {
                let mut headers = matching.headers.iter();
                let wanted = headers.find(|(own, _)| own.as_str() == name).unwrap().1;
                any_holds(wanted, &self.lines(name))
            }
            Some(("without", name)) => {
                let name = name.strip_prefix("header ").unwrap();
                let mut headers = matching.without_headers.iter();
                let wanted = headers.find(|(own, _)| own.as_str() == name).unwrap().1;
                let lines = self.lines(name);
                let nothing = match wanted {
                    ValueMatch::Present | ValueMatch::Absent => false,
                    wanted => lines.is_empty() && any_holds(wanted, &[String::new()]),
                };
                !(any_holds(wanted, &lines) || nothing)
            }
            Some(("query", name)) => {
                let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
                let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
                let first = pairs.find(|(own, _)| *own == name);
                let first: Vec<_> = first
                    .into_iter()
                    .map(|(_, value)| value.to_owned())
                    .collect();
                any_holds(&matching.query[name], &first)
            }
            other => panic!("{other:?}"),
        }
    }

    fn path_holds(&self, matching: &Match) -> bool {
        let fold = |text: &str| match matching.ignore_path_case {
            true => text.to_ascii_lowercase(),
            false => text.to_owned(),
        };
        let path = fold(&self.path);
        match matching.path.as_ref().unwrap() {
            PathMatch::Exact(exact) => path == fold(exact.as_str()),
            PathMatch::StartsWith(start) => path.starts_with(&fold(start)),
            PathMatch::Prefix(prefix) => {
                let prefix = fold(prefix.as_str());
                let prefix = prefix.strip_suffix('/').unwrap_or(&prefix);
                let rest = path.strip_prefix(prefix);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            PathMatch::Regex(pattern) => regex(pattern.as_str(), &self.path),
        }
    }
}

fn regex(pattern: &str, text: &str) -> bool {
    let whole = format!("^(?:{pattern})$");
    regex_automata::meta::Regex::new(&whole)
        .unwrap()
        .is_match(text)
}

fn text_holds(wanted: &TextMatch, text: &str) -> bool {
    match wanted {
        TextMatch::Exact(exact) => text == exact,
        TextMatch::Prefix(prefix) => text.starts_with(prefix.as_str()),
        TextMatch::Regex(pattern) => regex(pattern.as_str(), text),
    }
}

fn any_holds(wanted: &ValueMatch, lines: &[String]) -> bool {
    match wanted {
        ValueMatch::Present => !lines.is_empty(),
        ValueMatch::Absent => lines.is_empty(),
        ValueMatch::Exact(exact) => lines.iter().any(|line| line.trim() == exact),
        ValueMatch::Prefix(prefix) => lines.iter().any(|line| line.trim().starts_with(prefix)),
        ValueMatch::Regex(pattern) => lines
            .iter()
            .any(|line| regex(pattern.as_str(), line.trim())),
    }
}

/// What is asked of the request, of each match that was tried, is so: all before the first that
/// failed holds, that one does not, and of a match that takes the request all holds.
fn predicates_are_right(policy: &Policy, explanation: &Explanation) -> Result<(), TestCaseError> {
    let seen = Seen::of(explanation);
    for tried in &explanation.rules {
        let Some(matching) = written(policy, tried) else {
            prop_assert!(tried.asks.is_empty() && tried.unmet.is_none());
            continue;
        };
        let failed = tried.unmet.as_ref().map(|unmet| unmet.predicate.as_str());
        for asks in &tried.asks {
            let holds = seen.holds(matching, &asks.predicate);
            if Some(asks.predicate.as_str()) == failed {
                prop_assert!(!holds, "{} of {matching:?}", asks.predicate);
                break;
            }
            prop_assert!(holds, "{} of {matching:?}", asks.predicate);
        }
        let known =
            failed.is_none_or(|failed| tried.asks.iter().any(|asks| asks.predicate == failed));
        prop_assert!(known, "{failed:?} is among what is asked");
        prop_assert_eq!(tried.verdict == Verdict::Unmet, failed.is_some());
    }
    Ok(())
}

/// Every match of the routes that are asked is told once: tried, behind and counted, or excluded.
fn every_match_is_told(policy: &Policy, explanation: &Explanation) -> Result<(), TestCaseError> {
    let Some(host) = &explanation.host else {
        return Ok(());
    };
    let routes = { policy.routes.iter() }
        .filter(|route| host.routes.iter().any(|claim| claim.route == route.name));
    let all: usize = routes
        .flat_map(|route| &route.rules)
        .map(|rule| rule.matches.len().max(1))
        .sum();
    let told = explanation.rules.len() + explanation.not_asked + explanation.excluded.len();
    if host.service.is_none() {
        prop_assert_eq!(told, all);
    }
    Ok(())
}

/// Of routes that list their rules, the matches of each come in the order of the policy.
fn listed_rules_are_in_order(
    policy: &Policy,
    explanation: &Explanation,
) -> Result<(), TestCaseError> {
    let one = { explanation.host.as_ref() }.is_some_and(|host| host.routes.len() == 1);
    for route in { policy.routes.iter() }.filter(|route| route.precedence == Precedence::Listed) {
        let name = |number: usize| {
            let rule = &route.rules[number];
            rule.name.clone().unwrap_or_else(|| number.to_string())
        };
        let places: Vec<_> = { explanation.rules.iter() }
            .filter(|tried| tried.route.as_ref() == Some(&route.name))
            .map(|tried| {
                let rule = (0..route.rules.len()).find(|number| name(*number) == tried.rule);
                (rule.unwrap(), tried.matching)
            })
            .collect();
        // Where several share a host, catch-alls come last.
        if one {
            prop_assert!(places.is_sorted(), "{places:?}");
        }
    }
    Ok(())
}

fn the_rest_agrees(explanation: &Explanation) -> Result<(), TestCaseError> {
    let answer = &explanation.answer;
    let takers: Vec<_> = { explanation.rules.iter() }
        .filter(|tried| tried.verdict == Verdict::Takes)
        .collect();
    prop_assert!(takers.len() <= 1);
    let taker = takers
        .first()
        .map(|tried| (tried.route.clone(), tried.rule.clone()));
    let chosen = { explanation.chosen.as_ref() }.map(|it| (it.route.clone(), it.rule.clone()));
    prop_assert_eq!(&taker, &chosen);
    let said = answer
        .route
        .clone()
        .map(|route| (Some(route), answer.rule.clone().unwrap()));
    prop_assert_eq!(taker.filter(|(route, _)| route.is_some()), said);
    if answer.outcome == Outcome::NoRoute {
        prop_assert!(takers.is_empty());
    }
    // All before the taker were asked and failed; behind it are only those that come too late.
    let at = { explanation.rules.iter() }.position(|tried| tried.verdict == Verdict::Takes);
    for (number, tried) in explanation.rules.iter().enumerate() {
        let expected = match at {
            Some(at) if number > at => Verdict::TooLate,
            Some(at) if number == at => Verdict::Takes,
            _ => Verdict::Unmet,
        };
        prop_assert_eq!(tried.verdict, expected);
    }
    let shared: Vec<_> = { answer.limits.iter() }
        .map(|limit| (&limit.name, &limit.key, limit.allowed))
        .collect();
    let limits: Vec<_> = { explanation.limits.iter() }
        .map(|limit| (&limit.name, &limit.key, limit.allowed))
        .collect();
    prop_assert_eq!(shared, limits);
    prop_assert!(
        explanation
            .limits
            .iter()
            .all(|limit| limit.allowed == (limit.left > 0))
    );
    if answer.forwards() {
        let split = explanation.split.as_ref().unwrap();
        prop_assert!(split.how != How::Nobody);
        let open = split.arms.iter().filter(|arm| arm.open);
        prop_assert_eq!(open.count(), answer.backends.len());
        let served: Vec<_> = { answer.backends.iter().enumerate() }
            .filter(|(_, backend)| backend.service.is_some())
            .map(|(number, _)| number)
            .collect();
        let ways: Vec<_> = explanation
            .passages
            .iter()
            .map(|passage| passage.backend)
            .collect();
        prop_assert_eq!(served, ways);
        for passage in &explanation.passages {
            let backend = &answer.backends[passage.backend];
            prop_assert_eq!(&passage.response_headers, &backend.response_headers);
            let after = { passage.changes.path.as_ref() }.map(|change| &change.after);
            let received = backend.request.as_ref().unwrap();
            prop_assert!(after.is_none_or(|after| *after == received.path));
            let picked = match &passage.endpoints.pick {
                Pick::Picked { endpoint, .. } => *endpoint < passage.endpoints.considered.len(),
                Pick::Only => passage.endpoints.considered.len() == 1,
                Pick::Nobody => passage.endpoints.considered.is_empty(),
                _ => passage.endpoints.considered.len() > 1,
            };
            prop_assert!(picked);
        }
    }
    Ok(())
}

/// Whoever is said to be in the way is: without the routes that were asked, one of those that came
/// too late or were less specific is asked, and none that is said not to be for this request.
fn who_was_in_the_way_was(
    policy: &Policy,
    asked: &Question,
    explanation: &Explanation,
) -> Result<(), TestCaseError> {
    let in_force = |name: &String| {
        let mut routes = explanation.host.iter().flat_map(|host| &host.routes);
        routes.any(|claim| claim.route == *name)
    };
    let mut without = policy.clone();
    without.routes.retain(|route| !in_force(&route.name));
    let plan = Plan::lenient(&without, &Workload::default(), None);
    let then = plan.explain_question(asked, None).unwrap();
    let asked_then: Vec<_> = then.host.iter().flat_map(|host| &host.routes).collect();
    let is_next = |because: &Because| {
        matches!(
            because,
            Because::Later(_) | Because::LessSpecific(_) | Because::Hidden(_)
        )
    };
    for claim in &asked_then {
        let mut passed = explanation.passed_over.iter();
        let passed = passed.find(|passed| passed.claim.route == claim.route);
        let because = passed.map(|passed| &passed.because);
        // One of which nothing stands here may share the host with others.
        let shares = because == Some(&Because::NobodyHere) && asked_then.len() > 1;
        let right = shares || because.is_some_and(is_next);
        prop_assert!(right, "{claim:?} was {because:?}\n{explanation}\n{then}");
    }
    // A service is reached as it is before a route for every host is asked.
    let narrow = { explanation.passed_over.iter() }
        .filter(|passed| is_next(&passed.because))
        .any(|passed| passed.claim.host.split(':').next() != Some("*"));
    let routed = explanation
        .host
        .as_ref()
        .is_some_and(|host| host.service.is_none());
    // Unless one of which nothing stands here takes the host from those behind it.
    // Nor is a service reached at a port that it lacks.
    let blocks =
        |because: &Because| matches!(because, Because::NobodyHere | Because::NoSuchPort(_));
    let blocked = { then.passed_over.iter() }.any(|it| blocks(&it.because));
    if narrow && routed && !blocked {
        prop_assert!(!asked_then.is_empty(), "{explanation}\n{then}");
    }
    Ok(())
}

fn all_holds(plan: &Plan, asked: &Question, chance: Option<Chance>) -> Result<(), TestCaseError> {
    let answer = match chance {
        Some(chance) => plan.answer_by(asked, chance),
        None => plan.answer(asked),
    };
    let explanation = plan.explain_question(asked, chance);
    let (answer, explanation) = match (answer, explanation) {
        (Ok(answer), Ok(explanation)) => (answer, explanation),
        (answer, explanation) => {
            prop_assert_eq!(answer.err(), explanation.err());
            return Ok(());
        }
    };
    prop_assert_eq!(&explanation.answer, &answer);
    let policy = plan.policy();
    the_rest_agrees(&explanation)?;
    every_match_is_told(policy, &explanation)?;
    who_was_in_the_way_was(policy, asked, &explanation)?;
    if names_are_unique(policy) {
        predicates_are_right(policy, &explanation)?;
        listed_rules_are_in_order(policy, &explanation)?;
    }
    // It can be written and read, and drawn.
    let json = serde_json::to_string(&explanation).unwrap();
    let again: Explanation = serde_json::from_str(&json).unwrap();
    prop_assert_eq!(&again, &explanation);
    let text = explanation.to_string();
    prop_assert!(text.starts_with(&explanation.summary[..20]), "{}", text);
    prop_assert!(!text.contains("  )") && !explanation.summary.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn explanations_say_what_is_decided_and_each_predicate_is_right(
        policy in policy(),
        questions in proptest::collection::vec((question(), any::<Option<u64>>()), 8),
    ) {
        let plan = Plan::lenient(&policy, &Workload::default(), None);
        for (question, chance) in &questions {
            all_holds(&plan, question, chance.map(Chance::new))?;
        }
    }
}

/// A valid policy, and questions that are aimed at it.
fn aimed() -> impl Strategy<Value = (Policy, Vec<Question>)> {
    policies().prop_flat_map(|policy| {
        let questions = proptest::collection::vec(questions_for(&policy), 8);
        (Just(policy), questions)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn so_they_do_of_policies_that_use_the_whole_model(
        (policy, questions) in aimed(),
        chance: Option<u64>,
    ) {
        let plan = Plan::lenient(&policy, &Workload::default(), None);
        for question in &questions {
            all_holds(&plan, question, chance.map(Chance::new))?;
        }
    }
}

//! Policies as services have them, and requests that they have rules for.

use super::{order, tables};
use http::Request;
use std::net::SocketAddr;
use tower_mesh::Plan;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::{Endpoint, Policy, Route, Rule, Service};

/// What rules do, in turns.
const RULES: [&str; 10] = [
    r#"{"to":[{"service":"ratings"}],"timeout":"1s"}"#,
    r#"{"to":[{"service":"reviews","subset":"v1","weight":90},
              {"service":"reviews","subset":"v2","weight":10}]}"#,
    r#"{"to":[{"service":"ratings"}],
        "headers":{"request":{"set":{"x-tenant":"shop"},"remove":["x-debug"]},
                   "response":{"add":{"x-served-by":"ratings"}}}}"#,
    r#"{"to":[{"service":"reviews","subset":"v1"}],"timeout":"2s",
        "retries":{"attempts":2,"on":["5xx","reset"],"perTryTimeout":"500ms"}}"#,
    r#"{"to":[{"service":"ratings"}],"limits":[{"rate":{"requests":1000,"per":"1s"}}]}"#,
    r#"{"to":[{"service":"reviews","subset":"v1"}],"mirrors":[{"service":"shadow","percent":10}]}"#,
    r#"{"to":[{"service":"ratings"}],"rewrite":{"path":{"full":"/items"}}}"#,
    r#"{"to":[{"service":"reviews","subset":"v1","weight":50,
               "headers":{"request":{"set":{"x-arm":"one"}}}},
              {"service":"reviews","subset":"v2","weight":50}],
        "timeout":"1s","retries":{"attempts":3,"on":["connect-failure"]}}"#,
    r#"{"to":[{"service":"ratings"}],
        "limits":[{"rate":{"requests":10,"per":"1s"},"key":{"header":"authorization"}}],
        "fault":{"delay":{"fixed":"50ms","percent":1}}}"#,
    r#"{"to":[{"service":"ratings"}]}"#,
];

/// One host with so many rules, whose matches are those of the table `mixed`.
pub fn policy(rules: usize) -> Policy {
    let mut route = Route::new("shop", ["host".parse().unwrap()]);
    for number in 0..rules {
        let rule: Rule = serde_json::from_str(RULES[number % RULES.len()]).unwrap();
        route = route.rule(rule.when(tables::matching(number)));
    }
    let mut policy = Policy::default();
    policy.routes.push(route);
    for (place, name) in ["ratings", "reviews", "shadow"].into_iter().enumerate() {
        let endpoints = [(1, "v1"), (2, "v2")].map(|(last, version)| {
            let address = SocketAddr::from(([10, 0, place as u8, last], 80));
            Endpoint::new(address).label("version", version)
        });
        let service = Service::new(endpoints)
            .subset("v1", "version", "v1")
            .subset("v2", "version", "v2");
        policy.services.insert(name.to_owned(), service);
    }
    policy
}

/// A plan and what it is asked, all of which its rules take.
pub struct Asking {
    pub plan: Plan,
    pub questions: Vec<Question>,
    pub requests: Vec<Request<()>>,
}

impl Asking {
    /// So many rules, and requests with six headers.
    pub fn of(rules: usize) -> Self {
        let plan = policy(rules).compile().unwrap();
        let questions: Vec<_> = order(4096, rules).into_iter().map(question).collect();
        let requests: Vec<_> = { questions.iter() }
            .map(|question| Request::try_from(question).unwrap())
            .collect();
        for request in &requests {
            let answer = plan.decide(request);
            assert!(answer.forwards() && answer.route.is_some(), "{answer:?}");
        }
        Self {
            plan,
            questions,
            requests,
        }
    }

    pub fn answers(&self) -> Vec<Answer> {
        let requests = self.requests.iter();
        requests.map(|request| self.plan.decide(request)).collect()
    }

    /// The questions as lines of JSON, without their ends.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.questions.iter().map(serde_json::to_string);
        lines.map(Result::unwrap).collect()
    }
}

fn question(rule: usize) -> Question {
    let mut question = Question::new("host", tables::matched(rule));
    question.headers = [
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0",
        ),
        ("accept", "text/html,application/json;q=0.9,*/*;q=0.8"),
        ("accept-encoding", "gzip, deflate, br"),
        ("authorization", "Bearer 0123456789abcdef0123456789abcdef"),
        ("x-request-id", "7f2b6c1e-3a57-4d53-9c0e-5b1f6f0c9a11"),
        ("x-version", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    question
}

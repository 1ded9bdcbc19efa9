//! Requests that are aimed at the routes.

use crate::http_route::Parent;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tower_mesh::Policy;
use tower_mesh::explain::Question;
use tower_mesh::testing::{Requests, requests_for};

/// A request in the making: it is aimed once there is a policy.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    seed: [u8; 32],
    /// How the path goes on.
    behind: &'static str,
    origin: Option<&'static str>,
    preflight: bool,
    port: u16,
    /// Whether the port is written, too.
    written: bool,
}

/// Requests for the routes; what becomes of others is not theirs to say.
pub(crate) fn aimed(policy: &Policy) -> Requests {
    let services = std::collections::BTreeMap::new();
    requests_for(&Policy {
        services,
        ..policy.clone()
    })
}

pub(crate) fn asks() -> impl Strategy<Value = Ask> {
    let origins = [
        "https://shop.example",
        "http://shop.example:8080",
        "https://a.shop.example",
        "https://a.b.shop.example",
        "https://shop.example.evil",
        "null",
    ];
    (
        any::<[u8; 32]>(),
        prop_oneof![6 => Just(""), 4 => select(&["/", "//", "/x", "//x", "/b", "x", "/x/"])],
        weighted(0.4, select(origins.to_vec())),
        any::<bool>(),
        select(&[80, 443, 8080]),
        any::<bool>(),
    )
        .prop_map(|(seed, behind, origin, preflight, port, written)| Ask {
            seed,
            behind,
            origin,
            preflight,
            port,
            written,
        })
}

impl Ask {
    pub(crate) fn question(&self, requests: &Requests, parent: Parent) -> Question {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &self.seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let request = requests.new_tree(&mut runner).unwrap().current();
        let mut question = Question::of(&request);
        let (path, query) = match question.path.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (&*question.path, String::new()),
        };
        question.path = format!("{path}{}{query}", self.behind);
        if let Some(origin) = self.origin {
            question
                .headers
                .push(("origin".to_owned(), origin.to_owned()));
            if self.preflight {
                question.method = Some("OPTIONS".to_owned());
                for (name, value) in [("method", "DELETE"), ("headers", "x-a, x-z")] {
                    let name = format!("access-control-request-{name}");
                    question.headers.push((name, value.to_owned()));
                }
            }
        }
        if parent == Parent::Gateway {
            question.gateway = Some("web/front".to_owned());
            question.port = Some(self.port);
            question.scheme = (self.port == 443).then(|| "https".to_owned());
        }
        if self.written && !question.authority.contains(':') {
            question.authority = format!("{}:{}", question.authority, self.port);
        }
        question
    }
}

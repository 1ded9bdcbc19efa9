//! Policies at random, each rule with a kind of predicate and a kind of action to be tried.

use crate::acts::{self, ACTS, SECOND, go_together};
use crate::asks::{ASKS, Ask, Shape};
use crate::dice::Dice;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use tower_mesh::Policy;

/// The servers, by service and subset.
pub(crate) const SERVERS: &[&str] = &["a/v1", "a/v2", "b", "shadow", "slow"];

/// A policy with the rules that are aimed at.
pub(crate) struct World {
    pub(crate) text: String,
    pub(crate) policy: Policy,
    pub(crate) at_gateway: bool,
    pub(crate) targets: Vec<Target>,
}

/// A rule that is aimed at, by its route.
pub(crate) struct Target {
    pub(crate) route: String,
    host: String,
    pub(crate) asks: Vec<Ask>,
    pub(crate) acts: Vec<&'static str>,
}

impl World {
    /// A policy in which rules of this kind of predicate do everything that rules can do.
    pub(crate) fn new(kind: &'static str, round: usize, servers: &[SocketAddr]) -> Self {
        let seed = ASKS.iter().position(|ask| *ask == kind).unwrap() * 1_000 + round;
        let mut dice = Dice::new(seed as u64);
        let at_gateway = round.is_multiple_of(2);
        let frame = frame(round, servers);
        let mut routes = Vec::new();
        let mut targets = Vec::new();
        for (number, act) in ACTS.iter().enumerate() {
            if !is_possible(kind, act) {
                continue;
            }
            // A second predicate may make the match impossible, or the policy wrong.
            let (route, target) = std::iter::repeat_with(|| {
                let (route, target) = route(number, kind, act, round, &mut dice);
                let mut alone = frame.clone();
                alone["routes"] = json!([route]);
                let good = alone.to_string().parse::<Policy>().is_ok();
                good.then_some((route, target))
            })
            .take(200)
            .flatten()
            .next()
            .unwrap_or_else(|| panic!("no good rule with {kind} and {act}"));
            routes.push(route);
            targets.push(target);
        }
        let mut whole = frame;
        whole["routes"] = routes.into();
        let text = serde_json::to_string_pretty(&whole).unwrap();
        let policy = text
            .parse()
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self {
            text,
            policy,
            at_gateway,
            targets,
        }
    }
}

/// Policies refuse to replace a prefix where rules do not match by one.
pub(crate) fn is_possible(ask: &str, act: &str) -> bool {
    let by_path = ["exact", "startsWith", "regex"].contains(&ask);
    !(by_path && ["redirectPrefix", "rewritePrefix"].contains(&act))
}

/// The policy without its routes.
fn frame(round: usize, servers: &[SocketAddr]) -> Value {
    let level = ["base", "none", "mergeSlashes", "decodeAndMergeSlashes"][round % 4];
    let at = |number: usize| json!({ "address": servers[number].to_string() });
    let mut a = json!({ "endpoints": [at(0), at(1)], "subsets": {
        "v1": { "labels": { "version": "v1" } },
        "v2": { "labels": { "version": "v2" } },
    } });
    for (index, version) in ["v1", "v2"].iter().enumerate() {
        a["endpoints"][index]["labels"] = json!({ "version": version });
    }
    json!({
        "mesh": { "pathNormalization": level, "outboundTrafficPolicy": "registryOnly" },
        "services": {
            "a": a,
            "b": { "endpoints": [at(2)] },
            "shadow": { "endpoints": [at(3)] },
            "slow": { "endpoints": [at(4)] },
        },
        "gateways": { "edge": { "listeners": [{ "name": "web", "port": 80 }] } },
    })
}

/// What of a request a predicate is about.
fn family(ask: &str) -> &str {
    let families = ["header", "without", "query", "method", "authority", "any"];
    let own = families.into_iter().find(|family| ask.starts_with(family));
    own.unwrap_or("path")
}

fn route(
    number: usize,
    kind: &'static str,
    act: &'static str,
    round: usize,
    dice: &mut Dice,
) -> (Value, Target) {
    let name = format!("r{number}");
    let (claimed, host) = match dice.one_in(4) {
        true => (format!("*.h{number}.test"), format!("w.h{number}.test")),
        false => (format!("h{number}.test"), format!("h{number}.test")),
    };
    let mut matching = Map::new();
    let mut asks = vec![Ask::choose(kind, &host, &mut matching, dice)];
    if dice.one_in(3) {
        let second = dice.pick(ASKS);
        // Two of one kind would have one place in the match.
        if family(second) != family(kind) {
            asks.push(Ask::choose(second, &host, &mut matching, dice));
        }
    }
    let mut rule = Map::new();
    rule.insert("name".to_owned(), "aim".into());
    let mut done = vec![act];
    acts::act(act, &mut rule, dice);
    if dice.one_in(3) {
        let second = dice.pick(SECOND);
        if go_together(act, second) {
            acts::act(second, &mut rule, dice);
            done.push(second);
        }
    }
    if !["to", "redirect", "respond"]
        .iter()
        .any(|key| rule.contains_key(*key))
    {
        rule.insert("to".to_owned(), json!([{ "service": "a", "subset": "v1" }]));
    }
    if !matching.is_empty() {
        rule.insert("match".to_owned(), json!([matching]));
    }
    let mut rules = Vec::new();
    if dice.one_in(3) {
        let mut matching = Map::new();
        let before = dice.pick(&["exact", "headerExact", "regex", "queryExact"]);
        Ask::choose(before, &host, &mut matching, dice);
        rules.push(json!({ "name": "before", "match": [matching], "to": [{ "service": "b" }] }));
    }
    rules.push(rule.into());
    if kind != "any" && dice.one_in(2) {
        rules.push(json!({ "name": "after", "to": [{ "service": "b" }] }));
    }
    let door = if round.is_multiple_of(2) {
        "edge"
    } else {
        "mesh"
    };
    let precedence = if round % 5 == 4 { "specific" } else { "listed" };
    let route = json!({
        "name": name, "hosts": [claimed], "gateways": [door], "precedence": precedence,
        "rules": rules,
    });
    let target = Target {
        route: name,
        host,
        asks,
        acts: done,
    };
    (route, target)
}

impl Target {
    /// A request aimed at the rule, or so near that one of its predicates may fail.
    pub(crate) fn request(&self, near: bool, dice: &mut Dice) -> Shape {
        let mut shape = Shape {
            method: "GET".to_owned(),
            host: self.host.clone(),
            path: dice
                .pick(&["/", "/some", "/some/path/", "/teapot"])
                .to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: "",
        };
        if dice.one_in(3) {
            shape.query.push("first=1".to_owned());
        }
        let off = dice.below(self.asks.len());
        for (number, ask) in self.asks.iter().enumerate() {
            ask.aim(&mut shape, near && number == off, dice);
        }
        for act in &self.acts {
            acts::aim(act, &mut shape, dice);
        }
        if dice.one_in(8) && !shape.host.contains(':') {
            shape.host = match dice.below(3) {
                0 => shape.host.to_ascii_uppercase(),
                1 => format!("{}:80", shape.host),
                _ => format!("x.{}", shape.host),
            };
        }
        if dice.one_in(10) {
            // What is answered to a gRPC call, it has to understand.
            let kind = dice.pick(&["application/grpc", "application/grpc+proto"]);
            shape.headers.push(("content-type".into(), kind.into()));
            if dice.one_in(2) {
                let timeout = dice.pick(&["9S", "9000m", "soon", "1H"]);
                shape.headers.push(("grpc-timeout".into(), timeout.into()));
            }
        }
        if ["POST", "PUT", "PATCH"].contains(&shape.method.as_str()) {
            shape.body = "hello";
        }
        shape
    }
}

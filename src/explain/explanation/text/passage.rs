//! The ways to the destinations: time, tries, changes, endpoints; and the copies beside them.

use crate::explain::answer::ResponseHeaders;
use crate::explain::explanation::endpoints::{Considered, Endpoints, LeftOut, Pick};
use crate::explain::explanation::passage::{Changes, Passage};
use crate::explain::explanation::summary::{percent, place};
use crate::explain::explanation::text::Readable;
use crate::explain::explanation::text::tree::Node;
use crate::explain::explanation::text::words::{at, count, time};
use crate::policy::Balance;

impl Readable<'_> {
    pub(super) fn time(&self) -> Option<Node> {
        let answer = &self.explanation.answer;
        let each = { answer.per_try_timeout_ms }.map(|each| format!("{} for each try", time(each)));
        let all = { answer.timeout_ms }.map(|all| format!("{} in all", time(all)));
        match (all, each) {
            (None, None) => None,
            (Some(all), None) => Some(Node::new(format!("timeout: {all}"))),
            (None, Some(each)) => Some(Node::new(format!("timeout: {each}"))),
            (Some(all), Some(each)) => Some(Node::new(format!("timeout: {all}, {each}"))),
        }
    }

    pub(super) fn tries(&self) -> Option<Node> {
        let retry = self.explanation.answer.retry.as_ref()?;
        let codes = retry.codes.iter().map(ToString::to_string);
        let on: Vec<_> = retry.on.iter().cloned().chain(codes).collect();
        let more = count(retry.attempts as usize, "more try", "more tries");
        Some(Node::new(format!(
            "retries: up to {more} on {}",
            on.join(", ")
        )))
    }

    pub(super) fn passages(&self) -> Vec<Node> {
        self.explanation
            .passages
            .iter()
            .filter_map(|passage| self.passage(passage))
            .collect()
    }

    fn passage(&self, passage: &Passage) -> Option<Node> {
        let backend = self.explanation.answer.backends.get(passage.backend)?;
        let mut node = Node::new(format!("to {}", place(backend)));
        let mut changes = self.changes(&passage.changes);
        changes.extend(self.response(passage.response_headers.as_ref()));
        if changes.is_empty() {
            changes.push("request and response as they are".to_owned());
        }
        node.extend(changes.into_iter().map(Node::new));
        node.push(self.endpoints(&passage.endpoints));
        Some(node)
    }

    fn changes(&self, changes: &Changes) -> Vec<String> {
        let parts = [
            ("method", &changes.method),
            ("scheme", &changes.scheme),
            ("authority", &changes.authority),
            ("path", &changes.path),
        ];
        let parts = parts.into_iter().filter_map(|(name, change)| {
            let change = change.as_ref()?;
            Some(format!("{name} {} → {}", change.before, change.after))
        });
        let headers = changes.headers.iter().map(|change| {
            let name = &change.name;
            let lines = |lines: &[String]| {
                let lines: Vec<_> = lines.iter().map(|line| self.quoted(name, line)).collect();
                lines.join(", ")
            };
            match (change.before.as_slice(), change.after.as_slice()) {
                ([], after) => format!("header {name}: added {}", lines(after)),
                (before, []) => format!("header {name}: removed {}", lines(before)),
                (before, after) => {
                    format!("header {name}: {} → {}", lines(before), lines(after))
                }
            }
        });
        parts.chain(headers).collect()
    }

    fn response(&self, response: Option<&ResponseHeaders>) -> Vec<String> {
        let Some(response) = response else {
            return Vec::new();
        };
        let removed = { response.remove.iter() }.map(|name| format!("response: removes {name}"));
        let set = { response.set.iter() }
            .map(|(name, value)| format!("response: sets {name} to {}", self.quoted(name, value)));
        let added = { response.add.iter() }
            .map(|(name, value)| format!("response: adds {name} {}", self.quoted(name, value)));
        removed.chain(set).chain(added).collect()
    }

    fn endpoints(&self, endpoints: &Endpoints) -> Node {
        let all = count(endpoints.considered.len(), "endpoint", "endpoints");
        let how = match endpoints.balance {
            Balance::RoundRobin => "roundRobin",
            Balance::Random => "random",
            Balance::Weighted => "weighted",
            Balance::LeastRequest => "leastRequest",
        };
        let says = match &endpoints.pick {
            Pick::Only => format!("{all}, so it gets the request"),
            Pick::Nobody => "no endpoint: the request is answered with 503".to_owned(),
            Pick::ByTurns => {
                format!("{all}, by turns ({how}): whose turn it is, the running mesh knows")
            }
            Pick::Drawn => format!("{all}, drawn for each request ({how})"),
            Pick::Picked {
                endpoint,
                candidates,
            } => {
                let name = |number: usize| {
                    endpoints
                        .considered
                        .get(number)
                        .map(address)
                        .unwrap_or_default()
                };
                let candidates: Vec<_> = { candidates.iter() }
                    .map(|one| format!("{} with {}", name(one.endpoint), one.under_way))
                    .collect();
                let drawn = match candidates.as_slice() {
                    [] => String::new(),
                    candidates => format!(": of {} under way", candidates.join(" and ")),
                };
                format!("{all}, {} is picked ({how}){drawn}", name(*endpoint))
            }
        };
        let mut node = Node::new(format!("{says}{}", at(endpoints.at.as_ref())));
        let picked = match &endpoints.pick {
            Pick::Picked { endpoint, .. } => Some(*endpoint),
            _ => None,
        };
        // Many are counted: who they are does not help.
        let told = endpoints.considered.iter().enumerate().take(MOST);
        node.extend(told.map(|(number, one)| {
            let mark = match picked {
                Some(picked) if picked == number => "✓ ",
                Some(_) => "✗ ",
                None => "",
            };
            Node::new(format!("{mark}{}", considered(one)))
        }));
        if endpoints.considered.len() > MOST {
            let more = endpoints.considered.len() - MOST;
            node.push(Node::new(format!("… {more} more")));
        }
        let left_out = endpoints.left_out.iter().take(MOST);
        node.extend(left_out.map(|one| Node::new(self::left_out(one, endpoints))));
        if endpoints.left_out.len() > MOST {
            let more = endpoints.left_out.len() - MOST;
            node.push(Node::new(format!("… {more} more are left out")));
        }
        node
    }

    pub(super) fn copies(&self) -> Vec<Node> {
        let copies = self.explanation.copies.iter().map(|copies| {
            let subset = { copies.subset.as_ref() }.map(|subset| format!(", subset {subset}"));
            let to = format!("{}{}", copies.service, subset.unwrap_or_default());
            let at = at(copies.at.as_ref());
            let share = percent(copies.share);
            let drawn = match (&copies.none, copies.drawn) {
                (Some(none), _) => format!(": none is sent, as {none}"),
                (None, Some(true)) => "; this one is".to_owned(),
                (None, Some(false)) => "; this one is not".to_owned(),
                (None, None) => String::new(),
            };
            Node::new(format!(
                "mirror: {share} of requests are copied to {to}{at}{drawn}"
            ))
        });
        copies.collect()
    }
}

fn address(endpoint: &Considered) -> String {
    match &endpoint.address {
        Some(address) => address.clone(),
        None => "the host that is addressed".to_owned(),
    }
}

fn considered(endpoint: &Considered) -> String {
    let weight = match endpoint.weight {
        1 => String::new(),
        weight => format!(", weight {weight}"),
    };
    let load = { endpoint.under_way }.map(|load| format!(", {load} under way"));
    format!("{}{weight}{}", address(endpoint), load.unwrap_or_default())
}

fn left_out(endpoint: &LeftOut, endpoints: &Endpoints) -> String {
    let subset = endpoints.subset.as_deref().unwrap_or_default();
    let (predicate, wanted) = (&endpoint.predicate, &endpoint.wanted);
    let has = match &endpoint.has {
        Some(has) => format!("is `{has}`"),
        None => "is not there".to_owned(),
    };
    format!(
        "– {} is left out: {predicate} {has}, {subset} wants `{wanted}`",
        endpoint.address
    )
}

const MOST: usize = 20;

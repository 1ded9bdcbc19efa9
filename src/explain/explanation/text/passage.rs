//! The ways to the destinations: time, tries, changes, endpoints; and the copies beside them.

use crate::explain::answer::ResponseHeaders;
use crate::explain::explanation::endpoints::{Considered, Endpoints, LeftOut, Pick};
use crate::explain::explanation::passage::{Changes, Passage};
use crate::explain::explanation::split::How;
use crate::explain::explanation::summary::{percent, place};
use crate::explain::explanation::text::Readable;
use crate::explain::explanation::text::tree::Node;
use crate::explain::explanation::text::words::{at, at_document, count, time};
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
        let sole = { self.explanation.split.as_ref() }.filter(|split| split.how == How::Sole);
        let arm = sole.and_then(|split| split.arms.iter().find(|arm| arm.open));
        let at = at(arm.and_then(|arm| arm.at.as_ref()));
        let mut node = Node::new(format!("to {}{at}", place(backend)));
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
        let name = |number: usize| {
            let endpoint = endpoints.considered.get(number);
            endpoint.map(address).unwrap_or_default()
        };
        let live = endpoints
            .considered
            .iter()
            .any(|one| one.under_way.is_some());
        let mut picked = None;
        let says = match &endpoints.pick {
            Pick::Only => all,
            // Where the documents name none, a cluster may have some.
            Pick::Nobody => {
                let none = match endpoints.left_out.as_slice() {
                    [] => "no endpoint in these documents",
                    _ => "no endpoint in these documents fits",
                };
                format!("{none}: served from them alone it gets 503")
            }
            Pick::ByTurns => format!("{all}, one after the other ({how})"),
            Pick::Drawn => format!("{all}, of which {how} picks one for each request"),
            Pick::Picked { endpoint, .. } => {
                picked = Some(*endpoint);
                let idle = match live || endpoints.balance != Balance::LeastRequest {
                    true => "",
                    false => ", where nothing is under way",
                };
                format!("{all}, of which {how} picks {}{idle}", name(*endpoint))
            }
        };
        let mut node = Node::new(format!("{says}{}", at_document(endpoints.at.as_ref())));
        // Many are counted: who they are does not help.
        let told = endpoints.considered.iter().enumerate().take(MOST);
        node.extend(told.map(|(number, one)| {
            let mark = match picked {
                Some(picked) if picked == number => "✓ ",
                Some(_) => "· ",
                None => "",
            };
            let drawn = match &endpoints.pick {
                Pick::Picked { candidates, .. } => {
                    let mut candidates = candidates.iter();
                    candidates.any(|candidate| candidate.endpoint == number)
                }
                _ => false,
            };
            let drawn = if drawn { ", drawn" } else { "" };
            Node::new(format!("{mark}{}{drawn}", considered(one)))
        }));
        if endpoints.considered.len() > MOST {
            let more = endpoints.considered.len() - MOST;
            node.push(Node::new(format!("… {more} more")));
        }
        node.over(left_out(endpoints))
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

/// One line for all that are left out for the same reason.
fn left_out(endpoints: &Endpoints) -> Vec<String> {
    let subset = endpoints.subset.as_deref().unwrap_or_default();
    let mut reasons: Vec<(&LeftOut, Vec<&str>)> = Vec::new();
    for one in &endpoints.left_out {
        let alike = |other: &LeftOut| {
            (&other.predicate, &other.wanted, &other.has) == (&one.predicate, &one.wanted, &one.has)
        };
        match reasons.iter_mut().find(|(other, _)| alike(other)) {
            Some((_, addresses)) => addresses.push(&one.address),
            None => reasons.push((one, vec![&one.address])),
        }
    }
    let lines = reasons.into_iter().map(|(one, addresses)| {
        let (predicate, wanted) = (&one.predicate, &one.wanted);
        let has = match &one.has {
            Some(has) => format!("is `{has}`"),
            None => "is not there".to_owned(),
        };
        let told = addresses[..addresses.len().min(MOST)].join(", ");
        let more = match addresses.len().checked_sub(MOST + 1) {
            Some(more) => format!(" and {} more", more + 1),
            None => String::new(),
        };
        format!("– {told}{more}: {predicate} {has}, `{subset}` wants `{wanted}`")
    });
    lines.collect()
}

const MOST: usize = 20;

use crate::explain::explanation::tried::{Spotted, Tried, Verdict};
use crate::plan::Rank;
use crate::policy::Place;
use serde::{Deserialize, Serialize};

/// The match that took the request, and why it came before others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chosen {
    /// The route; absent for a service that is reached without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The rule: its name, or its index.
    pub rule: String,
    /// Which of the rule's matches.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matching: Option<usize>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// What put it before the next that would have taken the request.
    pub because: Criterion,
    /// That one, as `route/rule`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// Why one match is asked before another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Criterion {
    /// No other would have taken the request.
    Only,
    /// It is listed before the other.
    Listed,
    /// The other asks for nothing: where several routes share a host, such a match comes last.
    CatchAllLast,
    /// Routes that list their rules come before those that go by the most specific match.
    ListedBeforeSpecific,
    /// An exact path comes before a prefix, and that before a regular expression.
    PathKind,
    /// Its path is longer.
    PathLength,
    /// It asks for a method.
    Method,
    /// It asks for more headers.
    Headers,
    /// It asks for more query parameters.
    Query,
    /// They are equally specific, and it is listed before the other.
    Order,
}

impl Chosen {
    /// The one that it comes before, without the route where that is its own.
    pub(super) fn over(&self) -> Option<&str> {
        let over = self.over.as_deref()?;
        let route = self.route.as_deref().unwrap_or_default();
        let own = { over.strip_prefix(route) }.and_then(|over| over.strip_prefix('/'));
        Some(own.unwrap_or(over))
    }
}

pub(super) fn chosen(spotted: &[Spotted<'_>]) -> Option<Chosen> {
    let at = { spotted.iter() }.position(|one| one.tried.verdict == Verdict::Takes)?;
    let taker = &spotted[at];
    let next = { spotted[at + 1..].iter() }.find(|one| one.tried.verdict == Verdict::TooLate);
    let tried = &taker.tried;
    Some(Chosen {
        route: tried.route.clone(),
        rule: tried.rule.clone(),
        matching: tried.matching,
        at: tried.at.clone(),
        because: next.map_or(Criterion::Only, |next| criterion(taker, next)),
        over: next.map(|next| next.tried.label()),
    })
}

fn criterion(taker: &Spotted<'_>, next: &Spotted<'_>) -> Criterion {
    match (taker.listed, next.listed) {
        (true, false) => return Criterion::ListedBeforeSpecific,
        (true, true) => {
            let asks_nothing = |one: &Spotted<'_>| one.matching.is_none_or(|m| m.asks_nothing());
            let alike = taker.tried.route == next.tried.route;
            return match !alike && asks_nothing(next) && !asks_nothing(taker) {
                true => Criterion::CatchAllLast,
                false => Criterion::Listed,
            };
        }
        _ => {}
    }
    let (one, other) = (Rank::of(taker.matching), Rank::of(next.matching));
    if one.kind != other.kind {
        Criterion::PathKind
    } else if one.length != other.length {
        Criterion::PathLength
    } else if one.method != other.method {
        Criterion::Method
    } else if one.headers != other.headers {
        Criterion::Headers
    } else if one.query != other.query {
        Criterion::Query
    } else {
        Criterion::Order
    }
}

impl Tried {
    /// `route/rule`, and which match of several.
    pub(super) fn label(&self) -> String {
        match &self.route {
            Some(route) => format!("{route}/{}", self.rule),
            None => self.rule.clone(),
        }
    }
}

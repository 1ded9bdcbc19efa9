//! What stands between the rule and its destinations: faults, CORS, limits; and beside them, copies.

use crate::cors;
use crate::explain::decide::milliseconds;
use crate::explain::explanation::make::Way;
use crate::explain::explanation::tried::unfollowed;
use crate::limit::Outlook;
use crate::plan::Rule;
use crate::policy::places::to_rule;
use crate::policy::{Key, Place};
use crate::rng::{Chance, Purpose};
use crate::upgrade::is_for_tunnel;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{Method, Request};
use serde::{Deserialize, Serialize};

/// A delay or a failure on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// Which of the two.
    pub kind: FaultKind,
    /// For how long it holds requests back, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// The status with which it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The part of the requests that it meets, of 1.
    pub share: f64,
    /// Whether it meets this one; absent where no chance was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
}

/// What a fault does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It holds requests back.
    Delay,
    /// It answers them.
    Abort,
}

/// What was drawn for one request.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Draw {
    /// The point that was drawn, of 1: those below the share meet it.
    pub point: f64,
    /// Whether it met the share.
    pub met: bool,
}

/// Whether a page of another origin may have the answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cors {
    /// The origin that the request names; several are none that is allowed.
    pub origin: Vec<String>,
    /// Whether it is a preflight: whether it only asks what a request may be like.
    pub preflight: bool,
    /// What is done about it.
    pub sharing: Sharing,
}

/// What is done about a request from a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sharing {
    /// Nothing: it comes from no other page.
    NoOrigin,
    /// The answer is marked, so that the page may read it.
    Marked,
    /// The answer is not marked: the origin is none of those that are allowed.
    NotAllowed,
    /// The preflight is answered with what is allowed; it reaches nobody.
    Answered,
    /// The preflight's origin is not allowed: it is answered without a word of what is allowed.
    AnsweredEmpty,
    /// The preflight's origin is not allowed: it goes on as any request.
    PassedOn,
}

/// A rate limit that the request has to pass. Nothing was taken from it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limit {
    /// Its name, with its route and rule before it.
    pub name: String,
    /// What tells clients apart: `header x-client`, `query user`, `address`; absent where all
    /// share one bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What the request has for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the request would pass now.
    pub allowed: bool,
    /// How many requests would pass now, this one among them.
    pub left: u32,
    /// How many pass at once after a quiet time.
    pub capacity: u32,
    /// How long until one would pass again, in milliseconds, rounded up; absent if one passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

/// A copy of the request for a mirror.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Copies {
    /// The service that gets it, as the policy writes it.
    pub service: String,
    /// Its subset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<String>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The part of the requests that is copied, of 1.
    pub share: f64,
    /// Whether this one is; absent where no chance was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<bool>,
    /// Why there is none whatever is drawn: the service does not exist, or what is asked for is a
    /// connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<String>,
}

impl Fault {
    /// Says whether it answers this request.
    pub(super) fn aborts(&self) -> bool {
        self.kind == FaultKind::Abort && self.draw.is_some_and(|draw| draw.met)
    }
}

impl Cors {
    /// Says whether it answers the request.
    pub(super) fn answers(&self) -> bool {
        matches!(self.sharing, Sharing::Answered | Sharing::AnsweredEmpty)
    }
}

pub(super) fn faults(rule: &Rule, chance: Option<Chance>) -> Vec<Fault> {
    let point = |purpose| chance.map(|chance| fraction(chance.draw(purpose)));
    let delay = rule.fault.delay.filter(|delay| delay.share() > 0.0);
    let abort = rule.fault.abort.filter(|abort| abort.share() > 0.0);
    let delay = delay.map(|delay| Fault {
        kind: FaultKind::Delay,
        delay_ms: Some(milliseconds(delay.pause())),
        status: None,
        share: delay.share(),
        draw: point(Purpose::Delay)
            .zip(chance)
            .map(|(point, chance)| Draw {
                point,
                met: delay.draw(chance).is_some(),
            }),
    });
    let abort = abort.map(|abort| Fault {
        kind: FaultKind::Abort,
        delay_ms: None,
        status: Some(abort.status().as_u16()),
        share: abort.share(),
        draw: point(Purpose::Abort)
            .zip(chance)
            .map(|(point, chance)| Draw {
                point,
                met: abort.draw(chance).is_some(),
            }),
    });
    delay.into_iter().chain(abort).collect()
}

pub(super) fn cors(sharing: &cors::Sharing, head: &Request<()>) -> Cors {
    let headers = head.headers();
    let lines = headers.get_all(ORIGIN).iter();
    let text = |line: &http::HeaderValue| String::from_utf8_lossy(line.as_bytes()).into_owned();
    let origin: Vec<_> = lines.map(text).collect();
    let asks = |line: &http::HeaderValue| !line.is_empty();
    let preflight = *head.method() == Method::OPTIONS && {
        headers.get_all(ACCESS_CONTROL_REQUEST_METHOD).iter()
    }
    .any(asks);
    let named = origin.len() > 1 || origin.iter().any(|origin| !origin.is_empty());
    Cors {
        sharing: match sharing.look(head.method(), headers) {
            cors::Verdict::Mark(_) => Sharing::Marked,
            cors::Verdict::Answer(said) if said.is_empty() => Sharing::AnsweredEmpty,
            cors::Verdict::Answer(_) => Sharing::Answered,
            cors::Verdict::Pass if !named => Sharing::NoOrigin,
            cors::Verdict::Pass if preflight => Sharing::PassedOn,
            cors::Verdict::Pass => Sharing::NotAllowed,
        },
        origin,
        preflight,
    }
}

pub(super) fn limit((outlook, key): (Outlook<'_>, Option<&Key>)) -> Limit {
    Limit {
        name: outlook.limit.to_owned(),
        by: key.map(|key| match key {
            Key::Header(name) => format!("header {name}"),
            Key::Query(name) => format!("query {name}"),
            Key::SourceIp => "address".to_owned(),
        }),
        key: outlook.key.map(Into::into),
        allowed: outlook.wait.is_none(),
        left: outlook.left,
        capacity: outlook.capacity,
        wait_ms: outlook.wait.map(milliseconds),
    }
}

pub(super) fn copies(way: &Way<'_>, rule: &Rule) -> Vec<Copies> {
    let Some((route, index)) = rule.written else {
        return Vec::new();
    };
    let (route, index) = (route as usize, index as usize);
    let written = &way.plan.policy().routes[route].rules[index];
    let connects = is_for_tunnel(&way.head);
    let copies = written.mirrors.iter().enumerate().map(|(number, mirror)| {
        let mut made = rule.mirrors.iter();
        let made = made.find(|made| made.number == number);
        let trail = to_rule(route, index).key("mirrors").index(number);
        let none = match made {
            None => Some("there is no such service"),
            Some(_) if connects => Some("connections are not copied"),
            Some(_) => None,
        };
        Copies {
            service: mirror.service.clone(),
            subset: mirror.subset.clone(),
            at: way.places.find(&trail).map(unfollowed),
            share: f64::from(mirror.percent.millionths()) / 1e6,
            drawn: { made.zip(way.chance) }
                .map(|(made, chance)| !connects && made.share.draw(chance, number).is_some()),
            none: none.map(str::to_owned),
        }
    });
    copies.collect()
}

/// A number uniform over `u64`, as a part of 1.
pub(super) fn fraction(draw: u64) -> f64 {
    draw as f64 / 2_f64.powi(64)
}

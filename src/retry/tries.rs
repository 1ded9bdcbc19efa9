use crate::policy::{Condition, Retries};
use crate::retry::wait;
use crate::rng::Chance;
use http::{HeaderMap, HeaderName, StatusCode};
use std::time::Duration;

/// When another try follows, and how many there may be: [`Retries`], compiled.
#[derive(Clone, Debug)]
pub struct Tries {
    attempts: u32,
    on: On,
    /// As they are written.
    conditions: Box<[Condition]>,
    codes: Box<[StatusCode]>,
    headers: Box<[HeaderName]>,
    per_try: Option<Duration>,
    base: Duration,
    max: Duration,
    avoid_tried: bool,
}

/// What a try has come to.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// The far side answered, and this is the head of it. What comes at its end says nothing: by
    /// then the caller has the head.
    Answer(StatusCode, &'a HeaderMap),
    /// It did not.
    Failure(Failure),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection came about: nothing was sent.
    Connect,
    /// The stream was refused before anybody looked at it.
    Refused,
    /// The connection was closed, the stream was reset, or what came was no HTTP.
    Reset,
    /// The try took too long.
    TimedOut,
    /// Too many requests are under way. Trying again would make it worse: never.
    Overflow,
    /// It is this side that cannot go on with the request, and could not the next time: never.
    Local,
}

/// What follows from an outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It stands.
    Stands,
    /// There would be another try if there were any left: it stands (Envoy: `URX`).
    Exhausted,
    /// Another try, after this time.
    Again(Duration),
}

impl Tries {
    /// `None`: there is one try only.
    pub fn compile(retries: &Retries) -> Option<Self> {
        if retries.attempts == 0 {
            return None;
        }
        let conditions = retries.conditions();
        let codes = retries.codes.iter().map(|code| StatusCode::from(*code));
        let headers = retries.headers.iter().map(|name| name.get().clone());
        Some(Self {
            attempts: retries.attempts,
            on: On::these(&conditions),
            conditions: conditions.into(),
            codes: codes.collect(),
            headers: headers.collect(),
            per_try: retries.per_try_timeout.map(Duration::from),
            base: retries.backoff.base(),
            max: retries.backoff.max(),
            avoid_tried: retries.avoid_tried,
        })
    }

    /// What follows from the outcome of the latest of `made` tries. The wait is drawn from the
    /// [chance of the next try](crate::retry::next).
    pub fn judge(&self, outcome: Outcome<'_>, made: u32, next: Chance) -> Verdict {
        if !self.wants(outcome) {
            return Verdict::Stands;
        }
        match made > self.attempts {
            true => Verdict::Exhausted,
            false => Verdict::Again(wait(self.base, self.max, made, next)),
        }
    }

    /// Is it an outcome on which to try again?
    fn wants(&self, outcome: Outcome<'_>) -> bool {
        match outcome {
            Outcome::Answer(status, headers) => self.wants_after(status, headers),
            Outcome::Failure(failure) => {
                let on: &[Condition] = match failure {
                    Failure::Connect => CONNECT,
                    Failure::Refused => REFUSED,
                    Failure::Reset | Failure::TimedOut => RESET,
                    Failure::Overflow | Failure::Local => &[],
                };
                self.on.has_any(on)
            }
        }
    }

    fn wants_after(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        // Who limits rates wants fewer requests, not more.
        if headers.contains_key(RATELIMITED) {
            return self.on.has(Condition::EnvoyRatelimited);
        }
        let number = status.as_u16();
        let by_status = |condition, holds: bool| holds && self.on.has(condition);
        by_status(Condition::ServerError, status.is_server_error())
            || by_status(Condition::GatewayError, matches!(number, 502..=504))
            || by_status(Condition::Conflict, number == 409)
            || self.codes.contains(&status)
            || self.headers.iter().any(|name| headers.contains_key(name))
            || grpc_condition(headers).is_some_and(|condition| self.on.has(condition))
    }

    /// How many tries there may be after the first.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long each try may take, of an answer that may take so long in all.
    pub fn per_try(&self, in_all: Option<Duration>) -> Option<Duration> {
        let shorter = |per_try: &Duration| in_all.is_none_or(|in_all| *per_try < in_all);
        self.per_try.filter(shorter)
    }

    /// Whether another try goes to an endpoint that had none yet, where there is one.
    pub fn avoids_tried(&self) -> bool {
        self.avoid_tried
    }

    /// The conditions, as they are written; those that statuses and headers bring with them last.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The statuses that are conditions, too.
    pub fn codes(&self) -> &[StatusCode] {
        &self.codes
    }
}

/// A set of conditions.
#[derive(Clone, Copy, Debug)]
struct On(u32);

impl On {
    fn these(conditions: &[Condition]) -> Self {
        Self(conditions.iter().fold(0, |set, one| set | 1 << *one as u32))
    }

    fn has(self, condition: Condition) -> bool {
        self.0 & 1 << condition as u32 != 0
    }

    fn has_any(self, of: &[Condition]) -> bool {
        of.iter().any(|condition| self.has(*condition))
    }
}

const RESET: &[Condition] = &[
    Condition::ServerError,
    Condition::GatewayError,
    Condition::Reset,
];

const REFUSED: &[Condition] = &[
    Condition::ServerError,
    Condition::GatewayError,
    Condition::Reset,
    Condition::RefusedStream,
];

const CONNECT: &[Condition] = &[
    Condition::ServerError,
    Condition::GatewayError,
    Condition::Reset,
    Condition::ResetBeforeRequest,
    Condition::ConnectFailure,
];

fn grpc_condition(headers: &HeaderMap) -> Option<Condition> {
    match headers.get(GRPC_STATUS)?.as_bytes() {
        b"1" => Some(Condition::Cancelled),
        b"4" => Some(Condition::DeadlineExceeded),
        b"8" => Some(Condition::ResourceExhausted),
        b"13" => Some(Condition::Internal),
        b"14" => Some(Condition::Unavailable),
        _ => None,
    }
}

const RATELIMITED: HeaderName = HeaderName::from_static("x-envoy-ratelimited");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

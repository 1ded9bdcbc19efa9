//! What a request has that may be sent again, and how one try follows another.

use crate::balance::{Endpoint, Reason, Reset};
use crate::event::Event;
use crate::mesh::forward::Departure;
use crate::mesh::under_way::UnderWay;
use crate::reply::{Flags, Refusal};
use crate::retry::{ATTEMPT_COUNT, Failure, Outcome, Verdict, next, per_try_timeout};
use crate::rng::{Chance, Purpose};
use crate::tee::{Kept, Tee, Upload};
use crate::timeout::{Deadline, tell_again};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A request that may be sent again. Boxed where it is, as most rules have no such.
pub(super) struct Again {
    /// As it was sent: nothing is changed again. `None` where it cannot be sent again.
    head: Option<Parts>,
    kept: Kept,
    chance: Chance,
    is_grpc: bool,
    /// How many tries there were.
    made: u32,
    cluster: u32,
    /// The endpoints of the tries before the latest.
    tried: Vec<u32>,
    /// How long each try may take.
    per_try: Option<Duration>,
    /// What is left of that for the latest.
    deadline: Option<Pin<Box<Deadline>>>,
}

/// What a try came to.
pub(super) enum Came<B> {
    Answer(Response<B>),
    Reset(Reset),
    /// It took longer than a try may.
    Late,
}

/// What becomes of that.
pub(super) enum Fate {
    /// It is what the caller gets; `exhausted` for want of tries.
    Stands { exhausted: bool },
    /// Another try, after this time.
    Again(Duration),
}

impl Again {
    /// Sends a request for the first time. `None`: there is no such endpoint.
    pub(super) fn first<E, B>(
        departure: &mut Departure<E>,
        mut request: Request<B>,
        upload: &mut Upload,
    ) -> Option<(E::Future, Box<Self>)>
    where
        E: Endpoint<B>,
    {
        let copies = departure.copies.take();
        let endpoint = departure.endpoint()?;
        let cluster = departure.way.sent?.cluster;
        let tries = departure.way.rule().and_then(|rule| rule.tries.as_ref());
        let per_try = tries.and_then(|tries| tries.per_try(departure.timeout));
        let mut kept = Kept::Nothing;
        // Keeping the head costs allocations, and is of no use to who cannot send it again.
        let mut head = None;
        if endpoint.keeps() {
            request.headers_mut().insert(ATTEMPT_COUNT, 1.into());
            let (parts, body) = request.into_parts();
            head = Some(parts.clone());
            request = Request::from_parts(parts, body);
        }
        let send = |tee: Tee| match head {
            Some(_) => endpoint.send_kept(request, tee, upload, &mut kept),
            None => endpoint.send_teed(request, tee.seen_by(upload)),
        };
        let future = match copies {
            Some(copies) => copies.send(&departure.way.wired, send),
            None => send(Tee::default()),
        };
        let mut again = Self {
            head,
            kept,
            chance: departure.chance,
            is_grpc: departure.to.is_grpc(),
            made: 1,
            cluster,
            tried: Vec::new(),
            per_try,
            deadline: None,
        };
        again.time(upload);
        Some((future, Box::new(again)))
    }

    /// The latest try has its time from now, or from when the request is complete.
    fn time(&mut self, upload: &Upload) {
        self.deadline = self.per_try.map(|per_try| {
            let deadline = Deadline::new(Some(per_try)).from_now();
            Box::pin(deadline.watching(upload.clone()))
        });
    }

    /// Ready when the latest try has taken too long.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.deadline {
            Some(deadline) => deadline.as_mut().poll_elapsed(cx),
            None => Poll::Pending,
        }
    }

    /// What becomes of what the latest try came to.
    pub(super) fn judge<E, B>(&self, way: &UnderWay<E>, came: &Came<B>) -> Fate {
        const STANDS: Fate = Fate::Stands { exhausted: false };
        let Some(tries) = way.rule().and_then(|rule| rule.tries.as_ref()) else {
            return STANDS;
        };
        let outcome = match came {
            Came::Answer(response) => Outcome::Answer(response.status(), response.headers()),
            Came::Reset(reset) => Outcome::Failure(failure(reset.reason)),
            Came::Late => Outcome::Failure(Failure::TimedOut),
        };
        if self.head.is_none() || !self.kept.is_whole() {
            return STANDS;
        }
        let (rule, made) = (way.label(), self.made);
        match tries.judge(outcome, made, next(self.chance, made)) {
            Verdict::Stands => STANDS,
            Verdict::Exhausted => {
                way.told(&Event::RetriesExhausted { rule, made });
                Fate::Stands { exhausted: true }
            }
            Verdict::Again(wait) => {
                way.told(&Event::Retry { rule, made, wait });
                Fate::Again(wait)
            }
        }
    }

    /// The reply that stands for a try that came to nothing.
    pub(super) fn refusal(&self, came: Nothing, exhausted: bool) -> Refusal {
        let refusal = match came {
            Nothing::Reset(reset) if self.made > 1 => reset.into_latest_refusal(),
            came => came.into_refusal(),
        };
        match exhausted {
            true => refusal.flag(Flags::URX),
            false => refusal,
        }
    }

    /// The try is over: its endpoint has it no more.
    pub(super) fn over<E>(&mut self, way: &mut UnderWay<E>) {
        self.deadline = None;
        if let Some(sent) = way.uncount()
            && self.tried.len() < MOST_TRIED
        {
            self.tried.push(sent.endpoint);
        }
    }

    /// Sends it again, elsewhere where there is an elsewhere. `whole` is the time of all tries.
    pub(super) fn send<E, B>(
        &mut self,
        way: &mut UnderWay<E>,
        whole: &Deadline,
    ) -> Option<E::Future>
    where
        E: Endpoint<B>,
    {
        let body = self.kept.body()?;
        let own = next(self.chance, self.made);
        self.made += 1;
        let head = self.head.as_mut()?;
        head.headers.insert(ATTEMPT_COUNT, self.made.into());
        if let Some(told) = self.per_try.into_iter().chain(whole.left()).min() {
            tell_again(&mut head.headers, told, self.is_grpc);
        }
        let request = Request::from_parts(head.clone(), body);
        let endpoint = self.pick(way, own)?;
        way.count(self.cluster, endpoint);
        self.time(whole.upload());
        way.endpoint_of(self.cluster, endpoint)?.send_again(request)
    }

    /// As Envoy with Istio's settings: five more picks for an endpoint that had no try yet, and
    /// then whichever was picked last.
    fn pick<E>(&self, way: &UnderWay<E>, own: Chance) -> Option<u32> {
        let cluster = &way.running().clusters[self.cluster as usize];
        let tries = way.rule()?.tries.as_ref()?;
        let mut picked = cluster.pick(own)? as u32;
        if tries.avoids_tried() {
            for again in 1..=MORE_PICKS {
                if !self.tried.contains(&picked) {
                    break;
                }
                picked = cluster.pick(own.nth(Purpose::Pick, again))? as u32;
            }
        }
        Some(picked)
    }
}

/// A try without an answer.
pub(super) enum Nothing {
    Reset(Reset),
    Late,
}

impl Nothing {
    /// The reply that stands for the one try that there was.
    pub(super) fn into_refusal(self) -> Refusal {
        match self {
            Self::Reset(reset) => reset.into_refusal(),
            Self::Late => per_try_timeout(),
        }
    }
}

/// A plan and its endpoints are made together, so this is never said; saying it beats a panic.
pub(super) fn no_such_endpoint() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Flags::UH,
        "no_healthy_upstream",
    )
}

fn failure(reason: Reason) -> Failure {
    match reason {
        Reason::RemoteConnectionFailure | Reason::ConnectionTimeout => Failure::Connect,
        Reason::RemoteRefusedStreamReset => Failure::Refused,
        Reason::ConnectionTermination | Reason::RemoteReset | Reason::ProtocolError => {
            Failure::Reset
        }
        Reason::LocalReset => Failure::Local,
    }
}

/// Istio's `host_selection_retry_max_attempts`.
const MORE_PICKS: usize = 5;

/// Whoever tries that often has been everywhere.
const MOST_TRIED: usize = 32;

use crate::gate::{Decision, Gate, TrustedHops};
use crate::limit::{Limiter, Outlook};
use crate::policy;
use crate::reply::{Flags, Refusal};
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Request, StatusCode};
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Limits that a request has to pass, all of them.
///
/// They are asked in the order of their rates, the slowest first, and the first that refuses ends
/// it (so does Envoy's local rate limit). What was taken from those before is not given back. So
/// where each client may send 10 in a second and all together 100, a client that sends more than
/// its 10 takes nothing from the others.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    slowest_first: Box<[Arc<Limiter>]>,
}

/// A rate limit is used up: the source of the local reply's
/// [`LocalReply`](crate::reply::LocalReply).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the rate limit `{limit}` is used up for another {wait:?}")]
#[non_exhaustive]
pub struct RateLimited {
    /// The limit's name.
    pub limit: Arc<str>,
    /// How long until a request would have passed.
    pub wait: Duration,
}

impl Limits {
    /// Makes limits ready to be asked.
    ///
    /// A limit is known over a reload as `scope/name`, or `scope/index` where it has no name;
    /// without a scope just by its name or index. `previous` is asked for the limiter that was
    /// known by this before: its buckets go on ([`Limiter::with`]).
    pub fn compile(
        limits: &[policy::Limit],
        scope: &str,
        mut previous: impl FnMut(&str) -> Option<Arc<Limiter>>,
    ) -> Self {
        let mut slowest_first: Box<[_]> = limits
            .iter()
            .enumerate()
            .map(|(index, limit)| {
                let name = full_name(scope, limit, index);
                match previous(&name) {
                    Some(before) => before.with(limit),
                    None => Arc::new(Limiter::new(name, limit)),
                }
            })
            .collect();
        slowest_first.sort_by_key(|limiter| Reverse(limiter.pace().interval()));
        Self { slowest_first }
    }

    /// The limits, in the order in which they are asked. Keep these for the next
    /// [`compile`](Self::compile).
    pub fn limiters(&self) -> &[Arc<Limiter>] {
        &self.slowest_first
    }

    /// What each would do with a request, without taking anything; `hops` says who its client is.
    pub fn consult<'a, B>(
        &'a self,
        request: &'a Request<B>,
        hops: TrustedHops,
        now: Instant,
    ) -> impl Iterator<Item = Outlook<'a>> {
        self.slowest_first
            .iter()
            .map(move |limiter| limiter.consult(request, hops, now))
    }
}

impl Gate for Limits {
    fn admit<B>(&self, request: &mut Request<B>, decision: &mut Decision) -> Option<Refusal> {
        for limiter in &self.slowest_first {
            if let Err(wait) = limiter.take(request, decision.trusted_hops, decision.now()) {
                return Some(refusal(limiter, wait));
            }
        }
        None
    }
}

#[cold]
fn refusal(limiter: &Limiter, wait: Duration) -> Refusal {
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        Flags::RL,
        "local_rate_limited",
    )
    .body("local_rate_limited")
    .header(RETRY_AFTER, retry_after(wait))
    .source(Arc::new(RateLimited {
        limit: limiter.name().clone(),
        wait,
    }))
}

/// In whole seconds and rounded up: who comes back then is not refused for having come early.
fn retry_after(wait: Duration) -> HeaderValue {
    let begun = u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(wait.as_secs().saturating_add(begun).max(1))
}

fn full_name(scope: &str, limit: &policy::Limit, index: usize) -> String {
    let name = limit.name.clone().unwrap_or_else(|| index.to_string());
    if scope.is_empty() {
        return name;
    }
    format!("{scope}/{name}")
}

#[cfg(test)]
mod tests;

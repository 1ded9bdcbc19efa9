use crate::explain::answer::{Fault, Mirror, Retry};
use crate::fault::Injection;
use crate::plan::{self, Plan, Rule};
use crate::reply::ReplyTo;
use crate::retry::Tries;
use http::{Request, StatusCode};
use std::time::Duration;

/// How long the answer may take, as far as the request and its rule say.
pub(super) fn timeout(rule: &Rule, head: &Request<()>) -> Option<Duration> {
    rule.timeout.of(head.headers(), ReplyTo::of(head).is_grpc())
}

/// When and how often it is tried again.
pub(super) fn retry(tries: &Tries) -> Retry {
    Retry {
        attempts: tries.attempts(),
        on: { tries.conditions().iter() }
            .map(|condition| condition.word().to_owned())
            .collect(),
        codes: tries.codes().iter().map(StatusCode::as_u16).collect(),
    }
}

/// Who gets copies, unless it is never.
pub(super) fn mirror(plan: &Plan) -> impl Fn(&plan::Mirror) -> Option<Mirror> {
    |mirror| {
        let cluster = &plan.clusters[mirror.cluster as usize];
        let share = mirror.share.share();
        (share > 0.0).then(|| Mirror {
            service: cluster.name.as_ref().to_owned(),
            namespace: cluster.namespace.as_deref().map(str::to_owned),
            port: cluster.port,
            subset: cluster.subset.as_deref().map(str::to_owned),
            share,
        })
    }
}

pub(super) fn fault(injection: &Injection) -> Option<Fault> {
    let delay = injection.delay.filter(|delay| delay.share() > 0.0);
    let abort = injection.abort.filter(|abort| abort.share() > 0.0);
    (delay.is_some() || abort.is_some()).then(|| Fault {
        delay_ms: delay.map(|delay| milliseconds(delay.pause())),
        delay_share: delay.map(|delay| delay.share()),
        abort_status: abort.map(|abort| abort.status().as_u16()),
        abort_share: abort.map(|abort| abort.share()),
    })
}

/// Rounded up: what is on is never 0.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_below_a_millisecond_is_not_off() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::from_millis(250)), 250);
    }
}

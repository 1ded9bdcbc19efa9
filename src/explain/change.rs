use crate::explain::answer::{Answer, Backend, Limit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// In what two answers to one question differ.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// What becomes of the request, in a word.
    Outcome,
    /// Where it may go, and the statuses of shares that nobody can serve.
    Backend,
    /// The share of a destination that both have.
    Share,
    /// What a destination that both have would receive.
    Request,
    /// The status, headers or body of a reply that no backend gives, or how those that backends
    /// give are changed.
    Response,
    /// The limits on its way: how many, their names within the rule, their keys, and whether they
    /// let it pass.
    Limit,
    /// Delays and failures on purpose.
    Fault,
    /// How long all of it or one try may take.
    Timeout,
    /// When and how often it is tried again.
    Retry,
    /// Who gets copies, and of which share.
    Mirror,
}

impl Answer {
    /// In what another answer to the same question differs from this one, in the order of
    /// [`Change`]. Which route and which rule it was is not asked: a new name changes nobody's
    /// fate.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// use tower_mesh::explain::{Change, Question};
    ///
    /// # let plan = |weights: [u32; 2]| {
    /// #     let [a, b] = weights;
    /// #     let policy = format!("
    /// # services: {{ a: {{ endpoints: [{{ address: '10.0.0.1:80' }}] }}, b: {{ endpoints: [{{ address: '10.0.0.2:80' }}] }} }}
    /// # routes: [{{ name: a, hosts: [a], rules: [{{ to: [{{ service: a, weight: {a} }}, {{ service: b, weight: {b} }}] }}] }}]
    /// # ");
    /// #     policy.parse::<tower_mesh::Policy>().unwrap().compile().unwrap()
    /// # };
    /// let question = Question::new("a", "/");
    /// let old = plan([90, 10]).answer(&question).unwrap();
    /// let new = plan([80, 20]).answer(&question).unwrap();
    /// assert_eq!(old.changes(&new), [Change::Share]);
    /// # }
    /// ```
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let (ours, theirs) = (by_destination(self), by_destination(new));
        let both: Vec<_> = { ours.iter() }
            .filter_map(|(name, ours)| Some((ours, theirs.get(name)?)))
            .collect();
        let differ = |differs: fn(&Backend, &Backend) -> bool| {
            both.iter().any(|(ours, theirs)| {
                ours.len() != theirs.len()
                    || ours
                        .iter()
                        .zip(*theirs)
                        .any(|(our, their)| differs(our, their))
            })
        };
        let replies = (self.status, &self.headers, &self.body)
            != (new.status, &new.headers, &new.body)
            || differ(|our, their| our.response_headers != their.response_headers);
        let timeouts =
            (self.timeout_ms, self.per_try_timeout_ms) != (new.timeout_ms, new.per_try_timeout_ms);
        [
            (Change::Outcome, self.outcome != new.outcome),
            (Change::Backend, !ours.keys().eq(theirs.keys())),
            (
                Change::Share,
                both.iter()
                    .any(|(ours, theirs)| is_other(share(ours), share(theirs))),
            ),
            (
                Change::Request,
                differ(|our, their| our.request != their.request),
            ),
            (Change::Response, replies),
            (
                Change::Limit,
                !outlooks(&self.limits).eq(outlooks(&new.limits)),
            ),
            (Change::Fault, self.fault != new.fault),
            (Change::Timeout, timeouts),
            (Change::Retry, self.retry != new.retry),
            (Change::Mirror, self.mirrors != new.mirrors),
        ]
        .into_iter()
        .filter_map(|(change, is_there)| is_there.then_some(change))
        .collect()
    }
}

type Destination<'a> = (
    Option<&'a str>,
    Option<&'a str>,
    Option<u16>,
    Option<&'a str>,
    Option<u16>,
);

/// A rule may name a destination several times, and do something else to each share.
fn by_destination(answer: &Answer) -> BTreeMap<Destination<'_>, Vec<&Backend>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for backend in &answer.backends {
        let name = (
            backend.service(),
            backend.namespace.as_deref(),
            backend.port,
            backend.subset(),
            backend.status,
        );
        all.entry(name).or_default().push(backend);
    }
    all
}

fn share(backends: &[&Backend]) -> f64 {
    backends.iter().map(|backend| backend.share).sum()
}

/// Sums of shares are not exact to the last digit.
fn is_other(one: f64, two: f64) -> bool {
    (one - two).abs() > 1e-9
}

/// What limits say. Their names begin with those of the route and the rule.
fn outlooks(limits: &[Limit]) -> impl Iterator<Item = (&str, Option<&str>, bool)> {
    limits.iter().map(|limit| {
        let own = limit.name.rsplit('/').next().unwrap_or_default();
        (own, limit.key.as_deref(), limit.allowed)
    })
}

/// As in JSON.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outcome => "outcome",
            Self::Backend => "backend",
            Self::Share => "share",
            Self::Request => "request",
            Self::Response => "response",
            Self::Limit => "limit",
            Self::Fault => "fault",
            Self::Timeout => "timeout",
            Self::Retry => "retry",
            Self::Mirror => "mirror",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Mirror, Outcome, Received};

    fn answer(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_kind_of_change_is_named_alone() {
        let old = answer(
            r#"{"outcome":"forward","route":"r","rule":"0","backends":[
                {"service":"a","port":80,"share":0.75},{"service":"b","port":80,"share":0.25}],
                "limits":[{"name":"r/0/0","allowed":true}]}"#,
        );
        assert_eq!(old.changes(&old), []);
        let change = |edit: fn(&mut Answer)| {
            let mut new = old.clone();
            edit(&mut new);
            let changes = old.changes(&new);
            assert_eq!(changes, new.changes(&old), "the other way about");
            changes
        };
        for (edit, named) in [
            (
                (|new| new.rule = Some("x".into())) as fn(&mut Answer),
                &[][..],
            ),
            (|new| new.backends.swap(0, 1), &[]),
            (|new| new.limits[0].name = "r/x/0".into(), &[]),
            (|new| new.outcome = Outcome::Reject, &[Change::Outcome]),
            (|new| new.backends[0].port = Some(81), &[Change::Backend]),
            (
                |new| new.backends[0].subset = Some("v".into()),
                &[Change::Backend],
            ),
            (|new| new.backends[0].share = 0.7, &[Change::Share]),
            (
                |new| new.backends[0].request = received(),
                &[Change::Request],
            ),
            (
                |new| new.backends[1].response_headers = Some(Default::default()),
                &[Change::Response],
            ),
            (|new| new.status = Some(302), &[Change::Response]),
            (|new| new.limits[0].allowed = false, &[Change::Limit]),
            (|new| new.limits[0].name = "r/0/1".into(), &[Change::Limit]),
            (|new| new.fault = Some(Default::default()), &[Change::Fault]),
            (|new| new.timeout_ms = Some(1), &[Change::Timeout]),
            (|new| new.per_try_timeout_ms = Some(1), &[Change::Timeout]),
            (|new| new.retry = Some(Default::default()), &[Change::Retry]),
            (|new| new.mirrors.push(mirror()), &[Change::Mirror]),
        ] {
            assert_eq!(change(edit), named);
        }
    }

    fn received() -> Option<Received> {
        Some(Received {
            method: "GET".into(),
            scheme: "http".into(),
            authority: "a".into(),
            path: "/".into(),
            headers: Vec::new(),
        })
    }

    fn mirror() -> Mirror {
        serde_json::from_str(r#"{"service":"m","port":80,"share":1}"#).unwrap()
    }
}

use crate::explain::answer::{Received, ResponseHeaders};
use crate::explain::decide::{Decided, received};
use crate::explain::explanation::endpoints::{Endpoints, endpoints};
use crate::explain::explanation::make::Way;
use crate::plan::{Arm, Rule};
use crate::route::Asked;
use serde::{Deserialize, Serialize};

/// The way to one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passage {
    /// Which of the [`Answer`](crate::explain::Answer)'s backends it leads to.
    pub backend: usize,
    /// What is changed in the request.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// What is changed in the response's headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<ResponseHeaders>,
    /// Who may get it there.
    pub endpoints: Endpoints,
}

/// A text before and after.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// As it came.
    pub before: String,
    /// As it goes on.
    pub after: String,
}

/// What is changed in a request, apart from what only the transport adds.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changes {
    /// The method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Change>,
    /// The scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Change>,
    /// The authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Change>,
    /// The path with its query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Change>,
    /// The headers, each with all its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderChange>,
}

/// A header before and after.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeaderChange {
    /// Its name.
    pub name: String,
    /// Its lines as they came; none if it was not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Its lines as they go on; none if it is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

impl Change {
    pub(super) fn new(before: &str, after: &str) -> Self {
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }
}

impl Changes {
    /// Says whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn between(before: &Received, after: &Received) -> Self {
        let change = |part: fn(&Received) -> &String| {
            let (before, after) = (part(before), part(after));
            (before != after).then(|| Change::new(before, after))
        };
        let lines = |of: &Received, name: &str| -> Vec<String> {
            let lines = { of.headers.iter() }.filter(|(own, _)| own == name);
            lines.map(|(_, line)| line.clone()).collect()
        };
        let mut headers: Vec<HeaderChange> = Vec::new();
        for (name, _) in before.headers.iter().chain(&after.headers) {
            let (was, is) = (lines(before, name), lines(after, name));
            if was != is && headers.iter().all(|change| change.name != *name) {
                headers.push(HeaderChange {
                    name: name.clone(),
                    before: was,
                    after: is,
                });
            }
        }
        Self {
            method: change(|of| &of.method),
            scheme: change(|of| &of.scheme),
            authority: change(|of| &of.authority),
            path: change(|of| &of.path),
            headers,
        }
    }
}

/// The ways to the backends of an answer.
pub(super) fn passages(way: &Way<'_>, rule: &Rule, decided: &Decided) -> Vec<Passage> {
    let before = received(&way.head, &Asked::of(&way.head));
    let backends = decided.answer.backends.iter().enumerate();
    let passages = backends
        .zip(decided.arms(rule))
        .filter_map(|((number, backend), arm)| {
            let Some(Arm::Cluster(cluster)) = rule.arms.get(arm) else {
                return None;
            };
            Some(Passage {
                backend: number,
                changes: Changes::between(&before, backend.request.as_ref()?),
                response_headers: backend.response_headers.clone(),
                endpoints: endpoints(way, &way.plan.clusters[*cluster as usize]),
            })
        });
    passages.collect()
}

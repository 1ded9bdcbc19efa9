mod subject;
#[cfg(test)]
mod tests;
mod value;

pub use subject::{Names, OnReply, OnRequest, Subject};

use crate::gate::Decision;
use crate::policy;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use std::collections::BTreeMap;
use value::Value;

/// Changes of headers, ready to be made: level by level remove, set, add.
///
/// Levels that hold nothing to be evaluated are made one when the policy is compiled.
#[derive(Clone, Debug, Default)]
pub struct HeaderEdit {
    levels: Box<[Level]>,
}

#[derive(Clone, Debug, Default)]
struct Level {
    remove: Box<[HeaderName]>,
    set: Box<[Change]>,
    add: Box<[Change]>,
    /// Whether any of the values is to be evaluated.
    computed: bool,
}

type Change = (HeaderName, Value);

/// All changes as one, for people and tools.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outline {
    /// What is taken out.
    pub remove: Vec<HeaderName>,
    /// What is put in, in place of what is there; values that are not known yet as they are
    /// written.
    pub set: Vec<(HeaderName, String)>,
    /// What is added.
    pub add: Vec<(HeaderName, String)>,
}

impl HeaderEdit {
    /// Compiles the changes. A value that is empty is left out, as Envoy does: setting a header to
    /// nothing leaves it as it is.
    pub fn compile(changes: &policy::HeaderChanges, names: &Names<'_>) -> Self {
        let values = |map: &BTreeMap<policy::Header, policy::HeaderText>| {
            let values = map.iter().filter_map(|(name, text)| {
                Some((name.get().clone(), Value::compile(text, names)?))
            });
            values.collect()
        };
        let remove = changes.remove.iter().map(|name| name.get().clone());
        Self::of(Level::new(
            remove.collect(),
            values(&changes.set),
            values(&changes.add),
        ))
    }

    fn of(level: Level) -> Self {
        let there = (!level.is_empty()).then_some(level);
        Self {
            levels: there.into_iter().collect(),
        }
    }

    /// Both as one level: all that is removed, then all that is set, the other's last so that it
    /// wins, then all that is added.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        let all = || self.levels.iter().chain(&other.levels);
        let set: Vec<_> = all().flat_map(|level| &level.set).cloned().collect();
        let set = { set.iter().enumerate() }
            .filter(|(at, (name, _))| !is_overwritten(name, &set[at + 1..]))
            .map(|(_, change)| change.clone());
        Self::of(Level::new(
            all().flat_map(|level| &level.remove).cloned().collect(),
            set.collect(),
            all().flat_map(|level| &level.add).cloned().collect(),
        ))
    }

    /// One after the other: what the later removes or sets is all that is left of a header, and
    /// what it evaluates sees what the first has made.
    #[must_use]
    pub fn before(&self, later: &Self) -> Self {
        match (&*self.levels, &*later.levels) {
            ([first], [second]) if !first.computed && !second.computed => {
                Self::of(first.before(second))
            }
            (first, second) => Self {
                levels: first.iter().chain(second).cloned().collect(),
            },
        }
    }

    /// Makes the changes.
    #[inline]
    pub fn apply(&self, to: &mut impl Subject) {
        for level in &self.levels {
            if level.computed {
                level.evaluate(to);
            } else {
                level.make(to.headers_mut());
            }
        }
    }

    /// The changes of a reply with all put in that is known of its request by now. `None` if they
    /// do not depend on it.
    pub fn bind<B>(&self, request: &Request<B>, decision: &mut Decision) -> Option<Self> {
        let depends = { self.levels.iter() }.any(|level| level.depends_on_request());
        if depends && self.asks_time() {
            decision.starts();
        }
        depends.then(|| self.bound(request, decision))
    }

    #[cold]
    fn bound<B>(&self, request: &Request<B>, decision: &Decision) -> Self {
        let said = |said: &policy::format::Said, into: &mut Vec<u8>| {
            subject::of_request(said, request, decision, into)
        };
        let levels = self.levels.iter().map(|level| level.bound(&said));
        Self {
            levels: levels.filter(|level| !level.is_empty()).collect(),
        }
    }

    /// All changes as one.
    pub fn outline(&self) -> Outline {
        let mut outline = Outline::default();
        for level in &self.levels {
            let replaced = |name: &HeaderName| {
                level.remove.contains(name) || level.set.iter().any(|(other, _)| other == name)
            };
            outline.set.retain(|(name, _)| !replaced(name));
            outline.add.retain(|(name, _)| !replaced(name));
            let new = { level.remove.iter() }.filter(|name| !outline.remove.contains(name));
            let new: Vec<_> = new.cloned().collect();
            outline.remove.extend(new);
            let pairs = |changes: &[Change]| -> Vec<_> {
                let changes = changes.iter();
                changes
                    .map(|(name, value)| (name.clone(), value.to_string()))
                    .collect()
            };
            outline.set.extend(pairs(&level.set));
            outline.add.extend(pairs(&level.add));
        }
        outline
    }

    /// Says whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Says whether any value holds the time at which the request came.
    pub(super) fn asks_time(&self) -> bool {
        let values = self.levels.iter().flat_map(Level::values);
        values.into_iter().any(Value::asks_time)
    }
}

impl Level {
    fn new(remove: Box<[HeaderName]>, set: Box<[Change]>, add: Box<[Change]>) -> Self {
        let mut values = set.iter().chain(&add);
        Self {
            computed: values.any(|(_, value)| value.is_computed()),
            remove,
            set,
            add,
        }
    }

    fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }

    fn values(&self) -> impl Iterator<Item = &Value> {
        self.set.iter().chain(&self.add).map(|(_, value)| value)
    }

    fn depends_on_request(&self) -> bool {
        self.computed && self.values().any(Value::depends_on_request)
    }

    /// Both as one, where neither holds anything to be evaluated.
    fn before(&self, later: &Self) -> Self {
        let untouched =
            |name: &HeaderName| !later.remove.contains(name) && !is_overwritten(name, &later.set);
        let left = |changes: &[Change], later: &[Change]| {
            let left = changes.iter().filter(|(name, _)| untouched(name));
            left.chain(later).cloned().collect()
        };
        Self::new(
            self.remove.iter().chain(&later.remove).cloned().collect(),
            left(&self.set, &later.set),
            left(&self.add, &later.add),
        )
    }

    /// Makes changes of which none has to be evaluated.
    #[inline]
    fn make(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            if let Value::Literal(value) = value {
                headers.insert(name, value.clone());
            }
        }
        for (name, value) in &self.add {
            if let Value::Literal(value) = value {
                headers.append(name, value.clone());
            }
        }
    }

    /// Makes the changes in Envoy's order: all values are evaluated after everything is removed
    /// and before anything is set.
    #[cold]
    fn evaluate(&self, to: &mut impl Subject) {
        let headers = to.headers_mut();
        for name in &self.remove {
            headers.remove(name);
        }
        let evaluated = |changes: &[Change]| -> Vec<(HeaderName, HeaderValue)> {
            let said = |said: &policy::format::Said, into: &mut Vec<u8>| {
                to.say(said, into);
                true
            };
            let changes =
                changes
                    .iter()
                    .filter_map(|(name, value)| match value.evaluate(&said)? {
                        Value::Literal(value) => Some((name.clone(), value)),
                        Value::Computed(_) => None,
                    });
            changes.collect()
        };
        let (set, add) = (evaluated(&self.set), evaluated(&self.add));
        let headers = to.headers_mut();
        for (name, value) in set {
            headers.insert(name, value);
        }
        for (name, value) in add {
            headers.append(name, value);
        }
    }

    fn bound(&self, said: &impl Fn(&policy::format::Said, &mut Vec<u8>) -> bool) -> Self {
        let bound = |changes: &[Change]| {
            let changes = changes.iter();
            let bound =
                changes.filter_map(|(name, value)| Some((name.clone(), value.evaluate(said)?)));
            bound.collect()
        };
        Self::new(self.remove.clone(), bound(&self.set), bound(&self.add))
    }
}

/// Says whether a header is certainly set here, so that nothing is left of what was set before. A
/// value that is evaluated may come to nothing, and then nothing is set.
fn is_overwritten(name: &HeaderName, changes: &[Change]) -> bool {
    let mut changes = changes.iter();
    changes.any(|(other, value)| other == name && !value.is_computed())
}

use crate::policy;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Changes of headers, ready to be made: remove, set, add.
#[derive(Clone, Debug, Default)]
pub struct HeaderEdit {
    remove: Box<[HeaderName]>,
    set: Box<[(HeaderName, HeaderValue)]>,
    add: Box<[(HeaderName, HeaderValue)]>,
}

impl HeaderEdit {
    /// Compiles the changes. A value that is empty is left out, as Envoy does: setting a header to
    /// nothing leaves it as it is.
    pub fn compile(changes: &policy::HeaderChanges) -> Self {
        let pairs = |map: &std::collections::BTreeMap<policy::Header, policy::HeaderText>| {
            map.iter()
                .filter(|(_, value)| !value.get().is_empty())
                .map(|(name, value)| (name.get().clone(), value.get().clone()))
                .collect()
        };
        Self {
            remove: changes.remove.iter().map(|n| n.get().clone()).collect(),
            set: pairs(&changes.set),
            add: pairs(&changes.add),
        }
    }

    /// Both as one: all that is removed, then all that is set, the other's last so that it wins,
    /// then all that is added.
    #[must_use]
    pub fn beside(&self, other: &Self) -> Self {
        let set = self.set.iter().filter(|(name, _)| !names(&other.set, name));
        Self {
            remove: self.remove.iter().chain(&other.remove).cloned().collect(),
            set: set.chain(&other.set).cloned().collect(),
            add: self.add.iter().chain(&other.add).cloned().collect(),
        }
    }

    /// One after the other, as one: what the later removes or sets is all that is left of a
    /// header.
    #[must_use]
    pub fn before(&self, later: &Self) -> Self {
        let untouched =
            |name: &HeaderName| !later.remove.contains(name) && !names(&later.set, name);
        let set = self.set.iter().filter(|(name, _)| untouched(name));
        let add = self.add.iter().filter(|(name, _)| untouched(name));
        Self {
            set: set.chain(&later.set).cloned().collect(),
            add: add.chain(&later.add).cloned().collect(),
            remove: self.remove.iter().chain(&later.remove).cloned().collect(),
        }
    }

    /// Makes the changes.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name, value.clone());
        }
    }

    /// What is taken out.
    pub fn removed(&self) -> &[HeaderName] {
        &self.remove
    }

    /// What is put in, in place of what is there.
    pub fn set(&self) -> &[(HeaderName, HeaderValue)] {
        &self.set
    }

    /// What is added.
    pub fn added(&self) -> &[(HeaderName, HeaderValue)] {
        &self.add
    }

    /// Says whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.set.is_empty() && self.add.is_empty()
    }
}

fn names(pairs: &[(HeaderName, HeaderValue)], name: &HeaderName) -> bool {
    pairs.iter().any(|(other, _)| other == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edits() -> impl Strategy<Value = HeaderEdit> {
        let name = "[a-c]".prop_map(|name| name.parse::<policy::Header>().unwrap());
        let text = "[a-z]?".prop_map(|text| text.parse::<policy::HeaderText>().unwrap());
        let pairs = || prop::collection::btree_map(name.clone(), text.clone(), 0..3);
        let remove = prop::collection::vec(name.clone(), 0..2);
        (remove, pairs(), pairs()).prop_map(|(remove, set, add)| {
            HeaderEdit::compile(&policy::HeaderChanges { remove, set, add })
        })
    }

    /// The lines of each name.
    fn lines(headers: &HeaderMap) -> Vec<Vec<HeaderValue>> {
        let of = |name| headers.get_all(name).iter().cloned().collect();
        ["a", "b", "c"].map(of).into()
    }

    proptest! {
        #[test]
        fn one_after_the_other_is_what_both_do_in_turn(
            first in edits(),
            second in edits(),
            before in prop::collection::vec(("[a-c]", "[a-z]"), 0..4),
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in before {
                let name: HeaderName = name.parse().unwrap();
                headers.append(name, value.parse().unwrap());
            }
            let mut in_turn = headers.clone();
            first.apply(&mut in_turn);
            second.apply(&mut in_turn);
            first.before(&second).apply(&mut headers);
            prop_assert_eq!(lines(&headers), lines(&in_turn));
        }

        /// What it adds comes last, so that what it sets and removes is all that counts.
        #[test]
        fn of_both_as_one_the_other_wins(first in edits(), second in edits()) {
            let mut headers = HeaderMap::new();
            first.beside(&second).apply(&mut headers);
            for (name, value) in &second.set {
                prop_assert_eq!(headers.get(name), Some(value));
            }
            for name in ["a", "b", "c"] {
                let name: HeaderName = name.parse().unwrap();
                let added = [&first, &second].into_iter().flat_map(|edit| &edit.add);
                let added = added.filter(|(other, _)| *other == name).count();
                let set = names(&first.set, &name) || names(&second.set, &name);
                let lines = headers.get_all(&name).iter().count();
                prop_assert_eq!(lines, added + usize::from(set));
            }
        }
    }

    #[test]
    fn an_empty_value_changes_nothing() {
        let mut changes = policy::HeaderChanges::default();
        let x: policy::Header = "x".parse().unwrap();
        changes.set.insert(x.clone(), "".parse().unwrap());
        changes.add.insert(x, "".parse().unwrap());
        assert!(HeaderEdit::compile(&changes).is_empty());
    }

    #[test]
    fn the_order_is_remove_set_add() {
        let x: policy::Header = "x".parse().unwrap();
        let mut changes = policy::HeaderChanges::default();
        changes.remove.push(x.clone());
        changes.set.insert(x.clone(), "set".parse().unwrap());
        changes.add.insert(x, "added".parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.append("x", HeaderValue::from_static("1"));
        headers.append("x", HeaderValue::from_static("2"));
        HeaderEdit::compile(&changes).apply(&mut headers);
        let lines: Vec<_> = headers.get_all("x").iter().collect();
        assert_eq!(lines, ["set", "added"]);
    }
}

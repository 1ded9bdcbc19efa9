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
    /// Compiles the changes.
    pub fn compile(changes: &policy::HeaderChanges) -> Self {
        let pairs = |map: &std::collections::BTreeMap<policy::Header, policy::HeaderText>| {
            map.iter()
                .map(|(name, value)| (name.get().clone(), value.get().clone()))
                .collect()
        };
        Self {
            remove: changes.remove.iter().map(|n| n.get().clone()).collect(),
            set: pairs(&changes.set),
            add: pairs(&changes.add),
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

#[cfg(test)]
mod tests {
    use super::*;

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

//! Fields by what is written in them, for comparing them with others.

use crate::import::field::{Field, Stride};
use crate::policy::tree::{Kind, Node, Value};
use std::fmt::Write as _;

impl<'a> Field<'a> {
    /// The elements of a list, of which nothing is told where it is none.
    pub(crate) fn elements(&self) -> Vec<Self> {
        let Value::Sequence(items) = &self.node.value else {
            return Vec::new();
        };
        let child = |(index, item): (usize, &'a Node)| {
            let step = Stride::Index(index);
            self.child(item, item.at, step)
        };
        items.iter().enumerate().map(child).collect()
    }

    /// The text, if it is one; nothing is told where it is none.
    pub(crate) fn as_text(&self) -> Option<&'a str> {
        self.node.as_str()
    }

    /// A text that two fields share if the same is written in them, whatever the order of the
    /// keys. These keys of the field itself are passed over, and so is everywhere what is null.
    pub(crate) fn alike(&self, without: &[&str]) -> String {
        let mut text = String::new();
        write(self.node, without, &mut text);
        text
    }
}

/// As deep as the tree, which is bounded.
fn write(node: &Node, without: &[&str], text: &mut String) {
    match &node.value {
        Value::Scalar(scalar) => {
            // Writing to a text cannot fail.
            let _ = match scalar.kind {
                Kind::Null => write!(text, "~"),
                Kind::Bool(value) => write!(text, "{value}"),
                Kind::Integer(number) => write!(text, "{number}"),
                Kind::Float(number) => write!(text, "{number:?}"),
                Kind::String => write!(text, "{:?}", scalar.text),
            };
        }
        Value::Sequence(items) => {
            text.push('[');
            for item in items {
                write(item, &[], text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Mapping(entries) => {
            let passed = |key: &str, value: &Node| value.is_null() || without.contains(&key);
            let mut entries: Vec<_> = { entries.iter() }
                .filter(|entry| !passed(&entry.key, &entry.value))
                .collect();
            entries.sort_by(|one, other| one.key.cmp(&other.key));
            text.push('{');
            for entry in entries {
                let _ = write!(text, "{:?}:", entry.key);
                write(&entry.value, &[], text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::import::desk::Desk;
    use crate::policy::tree::documents;

    fn alike(text: &str) -> String {
        let root = documents(text).remove(0).root.unwrap();
        let desk = Desk::new(0, None, String::new());
        desk.root(&root).alike(&["name"])
    }

    #[test]
    fn fields_are_alike_if_the_same_is_written_in_them() {
        let same = alike("{name: x, a: {b: 1, c: '1'}, d: [~, e], f: ~}");
        assert_eq!(same, alike("d: [null, \"e\"]\na:\n  c: \"1\"\n  b: 1\n"));
        for other in [
            "{a: {b: 1, c: 1}, d: [~, e]}",
            "{a: {b: 1, c: '1'}, d: [e]}",
            "{a: {b: 1, c: '1', name: x}, d: [~, e]}",
            "{a: {b: 1, c: '1'}, d: ['~,\"e\"']}",
            "{a: {b: 1.0, c: '1'}, d: [~, e]}",
        ] {
            assert_ne!(same, alike(other), "{other}");
        }
    }
}

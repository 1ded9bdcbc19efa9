use crate::import::sticky;
use crate::policy::Error;
use crate::policy::trail::Trail;
use crate::policy::tree::{Document, Entry, Mark, Node, Trouble, Value, documents};

/// Puts the mesh's settings, which a ConfigMap holds as a text, into its tree, so that they are
/// read and pointed at like everything else. What is wrong with the text is returned.
///
/// `source` is the text in which the ConfigMap stands.
pub(super) fn unfold(root: &mut Node, source: &str) -> Vec<Error> {
    let mesh = entry(root, "data").and_then(|data| entry(&mut data.value, "mesh"));
    match mesh {
        Some(mesh) => open(mesh, &Trail::default().key("data").key("mesh"), source),
        None => Vec::new(),
    }
}

/// The same for the annotations of a document that are policy.
pub(super) fn unfold_annotations(root: &mut Node, source: &str) -> Vec<Error> {
    let annotations =
        entry(root, "metadata").and_then(|metadata| entry(&mut metadata.value, "annotations"));
    let Some(Value::Mapping(annotations)) = annotations.map(|entry| &mut entry.value.value) else {
        return Vec::new();
    };
    let trail = Trail::default().key("metadata").key("annotations");
    let policy = |entry: &&mut Entry| sticky::meant_for(&entry.key).is_some();
    let opened = annotations.iter_mut().filter(policy).map(|entry| {
        let trail = trail.key(&entry.key);
        open(entry, &trail, source)
    });
    opened.flatten().collect()
}

fn entry<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Entry> {
    match &mut node.value {
        Value::Mapping(entries) => entries.iter_mut().find(|entry| entry.key == key),
        _ => None,
    }
}

/// Puts what a text says in its place.
fn open(holder: &mut Entry, trail: &Trail, source: &str) -> Vec<Error> {
    let Some(text) = holder.value.as_str() else {
        // Whoever reads it says what is wrong with it.
        return Vec::new();
    };
    let shift = Shift::find(holder.at, holder.value.at, text, source);
    let mut errors = Vec::new();
    let mut inside = documents(text);
    inside.truncate(1);
    let mut unfolded = Node::null(holder.value.at);
    for Document { root, troubles, .. } in inside {
        for Trouble {
            id,
            at,
            trail: inner,
            message,
            advice,
        } in troubles
        {
            let mut way = trail.clone();
            way.0.extend(inner.0);
            let error = Error::new(id, way, message).advise(advice);
            errors.push(error.marked(shift.apply(at)));
        }
        if let Some(mut root) = root {
            shift.apply_to(&mut root);
            unfolded = root;
        }
    }
    holder.value = unfolded;
    errors
}

/// From places in a text to places in the document which holds it.
enum Shift {
    /// By as many lines and columns.
    By(u32, u32),
    /// The text was folded or has escapes: all of it is where it begins.
    To(Mark),
}

impl Shift {
    /// `key` is where the key stands, `at` where the text begins: of one that is written line by
    /// line, behind a `|`, its first line that is not empty.
    fn find(key: Mark, at: Mark, text: &str, source: &str) -> Self {
        let line = source
            .lines()
            .nth(key.line as usize - 1)
            .unwrap_or_default();
        let value = line.rsplit_once(':').map_or("", |(_, value)| value.trim());
        let mut head = value.split_whitespace().next().unwrap_or_default().chars();
        // An indentation that is written (`|2`) may make spaces a part of the text.
        if head.next() != Some('|') || head.any(|mark| mark.is_ascii_digit()) {
            return Self::To(at);
        }
        let empty = text.chars().take_while(|letter| *letter == '\n').count();
        let empty = u32::try_from(empty).unwrap_or(u32::MAX);
        Self::By((at.line - 1).saturating_sub(empty), at.column - 1)
    }

    fn apply(&self, at: Mark) -> Mark {
        match *self {
            Self::By(lines, columns) => Mark {
                line: at.line.saturating_add(lines),
                column: at.column.saturating_add(columns),
            },
            Self::To(at) => at,
        }
    }

    fn apply_to(&self, node: &mut Node) {
        node.at = self.apply(node.at);
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.apply_to(item)),
            Value::Mapping(entries) => {
                for entry in entries {
                    entry.at = self.apply(entry.at);
                    self.apply_to(&mut entry.value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str) -> (Node, Vec<String>) {
        let mut root = documents(text).remove(0).root.unwrap();
        let errors = unfold(&mut root, text);
        (root, errors.iter().map(Error::to_string).collect())
    }

    #[test]
    fn the_text_s_parts_stand_where_they_are_written() {
        let text =
            "kind: ConfigMap\ndata:\n  mesh: |-\n\n    a: 1\n    b:\n      c: x\n  other: y\n";
        let (root, errors) = unfolded(text);
        assert!(errors.is_empty());
        let trail = Trail::default().key("data").key("mesh").key("b").key("c");
        let (node, at, _) = root.follow(&trail);
        assert_eq!(node.as_str(), Some("x"));
        assert_eq!((at.line, at.column), (7, 10));
    }

    #[test]
    fn a_text_with_escapes_stands_where_it_begins() {
        let (root, _) = unfolded("data: { mesh: \"a: 1\\nb: 2\\n\" }\n");
        let trail = Trail::default().key("data").key("mesh").key("b");
        let (node, at, _) = root.follow(&trail);
        assert!(!node.is_null());
        assert_eq!((at.line, at.column), (1, 15));
    }

    #[test]
    fn a_broken_text_is_told_with_its_line() {
        let (root, errors) = unfolded("data:\n  mesh: |\n    a: 1\n    b: [1\n");
        assert!(errors[0].starts_with("line 4:"), "{errors:?}");
        assert!(
            errors[0].contains("data.mesh: this is no YAML"),
            "{errors:?}"
        );
        assert!(root.get("data").unwrap().get("mesh").unwrap().is_null());
    }
}

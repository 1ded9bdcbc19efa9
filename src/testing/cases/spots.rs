//! Where cases and laws are written.

use crate::policy::Place;
use crate::policy::trail::{Trail, is_plain};
use crate::policy::tree::{Entry, Mark, Node, Value};
use std::fmt::Write as _;

/// Where the parts of a case or a law are.
///
/// A file may have a hundred thousand cases, and places are asked for where one fails: so they are
/// kept short, and looked through.
#[derive(Clone, Debug)]
pub(super) struct Spots {
    document: u32,
    /// The way to it in its document: `cases[3]`.
    path: Box<str>,
    /// The ways from it to its parts, and where these are; the first is all of it.
    parts: Box<[(Box<str>, Mark)]>,
}

/// The documents that were read: the file and what it is called in there.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins(Vec<(Option<String>, String)>);

impl Origins {
    /// Adds a document, and says by which number it goes.
    pub(super) fn add(&mut self, file: Option<&str>, label: &str) -> u32 {
        self.0.push((file.map(str::to_owned), label.to_owned()));
        self.0.len() as u32 - 1
    }

    /// The place of a part, or of the smallest part around it that is written.
    pub(super) fn place(&self, spots: &Spots, part: &Trail) -> Place {
        let found = (0..=part.0.len()).rev().find_map(|length| {
            let part = Trail(part.0[..length].to_vec()).to_string();
            let mut parts = spots.parts.iter();
            parts.find(|(path, _)| **path == *part)
        });
        let Some((path, mark)) = found else {
            return Place::default();
        };
        let mut place = Place::default().marked(*mark);
        if let Some((file, document)) = self.0.get(spots.document as usize) {
            place.file.clone_from(file);
            place.document.clone_from(document);
        }
        let dot = if path.is_empty() { "" } else { "." };
        place.path = format!("{}{dot}{path}", spots.path);
        place
    }
}

impl Spots {
    /// Notes where everything in the node is that `wanted` takes by its way from there.
    pub(super) fn of(
        node: &Node,
        trail: &Trail,
        document: u32,
        wanted: impl Fn(&str) -> bool,
    ) -> Self {
        let mut parts = Vec::new();
        note(node, node.at, &mut String::new(), &wanted, &mut parts);
        Self {
            document,
            path: trail.to_string().into(),
            parts: parts.into(),
        }
    }
}

/// As deep as the node, which is bounded.
fn note(
    node: &Node,
    at: Mark,
    path: &mut String,
    wanted: &impl Fn(&str) -> bool,
    parts: &mut Vec<(Box<str>, Mark)>,
) {
    // For a mapping or a list the key says more.
    let at = match &node.value {
        Value::Scalar(_) => node.at,
        _ => at,
    };
    parts.push((path.as_str().into(), at));
    if !wanted(path) {
        return;
    }
    let length = path.len();
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                let _ = write!(path, "[{index}]");
                note(item, item.at, path, wanted, parts);
                path.truncate(length);
            }
        }
        Value::Mapping(entries) => {
            for Entry { key, at, value } in entries {
                let dot = if path.is_empty() { "" } else { "." };
                let _ = match is_plain(key) {
                    true => write!(path, "{dot}{key}"),
                    false => write!(path, "[{key:?}]"),
                };
                note(value, *at, path, wanted, parts);
                path.truncate(length);
            }
        }
    }
}

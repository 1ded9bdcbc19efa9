//! A document as it was written: values with their lines and columns, before anybody knows what
//! they mean.
//!
//! The tree outlives reading, so that what is found wrong afterwards can still be pointed at.

mod build;
mod choice;
mod flaw;
mod parse;
mod reader;
mod salvage;
mod scalar;

pub(crate) use flaw::Flaw;
pub(crate) use parse::{Document, LONGEST, Trouble, documents};
pub(crate) use reader::Reader;
pub(crate) use salvage::Salvage;

use crate::policy::trail::{Step, Trail};
use std::cell::Cell;

/// A place in the text, both counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Mark,
    pub(crate) value: Value,
    /// Whether something was found wrong here. Reading again passes over it.
    spoilt: Cell<bool>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A value that has no parts.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    /// The text: of a string what it says, of everything else how it was written.
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

/// What a scalar is by YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    String,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Mark,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn new(at: Mark, value: Value) -> Self {
        Self {
            at,
            value,
            spoilt: Cell::new(false),
        }
    }

    /// Nothing.
    pub(crate) fn null(at: Mark) -> Self {
        Self::new(at, Value::Scalar(Scalar::new(String::new(), Kind::Null)))
    }

    pub(crate) fn spoil(&self) {
        self.spoilt.set(true);
    }

    pub(crate) fn is_spoilt(&self) -> bool {
        self.spoilt.get()
    }

    /// Says whether anything in here was found wrong. As deep as the tree, which is bounded.
    pub(crate) fn holds_spoilt(&self) -> bool {
        self.is_spoilt()
            || match &self.value {
                Value::Scalar(_) => false,
                Value::Sequence(items) => items.iter().any(Self::holds_spoilt),
                Value::Mapping(entries) => entries.iter().any(|entry| entry.value.holds_spoilt()),
            }
    }

    /// How many nodes there are, this one included.
    pub(crate) fn count(&self) -> usize {
        1 + match &self.value {
            Value::Scalar(_) => 0,
            Value::Sequence(items) => items.iter().map(Self::count).sum(),
            Value::Mapping(entries) => entries.iter().map(|entry| entry.value.count()).sum(),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == Kind::Null)
    }

    /// The text, if it is a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind == Kind::String => Some(&scalar.text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    /// The child of this number.
    pub(crate) fn child(&self, index: usize) -> Option<&Self> {
        match &self.value {
            Value::Scalar(_) => None,
            Value::Sequence(items) => items.get(index),
            Value::Mapping(entries) => entries.get(index).map(|entry| &entry.value),
        }
    }

    /// Follows a trail through what was *read*, so elements count without the spoilt ones.
    ///
    /// Gives the node where the trail ends, or the last before it leaves what is written (a
    /// default is written nowhere), its place, and the trail through what is *written*.
    pub(crate) fn follow(&self, trail: &Trail) -> (&Self, Mark, Trail) {
        let (mut node, mut at, mut written) = (self, self.at, trail.clone());
        for step in &mut written.0 {
            match (&node.value, step) {
                (Value::Mapping(entries), Step::Key(key)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *key) else {
                        break;
                    };
                    (node, at) = (&entry.value, entry.at);
                }
                (Value::Sequence(items), Step::Index(index)) => {
                    let mut sound = items.iter().enumerate().filter(|item| !item.1.is_spoilt());
                    let Some((there, item)) = sound.nth(*index) else {
                        break;
                    };
                    (node, at, *index) = (item, item.at, there);
                }
                _ => break,
            }
        }
        // A scalar or list under a key is what is wrong; for a mapping the key says more.
        match &node.value {
            Value::Scalar(_) => (node, node.at, written),
            _ => (node, at, written),
        }
    }
}

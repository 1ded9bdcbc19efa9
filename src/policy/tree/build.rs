use crate::policy::trail::{Step, Trail};
use crate::policy::tree::parse::{DEEPEST, Stream, Trouble};
use crate::policy::tree::{Entry, Kind, Mark, Node, Scalar, Value};
use crate::policy::wording::shortened;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};
use std::collections::HashMap;

/// A document in the making.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) started: bool,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    pub(super) root: Option<Node>,
    pub(super) troubles: Vec<Trouble>,
}

/// A sequence or mapping whose end has not come.
struct Frame {
    at: Mark,
    anchor: usize,
    parts: Parts,
}

pub(super) enum Parts {
    Items(Vec<Node>),
    Entries {
        done: Vec<Entry>,
        /// Where each key stands.
        keys: HashMap<String, Mark>,
        /// The key whose value has not come.
        key: Option<(String, Mark)>,
    },
}

impl Parts {
    pub(super) fn entries() -> Self {
        Self::Entries {
            done: Vec::new(),
            keys: HashMap::new(),
            key: None,
        }
    }
}

impl Builder {
    /// Where the next node will hang.
    fn trail(&self) -> Trail {
        let step = |frame: &Frame| match &frame.parts {
            Parts::Items(items) => Some(Step::Index(items.len())),
            Parts::Entries { key, .. } => key.as_ref().map(|(key, _)| Step::Key(key.clone())),
        };
        Trail(self.frames.iter().filter_map(step).collect())
    }

    fn trouble(&mut self, id: &'static str, at: Mark, message: String, advice: &str) {
        if self.troubles.len() < MOST_TROUBLES {
            self.troubles.push(Trouble {
                id,
                at,
                trail: self.trail(),
                message,
                advice: advice.to_owned(),
            });
        }
    }

    fn duplicate(&mut self, name: &str, at: Mark, first: Mark) {
        let message = format!(
            "the key `{}` is there already, on line {}",
            shortened(name),
            first.line
        );
        self.trouble("duplicate-key", at, message, "keep one of the two");
        if let Some(trouble) = self.troubles.last_mut()
            && trouble.at == at
        {
            trouble.trail = trouble.trail.key(name);
        }
    }

    /// A node that stands for one that cannot be had.
    pub(super) fn unusable(&mut self, at: Mark, message: String, advice: &str) -> Node {
        self.trouble("syntax", at, message, advice);
        let node = Node::null(at);
        node.spoil();
        node
    }

    /// A copy of what an alias refers to.
    pub(super) fn aliased(
        &mut self,
        anchor: usize,
        at: Mark,
        stream: &mut Stream,
    ) -> Result<Node, Trouble> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "this alias stands inside what it refers to".to_owned();
            return Ok(self.unusable(at, message, "write the value out"));
        };
        stream.copy(node, at)?;
        stream.count(node.count(), at)?;
        if self.frames.len() + depth(node) > DEEPEST {
            return Err(Trouble::too_deep(at));
        }
        Ok(node.clone())
    }

    pub(super) fn tagged(&mut self, tag: Option<&Tag>, usual: &str, at: Mark) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(usual)
        {
            let message = format!(
                "the tag `{}` means nothing here",
                shortened(&tag.original())
            );
            self.trouble("syntax", at, message, "leave it out");
        }
    }

    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: Mark,
    ) -> Scalar {
        let kind = match tag {
            Some(tag) if tag.core_suffix() == Some("str") || tag.parts() == ("", "!") => {
                Kind::String
            }
            _ if style == ScalarStyle::Plain => Kind::of(text),
            _ => Kind::String,
        };
        let known = ["str", "null", "bool", "int", "float"];
        let usual = tag
            .and_then(Tag::core_suffix)
            .filter(|tag| known.contains(tag));
        if tag.is_some_and(|tag| tag.parts() != ("", "!")) {
            self.tagged(tag, usual.unwrap_or("str"), at);
        }
        Scalar::new(text.to_owned(), kind)
    }

    pub(super) fn open(&mut self, parts: Parts, at: Mark, anchor: usize) -> Result<(), Trouble> {
        if self.frames.len() == DEEPEST {
            return Err(Trouble::too_deep(at));
        }
        if let Some(Frame {
            parts: Parts::Entries { key: None, .. },
            ..
        }) = self.frames.last()
        {
            return Err(bad_key(at));
        }
        self.frames.push(Frame { at, anchor, parts });
        Ok(())
    }

    pub(super) fn close(&mut self, stream: &mut Stream) -> Result<(), Trouble> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let value = match frame.parts {
            Parts::Items(items) => Value::Sequence(items),
            Parts::Entries { done, .. } => Value::Mapping(done),
        };
        self.add(Node::new(frame.at, value), frame.anchor, stream)
    }

    /// Hangs a finished node where it belongs.
    pub(super) fn add(
        &mut self,
        node: Node,
        anchor: usize,
        stream: &mut Stream,
    ) -> Result<(), Trouble> {
        if anchor != 0 {
            stream.copy(&node, node.at)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.parts {
            Parts::Items(items) => items.push(node),
            Parts::Entries { done, keys, key } => match key.take() {
                None => {
                    let Value::Scalar(scalar) = node.value else {
                        return Err(bad_key(node.at));
                    };
                    if scalar.kind == Kind::Null {
                        return Err(bad_key(node.at));
                    }
                    *key = Some((scalar.text, node.at));
                }
                Some((name, at)) => {
                    if let Some(first) = keys.get(&name).copied() {
                        self.duplicate(&name, at, first);
                        return Ok(());
                    }
                    keys.insert(name.clone(), at);
                    done.push(Entry {
                        key: name,
                        at,
                        value: node,
                    });
                }
            },
        }
        Ok(())
    }
}

fn bad_key(at: Mark) -> Trouble {
    Trouble {
        id: "syntax",
        at,
        trail: Trail::default(),
        message: "this stands for a key, but is no text".to_owned(),
        advice: "write a name and a colon; quote what begins with a bracket or a brace".to_owned(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Mapping(entries) => {
            let values = entries.iter().map(|entry| depth(&entry.value));
            1 + values.max().unwrap_or(0)
        }
    }
}

/// About how many bytes a node takes.
pub(super) fn size(node: &Node) -> usize {
    size_of::<Entry>()
        + match &node.value {
            Value::Scalar(scalar) => scalar.text.len(),
            Value::Sequence(items) => items.iter().map(size).sum(),
            Value::Mapping(entries) => {
                let sizes = entries
                    .iter()
                    .map(|entry| entry.key.len() + size(&entry.value));
                sizes.sum()
            }
        }
}

const MOST_TROUBLES: usize = 100;

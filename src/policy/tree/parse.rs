use crate::policy::trail::{Step, Trail};
use crate::policy::tree::{Entry, Kind, Mark, Node, Scalar, Value};
use crate::policy::wording::shortened;
use serde_saphyr::granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, ScanError, StrInput, Tag,
};
use std::collections::HashMap;

/// One document of a stream.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its place in the stream, counted from 1; empty documents count, too.
    pub(crate) number: usize,
    /// What it holds; `None` where its syntax is broken.
    pub(crate) root: Option<Node>,
    /// What is wrong with it already.
    pub(crate) troubles: Vec<Trouble>,
}

/// Something wrong with how a document is written, whatever it means.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) id: &'static str,
    pub(crate) at: Mark,
    pub(crate) trail: Trail,
    pub(crate) message: String,
    pub(crate) advice: String,
}

/// Reads a stream of YAML documents; JSON is YAML.
///
/// Each document stands for itself: a syntax error ends its own document only. Text, nesting,
/// nodes, what aliases multiply and broken documents are bounded, so no text takes long or much
/// memory.
pub(crate) fn documents(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    if text.len() > LONGEST {
        let trouble = Trouble::limit(START, "the text is longer than 16 MiB", "split the file");
        documents.push(Document::broken(1, trouble));
        return documents;
    }
    let mut parser = Parser::new_from_str_with_options(text, options());
    let mut stream = Stream::default();
    let mut broken = 0;
    loop {
        match stream.next(&mut parser, text) {
            Ok(None) => break,
            Ok(Some(document)) => {
                if document.root.as_ref().is_some_and(|root| !root.is_null())
                    || !document.troubles.is_empty()
                {
                    documents.push(document);
                }
            }
            Err(trouble) => {
                broken += 1;
                let enough = broken == MOST_BROKEN || stream.nodes > MOST_NODES;
                documents.push(Document::broken(stream.number.max(1), trouble));
                if enough || !parser.proceed_next_document().unwrap_or(false) {
                    break;
                }
            }
        }
    }
    documents
}

fn options() -> Options {
    serde_saphyr::granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEEPEST + 1,
        block_nesting_limit: DEEPEST + 1,
    }
}

impl Document {
    fn broken(number: usize, trouble: Trouble) -> Self {
        Self {
            number,
            root: None,
            troubles: vec![trouble],
        }
    }
}

impl Trouble {
    fn limit(at: Mark, message: impl Into<String>, advice: &str) -> Self {
        Self {
            id: "too-large",
            at,
            trail: Trail::default(),
            message: message.into(),
            advice: advice.to_owned(),
        }
    }

    fn scan(error: &ScanError, text: &str) -> Self {
        let at = mark(error.marker());
        let advice = match character(text, at) {
            Some('*') => "a text that begins with `*` has to be in quotes: \"*.example.com\"",
            Some('\t') => "indent with spaces",
            Some('@' | '`' | '%') => "a text that begins with this has to be in quotes",
            _ => "look at the indentation, the brackets and the quotes here and above",
        };
        Self {
            id: "syntax",
            at,
            trail: Trail::default(),
            message: format!("this is no YAML: {}", error.info()),
            advice: advice.to_owned(),
        }
    }
}

fn character(text: &str, at: Mark) -> Option<char> {
    let line = text.lines().nth(at.line as usize - 1)?;
    line.chars().nth(at.column as usize - 1)
}

/// What is counted over all documents of a stream.
#[derive(Default)]
struct Stream {
    number: usize,
    nodes: usize,
    copied: usize,
}

impl Stream {
    /// Reads the next document; `None` at the end.
    fn next<'a>(
        &mut self,
        parser: &mut Parser<'a, StrInput<'a>>,
        text: &str,
    ) -> Result<Option<Document>, Trouble> {
        let mut builder = Builder::default();
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                // An error before the document's start belongs to a document of its own.
                self.number += usize::from(!builder.started);
                Trouble::scan(&error, text)
            })?;
            let at = mark(&span.start);
            match event {
                Event::StreamEnd => return Ok(None),
                Event::DocumentStart(..) => {
                    self.number += 1;
                    builder.started = true;
                }
                Event::DocumentEnd => {
                    return Ok(Some(Document {
                        number: self.number,
                        root: builder.root,
                        troubles: builder.troubles,
                    }));
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let scalar = builder.scalar(&text, style, tag.as_deref(), at);
                    self.count(1, at)?;
                    builder.add(Node::new(at, Value::Scalar(scalar)), anchor, self)?;
                }
                Event::SequenceStart(_, anchor, tag) => {
                    builder.tagged(tag.as_deref(), "seq", at);
                    self.count(1, at)?;
                    builder.open(Parts::Items(Vec::new()), at, anchor)?;
                }
                Event::MappingStart(_, anchor, tag) => {
                    builder.tagged(tag.as_deref(), "map", at);
                    self.count(1, at)?;
                    builder.open(Parts::entries(), at, anchor)?;
                }
                Event::SequenceEnd | Event::MappingEnd => builder.close(self)?,
                Event::Alias(id) => {
                    let node = match builder.anchors.get(&id) {
                        Some(node) => {
                            self.copy(node, at)?;
                            self.count(node.count(), at)?;
                            if builder.frames.len() + depth(node) > DEEPEST {
                                return Err(too_deep(at));
                            }
                            node.clone()
                        }
                        None => builder.unusable(
                            at,
                            "this alias stands inside what it refers to".to_owned(),
                            "write the value out",
                        ),
                    };
                    builder.add(node, 0, self)?;
                }
                Event::UnresolvedAlias(name) => {
                    let node = builder.unusable(
                        at,
                        format!("there is no anchor `{}`", shortened(&name)),
                        "a text that begins with `*` has to be in quotes: \"*.example.com\"",
                    );
                    builder.add(node, 0, self)?;
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn count(&mut self, nodes: usize, at: Mark) -> Result<(), Trouble> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            let message = format!("there are more than {MOST_NODES} values");
            return Err(Trouble::limit(at, message, "split the file"));
        }
        Ok(())
    }

    /// Accounts for a copy of a node before it is made.
    fn copy(&mut self, node: &Node, at: Mark) -> Result<(), Trouble> {
        self.copied = self.copied.saturating_add(size(node));
        if self.copied > MOST_COPIED {
            return Err(Trouble::limit(
                at,
                "aliases multiply this document beyond 4 MiB",
                "use fewer of them, or write the values out",
            ));
        }
        Ok(())
    }
}

/// A document in the making.
#[derive(Default)]
struct Builder {
    started: bool,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    troubles: Vec<Trouble>,
}

/// A sequence or mapping whose end has not come.
struct Frame {
    at: Mark,
    anchor: usize,
    parts: Parts,
}

enum Parts {
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
    fn entries() -> Self {
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
    fn unusable(&mut self, at: Mark, message: String, advice: &str) -> Node {
        self.trouble("syntax", at, message, advice);
        let node = Node::null(at);
        node.spoil();
        node
    }

    fn tagged(&mut self, tag: Option<&Tag>, usual: &str, at: Mark) {
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

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Mark) -> Scalar {
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

    fn open(&mut self, parts: Parts, at: Mark, anchor: usize) -> Result<(), Trouble> {
        if self.frames.len() == DEEPEST {
            return Err(too_deep(at));
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

    fn close(&mut self, stream: &mut Stream) -> Result<(), Trouble> {
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
    fn add(&mut self, node: Node, anchor: usize, stream: &mut Stream) -> Result<(), Trouble> {
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

fn too_deep(at: Mark) -> Trouble {
    let message = format!("values are nested more than {DEEPEST} deep");
    Trouble::limit(at, message, "nest less")
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
fn size(node: &Node) -> usize {
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

fn mark(marker: &Marker) -> Mark {
    let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Mark {
        line: narrow(marker.line()).max(1),
        column: narrow(marker.col()).saturating_add(1),
    }
}

const START: Mark = Mark { line: 1, column: 1 };
/// A policy of 10,000 routes has about 2 MiB.
pub(crate) const LONGEST: usize = 16 << 20;
/// Policies are about 10 deep.
const DEEPEST: usize = 64;
const MOST_NODES: usize = 2_000_000;
const MOST_COPIED: usize = 4 << 20;
const MOST_BROKEN: usize = 100;
const MOST_TROUBLES: usize = 100;

#[cfg(test)]
mod tests;

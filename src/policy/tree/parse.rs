use crate::policy::trail::Trail;
use crate::policy::tree::build::{Builder, Parts, size};
use crate::policy::tree::{Mark, Node, Value};
use crate::policy::wording::shortened;
use serde_saphyr::granit_parser::{ErrorKind, Event, Marker, Options, Parser, ScanError, StrInput};

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
    if let Some(place) = text.find('\0') {
        // The parser takes it for the end of the text.
        documents.push(Document::broken(1, Trouble::nul(&text[..place])));
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
    pub(super) fn limit(at: Mark, message: impl Into<String>, advice: &str) -> Self {
        Self {
            id: "too-large",
            at,
            trail: Trail::default(),
            message: message.into(),
            advice: advice.to_owned(),
        }
    }

    pub(super) fn too_deep(at: Mark) -> Self {
        let message = format!("values are nested more than {DEEPEST} deep");
        Self::limit(at, message, "nest less")
    }

    /// `before` is the text before the first NUL.
    fn nul(before: &str) -> Self {
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            id: "syntax",
            at: Mark {
                line: narrow(before.split('\n').count()),
                column: narrow(last.chars().count()).saturating_add(1),
            },
            trail: Trail::default(),
            message: "this is no YAML: it holds a NUL character".to_owned(),
            advice: "save it as UTF-8 text, without what is no text".to_owned(),
        }
    }

    fn scan(error: &ScanError, text: &str) -> Self {
        let at = mark(error.marker());
        // The parser looks ahead, so its limit may come before the tree's own.
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return Self::too_deep(at);
        }
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
pub(super) struct Stream {
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
                    let node = builder.aliased(id, at, self)?;
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

    pub(super) fn count(&mut self, nodes: usize, at: Mark) -> Result<(), Trouble> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            let message = format!("there are more than {MOST_NODES} values");
            return Err(Trouble::limit(at, message, "split the file"));
        }
        Ok(())
    }

    /// Accounts for a copy of a node before it is made.
    pub(super) fn copy(&mut self, node: &Node, at: Mark) -> Result<(), Trouble> {
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
pub(super) const DEEPEST: usize = 64;
const MOST_NODES: usize = 2_000_000;
const MOST_COPIED: usize = 4 << 20;
const MOST_BROKEN: usize = 100;

#[cfg(test)]
mod tests;

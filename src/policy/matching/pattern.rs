use crate::policy::wording::shortened;
use regex_automata::nfa::thompson;
use regex_syntax::hir::{Hir, Look};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A regular expression, RE2-like: no look-around and no back references. All of the text has to
/// match it, as if it stood between `^` and `$`.
///
/// At most 1,024 bytes, 50 levels of nesting and 1 MiB when compiled; whatever it is, matching
/// takes time linear in the text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    source: Arc<str>,
    /// Parsed and anchored, so that compiling it later cannot go wrong.
    parsed: Arc<Hir>,
}

impl Pattern {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The parsed expression, anchored on both sides: what matches it matches all of a text.
    ///
    /// To be compiled with `build_from_hir`: no text around the source would do as well, for
    /// `(?x)` and a comment at the end would swallow whatever closes it.
    pub(crate) fn anchored(&self) -> &Hir {
        &self.parsed
    }

    /// The parsed expression without anchors, for who looks for it within a text.
    pub(crate) fn unanchored(&self) -> Hir {
        // It was parsed when it was read, so it can be parsed again.
        parse(&self.source).unwrap_or_else(|_| Hir::fail())
    }
}

fn parse(text: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    let mut parser = regex_syntax::ParserBuilder::new()
        .nest_limit(DEEPEST)
        .build();
    parser.parse(text).map_err(Box::new)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let wrong = |reason| NotAPattern {
            text: shortened(text),
            reason,
        };
        if text.len() > LONGEST {
            return Err(wrong(PatternFlaw::TooLong));
        }
        let parsed = parse(text).map_err(|error| wrong(PatternFlaw::Syntax(reason(&error))))?;
        let anchored = Hir::concat(vec![Hir::look(Look::Start), parsed, Hir::look(Look::End)]);
        thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .nfa_size_limit(Some(LARGEST))
                    .which_captures(thompson::WhichCaptures::None),
            )
            .build_from_hir(&anchored)
            .map_err(|_| wrong(PatternFlaw::TooLarge))?;
        Ok(Self {
            source: text.into(),
            parsed: Arc::new(anchored),
        })
    }
}

/// What is wrong, in a line: the parser's own text draws the expression over several.
fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => format!(
            "{} at character {}",
            error.kind(),
            error.span().start.column
        ),
        regex_syntax::Error::Translate(error) => format!(
            "{} at character {}",
            error.kind(),
            error.span().start.column
        ),
        _ => "it cannot be read".to_owned(),
    }
}

impl TryFrom<String> for Pattern {
    type Error = NotAPattern;

    fn try_from(text: String) -> Result<Self, NotAPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.as_str().to_owned()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// A text that is no [`Pattern`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the regular expression `{text}` {reason}")]
pub struct NotAPattern {
    text: String,
    reason: PatternFlaw,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
enum PatternFlaw {
    #[error("is wrong: {0}; mend it, RE2's syntax is understood")]
    Syntax(String),
    #[error("is too long; write at most {LONGEST} bytes")]
    TooLong,
    #[error("is too large once its repetitions are written out; repeat less")]
    TooLarge,
}

const LONGEST: usize = 1_024;
const DEEPEST: u32 = 50;
const LARGEST: usize = 1 << 20;

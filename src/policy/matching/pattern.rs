use crate::policy::matching::{CompiledPattern, re2, size};
use crate::policy::wording::shortened;
use regex_syntax::hir::Hir;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

/// A regular expression in RE2's syntax, as Envoy and Istio have it: no look-around and no back
/// references. All of the text has to match it, as if it stood between `^` and `$`.
///
/// What this crate's parser understands otherwise than RE2 is refused with what to write instead
/// (`(?x)`, `[a&&b]`, `a**`, `\u{41}`), so that a pattern means the same to a sidecar.
/// `\d`, `\s`, `\w` and `\b` are about ASCII, `\pN` and `(?i)` about all of Unicode, `\Q…\E` quotes;
/// `\C`, octal numbers and a `{` that repeats nothing are not understood and refused.
///
/// At most 1,024 bytes, 50 levels of nesting, eight named classes of Unicode, a thousand repetitions
/// and 16,384 states once they are written out; whatever it is, matching takes time linear in the
/// text. All patterns of a policy together have at most 1,048,576 states: some 30,000 usual ones.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Arc<Read>);

struct Read {
    source: Box<str>,
    parsed: Hir,
    size: usize,
    /// Once, however many gateways' tables it is in.
    compiled: OnceLock<CompiledPattern>,
}

impl Pattern {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.source
    }

    /// The parsed expression, without anchors.
    ///
    /// To be compiled with `build_from_hir`: no text around the source would do as well.
    pub(crate) fn parsed(&self) -> &Hir {
        &self.0.parsed
    }

    /// How many states an automaton for it has at most: what it costs to compile and to keep.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// Compiles it, unless that was done before.
    pub(super) fn compiled(&self) -> &CompiledPattern {
        let compile = || CompiledPattern::of(&self.0.parsed);
        self.0.compiled.get_or_init(compile)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.0.source).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.source == other.0.source
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
        let parsed = re2::parse(text).map_err(|flaw| wrong(PatternFlaw::Syntax(flaw)))?;
        match size::states(&parsed) {
            // Nothing has been built yet, so that refusing costs as little as reading.
            size if size > size::LARGEST => Err(wrong(PatternFlaw::TooLarge)),
            size => Ok(Self(Arc::new(Read {
                source: text.into(),
                parsed,
                size,
                compiled: OnceLock::new(),
            }))),
        }
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
        f.write_str(&self.0.source)
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
    Syntax(re2::Flaw),
    #[error("is too long; write at most {LONGEST} bytes")]
    TooLong,
    #[error("is too large once its repetitions are written out; repeat less")]
    TooLarge,
}

const LONGEST: usize = 1_024;

use crate::policy::matching::Pattern;
use crate::policy::wording::shortened;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What the path of a request must be like. The query is no part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum PathMatch {
    /// This, byte for byte.
    Exact(Path),
    /// This or what lies below it, element by element: `/a` takes `/a`, `/a/` and `/a/b`, but not
    /// `/ab`. A slash at the end changes nothing: `/a/` means `/a`. `/` takes every path.
    ///
    /// So the Gateway API has it; the `prefix` of a VirtualService is `startsWith`.
    Prefix(Path),
    /// It begins with these characters: `/a` takes `/a`, `/a/b` and `/ab`.
    ///
    /// So a VirtualService's `prefix` has it.
    StartsWith(String),
    /// All of it matches this regular expression.
    Regex(Pattern),
}

/// A path as requests carry it: it begins with `/`, and what is not plain ASCII is
/// percent-encoded.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path(String);

impl Path {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Path {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Path {
    type Error = NotAPath;

    fn try_from(text: String) -> Result<Self, NotAPath> {
        let reason = if !text.starts_with('/') {
            PathFlaw::Slash
        } else if text.contains('?') {
            PathFlaw::Query
        } else if text.contains('#') {
            PathFlaw::Fragment
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            PathFlaw::Byte
        } else {
            return Ok(Self(text));
        };
        Err(NotAPath {
            text: shortened(&text),
            reason,
        })
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`Path`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the path `{text}` {reason}")]
pub struct NotAPath {
    text: String,
    reason: PathFlaw,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum PathFlaw {
    #[error("does not begin with a slash; write `/` before it")]
    Slash,
    #[error("holds a `?`, where the query begins; match the query with `query`")]
    Query,
    #[error("holds a `#`, which no request carries; percent-encode it: %23")]
    Fragment,
    #[error(
        "holds spaces, control or non-ASCII characters, which no request carries; percent-encode \
         them, a space as %20"
    )]
    Byte,
}

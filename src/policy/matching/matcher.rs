use crate::policy::{CompiledPattern, TextMatch};

/// A predicate on a text that every request has, such as its method.
#[derive(Clone, Debug)]
pub enum TextMatcher {
    /// Byte for byte.
    Exact(Box<str>),
    /// The first bytes.
    Prefix(Box<str>),
    /// The whole text.
    Regex(CompiledPattern),
}

impl TextMatcher {
    /// Compiles a predicate.
    pub fn compile(text: &TextMatch) -> Self {
        match text {
            TextMatch::Exact(text) => Self::Exact(text.as_str().into()),
            TextMatch::Prefix(text) => Self::Prefix(text.as_str().into()),
            TextMatch::Regex(pattern) => Self::Regex(CompiledPattern::new(pattern)),
        }
    }

    /// Says whether the text satisfies it.
    pub fn takes(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Regex(pattern) => pattern.is_match(text.as_bytes()),
        }
    }
}

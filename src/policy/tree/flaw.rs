use crate::policy::wording::{choose_from, shortened};
use serde::de::{self, Expected, Unexpected};
use std::fmt;

/// Why a tree is not the value that somebody wants to read from it, and where.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) id: &'static str,
    pub(crate) message: String,
    pub(crate) advice: String,
    pub(crate) cause: Cause,
    /// The numbers of the children on the way to the node at fault, the last step first.
    pub(crate) way: Vec<usize>,
    /// Whether the key is at fault rather than its value.
    pub(crate) on_key: bool,
}

/// What kind of flaw it is, as far as salvaging the rest depends on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The node itself.
    Own,
    /// This field is not there.
    Missing(&'static str),
    /// Something inside is spoilt, and without it nothing is left.
    Hollow,
}

impl Flaw {
    pub(crate) fn new(
        id: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            id,
            message: message.into(),
            advice: advice.into(),
            cause: Cause::Own,
            way: Vec::new(),
            on_key: false,
        }
    }

    pub(crate) fn caused(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// Says that the flaw lies in the child of this number.
    pub(crate) fn below(mut self, child: usize) -> Self {
        self.way.push(child);
        self
    }

    pub(crate) fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }
}

impl de::Error for Flaw {
    /// Takes an error of a value type, which ends with `; ` and its advice.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        let (message, advice) = text.rsplit_once("; ").unwrap_or((&text, ""));
        Self::new("invalid-value", message, advice)
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let message = format!("found {}, where {wanted} belongs", described(found));
        Self::new("wrong-type", message, "")
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let wanted = match wanted.to_string().as_str() {
            "a nonzero u32" => format!("a whole number from 1 to {}", u32::MAX),
            wanted => wanted.to_owned(),
        };
        let message = format!("found {}, where {wanted} belongs", described(found));
        Self::new("out-of-range", message, "")
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let message = format!("there is no `{}` to choose here", shortened(variant));
        Self::new(
            "unknown-variant",
            message,
            choose_from(variant, known.iter().copied()),
        )
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let message = format!("there is no field `{}` here", shortened(field));
        Self::new(
            "unknown-field",
            message,
            choose_from(field, known.iter().copied()),
        )
    }

    fn missing_field(field: &'static str) -> Self {
        let message = format!("the field `{field}` is missing");
        Self::new("missing-field", message, "add it").caused(Cause::Missing(field))
    }
}

fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("the text {:?}", shortened(text)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        found => found.to_string(),
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.advice)
    }
}

impl std::error::Error for Flaw {}

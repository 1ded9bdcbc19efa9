use crate::policy::Pattern;
use crate::policy::wording::shortened;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// What a text that every request has must be like (Istio: StringMatch); case counts.
///
/// A bare text means `exact`: `method: GET` is `method: { exact: GET }`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextMatch {
    /// This, byte for byte.
    Exact(String),
    /// It begins with this.
    Prefix(String),
    /// All of it matches this regular expression.
    Regex(Pattern),
}

impl TextMatch {
    /// This, byte for byte.
    pub fn exact(text: impl Into<String>) -> Self {
        Self::Exact(text.into())
    }

    /// The text, if it has to be exactly one.
    pub fn as_exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            Self::Prefix(_) | Self::Regex(_) => None,
        }
    }
}

/// The form with a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Keyed<'a> {
    Prefix(&'a str),
    Regex(&'a Pattern),
}

/// The keys of that form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Choice {
    Exact,
    Prefix,
    Regex,
}

impl Serialize for TextMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(text) => serializer.serialize_str(text),
            Self::Prefix(text) => Keyed::Prefix(text).serialize(serializer),
            Self::Regex(pattern) => Keyed::Regex(pattern).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TextMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextMatchVisitor)
    }
}

struct TextMatchVisitor;

impl<'de> Visitor<'de> for TextMatchVisitor {
    type Value = TextMatch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or one of `exact`, `prefix` and `regex`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TextMatch, E> {
        Ok(TextMatch::Exact(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TextMatch, A::Error> {
        let matching = match map.next_key()? {
            Some(Choice::Exact) => TextMatch::Exact(map.next_value()?),
            Some(Choice::Prefix) => TextMatch::Prefix(map.next_value()?),
            Some(Choice::Regex) => TextMatch::Regex(map.next_value()?),
            None => {
                return Err(de::Error::custom(
                    "there is no choice here; write one of `exact`, `prefix` and `regex`",
                ));
            }
        };
        // A second one would be passed over without a word.
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(de::Error::custom(
                "this is more than one choice; keep one of `exact`, `prefix` and `regex`",
            ));
        }
        Ok(matching)
    }
}

/// serde of an optional match of the method. Methods are upper case in requests, and case counts.
pub(crate) mod method {
    use super::{TextMatch, shortened};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        method: &Option<TextMatch>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        method.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<TextMatch>, D::Error> {
        let method = Option::<TextMatch>::deserialize(deserializer)?;
        let Some(text) = method.as_ref().and_then(TextMatch::as_exact) else {
            return Ok(method);
        };
        match text.parse::<http::Method>() {
            Ok(_) if text.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                Err(D::Error::custom(format_args!(
                    "the method `{}` has lower-case letters, as no request's has; write `{}`",
                    shortened(text),
                    shortened(text).to_ascii_uppercase()
                )))
            }
            Ok(_) => Ok(method),
            Err(_) => Err(D::Error::custom(format_args!(
                "`{}` is no method; write one such as `GET`",
                shortened(text)
            ))),
        }
    }
}

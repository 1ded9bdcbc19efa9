use crate::policy::Pattern;
use crate::policy::wording::shortened;
use serde::de::value::MapAccessDeserializer;
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
#[derive(Deserialize, Serialize)]
#[serde(rename = "TextMatch", rename_all = "camelCase")]
enum Keyed {
    Exact(String),
    Prefix(String),
    Regex(Pattern),
}

impl From<Keyed> for TextMatch {
    fn from(keyed: Keyed) -> Self {
        match keyed {
            Keyed::Exact(text) => Self::Exact(text),
            Keyed::Prefix(text) => Self::Prefix(text),
            Keyed::Regex(pattern) => Self::Regex(pattern),
        }
    }
}

impl Serialize for TextMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::Exact(text) => serializer.serialize_str(&text),
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
        let keyed = Keyed::deserialize(MapAccessDeserializer::new(&mut map))?;
        // serde takes the first key for the choice and would pass over the others.
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(de::Error::custom(
                "this is more than one choice; keep one of `exact`, `prefix` and `regex`",
            ));
        }
        Ok(keyed.into())
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

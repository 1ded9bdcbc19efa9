use crate::explain::NotARequest;
use crate::policy::wording::shortened;
use http::{HeaderName, HeaderValue};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Headers that are expected: as pairs, which are all there are, or as a mapping, which says
/// something of those that it names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Headers {
    Pairs(Vec<(String, String)>),
    /// The values of each; `None` for one that must not be there.
    Mapping(Vec<(String, Option<Vec<String>>)>),
}

/// Headers that a request has, written either way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sent(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor { may_lack: true })
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = deserializer.deserialize_any(HeadersVisitor { may_lack: false })?;
        Ok(Self(match written {
            Headers::Pairs(pairs) => pairs,
            Headers::Mapping(headers) => { headers.into_iter() }
                .flat_map(|(name, values)| {
                    let values = values.into_iter().flatten();
                    values.map(move |value| (name.clone(), value))
                })
                .collect(),
        }))
    }
}

struct HeadersVisitor {
    /// Whether `null` says that a header is not there.
    may_lack: bool,
}

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping or list of headers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Headers, A::Error> {
        let mut pairs = Vec::new();
        while let Some(Pair(name, value)) = items.next_element()? {
            pairs.push((name, value));
        }
        Ok(Headers::Pairs(pairs))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let values = ValuesSeed {
                name: &name,
                may_lack: self.may_lack,
            };
            let values = map.next_value_seed(values)?;
            headers.push((name, values));
        }
        Ok(Headers::Mapping(headers))
    }
}

/// `[x-beta, "1"]`.
struct Pair(String, String);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairVisitor)
    }
}

struct PairVisitor;

impl<'de> Visitor<'de> for PairVisitor {
    type Value = Pair;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pair of name and value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Pair, A::Error> {
        let wrong = || {
            de::Error::custom(
                "a header in a list is a name and a value; write [x-beta, \"1\"], or all of them \
                 as a mapping",
            )
        };
        // Looked at together: of half a pair nobody would know what it is the half of.
        let (Some(name), Some(value)) = (items.next_element()?, items.next_element()?) else {
            return Err(wrong());
        };
        if items.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(wrong());
        }
        let (name, value): (String, String) = (name, value);
        let Name(name) = Name::of(&name)?;
        ValueSeed(&name).good(&value)?;
        Ok(Pair(name, value))
    }
}

/// A header's name, in lower case.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&String::deserialize(deserializer)?)
    }
}

impl Name {
    fn of<E: de::Error>(text: &str) -> Result<Self, E> {
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(name) => Ok(Self(name.as_str().to_owned())),
            Err(_) => Err(E::custom(NotARequest::HeaderName(shortened(text)))),
        }
    }
}

/// A value of the header of this name.
#[derive(Clone, Copy)]
struct ValueSeed<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        self.good(&text).map(|()| text)
    }
}

impl ValueSeed<'_> {
    fn good<E: de::Error>(self, text: &str) -> Result<(), E> {
        match HeaderValue::from_bytes(text.as_bytes()) {
            Ok(_) => Ok(()),
            Err(_) => Err(E::custom(NotARequest::HeaderValue(shortened(self.0)))),
        }
    }
}

/// One value, or a list of them.
struct ValuesSeed<'a> {
    name: &'a str,
    may_lack: bool,
}

impl<'de> DeserializeSeed<'de> for ValuesSeed<'_> {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(ValuesVisitor(self))
    }
}

struct ValuesVisitor<'a>(ValuesSeed<'a>);

impl<'de> Visitor<'de> for ValuesVisitor<'_> {
    type Value = Option<Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes or a list of them")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        match self.0.may_lack {
            true => Ok(None),
            false => Err(E::custom(
                "the header has no value; write one, \"\" for an empty one, or leave it out",
            )),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        ValueSeed(self.0.name).good(text)?;
        Ok(Some(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(ValueSeed(self.0.name))? {
            values.push(value);
        }
        Ok(Some(values))
    }
}

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// What is expected of a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Wanted<T> {
    /// Nothing in particular: it is not written down.
    #[default]
    Anything,
    /// That it is absent: `null`.
    Nothing,
    This(T),
}

impl<T> Wanted<T> {
    pub(super) fn this(&self) -> Option<&T> {
        match self {
            Self::This(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_anything(&self) -> bool {
        matches!(self, Self::Anything)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wanted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Nothing, Self::This))
    }
}

/// Reads what is always there, so that expecting its absence is a mistake.
pub(super) fn always<'de, T, D>(deserializer: D) -> Result<Wanted<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Wanted::This)
}

/// Something that may be written in short, as a text, or as a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Either<S, L> {
    Short(S),
    Long(L),
}

/// What can be written as a text in place of a mapping.
pub(super) trait Short: FromStr<Err: fmt::Display> {
    /// The text or mapping, in the words of "found a list, where … belongs".
    const EITHER: &str;
}

impl<'de, S: Short, L: DeserializeOwned> Deserialize<'de> for Either<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherVisitor(PhantomData))
    }
}

struct EitherVisitor<S, L>(PhantomData<(S, L)>);

impl<'de, S: Short, L: DeserializeOwned> Visitor<'de> for EitherVisitor<S, L> {
    type Value = Either<S, L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::EITHER)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Either::Short).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(Either::Long)
    }
}

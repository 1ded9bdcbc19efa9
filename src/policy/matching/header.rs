use crate::policy::wording::shortened;
use http::HeaderName;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// The name of a header, in lower case whichever way it was written; ordered by its text.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Header(HeaderName);

impl Header {
    /// The name as the `http` crate's type.
    pub fn get(&self) -> &HeaderName {
        &self.0
    }

    /// The name as text, in lower case.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Ord for Header {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Header {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<HeaderName> for Header {
    fn from(name: HeaderName) -> Self {
        Self(name)
    }
}

impl From<Header> for HeaderName {
    fn from(header: Header) -> Self {
        header.0
    }
}

impl FromStr for Header {
    type Err = NotAHeader;

    fn from_str(text: &str) -> Result<Self, NotAHeader> {
        match HeaderName::from_bytes(text.as_bytes()) {
            Ok(name) => Ok(Self(name)),
            Err(_) => Err(NotAHeader(shortened(text))),
        }
    }
}

impl TryFrom<String> for Header {
    type Error = NotAHeader;

    fn try_from(text: String) -> Result<Self, NotAHeader> {
        text.parse()
    }
}

impl From<Header> for String {
    fn from(header: Header) -> Self {
        header.as_str().to_owned()
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no header's name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no header name; write letters, digits and hyphens: x-beta")]
pub struct NotAHeader(String);

/// serde of a bare [`HeaderName`].
pub(crate) mod header_name {
    use super::Header;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        name: &http::HeaderName,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<http::HeaderName, D::Error> {
        Header::deserialize(deserializer).map(Into::into)
    }
}

/// Reads something for each of several headers. `x-beta` and `X-Beta` are two keys for YAML but one header for us: it
/// is refused, or one of the two would be lost without a word.
pub(crate) fn distinct<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Header, V>, D::Error> {
    deserializer.deserialize_map(DistinctVisitor(PhantomData))
}

struct DistinctVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for DistinctVisitor<V> {
    type Value = BTreeMap<Header, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of header names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers = BTreeMap::new();
        while let Some(name) = map.next_key::<Header>()? {
            let value = map.next_value()?;
            if headers.contains_key(&name) {
                return Err(de::Error::custom(format_args!(
                    "the header `{name}` is there twice, in upper and lower case; write one"
                )));
            }
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

use crate::policy::matching::distinct;
use crate::policy::wording::shortened;
use crate::policy::{Header, is_default};
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What a rule changes in the headers of its requests and replies (Istio: `headers`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Headers {
    /// On the request, once and before the first attempt.
    #[serde(skip_serializing_if = "is_default")]
    pub request: HeaderChanges,
    /// On the reply, also on local replies that were made after the rule was found.
    #[serde(skip_serializing_if = "is_default")]
    pub response: HeaderChanges,
}

/// Changes of headers, in Envoy's order whatever the order in the text: remove, set, add.
///
/// Values mean what they say, `%` included. An empty one changes nothing, as with Envoy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HeaderChanges {
    /// Takes these out, with all their lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Header>,
    /// Puts these in, in place of all lines that are there.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "distinct"
    )]
    pub set: BTreeMap<Header, HeaderText>,
    /// Adds these as lines of their own, whatever is there.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "distinct"
    )]
    pub add: BTreeMap<Header, HeaderText>,
}

impl HeaderChanges {
    /// Every header that is changed, with the name of the field that does it.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&'static str, &Header)> {
        let removed = self.remove.iter().map(|name| ("remove", name));
        let set = self.set.keys().map(|name| ("set", name));
        let added = self.add.keys().map(|name| ("add", name));
        removed.chain(set).chain(added)
    }
}

/// The value of a header: visible ASCII, spaces and tabs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderText(HeaderValue);

impl HeaderText {
    /// The value as the `http` crate's type.
    pub fn get(&self) -> &HeaderValue {
        &self.0
    }
}

impl FromStr for HeaderText {
    type Err = NotAHeaderText;

    fn from_str(text: &str) -> Result<Self, NotAHeaderText> {
        // Beyond ASCII the `http` crate would take bytes of which no two servers think alike.
        match HeaderValue::from_str(text) {
            Ok(value) if text.is_ascii() && text.trim_matches([' ', '\t']) == text => {
                Ok(Self(value))
            }
            _ => Err(NotAHeaderText(shortened(text))),
        }
    }
}

impl TryFrom<String> for HeaderText {
    type Error = NotAHeaderText;

    fn try_from(text: String) -> Result<Self, NotAHeaderText> {
        text.parse()
    }
}

impl From<HeaderText> for String {
    fn from(text: HeaderText) -> Self {
        text.to_string()
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only ASCII gets in.
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// A text that is no header's value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no header value; write visible ASCII without spaces at its ends")]
pub struct NotAHeaderText(String);

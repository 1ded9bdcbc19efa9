use crate::policy::format::{self, NotAHeaderText, Piece, Pieces, not_visible};
use crate::policy::matching::distinct;
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
/// Values are Envoy's format strings, in documents of every kind alike. `%%` is a percent sign;
/// these commands are evaluated for each message, from the headers as they are after what is
/// removed has been removed and before anything is set:
///
/// - `%REQ(x)%`, a header of the request, the first line of it; `%REQ(x?y)%`, another where there
///   is no such header; `%REQ(x):10%`, at most 10 bytes. So also `:path` with the query,
///   `:authority`, `:method` and `:scheme`: in requests as they were before they are rewritten, in
///   replies as they were sent.
/// - `%RESP(x)%` likewise of the reply, and `:status`.
/// - `%PROTOCOL%`: `HTTP/1.1` or `HTTP/2`, as the request came.
/// - `%DOWNSTREAM_REMOTE_ADDRESS%`, `…_WITHOUT_PORT%` and `%DOWNSTREAM_REMOTE_PORT%`: the client,
///   as trusted proxies tell it; the port is 0 where only an address is known. With `DIRECT_`
///   before `REMOTE` the connection's other end.
/// - `%ROUTE_NAME%`: the rule's own name; `%UPSTREAM_CLUSTER%`: the destination, as
///   `outbound|80|v1|reviews`.
/// - `%START_TIME%`: when the request came, `2026-01-31T12:00:00.000Z`, or as `strftime` writes it
///   with `%START_TIME(%s.%3f)%` (`%Y %m %d %H %M %S %F %T %s %f %1f…%9f`).
/// - `%ENVIRONMENT(X)%`: a variable of the process, `-` if there is none; `%HOSTNAME%`.
/// - In replies: `%RESPONSE_CODE%` of the endpoint's answer, 0 for a local reply;
///   `%RESPONSE_FLAGS%`, `-` for none; `%RESPONSE_CODE_DETAILS%`; `%UPSTREAM_HOST%`, the endpoint,
///   also `%UPSTREAM_REMOTE_ADDRESS%`, `…_WITHOUT_PORT%` and `%UPSTREAM_REMOTE_PORT%`.
///
/// What is not there is nothing. A value of which nothing is left changes nothing: what was to be
/// set stays as it is.
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

/// The value of a header: visible ASCII, spaces and tabs, as an Envoy format string.
///
/// Between percent signs stand commands, which are evaluated for each message; `%%` is a percent
/// sign. See [`HeaderChanges`] for the commands that there are.
///
/// ```
/// use tower_mesh::policy::HeaderText;
///
/// let value: HeaderText = "for %REQ(x-user?x-client):20% at %REQ(:authority)%".parse().unwrap();
/// assert!(value.literal().is_none());
/// let value: HeaderText = "100%%".parse().unwrap();
/// assert_eq!(value.literal().unwrap(), "100%");
/// assert_eq!(HeaderText::of_literal("100%").unwrap(), value);
/// let wrong = "100%".parse::<HeaderText>().unwrap_err();
/// assert!(wrong.to_string().starts_with("the `%` at byte 3 of `100%` begins no command"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderText {
    text: Box<str>,
    pieces: Pieces,
}

impl HeaderText {
    /// A value that means what it says, percent signs included.
    ///
    /// # Errors
    ///
    /// It is not made of visible ASCII, spaces and tabs, or has one of those at an end.
    pub fn of_literal(text: &str) -> Result<Self, NotAHeaderText> {
        text.replace('%', "%%").parse()
    }

    /// The format string.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it means, where that is the same for every message: it holds no command.
    pub fn literal(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its parts: commands, and the texts between them.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl FromStr for HeaderText {
    type Err = NotAHeaderText;

    fn from_str(text: &str) -> Result<Self, NotAHeaderText> {
        // Beyond ASCII the `http` crate would take bytes of which no two servers think alike.
        let good = HeaderValue::from_str(text).is_ok()
            && text.is_ascii()
            && text.trim_matches([' ', '\t']) == text;
        if !good {
            return Err(not_visible(text));
        }
        Ok(Self {
            pieces: format::parse(text)?,
            text: text.into(),
        })
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
        text.text.into()
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

use crate::policy::Place;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// What became of a field of an imported document.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Whether it does here what it does in Istio.
    pub status: Status,
    /// Where the field is; its name is the [path](Place::path).
    pub at: Place,
    /// What happens instead: `requests are not retried`. Empty where the field is applied.
    pub instead: Cow<'static, str>,
}

impl Entry {
    pub(crate) fn new(status: Status, at: Place, instead: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            at,
            instead: instead.into(),
        }
    }

    /// Says whether the field lies within that of the other entry.
    pub fn lies_in(&self, container: &Self) -> bool {
        let rest = self.at.path.strip_prefix(&container.at.path);
        let within =
            container.at.path.is_empty() || rest.is_some_and(|rest| rest.starts_with(['.', '[']));
        within && self.at.document == container.at.document && self.at.file == container.at.file
    }
}

/// As `{"status", "at", "field", "instead"}`, without `instead` where the field is applied.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let told = !self.instead.is_empty();
        let mut entry = serializer.serialize_struct("Entry", 3 + usize::from(told))?;
        entry.serialize_field("status", &self.status)?;
        entry.serialize_field("at", &self.at)?;
        entry.serialize_field("field", &self.at.path)?;
        match told {
            true => entry.serialize_field("instead", &self.instead)?,
            false => entry.skip_field("instead")?,
        }
        entry.end()
    }
}

/// `mesh.yaml:12:5: spec.http[0].retries: ignored: requests are not retried`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{}: {}", self.at, self.status);
        if !self.instead.is_empty() {
            text.push_str(": ");
            text.push_str(&self.instead);
        }
        // A terminal obeys what it is sent, and names are quoted here that others wrote.
        for letter in text.chars() {
            match letter.is_control() {
                true => write!(f, "{}", letter.escape_default())?,
                false => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// How much of a field is applied, from all to nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Status {
    /// It does what it does in Istio.
    Applied,
    /// Something near to it is done.
    Approximated,
    /// It is known, and nothing is done about it.
    Ignored,
    /// It is wrong, or unknown; a finding says why.
    Refused,
}

impl Status {
    /// The name in reports: `applied`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Approximated => "approximated",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

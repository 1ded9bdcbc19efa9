use crate::import::Status;
use std::fmt;

/// What an export could not say as the policy has it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// What became of it: approximated or ignored.
    pub status: Status,
    /// Of what: `reviews/canary: limits[0]`, a route, its rule and the field.
    pub at: String,
    /// What happens instead.
    pub instead: String,
}

/// `reviews/canary: limits[0]: ignored: requests are not counted for each client`.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.at, self.status, self.instead)
    }
}

/// The notes of an export, each of them once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Notes(Vec<Note>);

impl Notes {
    pub(super) fn tell(&mut self, status: Status, at: impl Into<String>, instead: &str) {
        let note = Note {
            status,
            at: at.into(),
            instead: instead.to_owned(),
        };
        // One rule stands at several doors.
        if self.0.len() < MOST && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    /// Says whether everything is as the policy has it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The notes, in the order in which they came up.
    pub fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Notes {
    type Item = &'a Note;
    type IntoIter = std::slice::Iter<'a, Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Nobody reads more, and each is compared with the others.
const MOST: usize = 1_000;

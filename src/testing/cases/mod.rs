//! Policy tests in YAML: requests, and what is expected of the decision about each.
//!
//! ```yaml
//! coverage: { rules: 100, matches: 90 } # what must be exercised, in percent
//! cases:
//!   - name: testers get v2
//!     request: { url: http://reviews/api/1, headers: { x-beta: "1" } }
//!     expect: { rule: beta, backends: [reviews/v2] }
//!   - request: GET http://reviews/api/1
//!     expect:
//!       backends:
//!         - { service: reviews, subset: v1, share: 90% }
//!         - { service: reviews, subset: v2, share: 10% }
//! ```
//!
//! A **request** is a method and a URL, or a mapping of `method`, `url` (or `scheme`, `authority`
//! and `path`), `headers` (a mapping, or a list of pairs), who asks as `source` (`namespace`,
//! `labels`, `ip`), `gateway` and `port`: the fields of a [`Question`]. With a `seed` it is drawn
//! for as `tower-mesh decide --seed` does for its first question.
//!
//! What is **expected** is a partial [`Answer`], in its words: each field that is written must
//! hold, `null` says that it is absent. Lists must have exactly these elements, in any order, and
//! each of them is partial as well; a backend or mirror may be written as a
//! [`Target`](crate::testing::Target). Of headers in a mapping each must have this value, whatever
//! others there are; in a list of pairs they are all there are. A share is a number (`0.25`),
//! percent (`25%`) or a fraction (`1/4`). What `tower-mesh decide` prints is an expectation, too.
//!
//! A file may have `laws` as well, which are checked with generated requests and count towards the
//! coverage, too: see [`law`](crate::testing::law) (feature `testing`).
//!
//! [`Subject::check_cases`](crate::testing::Subject::check_cases) asks all of them; `tower-mesh
//! test` and [`policy_test!`](crate::policy_test) do so with files.

mod asked;
mod check;
mod compare;
mod expected;
mod gap;
mod headers;
#[cfg(feature = "testing")]
mod laws;
mod names;
mod pairing;
mod part;
mod read;
mod report;
mod wanted;

#[cfg(feature = "testing")]
pub use report::CheckedLaw;
pub use report::{Checked, Difference, Report, TakenBy};

use crate::explain::{Answer, Question};
use crate::import::Documents;
use crate::policy::{Errors, Place, Places};
use crate::testing::coverage::Minimum;
#[cfg(feature = "testing")]
use crate::testing::law::Law;
use expected::ExpectedAnswer;
use std::path::Path;
use std::str::FromStr;

/// Cases and laws that were read, and how much of the policy they are to cover.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    cases: Vec<Case>,
    #[cfg(feature = "testing")]
    laws: Vec<Law>,
    minimum: Minimum,
    /// Where each case and each law is written, and each part of them.
    places: Places,
}

/// A request and what is expected of the decision about it.
#[derive(Clone, Debug)]
pub struct Case {
    name: String,
    question: Question,
    seed: Option<u64>,
    expected: ExpectedAnswer,
}

impl Cases {
    /// Reads a file, or all `*.yaml`, `*.yml` and `*.json` files of a folder.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with file, line and column.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Errors> {
        Self::from_documents(&Documents::new().add_path(path)?)
    }

    /// Reads YAML or JSON text.
    ///
    /// ```
    /// use tower_mesh::testing::cases::Cases;
    ///
    /// let error = Cases::parse("cases:\n- request: GET reviews\n  expcet: {}").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 2:12: cases[0].request: `reviews` is no URL; write scheme and host: \
    ///      http://reviews/api/1\n\
    ///      line 3:3: cases[0].expcet: there is no field `expcet` here; did you mean `expect`?"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// All that is wrong, each with line and column.
    pub fn parse(text: &str) -> Result<Self, Errors> {
        Self::from_documents(&Documents::unnamed(text))
    }

    /// Reads several texts and files as one. Of several minima the greatest counts.
    ///
    /// # Errors
    ///
    /// All that is wrong, each with file, line and column.
    pub fn from_documents(documents: &Documents) -> Result<Self, Errors> {
        let mut reading = read::Reading::default();
        for (file, text) in documents.texts() {
            reading.add(file, text);
        }
        reading.finish()
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is no case, as in a file that only has laws or says what must be covered.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// The laws in their order.
    #[cfg(feature = "testing")]
    pub fn laws(&self) -> &[Law] {
        &self.laws
    }

    /// The cases in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Case> {
        self.cases.iter()
    }

    /// How much of the policy must be covered.
    pub fn minimum(&self) -> Minimum {
        self.minimum
    }

    /// Where a case is written; of these, by its number.
    fn place(&self, number: usize) -> Place {
        self.places.find(&read::to_case(number)).unwrap_or_default()
    }
}

impl FromStr for Cases {
    type Err = Errors;

    fn from_str(text: &str) -> Result<Self, Errors> {
        Self::parse(text)
    }
}

impl<'a> IntoIterator for &'a Cases {
    type Item = &'a Case;
    type IntoIter = std::slice::Iter<'a, Case>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Case {
    /// Its name; without one, its request.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The seed of the draws, if there is to be any.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Says whether the answer is as the case expects it.
    pub fn holds(&self, answer: &Answer) -> bool {
        self.expected.gaps(answer).is_empty()
    }
}

//! The whole way of a decision: what was tried in which order, what failed and why, what was drawn,
//! what is changed.
//!
//! An [`Explanation`] is plain data with the [`Answer`] in it, and its `Display` is a tree to read,
//! as `tower-mesh explain` prints it. What it says of a request comes from the cores that serve
//! requests: the first predicate that failed is the one at which the matcher stopped, what a limit
//! has left is what its bucket would give, the endpoint is the one that the picker picks.
//!
//! Nothing is spent and nothing is counted, however often one asks.

mod chosen;
mod claims;
mod endpoints;
mod entrance;
mod live;
mod make;
mod passage;
mod split;
mod steps;
mod summary;
mod text;
mod tried;
mod wording;

pub use chosen::{Chosen, Criterion};
pub use claims::{Because, Claim, Host, PassedOver};
pub use endpoints::{Candidate, Considered, Endpoints, LeftOut, Pick};
pub use entrance::{Entrance, Listener, OtherListener};
pub use passage::{Change, Changes, HeaderChange, Passage};
pub use split::{Arm, How, Missing, Split};
pub use steps::{Copies, Cors, Draw, Fault, FaultKind, Limit, Sharing};
pub use text::Readable;
pub use tried::{Asks, Excluded, Tried, Unmet, Verdict};

use crate::explain::answer::Answer;
use crate::explain::question::{NotARequest, Question};
use crate::plan::Plan;
use crate::rng::Chance;
use http::Request;
use serde::{Deserialize, Serialize};

/// Why a request goes where it goes, in the order of its way. In JSON, what does not apply is
/// absent.
///
/// Header values are in it as the request has them, secrets included; [`Display`](std::fmt::Display)
/// hides those that are known to be secrets, and [`with_secrets`](Self::with_secrets) does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What becomes of the request and why, in one sentence.
    pub summary: String,
    /// The request, as it was asked.
    pub request: Question,
    /// Where it came in, and as whose.
    pub entrance: Entrance,
    /// What its path is taken for, where that is another than it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Change>,
    /// Which of the policy's hosts took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Routes that claim its host, too, and were not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
    /// The matches that were asked, in their order, and those behind that would have taken it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Tried>,
    /// How many matches behind the chosen one were not asked and would not have taken it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub not_asked: usize,
    /// Matches that do not stand where the request came in: those for other clients, gateways or
    /// ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Excluded>,
    /// The match that took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
    /// Delays and failures on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Whether a page of another origin may have the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
    /// The rate limits that it passes, the slowest first, as they are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Where it may go, and how that is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// What becomes of it on the way to each destination that it may go to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<Passage>,
    /// Who gets copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copies>,
    /// What is decided: what [`Plan::decide`] says.
    pub answer: Answer,
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Plan {
    /// Why a request goes where it goes, whatever is drawn: every destination with its share.
    ///
    /// Nothing is taken from limits, and endpoints are not asked; where requests take turns or go
    /// by load, [`Mesh::explain`](crate::Mesh::explain) knows more.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// let policy: tower_mesh::Policy = "
    /// services: { reviews: { endpoints: [{ address: '10.0.0.1:80' }] } }
    /// routes:
    ///   - name: reviews
    ///     hosts: [reviews]
    ///     rules:
    ///       - name: beta
    ///         match: [{ headers: { x-beta: { exact: '1' } } }]
    ///         to: [{ service: reviews }]
    /// "
    /// .parse()
    /// .unwrap();
    /// let plan = policy.compile().unwrap();
    /// let request = http::Request::get("http://reviews/").header("x-beta", "2").body(()).unwrap();
    /// let why = plan.explain(&request);
    /// let unmet = why.rules[0].unmet.as_ref().unwrap();
    /// assert_eq!(unmet.predicate, "header x-beta");
    /// assert_eq!((unmet.wanted.as_str(), unmet.has[0].as_str()), ("exact \"1\"", "2"));
    /// assert_eq!(why.answer, plan.decide(&request));
    /// println!("{why}");
    /// # }
    /// ```
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        make::explanation(self, request, self.beside(None))
    }

    /// [`explain`](Self::explain) for a request with this chance: what was drawn, and for whom.
    pub fn explain_by<B>(&self, request: &Request<B>, chance: Chance) -> Explanation {
        make::explanation(self, request, self.beside(Some(chance)))
    }

    /// [`explain`](Self::explain) for a question, with a chance or whatever is drawn.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn explain_question(
        &self,
        question: &Question,
        chance: Option<Chance>,
    ) -> Result<Explanation, NotARequest> {
        make::for_question(self, question, self.beside(chance))
    }
}

impl Plan {
    fn beside(&self, chance: Option<Chance>) -> make::Beside<'_> {
        make::Beside {
            places: self.places(),
            chance,
            live: None,
        }
    }
}

#[cfg(test)]
mod tests;

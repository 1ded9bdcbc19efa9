//! What is to hold for every request, in one line each.
//!
//! A law is checked with requests that are generated: aimed at the rules of the policy in turn,
//! hitting them and missing them by little. They are decided by the plan, and those that a law says
//! something of count towards the [coverage](crate::testing::coverage). A law that does not hold
//! comes with a small request for which it does not; a law that no request exercised has failed,
//! too: it is *vacuous*.
//!
//! Where a law does not say otherwise, requests come from clients of every kind that the policy
//! tells apart and at every gateway, and address every host that it knows: routes' hosts, and
//! services that are reached without a route. What becomes of other hosts is no rule's doing, and
//! is asked only of [strangers](Which::strangers). Shares of requests are certain, not drawn: a law
//! of shares needs no statistics. A caller who is kept at one of a rule's destinations is joined by
//! others, until each destination has some. Faults change no fate here, and limits have all their
//! tokens.
//!
//! In Rust a law is a line on a [`Subject`]:
//!
//! ```
//! # #[cfg(feature = "yaml")] {
//! use tower_mesh::testing::Subject;
//!
//! let mesh = Subject::load("examples/mesh.yaml").unwrap();
//! mesh.requests().have_a_destination();
//! mesh.requests().with_header("x-beta", "1").only_reach(["reviews/v2"]);
//! mesh.requests().stay_within(["reviews"]);
//! # }
//! ```
//!
//! In a file it is data: a [`Law`] reads itself from YAML or JSON.
//!
//! ```yaml
//! laws:
//!   - name: beta users never see v1
//!     requests: { host: reviews, headers: { x-beta: "1" } }
//!     only: [reviews/v2]
//!   - forwards: true
//!   - within: [reviews, ratings]
//!   - requests: { host: reviews, match: [{ headers: { x-beta: absent } }] }
//!     share: { of: reviews/v2, from: 5%, to: 15% }
//!   - agrees: { with: old.yaml, except: [{ prefix: /beta }], ignore: [timeout] }
//!     cases: 1000
//! ```

mod aim;
mod brief;
mod callers;
mod claim;
mod exception;
mod fit;
mod generated;
mod hold;
mod judge;
mod shrink;
mod steer;
mod trial;
mod verdict;
mod which;
mod written;

pub use claim::{Agreement, Bounds, Claim};
pub use generated::Generated;
pub use verdict::{Fate, Verdict, Witness};
pub use which::Which;

use crate::policy::trail::Trail;
use crate::policy::{Error, Errors};
use crate::testing::Subject;
use exception::{Exception, Ignored};
use serde::Deserialize;
use std::path::Path;
use trial::Trial;

/// What is to hold for every request, or for every one that is like this.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use tower_mesh::testing::Subject;
/// use tower_mesh::testing::law::Law;
///
/// let mesh = Subject::load("examples/mesh.yaml").unwrap();
/// let law: Law = serde_json::from_str(
///     r#"{ "requests": { "headers": { "x-beta": "1" } }, "only": ["reviews/v1"] }"#,
/// )
/// .unwrap();
/// let verdict = law.check(&mesh).unwrap();
/// let witness = verdict.witness().unwrap();
/// assert_eq!(witness.rule.as_deref(), Some("reviews/beta"));
/// assert_eq!(witness.why, "it may go to reviews:80/v2 (100 %), not of reviews/v1");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "written::Written")]
#[non_exhaustive]
pub struct Law {
    /// What reports call it, beside what it says.
    pub name: Option<String>,
    /// Which requests it is about. Default: all.
    pub requests: Which,
    /// What it says of them.
    pub claim: Claim,
    /// How many requests are generated. Default [`CASES`](Self::CASES), and more, up to 10,000,
    /// where a policy has more matches to aim at: each is to be hit once, and missed by little.
    pub cases: Option<u32>,
    /// What the requests are drawn from: the same are for the same seed. Default 0.
    pub seed: u64,
}

impl Law {
    /// How many requests are generated at least if nobody says how many.
    pub const CASES: u32 = 256;

    /// A law about all requests.
    pub fn new(claim: Claim) -> Self {
        Self {
            name: None,
            requests: Which::default(),
            claim,
            cases: None,
            seed: 0,
        }
    }

    /// The same law of a file in this folder: the policy to agree with is found from there.
    #[must_use]
    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        if let Claim::Agrees(agreement) = &mut self.claim {
            agreement.with = folder.as_ref().join(&agreement.with);
        }
        self
    }

    /// Checks it.
    ///
    /// # Errors
    ///
    /// That it does not fit the policy: it names services, subsets, hosts or gateways that are not
    /// there, or a policy to agree with that cannot be read.
    pub fn check(&self, subject: &Subject) -> Result<Verdict, Errors> {
        let findings = self.findings(subject, &Trail::default());
        if let Some(errors) = Errors::from_findings(findings) {
            return Err(errors);
        }
        let old = self.old()?;
        Ok(self.trial(subject, old.as_ref(), Vec::new()).run())
    }

    /// The policy to agree with, if there is to be one.
    fn old(&self) -> Result<Option<Subject>, Errors> {
        match &self.claim {
            Claim::Agrees(agreement) => read(&agreement.with).map(Some),
            _ => Ok(None),
        }
    }

    /// What of it does not fit the policy; the trail leads to the law.
    pub(crate) fn findings(&self, subject: &Subject, trail: &Trail) -> Vec<Error> {
        fit::check(self, subject, trail)
    }

    fn trial<'a>(
        &'a self,
        subject: &'a Subject,
        old: Option<&'a Subject>,
        mut exceptions: Vec<Exception<'a>>,
    ) -> Trial<'a> {
        let says = format!("{} {}", self.requests, self.claim);
        let mut ignored = Vec::new();
        if let Claim::Agrees(agreement) = &self.claim {
            let except = agreement.except.iter();
            exceptions.extend(except.map(|which| Exception::of(which, subject)));
            ignored.extend(agreement.ignore.iter().copied().map(Ignored::new));
        }
        Trial {
            law: match &self.name {
                Some(name) => format!("{name}: {says}"),
                None => says,
            },
            subject,
            old,
            which: &self.requests,
            claim: &self.claim,
            exceptions,
            ignored,
            cases: self.cases,
            seed: self.seed,
        }
    }
}

#[cfg(feature = "yaml")]
fn read(path: &Path) -> Result<Subject, Errors> {
    Subject::load(path)
}

#[cfg(not(feature = "yaml"))]
fn read(path: &Path) -> Result<Subject, Errors> {
    let message = format!("`{}` is a file, and none can be read", path.display());
    let error = Error::new(
        "unreadable",
        Trail::default().key("agrees").key("with"),
        message,
    );
    let error = error.advise("build with the feature `yaml`");
    Errors::from_findings(vec![error]).map_or_else(|| Subject::new(&Default::default()), Err)
}

#[cfg(all(test, feature = "yaml"))]
mod tests;

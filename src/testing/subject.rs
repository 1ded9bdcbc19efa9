use crate::explain::{self, Answer, Asking, NotARequest, Question, Taken, head_of};
use crate::plan::{Entry, Plan};
use crate::policy::{Errors, Policy};
use crate::rng::Chance;
use crate::testing::coverage::{Coverage, Covered, Minimum};
use http::Request;
use std::sync::Arc;

/// A policy under test: it decides as its [`Plan`] does, and remembers which parts of it have.
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use tower_mesh::testing::Subject;
///
/// let mesh = Subject::load("examples/mesh.yaml").unwrap();
/// let request = http::Request::get("http://reviews/").header("x-beta", "1").body(()).unwrap();
/// assert!(mesh.decide(&request).forwards());
/// assert_eq!(mesh.covered().rules.covered, 1);
/// # }
/// ```
#[derive(Debug)]
pub struct Subject {
    plan: Plan,
    coverage: Coverage,
}

impl Subject {
    /// Compiles a policy to test it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn new(policy: &Policy) -> Result<Self, Errors> {
        Ok(Self::of(policy.compile()?))
    }

    /// Reads a policy from a file or a folder to test it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files, each with its place.
    #[cfg(feature = "yaml")]
    pub fn load(path: impl AsRef<std::path::Path>) -> Result<Self, Errors> {
        Self::read(crate::import::Documents::new().add_path(path)?)
    }

    /// Reads a policy from several texts, files and folders to test it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its place.
    #[cfg(feature = "yaml")]
    pub fn read(documents: crate::import::Documents) -> Result<Self, Errors> {
        let mut read = documents.read();
        let places = std::mem::take(&mut read.places);
        Ok(Self::of(read.into_policy()?.compile()?.written_at(places)))
    }

    /// Tests a plan.
    pub fn of(plan: Plan) -> Self {
        Self {
            coverage: Coverage::of(plan.policy()),
            plan,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &Arc<Policy> {
        self.plan.policy()
    }

    /// What it was compiled to.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// As [`Plan::decide`], counted.
    pub fn decide<B>(&self, request: &Request<B>) -> Answer {
        self.at(&self.plan, Entry::Mesh, head_of(request), None).0
    }

    /// As [`Plan::decide_by`], counted.
    pub fn decide_by<B>(&self, request: &Request<B>, chance: Chance) -> Answer {
        self.at(&self.plan, Entry::Mesh, head_of(request), Some(chance))
            .0
    }

    /// As [`Plan::answer`], counted.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn answer(&self, question: &Question) -> Result<Answer, NotARequest> {
        Ok(self.ask(question, None)?.0)
    }

    /// As [`Plan::answer_by`], counted.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn answer_by(&self, question: &Question, chance: Chance) -> Result<Answer, NotARequest> {
        Ok(self.ask(question, Some(chance))?.0)
    }

    /// `route/rule`.
    #[cfg(feature = "yaml")]
    pub(in crate::testing) fn name_of(&self, taken: &Taken) -> String {
        self.coverage.name_of(taken).to_owned()
    }

    /// What has been exercised so far.
    pub fn covered(&self) -> Covered {
        self.coverage.covered(self.plan.places())
    }

    /// Makes sure that so much has been exercised.
    ///
    /// # Panics
    ///
    /// If it has not, with every part that was missed.
    #[track_caller]
    pub fn assert_covered(&self, minimum: Minimum) {
        let covered = self.covered();
        assert!(
            minimum.is_reached_by(&covered),
            "too little of the policy is tested\n{}",
            covered.told(minimum)
        );
    }

    /// The answer, counted, and what of the policy decided it.
    pub(in crate::testing) fn ask(
        &self,
        question: &Question,
        chance: Option<Chance>,
    ) -> Result<(Answer, Option<Taken>), NotARequest> {
        Ok(match explain::asking(&self.plan, question)? {
            Ok(Asking {
                plan,
                entry,
                request,
            }) => self.at(&plan, entry, request, chance),
            Err(answer) => (answer, None),
        })
    }

    fn at(
        &self,
        plan: &Plan,
        entry: Entry,
        head: Request<()>,
        chance: Option<Chance>,
    ) -> (Answer, Option<Taken>) {
        let decided = explain::decide(plan, entry, head, chance);
        let taken = decided.taken(plan, entry);
        if let Some(taken) = &taken {
            self.coverage.count(taken);
        }
        (decided.answer, taken)
    }

    /// As [`answer`](Self::answer), but nothing is counted yet: whoever asks has to see first
    /// whether the answer is of any concern.
    #[cfg(feature = "testing")]
    pub(crate) fn look(&self, question: &Question) -> Result<Looked, NotARequest> {
        Ok(match explain::asking(&self.plan, question)? {
            Ok(Asking {
                plan,
                entry,
                request,
            }) => {
                let decided = explain::decide(&plan, entry, request, None);
                Looked {
                    taken: decided.taken(&plan, entry),
                    is_known: decided.is_known(&plan, entry),
                    is_kept: decided.is_kept(&plan),
                    answer: decided.answer,
                }
            }
            Err(answer) => Looked {
                answer,
                taken: None,
                is_known: false,
                is_kept: false,
            },
        })
    }

    /// Counts what was seen.
    #[cfg(feature = "testing")]
    pub(crate) fn count(&self, looked: &Looked) {
        if let Some(taken) = &looked.taken {
            self.coverage.count(taken);
        }
    }
}

/// An answer, and what tests have to know of it.
#[cfg(feature = "testing")]
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) answer: Answer,
    pub(crate) taken: Option<Taken>,
    /// Whether the policy speaks of the request's host.
    pub(crate) is_known: bool,
    /// Whether the caller is kept at one of several destinations.
    pub(crate) is_kept: bool,
}

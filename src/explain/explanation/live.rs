//! Explanations of what runs: its limits, its loads, its turns.

use crate::balance;
use crate::explain::explanation::make::Beside;
use crate::explain::explanation::{Explanation, make};
use crate::explain::question::{NotARequest, Question};
use crate::mesh::Mesh;
use crate::plan::{self, Plan};
use crate::rng::Chance;
use http::Request;

/// What a plan does not know: the endpoints of a cluster with what is under way at each, and whose
/// turn it is.
pub(super) type Live<'a> = dyn Fn(&plan::Cluster) -> balance::Cluster + 'a;

impl Mesh {
    /// Why a request of this mesh's clients would go where it would go now: as
    /// [`Plan::explain`], with what its limits have left, with what is under
    /// way at each endpoint, and with the endpoint whose turn it is.
    ///
    /// Nothing is taken, no turn goes by and nothing is counted. Turns are each thread's own: it
    /// is this thread's that is told.
    ///
    /// A mesh that has read its policy from files knows their lines; any other one can be told
    /// them ([`Builder::written_at`](crate::mesh::Builder::written_at)).
    ///
    /// ```no_run
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let mesh = tower_mesh::Mesh::load("mesh.yaml")?;
    /// let request = http::Request::get("http://reviews/api/1").body(())?;
    /// println!("{}", mesh.explain(&request));
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        self.looked(None, |plan, beside| {
            make::explanation(plan, request, beside)
        })
    }

    /// [`explain`](Self::explain) for a request with this chance: where it would really go.
    pub fn explain_by<B>(&self, request: &Request<B>, chance: Chance) -> Explanation {
        self.looked(Some(chance), |plan, beside| {
            make::explanation(plan, request, beside)
        })
    }

    /// [`explain`](Self::explain) for a question, which may ask of a gateway or of another client,
    /// with a chance or whatever is drawn.
    ///
    /// # Errors
    ///
    /// What is wrong with the question.
    pub fn explain_question(
        &self,
        question: &Question,
        chance: Option<Chance>,
    ) -> Result<Explanation, NotARequest> {
        self.looked(chance, |plan, beside| {
            make::for_question(plan, question, beside)
        })
    }

    fn looked<T>(&self, chance: Option<Chance>, look: impl FnOnce(&Plan, Beside<'_>) -> T) -> T {
        self.look(|plan, places, live| {
            let live = Some(live);
            let beside = Beside {
                places,
                chance,
                live,
            };
            look(plan, beside)
        })
    }
}

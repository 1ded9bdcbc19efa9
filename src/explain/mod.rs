//! Why a request goes where it goes, and what would become of it: the plan's answer as a value.
//!
//! [`Plan::decide`](crate::Plan::decide) sends a request through the very gates that serve
//! requests, and nobody is called. What they say becomes an [`Answer`]: plain data, comparable,
//! and in JSON what `tower-mesh decide` prints. A [`Question`] is a request as JSON.
//!
//! [`Plan::explain`](crate::Plan::explain) says the whole way to that answer, an [`Explanation`]: what
//! was tried, what failed, what was drawn and what is left. Of what runs,
//! [`Mesh::explain`](crate::Mesh::explain) says it.
//!
//! ```
//! # #[cfg(feature = "yaml")] {
//! use tower_mesh::Policy;
//! use tower_mesh::explain::Question;
//!
//! let policy: Policy = "
//! services:
//!   reviews:
//!     endpoints:
//!       - { address: '10.0.0.1:80', labels: { version: v1 } }
//!       - { address: '10.0.0.2:80', labels: { version: v2 } }
//!     subsets:
//!       v1: { labels: { version: v1 } }
//!       v2: { labels: { version: v2 } }
//! routes:
//!   - name: reviews
//!     hosts: [reviews]
//!     rules:
//!       - to:
//!           - { service: reviews, subset: v1, weight: 90 }
//!           - { service: reviews, subset: v2, weight: 10 }
//! "
//! .parse()
//! .unwrap();
//! let plan = policy.compile().unwrap();
//!
//! let question: Question =
//!     serde_json::from_str(r#"{"authority": "reviews", "path": "/api/1"}"#).unwrap();
//! let answer = plan.answer(&question).unwrap();
//! let shares: Vec<_> = answer.backends().map(|b| (b.subset(), b.share())).collect();
//! assert_eq!(shares, [(Some("v1"), 0.9), (Some("v2"), 0.1)]);
//! # }
//! ```

mod answer;
mod change;
mod decide;
pub mod explanation;
mod question;
mod taken;

pub use answer::{
    Answer, Backend, Fault, Limit, Mirror, Outcome, Received, ResponseHeaders, Retry,
};
pub use change::Change;
pub(crate) use decide::{Asking, asking, decide, head_of};
pub use explanation::Explanation;
pub use question::{Asker, NotARequest, Question};
pub(crate) use taken::Taken;

//! What tests of policies, and of layers, are made of.
//!
//! A [`Subject`] is a policy under test. It decides as its plan does, and remembers which rules,
//! matches and destinations have decided anything: its [`coverage`]. All of the following count
//! towards it.
//!
//! - `cases`: requests in a file, and what is expected of the decision about each (feature
//!   `yaml`).
//! - `law`: what is to hold for every request, in one line each, checked with requests that are
//!   generated (feature `testing`).
//! - [`policy_test!`](crate::policy_test): one test of `cargo test` that runs both, and whatever its
//!   body asks, and then wants a part of the policy to be covered (feature `yaml`).
//! - `requests_for`, `questions_for`, `requests` and `policies`: strategies for proptest, for
//!   properties that no law says (feature `testing`).
//!
//! The command `tower-mesh test` runs the same files. The guide `examples/policies_in_ci` begins with
//! nothing and ends with a job.
//!
//! For layers there are the probes of [`contract`]: what a tower layer must do whatever it is for.

#[cfg(any(feature = "testing", feature = "yaml"))]
mod below;
mod binomial;
#[cfg(feature = "yaml")]
pub mod cases;
pub mod contract;
pub mod coverage;
#[cfg(feature = "testing")]
pub mod law;
#[cfg(feature = "yaml")]
mod policy_test;
#[cfg(feature = "testing")]
mod strategy;
mod subject;
mod target;

pub use binomial::plausible;
#[cfg(feature = "yaml")]
pub use policy_test::{Paths, PolicyTest};
#[cfg(feature = "testing")]
pub use strategy::{
    Policies, Questions, Requests, policies, questions_for, requests, requests_for,
};
pub use subject::Subject;
pub use target::{NotATarget, Target, UnknownTarget};

//! What tests of layers, policies and plans are made of.

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

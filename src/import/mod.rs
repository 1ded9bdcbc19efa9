//! From documents to a [`Policy`](crate::policy::Policy): native ones, and those of Istio, the
//! Gateway API and Kubernetes.
//!
//! Each document is converted on its own. Then all of them are resolved against each other, so
//! that their order does not matter. What became of each field is in [`Read::report`]: nothing is
//! ignored silently.

#[allow(dead_code, reason = "more is offered than the first importers ask for")]
mod desk;
mod embedded;
#[allow(dead_code, reason = "more is offered than the first importers ask for")]
mod field;
mod gateway;
mod imagined;
mod istio;
mod kind;
mod kubernetes;
#[allow(dead_code, reason = "more is offered than the first importers ask for")]
mod model;
mod read;
mod report;
mod resource;

pub use read::{Documents, Read};
pub use report::{Entry, Status};

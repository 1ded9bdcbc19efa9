//! From documents to a [`Policy`](crate::policy::Policy): native ones, and those of Istio, the
//! Gateway API and Kubernetes.
//!
//! Each document is converted on its own. Then all of them are resolved against each other, so
//! that their order does not matter. What became of each field is in [`Read::report`]: nothing is
//! ignored silently.

mod desk;
mod embedded;
mod field;
mod gateway;
mod imagined;
mod istio;
mod kind;
mod kubernetes;
mod model;
mod read;
mod report;
mod resource;
mod sticky;

pub(crate) use read::is_document;
pub use read::{Documents, Read};
pub use report::{Entry, Status};

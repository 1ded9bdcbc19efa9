//! From documents to a [`Policy`](crate::policy::Policy): native ones, and those of others.

#[allow(dead_code, reason = "read by the importers")]
mod desk;
#[allow(dead_code, reason = "read by the importers")]
mod field;
mod read;
mod report;

pub use read::{Documents, Read};
pub use report::{Entry, Status};

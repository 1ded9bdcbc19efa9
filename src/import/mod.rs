//! From documents to a [`Policy`](crate::policy::Policy): native ones, and those of others.

mod read;

pub use read::{Documents, Read};

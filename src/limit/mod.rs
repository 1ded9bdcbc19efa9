//! Rate limits.

mod bucket;
mod keyed;
mod pace;
mod set;

pub use bucket::Bucket;
pub use keyed::{Fingerprint, Keyed};
pub use pace::{Moment, Pace};

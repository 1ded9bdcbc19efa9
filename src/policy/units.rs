//! Values with a unit: durations, percentages and statuses.

mod percent;
mod span;
mod status;
mod ttl;

pub use percent::{NotAPercent, Percent};
pub use span::{NotADuration, Span};
pub use status::{NotAStatus, Status};
pub use ttl::Ttl;

#[cfg(test)]
mod tests;

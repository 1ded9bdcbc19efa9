//! Values with a unit: durations, percentages and statuses.

mod percent;
mod span;
mod status;

pub use percent::{NotAPercent, Percent};
pub use span::{NotADuration, Span};
pub use status::{NotAStatus, Status};

#[cfg(test)]
mod tests;

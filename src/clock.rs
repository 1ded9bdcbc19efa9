//! The only file that reads the time.
//!
//! Cores take `now` as an argument; drivers read it here, once a request and only if something
//! needs it: a clock read costs more than any pick. It is tokio's clock, so that a test with
//! `tokio::time::pause` holds still whatever the crate does.

use std::time::{Instant, SystemTime};

/// The instant that it is now.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, for people to read. Nothing is measured with it.
#[allow(clippy::disallowed_methods)]
pub fn of_day() -> SystemTime {
    SystemTime::now()
}

use crate::policy::units::span::Spans;
use crate::policy::{NotADuration, Span};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// For how long a browser keeps a cookie: whole seconds, at most 365 days, written as a [`Span`];
/// `0s` is for as long as the browser runs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ttl(Duration);

impl Ttl {
    /// For as long as the browser runs.
    pub const SESSION: Self = Self(Duration::ZERO);

    /// The time as the standard library's type; zero for a session.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Says whether it is one that can be said to a browser: whole seconds, at most 365 days.
    /// Those made in code from a [`Duration`] need not be; validation looks.
    pub fn is_valid(self) -> bool {
        self.0.subsec_nanos() == 0 && self.0 <= Span::MAX.get()
    }
}

/// Takes any duration: validating the policy finds those that are too long or no whole seconds.
impl From<Duration> for Ttl {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for Ttl {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        match text.parse::<Span>() {
            Ok(span) => Ok(Self(span.get())),
            Err(wrong) if wrong.is_nothing() => Ok(Self::SESSION),
            Err(wrong) => Err(wrong),
        }
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span::from(self.0).fmt(f)
    }
}

impl Serialize for Ttl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spans::read(deserializer)
    }
}

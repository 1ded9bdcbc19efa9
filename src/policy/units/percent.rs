use crate::policy::wording::shortened;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A share of requests: 0 to 100 percent, to 0.0001 percent.
///
/// Written as a plain number: `10`, `0.5`. What lies between two steps is rounded to the nearer
/// one, but never down to nothing: what is not zero, but would be, is refused.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Percent {
    pub(super) millionths: u32,
}

impl Percent {
    /// Every request.
    pub const HUNDRED: Self = Self {
        millionths: MILLION,
    };

    /// The share as a fraction of 1.
    pub fn share(self) -> f64 {
        f64::from(self.millionths) / f64::from(MILLION)
    }

    /// The share in millionths of 1: 10,000 is one percent.
    pub const fn millionths(self) -> u32 {
        self.millionths
    }

    /// Says whether it is no request at all.
    pub const fn is_zero(self) -> bool {
        self.millionths == 0
    }
}

impl TryFrom<f64> for Percent {
    type Error = NotAPercent;

    fn try_from(percent: f64) -> Result<Self, NotAPercent> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(NotAPercent::OutOfRange(percent));
        }
        // In range, so the cast neither wraps nor saturates.
        let millionths = (percent * PER_PERCENT).round() as u32;
        if millionths == 0 && percent > 0.0 {
            return Err(NotAPercent::TooFine(percent));
        }
        Ok(Self { millionths })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.millionths) / PER_PERCENT)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.millionths % PER_PERCENT as u32 {
            0 => serializer.serialize_u32(self.millionths / PER_PERCENT as u32),
            _ => serializer.serialize_f64(f64::from(self.millionths) / PER_PERCENT),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Any, so that `10%` is told to lose its sign rather than to be a number.
        deserializer.deserialize_any(PercentVisitor)
    }
}

struct PercentVisitor;

impl Visitor<'_> for PercentVisitor {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 100")
    }

    fn visit_f64<E: de::Error>(self, percent: f64) -> Result<Percent, E> {
        Percent::try_from(percent).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, percent: u64) -> Result<Percent, E> {
        self.visit_f64(percent as f64)
    }

    fn visit_i64<E: de::Error>(self, percent: i64) -> Result<Percent, E> {
        self.visit_f64(percent as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percent, E> {
        let text = shortened(text);
        Err(E::custom(format_args!(
            "the text `{text}` is no percentage; write a plain number from 0 to 100: 0.5"
        )))
    }
}

/// A number that is no [`Percent`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAPercent {
    /// It is below 0, above 100 or no number.
    #[error("{0} is no percentage; write a number from 0 to 100")]
    OutOfRange(f64),
    /// It is not zero, but would be rounded to it.
    #[error("{0} is finer than percentages go; write 0, or 0.0001 and more")]
    TooFine(f64),
}

const MILLION: u32 = 1_000_000;
const PER_PERCENT: f64 = 10_000.0;

use crate::policy::wording::shortened;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long something takes: more than nothing, at most 365 days.
///
/// Written as Go and Istio write it, a number and its unit, or several: `50ms`, `1.5s`, `1h30m`.
/// The units are `ns`, `us` (or `µs`), `ms`, `s`, `m` and `h`. A number without a unit is refused,
/// for nobody can tell whether seconds or milliseconds are meant.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Span(Duration);

impl Span {
    /// The longest span: 365 days.
    pub const MAX: Self = Self(Duration::from_secs(365 * 24 * 60 * 60));

    /// The span as the standard library's type.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Says whether the span is one that can be written: more than nothing, at most
    /// [`MAX`](Self::MAX). Those made in code from a [`Duration`] need not be; validation looks.
    pub fn is_valid(self) -> bool {
        !self.0.is_zero() && self <= Self::MAX
    }
}

/// Takes any duration: validating the policy finds those that are zero or too long.
impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl FromStr for Span {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let wrong = |reason| NotADuration {
            text: shortened(text),
            reason,
        };
        if text.len() > MAX_TEXT {
            return Err(wrong(DurationFlaw::Shape));
        }
        let mut nanos = 0u128;
        let mut rest = text;
        loop {
            let (more, after) = part(rest).map_err(wrong)?;
            nanos += more;
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        let duration = Duration::new(
            u64::try_from(nanos / SECOND).map_err(|_| wrong(DurationFlaw::TooLong))?,
            (nanos % SECOND) as u32,
        );
        match Self(duration) {
            span if span.0.is_zero() => Err(wrong(DurationFlaw::Zero)),
            span if span > Self::MAX => Err(wrong(DurationFlaw::TooLong)),
            span => Ok(span),
        }
    }
}

/// Reads one number with its unit; gives its nanoseconds and what stands behind it.
fn part(text: &str) -> Result<(u128, &str), DurationFlaw> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationFlaw::Shape);
    }
    let end = rest
        .find(|c: char| c.is_ascii_digit() || c == '.')
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "" if rest.is_empty() => return Err(DurationFlaw::NoUnit),
        _ => return Err(DurationFlaw::Shape),
    };
    // `MAX_TEXT` bounds the digits, so neither product can overflow.
    let mut nanos = whole.bytes().fold(0, shift) * unit;
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        let scaled = fraction.bytes().fold(0, shift) * unit;
        let scale = 10u128.pow(fraction.len() as u32);
        if scaled % scale != 0 {
            return Err(DurationFlaw::TooFine);
        }
        nanos += scaled / scale;
    }
    Ok((nanos, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn shift(number: u128, digit: u8) -> u128 {
    number * 10 + u128::from(digit - b'0')
}

/// The shortest way to write it: `1h30m`, `1.5s`, `50ms`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = u128::from(self.0.subsec_nanos());
        let seconds = self.0.as_secs();
        if seconds == 0 {
            return match nanos {
                0 => f.write_str("0s"),
                1..1_000 => decimal(f, nanos, 1, "ns"),
                1_000..1_000_000 => decimal(f, nanos, 1_000, "us"),
                _ => decimal(f, nanos, 1_000_000, "ms"),
            };
        }
        let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match u128::from(rest) * SECOND + nanos {
            0 => Ok(()),
            rest => decimal(f, rest, SECOND, "s"),
        }
    }
}

fn decimal(f: &mut fmt::Formatter<'_>, nanos: u128, unit: u128, name: &str) -> fmt::Result {
    write!(f, "{}", nanos / unit)?;
    let rest = nanos % unit;
    if rest > 0 {
        let places = unit.ilog10() as usize;
        let fraction = format!("{rest:0places$}");
        write!(f, ".{}", fraction.trim_end_matches('0'))?;
    }
    f.write_str(name)
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Any, so that a bare number is told to have a unit rather than to be in quotes.
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl SpanVisitor {
    fn bare<T, E: de::Error>(number: impl fmt::Display) -> Result<T, E> {
        Err(E::custom(NotADuration {
            text: number.to_string(),
            reason: DurationFlaw::NoUnit,
        }))
    }
}

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 50ms")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Span, E> {
        Self::bare(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Span, E> {
        Self::bare(number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Span, E> {
        Self::bare(number)
    }
}

/// A text that is no [`Span`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct NotADuration {
    text: String,
    reason: DurationFlaw,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum DurationFlaw {
    #[error("is no duration; write a number and its unit: 50ms, 1.5s, 1h30m")]
    Shape,
    #[error("has no unit; write a unit: 50ms")]
    NoUnit,
    #[error("is finer than a nanosecond; write whole nanoseconds")]
    TooFine,
    #[error("takes no time at all; write more than 0, or leave it out")]
    Zero,
    #[error("is too long; write at most 365 days: 8760h")]
    TooLong,
}

/// A share of requests: 0 to 100 percent, to 0.0001 percent.
///
/// Written as a plain number: `10`, `0.5`. What lies between two steps is rounded to the nearer
/// one, but never down to nothing: what is not zero and below 0.0001 is refused.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Percent {
    millionths: u32,
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
        deserializer.deserialize_f64(PercentVisitor)
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

/// An HTTP status with which requests may be answered: 200 to 599.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Status(http::StatusCode);

impl Status {
    /// The status as a number.
    pub fn get(self) -> u16 {
        self.0.as_u16()
    }
}

impl TryFrom<u16> for Status {
    type Error = NotAStatus;

    fn try_from(number: u16) -> Result<Self, NotAStatus> {
        match http::StatusCode::from_u16(number) {
            Ok(status) if (200..=599).contains(&number) => Ok(Self(status)),
            _ => Err(NotAStatus(number.into())),
        }
    }
}

impl From<Status> for http::StatusCode {
    fn from(status: Status) -> Self {
        status.0
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.get())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u16::try_from(number)
            .ok()
            .and_then(|number| Self::try_from(number).ok())
            .ok_or_else(|| de::Error::custom(NotAStatus(number)))
    }
}

/// A number that is no [`Status`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is no status to answer with; write a number from 200 to 599")]
pub struct NotAStatus(i64);

const SECOND: u128 = 1_000_000_000;
const MILLION: u32 = 1_000_000;
const PER_PERCENT: f64 = 10_000.0;
/// `u128` holds 38 digits: 23 of these times an hour in nanoseconds (13) fit, and nobody who
/// means a duration of at most a year writes more.
const MAX_TEXT: usize = 24;

#[cfg(test)]
mod tests;

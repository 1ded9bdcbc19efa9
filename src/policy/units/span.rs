use crate::policy::wording::shortened;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
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
        Spans::read(deserializer)
    }
}

/// Reads what is written as a duration.
pub(super) struct Spans<T>(PhantomData<T>);

impl<T: FromStr<Err = NotADuration>> Spans<T> {
    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        // Any, so that a bare number is told to have a unit rather than to be in quotes.
        deserializer.deserialize_any(Self(PhantomData))
    }

    fn bare<E: de::Error>(number: impl fmt::Display) -> Result<T, E> {
        Err(E::custom(NotADuration {
            text: number.to_string(),
            reason: DurationFlaw::NoUnit,
        }))
    }
}

impl<T: FromStr<Err = NotADuration>> Visitor<'_> for Spans<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 50ms")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        Self::bare(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        Self::bare(number)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
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

impl NotADuration {
    /// Says whether it would be one, but takes no time.
    pub(super) fn is_nothing(&self) -> bool {
        self.reason == DurationFlaw::Zero
    }
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

const SECOND: u128 = 1_000_000_000;
/// `u128` holds 38 digits: 23 of these times an hour in nanoseconds (13) fit, and nobody who
/// means a duration of at most a year writes more.
const MAX_TEXT: usize = 24;

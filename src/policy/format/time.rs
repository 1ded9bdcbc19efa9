use crate::policy::format::{NotAHeaderText, flaw};
use crate::policy::wording::shortened;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

/// How a time is written: `strftime`'s conversions, as far as they are numbers, in UTC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TimeFormat(Box<[Piece]>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Text(char),
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Epoch,
    /// So many digits of the second's fraction.
    Fraction(usize),
}

impl TimeFormat {
    /// Reads a format; `None` is Envoy's own, ISO 8601 with milliseconds.
    pub(super) fn read(text: Option<&str>) -> Result<Self, NotAHeaderText> {
        let text = text.unwrap_or("%Y-%m-%dT%H:%M:%S.%3fZ");
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                pieces.push(Piece::Text(letter));
                continue;
            }
            let conversion = letters.next();
            let more: &[Piece] = match conversion {
                Some('Y') => &[Piece::Year],
                Some('m') => &[Piece::Month],
                Some('d') => &[Piece::Day],
                Some('H') => &[Piece::Hour],
                Some('M') => &[Piece::Minute],
                Some('S') => &[Piece::Second],
                Some('F') => &[
                    Piece::Year,
                    Piece::Text('-'),
                    Piece::Month,
                    Piece::Text('-'),
                    Piece::Day,
                ],
                Some('T') => &[
                    Piece::Hour,
                    Piece::Text(':'),
                    Piece::Minute,
                    Piece::Text(':'),
                    Piece::Second,
                ],
                Some('s') => &[Piece::Epoch],
                Some('f') => &[Piece::Fraction(9)],
                Some(digit @ '1'..='9') if letters.clone().next() == Some('f') => {
                    letters.next();
                    &[Piece::Fraction(digit as usize - '0' as usize)]
                }
                Some('%') => &[Piece::Text('%')],
                _ => {
                    let message = format!(
                        "`%{}` in `{}` is no part of a time that is written here",
                        conversion.map(String::from).unwrap_or_default(),
                        shortened(text)
                    );
                    return Err(flaw::unsupported(message));
                }
            };
            pieces.extend_from_slice(more);
        }
        Ok(Self(pieces.into()))
    }

    /// Writes a time. Before 1970 it is 1970.
    pub fn write(&self, time: SystemTime) -> String {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.unwrap_or(Duration::ZERO);
        let (seconds, nanos) = (since.as_secs(), since.subsec_nanos());
        let (year, month, day) = civil(seconds / DAY);
        let mut text = String::new();
        for piece in &self.0 {
            // Writing to a text does not fail.
            let _ = match *piece {
                Piece::Text(letter) => {
                    text.push(letter);
                    Ok(())
                }
                Piece::Year => write!(text, "{year}"),
                Piece::Month => write!(text, "{month:02}"),
                Piece::Day => write!(text, "{day:02}"),
                Piece::Hour => write!(text, "{:02}", seconds / 3_600 % 24),
                Piece::Minute => write!(text, "{:02}", seconds / 60 % 60),
                Piece::Second => write!(text, "{:02}", seconds % 60),
                Piece::Epoch => write!(text, "{seconds}"),
                Piece::Fraction(digits) => {
                    write!(text, "{:.digits$}", format!("{nanos:09}"))
                }
            };
        }
        text
    }
}

/// Year, month and day, so many days after 1970 began (Gregorian).
fn civil(days: u64) -> (u64, u64, u64) {
    // From 1 March of the year 0, so that a leap day comes last; 400 years repeat.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Option<&str>, seconds: u64, nanos: u32) -> String {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        TimeFormat::read(format).unwrap().write(time)
    }

    /// As a running Envoy wrote it.
    #[test]
    fn times_are_written_as_envoy_writes_them() {
        let at = |format| written(format, 1_795_743_815, 124_721_009);
        assert_eq!(at(None), "2026-11-27T01:43:35.124Z");
        assert_eq!(at(Some("%s")), "1795743815");
        assert_eq!(at(Some("%s.%3f")), "1795743815.124");
        assert_eq!(at(Some("%Y.%6f")), "2026.124721");
        assert_eq!(
            at(Some("%Y/%m/%dT%H:%M:%S %f")),
            "2026/11/27T01:43:35 124721009"
        );
        assert_eq!(at(Some("%F %T 100%%")), "2026-11-27 01:43:35 100%");
    }

    #[test]
    fn days_are_counted_through_leap_years() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (4_107_542_400, "2100-03-01"),
            (4_107_456_000, "2100-02-28"),
            (1_767_225_599, "2025-12-31"),
        ] {
            assert_eq!(written(Some("%F"), seconds, 0), date);
        }
    }

    #[test]
    fn names_and_zones_are_not_written() {
        for format in ["%A", "%z", "%", "%0f", "%10f", "%E4Y"] {
            assert!(TimeFormat::read(Some(format)).unwrap_err().is_unsupported());
        }
    }
}

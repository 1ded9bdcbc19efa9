//! How long a caller waits, as headers say it.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// gRPC's: digits and a unit.
pub(crate) const GRPC: &str = "grpc-timeout";

/// Envoy's: milliseconds.
pub(crate) const EXPECTED: &str = "x-envoy-expected-rq-timeout-ms";

pub(super) const EXPECTED_TIMEOUT: HeaderName = HeaderName::from_static(EXPECTED);
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static(GRPC);

/// gRPC allows no more.
const MOST_DIGITS: usize = 8;
const MOST: u128 = 99_999_999;

/// The units that a timeout is written in, each with its nanoseconds. The finer come first.
const UNITS: [(u128, char); 4] = [
    (1_000_000, 'm'),
    (1_000_000_000, 'S'),
    (60 * 1_000_000_000, 'M'),
    (3_600 * 1_000_000_000, 'H'),
];

/// What a `grpc-timeout` says. `None` if it is malformed, or 0, which means none to Envoy.
pub(crate) fn read_grpc(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    let number = read_digits(digits).filter(|_| digits.len() <= MOST_DIGITS)?;
    let timeout = match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    };
    (!timeout.is_zero()).then_some(timeout)
}

/// What a header in milliseconds says. `None` if it is malformed, or 0.
pub(crate) fn read_millis(value: &[u8]) -> Option<Duration> {
    let number = read_digits(value)?;
    (number > 0).then(|| Duration::from_millis(number))
}

/// `str::parse` takes a sign, which neither header may have.
fn read_digits(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What a request's `grpc-timeout` says; of several the shortest.
pub(super) fn grpc(headers: &HeaderMap) -> Option<Duration> {
    let told = headers.get_all(GRPC_TIMEOUT).iter();
    told.filter_map(|value| read_grpc(value.as_bytes())).min()
}

/// Says in `grpc-timeout` how long the caller waits.
pub(super) fn tell_grpc(headers: &mut HeaderMap, timeout: Duration) {
    // Rather as it was written than the same in other units.
    let mut told = headers.get_all(GRPC_TIMEOUT).iter();
    if let (Some(only), None) = (told.next(), told.next())
        && read_grpc(only.as_bytes()) == Some(timeout)
    {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(write_grpc(timeout)) {
        headers.insert(GRPC_TIMEOUT, value);
    }
}

/// A time in whole milliseconds; less than one is one, since 0 means for ever.
pub(super) fn millis(timeout: Duration) -> HeaderValue {
    let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    HeaderValue::from(millis.max(1))
}

/// In milliseconds as Envoy writes it, or in the finest unit that can say it; rounded down.
fn write_grpc(timeout: Duration) -> String {
    let nanos = timeout.as_nanos();
    if nanos < UNITS[0].0 {
        // 0 would mean for ever.
        return format!("{}n", nanos.max(1));
    }
    let written = UNITS.iter().find(|(unit, _)| nanos / unit <= MOST);
    written.map_or_else(
        || format!("{MOST}H"),
        |(unit, letter)| format!("{}{letter}", nanos / unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_unit_is_read() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("4m", Some(Duration::from_millis(4))),
            ("5u", Some(Duration::from_micros(5))),
            ("6n", Some(Duration::from_nanos(6))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("100000000n", None),
            ("0S", None),
            ("", None),
            ("S", None),
            ("1", None),
            ("1s", None),
            ("+1S", None),
            ("-1S", None),
            ("1 S", None),
            ("1.5S", None),
        ] {
            assert_eq!(read_grpc(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in [
            ("250", Some(Duration::from_millis(250))),
            ("0", None),
            ("", None),
            ("+1", None),
            ("1ms", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(read_millis(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn of_several_the_shortest_holds() {
        let mut headers = HeaderMap::new();
        assert_eq!(grpc(&headers), None);
        for value in ["5S", "soon", "200m", "1S"] {
            headers.append(GRPC_TIMEOUT, HeaderValue::from_static(value));
        }
        assert_eq!(grpc(&headers), Some(Duration::from_millis(200)));
    }

    #[test]
    fn there_is_one_header_afterwards() {
        for (before, timeout, after) in [
            (&[][..], Duration::from_millis(200), "200m"),
            (&["1S"], Duration::from_millis(200), "200m"),
            (&["100m"], Duration::from_millis(100), "100m"),
            (&["1S"], Duration::from_secs(1), "1S"),
            (&["soon"], Duration::from_millis(200), "200m"),
            (&["1S", "2S"], Duration::from_millis(200), "200m"),
            (&[], Duration::from_micros(20), "20000n"),
            (&[], Duration::from_secs(200_000), "200000S"),
            (&[], Duration::MAX, "99999999H"),
        ] {
            let mut headers = HeaderMap::new();
            for value in before {
                headers.append(GRPC_TIMEOUT, HeaderValue::from_static(value));
            }
            tell_grpc(&mut headers, timeout);
            let told: Vec<_> = headers.get_all(GRPC_TIMEOUT).iter().collect();
            assert_eq!(told, [after], "{before:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_never_longer(nanos in 1_u64.., seconds: u64) {
            for timeout in [Duration::from_nanos(nanos), Duration::from_secs(seconds.max(1))] {
                let read = read_grpc(write_grpc(timeout).as_bytes()).unwrap();
                prop_assert!(read <= timeout);
                // Rounding takes off less than one in ten thousand, or less than a millisecond.
                let lost = timeout.saturating_sub(read);
                let most = Duration::from_secs(99_999_999 * 3_600);
                prop_assert!(
                    read == most || lost < Duration::from_millis(1) || lost < timeout / 1_000
                );
            }
        }

        #[test]
        fn nothing_makes_reading_panic(value: Vec<u8>) {
            let _ = (read_grpc(&value), read_millis(&value));
        }
    }
}

use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn span(text: &str) -> Duration {
    text.parse::<Span>().unwrap().get()
}

fn refused(text: &str) -> String {
    text.parse::<Span>().unwrap_err().to_string()
}

#[test]
fn a_duration_is_read_as_go_writes_it() {
    assert_eq!(span("50ms"), Duration::from_millis(50));
    assert_eq!(span("1.5s"), Duration::from_millis(1_500));
    assert_eq!(span("1h30m"), Duration::from_secs(5_400));
    assert_eq!(span(".5s"), Duration::from_millis(500));
    assert_eq!(span("3µs"), Duration::from_micros(3));
    assert_eq!(span("0.5us"), Duration::from_nanos(500));
    assert_eq!(span("8760h"), Span::MAX.get());
}

#[test]
fn a_bad_duration_is_refused_with_advice() {
    assert_eq!(refused("50"), "`50` has no unit; write a unit: 50ms");
    assert_eq!(
        refused("0s"),
        "`0s` takes no time at all; write more than 0, or leave it out"
    );
    assert_eq!(
        refused("8761h"),
        "`8761h` is too long; write at most 365 days: 8760h"
    );
    assert_eq!(
        refused("1.5ns"),
        "`1.5ns` is finer than a nanosecond; write whole nanoseconds"
    );
    for text in ["", "s", "-1s", "1 s", "1d", "1s ", ".s", "1.2.3s", "∞"] {
        assert!(refused(text).contains("is no duration"), "{text}");
    }
    for text in ["99999999999999999999999s", "9999999999999999h"] {
        assert!(refused(text).contains("is too long"), "{text}");
    }
}

#[test]
fn a_duration_is_printed_in_the_shortest_way() {
    for text in ["50ms", "1.5s", "1h30m", "1m0.25s", "1.5us", "7ns", "24h"] {
        assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
    }
    assert_eq!("1500ms".parse::<Span>().unwrap().to_string(), "1.5s");
}

#[test]
fn a_ttl_may_be_nothing_which_is_a_session() {
    for (text, ttl) in [
        ("0s", Ttl::SESSION),
        ("0ms", Ttl::SESSION),
        ("24h", Duration::from_secs(86_400).into()),
        ("90m", Duration::from_secs(5_400).into()),
    ] {
        assert_eq!(text.parse(), Ok(ttl), "{text}");
        assert!(ttl.is_valid());
        assert_eq!(ttl.to_string().parse(), Ok(ttl));
    }
    assert!(!"1.5s".parse::<Ttl>().unwrap().is_valid());
    assert!("0".parse::<Ttl>().is_err());
    assert!("8761h".parse::<Ttl>().is_err());
    let bare = serde_json::from_str::<Ttl>("0").unwrap_err().to_string();
    assert!(bare.contains("write a unit"), "{bare}");
}

#[test]
fn a_bare_number_is_told_to_have_a_unit() {
    let error = serde_json::from_str::<Span>("50").unwrap_err().to_string();
    assert!(error.contains("write a unit: 50ms"), "{error}");
}

#[test]
fn a_percentage_is_read_to_its_ten_thousandth() {
    assert_eq!(Percent::try_from(10.0).unwrap().millionths(), 100_000);
    assert_eq!(Percent::try_from(0.0001).unwrap().millionths(), 1);
    assert_eq!(Percent::try_from(100.0).unwrap(), Percent::HUNDRED);
    assert!(Percent::try_from(0.0).unwrap().is_zero());
    for number in [-0.1, 100.1, f64::NAN, f64::INFINITY, 0.00001] {
        assert!(Percent::try_from(number).is_err(), "{number}");
    }
}

#[test]
fn a_status_lies_between_200_and_599() {
    assert_eq!(Status::try_from(503).unwrap().get(), 503);
    for number in [0, 100, 199, 600, 999, u16::MAX] {
        assert!(Status::try_from(number).is_err(), "{number}");
    }
    assert!(serde_json::from_str::<Status>("70000").is_err());
}

proptest! {
    #[test]
    fn every_duration_reads_back_as_it_is_printed(nanos in 1u64..=31_536_000_000_000_000) {
        for nanos in [nanos, nanos % 1_000_000_000 + 1, nanos / 1_000_000_000 * 1_000_000_000 + 1] {
            let span = Span::from(Duration::from_nanos(nanos));
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
    }

    #[test]
    fn every_percentage_reads_back_as_it_is_written(millionths in 0u32..=1_000_000) {
        let percent = Percent { millionths };
        let text = serde_json::to_string(&percent).unwrap();
        prop_assert_eq!(serde_json::from_str::<Percent>(&text).unwrap(), percent);
    }

    #[test]
    fn no_text_makes_reading_a_duration_panic(text in "\\PC*|[0-9.hmsnuµ]{0,40}") {
        let _ = text.parse::<Span>();
    }
}

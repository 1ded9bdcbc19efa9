use crate::policy::wording::shortened;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A part of the requests: `0.25`, `25%` or `1/4`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part(f64);

impl Part {
    /// Says whether it is this part of 1. Thirds have no end, so nobody can write them down.
    pub(super) fn is(self, share: f64) -> bool {
        (self.0 - share).abs() <= NEAR
    }
}

/// As answers have it, a fraction of 1.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

struct PartVisitor;

impl Visitor<'_> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the requests, from 0 to 1,")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Part, E> {
        if (0.0..=1.0).contains(&number) {
            return Ok(Part(number));
        }
        let message = format!("{number} is no part of the requests");
        let advice = match (0.0..=100.0).contains(&number) {
            true => format!("write a number from 0 to 1, or percent with their sign: {number}%"),
            false => ADVICE.to_owned(),
        };
        Err(E::custom(format_args!("{message}; {advice}")))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Part, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Part, E> {
        self.visit_f64(number as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let part = match (text.strip_suffix('%'), text.split_once('/')) {
            (Some(percent), _) => number(percent).map(|percent| percent / 100.0),
            (None, Some((some, all))) => { number(some) }
                .zip(number(all).filter(|all| *all > 0.0))
                .map(|(some, all)| some / all),
            _ => None,
        };
        let part = part.filter(|part| (0.0..=1.0).contains(part));
        part.map(Part).ok_or_else(|| {
            let text = shortened(text);
            E::custom(format_args!(
                "`{text}` is no part of the requests; {ADVICE}"
            ))
        })
    }
}

const ADVICE: &str = "write 0.25, 25% or 1/4";
/// Percentages go to a millionth.
const NEAR: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Part, String> {
        serde_json::from_str(json).map_err(|error| {
            let told = error.to_string();
            told.split(" at line").next().unwrap_or_default().to_owned()
        })
    }

    #[test]
    fn a_part_is_written_in_three_ways() {
        for json in ["0.25", r#""25%""#, r#""1/4""#, r#""25 %""#] {
            assert!(read(json).unwrap().is(0.25), "{json}");
        }
        assert!(read("1").unwrap().is(1.0) && read("0").unwrap().is(0.0));
        assert!(read(r#""1/3""#).unwrap().is(1.0 / 3.0));
        assert!(!read("0.333").unwrap().is(1.0 / 3.0));
    }

    #[test]
    fn what_is_more_or_less_is_refused() {
        for (json, says) in [
            (
                "90",
                "write a number from 0 to 1, or percent with their sign: 90%",
            ),
            ("-0.1", "-0.1 is no part of the requests; write 0.25"),
            ("101", "101 is no part of the requests; write 0.25"),
            (r#""101%""#, "`101%` is no part of the requests"),
            (r#""a/4""#, "`a/4` is no part of the requests"),
            (r#""1/0""#, "`1/0` is no part of the requests"),
            (r#""0.5""#, "`0.5` is no part of the requests"),
            (r#""nan%""#, "`nan%` is no part of the requests"),
        ] {
            let told = read(json).unwrap_err();
            assert!(told.contains(says), "{json}: {told}");
        }
    }
}

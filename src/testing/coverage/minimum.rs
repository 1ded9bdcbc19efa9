use crate::policy::Percent;
use crate::policy::wording::{choose_from, shortened};
use crate::testing::coverage::{Covered, Share};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How much of a policy tests must exercise, in percent of its rules, matches and destinations.
///
/// What is not said is not required. As a text it is what `tower-mesh test --require` takes.
///
/// ```
/// use tower_mesh::testing::coverage::Minimum;
///
/// let minimum = Minimum::none().rules(100).matches(90);
/// assert_eq!(minimum, "rules=100,matches=90".parse().unwrap());
/// assert_eq!(minimum.to_string(), "rules=100,matches=90");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Minimum {
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Percent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Percent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Percent>,
}

impl Minimum {
    /// Nothing is required.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything is.
    pub fn all() -> Self {
        Self::none().rules(100).matches(100).destinations(100)
    }

    /// Requires so many percent of the rules.
    ///
    /// # Panics
    ///
    /// If it is no number from 0 to 100.
    #[must_use]
    pub fn rules(mut self, percent: impl Into<f64>) -> Self {
        self.rules = Some(good(percent));
        self
    }

    /// Requires so many percent of the matches.
    ///
    /// # Panics
    ///
    /// If it is no number from 0 to 100.
    #[must_use]
    pub fn matches(mut self, percent: impl Into<f64>) -> Self {
        self.matches = Some(good(percent));
        self
    }

    /// Requires so many percent of the destinations.
    ///
    /// # Panics
    ///
    /// If it is no number from 0 to 100.
    #[must_use]
    pub fn destinations(mut self, percent: impl Into<f64>) -> Self {
        self.destinations = Some(good(percent));
        self
    }

    /// What the other says, and where it says nothing, what this one does.
    #[must_use]
    pub fn overruled_by(self, other: Self) -> Self {
        Self {
            rules: other.rules.or(self.rules),
            matches: other.matches.or(self.matches),
            destinations: other.destinations.or(self.destinations),
        }
    }

    /// Of what both say, the greater.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            rules: self.rules.max(other.rules),
            matches: self.matches.max(other.matches),
            destinations: self.destinations.max(other.destinations),
        }
    }

    /// Says whether so much is covered.
    pub fn is_reached_by(&self, covered: &Covered) -> bool {
        let mut kinds = self.kinds(covered).into_iter();
        kinds.all(|(_, share, wanted)| wanted.is_none_or(|wanted| is_reached(wanted, share)))
    }

    /// Each kind of part, how much of it is covered and how much must be.
    pub(in crate::testing) fn kinds<'a>(
        &self,
        covered: &'a Covered,
    ) -> [(&'static str, &'a Share, Option<Percent>); 3] {
        [
            ("rules", &covered.rules, self.rules),
            ("matches", &covered.matches, self.matches),
            ("destinations", &covered.destinations, self.destinations),
        ]
    }
}

fn good(percent: impl Into<f64>) -> Percent {
    Percent::try_from(percent.into()).unwrap_or_else(|error| panic!("{error}"))
}

/// Without rounding: 999 of 1,000 are not all of them. Of nothing all is covered.
pub(super) fn is_reached(wanted: Percent, share: &Share) -> bool {
    let least = u128::from(wanted.millionths()) * share.total as u128;
    share.covered as u128 * u128::from(Percent::HUNDRED.millionths()) >= least
}

/// `rules=100,matches=90`; nothing where nothing is required.
impl fmt::Display for Minimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, wanted) in [
            ("rules", self.rules),
            ("matches", self.matches),
            ("destinations", self.destinations),
        ] {
            if let Some(wanted) = wanted {
                write!(f, "{comma}{name}={}", plain(wanted))?;
                comma = ",";
            }
        }
        Ok(())
    }
}

/// The percentage without its sign.
pub(super) fn plain(percent: Percent) -> f64 {
    f64::from(percent.millionths()) / 10_000.0
}

impl FromStr for Minimum {
    type Err = NotAMinimum;

    fn from_str(text: &str) -> Result<Self, NotAMinimum> {
        let mut minimum = Self::none();
        for part in text.split(',') {
            let wrong = |reason: String| NotAMinimum {
                part: shortened(part.trim()),
                reason,
            };
            let Some((name, percent)) = part.split_once('=') else {
                return Err(wrong("says no percentage; write rules=100".to_owned()));
            };
            let place = match name.trim() {
                "rules" => &mut minimum.rules,
                "matches" => &mut minimum.matches,
                "destinations" => &mut minimum.destinations,
                name => {
                    let advice = choose_from(name, ["rules", "matches", "destinations"]);
                    return Err(wrong(format!("is of a kind that is not counted; {advice}")));
                }
            };
            if place.is_some() {
                return Err(wrong("is said twice; keep one of the two".to_owned()));
            }
            let number = percent.trim().trim_end_matches('%').parse::<f64>();
            let percent = number
                .ok()
                .and_then(|number| Percent::try_from(number).ok());
            let Some(percent) = percent else {
                let advice = "write a number from 0 to 100: rules=100";
                return Err(wrong(format!("is no percentage; {advice}")));
            };
            *place = Some(percent);
        }
        Ok(minimum)
    }
}

/// A text that is no [`Minimum`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{part}` {reason}")]
pub struct NotAMinimum {
    part: String,
    reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(covered: usize, total: usize) -> Share {
        Share {
            covered,
            total,
            missed: Vec::new(),
        }
    }

    #[test]
    fn a_minimum_is_reached_without_rounding() {
        let percent = |percent: f64| Percent::try_from(percent).unwrap();
        assert!(is_reached(Percent::HUNDRED, &share(1_000, 1_000)));
        assert!(!is_reached(Percent::HUNDRED, &share(999_999, 1_000_000)));
        assert!(is_reached(percent(66.0), &share(2, 3)));
        assert!(!is_reached(percent(66.7), &share(2, 3)));
        assert!(is_reached(Percent::HUNDRED, &share(0, 0)));
        assert!(is_reached(percent(0.0), &share(0, 3)));
    }

    #[test]
    fn each_kind_is_asked_for_itself() {
        let covered = Covered {
            rules: share(1, 2),
            matches: share(2, 2),
            destinations: share(0, 2),
        };
        assert!(Minimum::none().is_reached_by(&covered));
        assert!(
            Minimum::none()
                .rules(50)
                .matches(100)
                .is_reached_by(&covered)
        );
        assert!(!Minimum::none().rules(51).is_reached_by(&covered));
        assert!(!Minimum::none().destinations(1).is_reached_by(&covered));
        assert!(!Minimum::all().is_reached_by(&covered));
    }

    #[test]
    fn minima_are_joined_or_overruled() {
        let (one, two) = (
            Minimum::none().rules(90).matches(10),
            Minimum::none().rules(80),
        );
        assert_eq!(one.and(two), one);
        assert_eq!(two.and(one), one);
        assert_eq!(one.overruled_by(two).to_string(), "rules=80,matches=10");
        let three = Minimum::none().matches(5).destinations(7);
        let text = one.destinations(1).overruled_by(three).to_string();
        assert_eq!(text, "rules=90,matches=5,destinations=7");
    }

    #[test]
    fn a_text_is_read_as_it_is_printed() {
        for text in ["rules=100", "matches=0.5,destinations=99.9999", "rules=0"] {
            assert_eq!(text.parse::<Minimum>().unwrap().to_string(), text);
        }
        assert_eq!("rules = 90%".parse(), Ok(Minimum::none().rules(90)));
    }

    #[test]
    fn what_is_wrong_with_a_text_is_said() {
        for (text, says) in [
            ("", "`` says no percentage; write rules=100"),
            ("rules", "`rules` says no percentage; write rules=100"),
            (
                "rule=1",
                "`rule=1` is of a kind that is not counted; did you mean `rules`?",
            ),
            (
                "lines=1",
                "`lines=1` is of a kind that is not counted; there are `rules`, `matches`, \
                 `destinations`",
            ),
            (
                "rules=101",
                "`rules=101` is no percentage; write a number from 0 to 100: rules=100",
            ),
            (
                "rules=x",
                "`rules=x` is no percentage; write a number from 0 to 100: rules=100",
            ),
            (
                "rules=1,rules=2",
                "`rules=2` is said twice; keep one of the two",
            ),
        ] {
            assert_eq!(text.parse::<Minimum>().unwrap_err().to_string(), says);
        }
    }

    #[test]
    #[should_panic(expected = "101 is no percentage")]
    fn more_than_all_cannot_be_required() {
        let _ = Minimum::none().rules(101);
    }
}

use crate::explain::{Explanation, Question};
use crate::policy::{Error, Place, Severity};
use crate::testing::below::Below;
use crate::testing::coverage::{Covered, Minimum, Spot};
#[cfg(feature = "testing")]
use crate::testing::law::Verdict;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// What came of testing a policy: the cases, and how much of it was exercised.
///
/// As text it is what `tower-mesh test` prints, as JSON what it prints with `--format json`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// What is wrong with the policy, where it was tested all the same.
    pub findings: Vec<Error>,
    /// What came of each case.
    pub cases: Vec<Checked>,
    /// What came of each law.
    #[cfg(feature = "testing")]
    pub laws: Vec<CheckedLaw>,
    /// What has been exercised.
    pub coverage: Covered,
    /// What must be.
    pub required: Minimum,
}

/// What came of one case.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// The case's name; without one, its request.
    pub name: String,
    /// Where it is written.
    pub at: Place,
    /// What was asked.
    pub request: Question,
    /// In what the answer is not as expected.
    pub differences: Vec<Difference>,
    /// The rule that took the request; `None` if none of a route did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<TakenBy>,
    /// Why the request goes where it goes, with the whole answer, if that is not as expected. Of a
    /// file in which more fail, the first hundred have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Box<Explanation>>,
}

/// What came of one law.
#[cfg(feature = "testing")]
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct CheckedLaw {
    /// Where it is written.
    pub at: Place,
    /// What came of it.
    pub verdict: Verdict,
}

/// A field that is not as expected.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The field of the answer: `backends[0].share`. Lists count as they are expected.
    pub field: String,
    /// Where it is written what is expected of it, or of what it is a part of.
    pub at: Place,
    /// What is expected, in a few words.
    pub expected: String,
    /// What was found, in a few words.
    pub found: String,
}

/// A rule that took a request.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct TakenBy {
    /// `route/rule`.
    pub rule: String,
    /// Where it is written, or the match of it that took the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

impl Report {
    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }

    /// Says whether no case failed and all laws hold, and none of these for want of requests.
    pub fn holds(&self) -> bool {
        #[cfg(feature = "testing")]
        if !self.laws.iter().all(|law| law.verdict.holds()) {
            return false;
        }
        self.failed() == 0
    }

    /// Says whether nothing is wrong with the policy, all holds, and as much is covered as must be.
    pub fn passed(&self) -> bool {
        let mut findings = self.findings.iter();
        self.holds()
            && self.required.is_reached_by(&self.coverage)
            && findings.all(|finding| finding.severity < Severity::Error)
    }

    /// The cases and laws that failed, the first cases with their explanations, and how many there
    /// are.
    pub(in crate::testing) fn told_cases(&self) -> impl fmt::Display {
        ToldCases(self)
    }
}

impl Checked {
    /// Says whether the answer is as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

struct ToldCases<'a>(&'a Report);

impl fmt::Display for ToldCases<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = &self.0.cases;
        let failed = cases.iter().filter(|case| !case.passed());
        for (number, case) in failed.enumerate() {
            let why = { case.explanation.as_ref() }.filter(|_| number < MOST_EXPLAINED);
            case.differ(f)?;
            match why {
                // The tree says who took it.
                Some(why) => {
                    let question = serde_json::to_string(&case.request).unwrap_or_default();
                    writeln!(f, "\n  question  {question}{}\n", Below(why))?;
                }
                None => {
                    case.tell_taker(f)?;
                    writeln!(f)?;
                }
            }
        }
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let passed = cases.len() - self.0.failed();
        let cases = format!("{}, {passed} passed", count(cases.len(), "case"));
        #[cfg(feature = "testing")]
        if !self.0.laws.is_empty() {
            if !self.0.cases.is_empty() {
                writeln!(f, "{cases}")?;
            }
            let broken = || self.0.laws.iter().filter(|law| !law.verdict.holds());
            for law in broken() {
                writeln!(f, "{law}")?;
                let mut witness = law.verdict.witness().into_iter();
                if witness.any(|witness| witness.explanation.is_some()) {
                    writeln!(f)?;
                }
            }
            let held = self.0.laws.len() - broken().count();
            return write!(f, "{}, {held} held", count(self.0.laws.len(), "law"));
        }
        f.write_str(&cases)
    }
}

/// Whoever breaks a thousand cases reads on when these are mended.
const MOST_EXPLAINED: usize = 10;

/// The cases and laws that failed and why, how many there are, and what was exercised. The first
/// ten cases are explained in full.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coverage = self.coverage.told(self.required);
        write!(f, "{}\n{coverage}", self.told_cases())
    }
}

/// `cases.yaml:4:5: failed: testers get v2`, and below it each difference and the rule that took it.
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passed() {
            let name = self.name.escape_debug();
            return write!(f, "{}: passed: {name}", Spot(&self.at));
        }
        self.differ(f)?;
        self.tell_taker(f)
    }
}

impl Checked {
    /// What was expected beside what was found.
    fn differ(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_debug();
        write!(f, "{}: failed: {name}", Spot(&self.at))?;
        for difference in &self.differences {
            let spot = Spot(&difference.at);
            write!(f, "\n  {spot}: {difference}")?;
        }
        Ok(())
    }

    fn tell_taker(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.taken {
            None => f.write_str("\n  no rule of a route took the request"),
            Some(TakenBy { rule, at: None }) => write!(f, "\n  taken by {rule}"),
            Some(TakenBy { rule, at: Some(at) }) => {
                write!(f, "\n  taken by {rule} at {}", Spot(at))
            }
        }
    }
}

/// `cases.yaml:9:5: broken: every request …`, and below it why.
#[cfg(feature = "testing")]
impl fmt::Display for CheckedLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Spot(&self.at), self.verdict)
    }
}

/// `backends[0].share: expected 0.9, found 0.85`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            expected,
            found,
            ..
        } = self;
        write!(f, "{field}: expected {expected}, found {found}")
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 6)?;
        report.serialize_field("findings", &self.findings)?;
        let cases = self.cases.iter();
        let cases = cases.map(|case| Passed {
            passed: case.passed(),
            what: case,
        });
        report.serialize_field("cases", &cases.collect::<Vec<_>>())?;
        #[cfg(feature = "testing")]
        {
            let laws = self.laws.iter();
            let laws = laws.map(|law| Passed {
                passed: law.verdict.holds(),
                what: law,
            });
            report.serialize_field("laws", &laws.collect::<Vec<_>>())?;
        }
        report.serialize_field("coverage", &self.coverage)?;
        report.serialize_field("required", &self.required)?;
        report.serialize_field("passed", &self.passed())?;
        report.end()
    }
}

/// Something, and whether it passed.
#[derive(serde::Serialize)]
struct Passed<'a, T> {
    passed: bool,
    #[serde(flatten)]
    what: &'a T,
}

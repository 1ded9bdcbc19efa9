use crate::explain::{Answer, Change, Explanation, Question};
use crate::policy::Place;
use crate::testing::below::Below;
use crate::testing::law::brief;
use serde::Serialize;
use std::fmt;

/// What has come of checking a law.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The law: its name if it has one, and what it says.
    pub law: String,
    /// How many requests were generated that it is about.
    pub cases: u32,
    /// Of how many of them it said something.
    pub exercised: u32,
    /// Whether it holds.
    #[serde(flatten)]
    pub fate: Fate,
    /// What else was noticed: exceptions that never applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Whether a law holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fate {
    /// It held for every request that exercised it.
    Held,
    /// It does not hold.
    Broken(Box<Witness>),
    /// No request exercised it, so nobody knows. That is a failure: the law does not say what it
    /// was meant to say, or the policy lost what it was about.
    Vacuous {
        /// Why none did, as far as that can be told.
        why: String,
    },
}

/// A small request for which a law does not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Witness {
    /// The request, as `tower-mesh decide` takes it.
    pub question: Question,
    /// What is wrong.
    pub why: String,
    /// The rule that took it, as `route/rule`; absent if none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where that rule is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// What becomes of the request.
    pub answer: Answer,
    /// What became of it under the old policy, where two are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Answer>,
    /// In what the two differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Why it fares so, under the policy that is tested. In JSON it is left out: whoever wants it
    /// gives the question to `tower-mesh explain`.
    #[serde(skip)]
    pub explanation: Option<Explanation>,
}

impl Verdict {
    /// Whether the law holds, and was exercised.
    pub fn holds(&self) -> bool {
        self.fate == Fate::Held
    }

    /// The request for which the law does not hold, if one was found.
    pub fn witness(&self) -> Option<&Witness> {
        match &self.fate {
            Fate::Broken(witness) => Some(witness),
            _ => None,
        }
    }
}

/// For people: what the law says, and several lines if it is broken.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            law,
            cases,
            exercised,
            ..
        } = self;
        match &self.fate {
            Fate::Held => write!(f, "holds: {law} ({exercised} of {cases} requests)")?,
            Fate::Broken(_) => write!(f, "broken: {law}")?,
            Fate::Vacuous { why } => {
                write!(
                    f,
                    "vacuous: {law}\n  none of {cases} requests exercised it: {why}"
                )?;
            }
        }
        { self.notes.iter() }.try_for_each(|note| write!(f, "\n  note: {note}"))?;
        match self.witness() {
            Some(witness) => write!(f, "\n{witness}"),
            None => Ok(()),
        }
    }
}

/// What was found, and the question; below them why, as a tree. Without one, what it would show first.
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.explanation.is_none() {
            writeln!(f, "  request   {}", brief::question(&self.question))?;
        }
        writeln!(f, "  found     {}", self.why)?;
        for change in { self.old.iter() }.flat_map(|_| &self.changes) {
            self.tell(*change, f)?;
        }
        if self.explanation.is_none() {
            self.tell_rule(f)?;
        }
        write!(f, "  question  {}", brief::json(&self.question))?;
        { self.explanation.iter() }.try_for_each(|why| write!(f, "{}", Below(why)))
    }
}

impl Witness {
    /// What of the answer was otherwise under the old policy.
    fn tell(&self, change: Change, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = brief::part(&self.answer, change);
        let was = { self.old.as_ref() }.map(|old| brief::part(old, change));
        let was = was.unwrap_or_default();
        writeln!(f, "  {:<9} {was}\n   is now   {is}", change.to_string())
    }

    fn tell_rule(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = brief::fate(&self.answer);
        if self.old.is_none() && fate != self.why {
            writeln!(f, "  fate      {fate}")?;
        }
        match (&self.rule, &self.at) {
            (Some(rule), Some(at)) => writeln!(f, "  rule      {rule} at {at}"),
            (Some(rule), None) => writeln!(f, "  rule      {rule}"),
            (None, _) if self.answer.forwards() => {
                writeln!(f, "  rule      none: no route has the host")
            }
            (None, _) => writeln!(f, "  rule      none"),
        }
    }
}

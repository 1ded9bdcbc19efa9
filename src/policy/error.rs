use crate::policy::trail::Trail;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fmt::Write as _;

/// Something wrong with a policy: where, what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Error {
    /// What kind of thing is wrong, in kebab case. Stable, for tools and for silencing.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub at: Place,
    /// What is wrong.
    pub message: String,
    /// How to mend it. May be empty where the message says all there is to say.
    pub advice: String,
    /// What hides or contradicts the place; each written as a text for machines.
    #[serde(serialize_with = "as_texts")]
    pub because: Vec<Place>,
}

impl Error {
    /// An error at a place that is known by its path only.
    pub(crate) fn new(id: &'static str, at: Trail, message: impl Into<String>) -> Self {
        Self {
            id,
            severity: Severity::Error,
            at: Place::within(at),
            message: message.into(),
            advice: String::new(),
            because: Vec::new(),
        }
    }

    pub(crate) fn info(mut self) -> Self {
        self.severity = Severity::Info;
        self
    }

    pub(crate) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// The same at a line and a column.
    #[cfg(feature = "yaml")]
    pub(crate) fn marked(mut self, mark: crate::policy::tree::Mark) -> Self {
        self.at = self.at.marked(mark);
        self
    }

    #[cfg(feature = "yaml")]
    pub(crate) fn in_file(mut self, file: String) -> Self {
        self.at.file = Some(file);
        self
    }

    pub(crate) fn because(mut self, trail: Trail) -> Self {
        self.because.push(Place::within(trail));
        self
    }
}

/// `mesh.yaml:12:5: routes[0].hosts[1]: message; advice`, with `warning: ` before the message of
/// a warning. One line, but for an advice with an example, whose lines are indented.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = OneLine(f);
        write!(line, "{}", self.at)?;
        if self.at != Place::default() {
            line.write_str(": ")?;
        }
        match self.severity {
            Severity::Error => {}
            Severity::Warning => line.write_str("warning: ")?,
            Severity::Info => line.write_str("info: ")?,
        }
        line.write_str(&self.message)?;
        for (index, place) in self.because.iter().enumerate() {
            let before = if index == 0 { " (see " } else { ", " };
            write!(line, "{before}{place}")?;
        }
        if !self.because.is_empty() {
            line.write_str(")")?;
        }
        if self.advice.is_empty() {
            return Ok(());
        }
        line.write_str("; ")?;
        // An example takes several lines. Indented, none can be taken for a finding of its own.
        for (index, part) in self.advice.split("\n    ").enumerate() {
            if index > 0 {
                line.0.write_str("\n    ")?;
            }
            line.write_str(part)?;
        }
        Ok(())
    }
}

/// Writes control characters as escapes: messages quote what people wrote, and a terminal obeys
/// what it is sent.
struct OneLine<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            match part.char_indices().next_back() {
                Some((end, last)) if last.is_control() => {
                    self.0.write_str(&part[..end])?;
                    write!(self.0, "{}", last.escape_default())?;
                }
                _ => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// `document 2 routes[3]`.
fn as_texts<S: serde::Serializer>(places: &[Place], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(places.iter().map(|place| {
        let text = format!("{} {}", place.document, place.path);
        text.trim().to_owned()
    }))
}

/// How bad something is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It works, but hardly as it was meant.
    Warning,
    /// The policy cannot be used.
    Error,
}

/// Where something is: in which file and document, at which line and column, under which path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Place {
    /// The file or whatever else the text came from; absent for policies made in code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The document in the file, such as `document 2`; empty for policies made in code.
    pub document: String,
    /// The path within the document, such as `routes[0].hosts[1]`; empty for all of it.
    pub path: String,
    /// The path as it can be followed.
    #[serde(skip)]
    pub(crate) trail: Trail,
}

impl Place {
    pub(crate) fn within(trail: Trail) -> Self {
        Self {
            path: trail.to_string(),
            trail,
            ..Self::default()
        }
    }

    #[cfg(feature = "yaml")]
    pub(crate) fn marked(mut self, mark: crate::policy::tree::Mark) -> Self {
        self.line = Some(mark.line);
        self.column = Some(mark.column);
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            f.write_str(file)?;
            separator = ":";
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            if self.file.is_none() {
                f.write_str("line ")?;
            }
            write!(f, "{separator}{line}:{column}")?;
        }
        if self.path.is_empty() {
            return Ok(());
        }
        if self.file.is_some() || self.line.is_some() {
            f.write_str(": ")?;
        }
        f.write_str(&self.path)
    }
}

/// Why a policy cannot be used: all that is wrong with it, at least one thing. Warnings stand
/// among the errors, as their cause is often the same.
#[derive(Clone, PartialEq)]
pub struct Errors(Vec<Error>);

impl Errors {
    /// Makes one of what was found, if any of it is an error.
    pub fn from_findings(findings: Vec<Error>) -> Option<Self> {
        findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
            .then_some(Self(findings))
    }

    /// The errors, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Error> {
        self.0.iter()
    }

    /// The errors, by place.
    pub fn as_slice(&self) -> &[Error] {
        &self.0
    }

    /// The errors, by place.
    pub fn into_vec(self) -> Vec<Error> {
        self.0
    }
}

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a Errors {
    type Item = &'a Error;
    type IntoIter = std::slice::Iter<'a, Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Errors {
    type Item = Error;
    type IntoIter = std::vec::IntoIter<Error>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One line for each.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

/// As for people: so a `main` that returns them, or an `unwrap`, shows them.
impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Errors {}

use crate::explain::Explanation;
use std::fmt;

/// An explanation below what it explains: apart by an empty line, and indented.
pub(in crate::testing) struct Below<'a>(pub(in crate::testing) &'a Explanation);

impl fmt::Display for Below<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        let text = self.0.to_string();
        text.lines().try_for_each(|line| match line {
            "" => writeln!(f),
            line => write!(f, "\n    {line}"),
        })
    }
}

use crate::policy::Place;
use crate::testing::coverage::minimum::{Minimum, is_reached, plain};
use crate::testing::coverage::{Covered, Missed};
use std::fmt;

/// What is covered beside what must be, for people.
struct Told<'a> {
    covered: &'a Covered,
    minimum: Minimum,
}

impl Covered {
    /// Each kind of part on a line, with what is required of it, and below it every part that was
    /// missed: `mesh.yaml:12:9: reviews/beta`.
    ///
    /// ```
    /// # #[cfg(feature = "yaml")] {
    /// use tower_mesh::testing::Subject;
    /// use tower_mesh::testing::coverage::Minimum;
    ///
    /// let mesh = Subject::load("examples/mesh.yaml").unwrap();
    /// mesh.decide(&http::Request::get("http://reviews/").body(()).unwrap());
    /// let covered = mesh.covered();
    /// let told = covered.told(Minimum::none().rules(100)).to_string();
    /// assert!(told.starts_with("rules: 1 of 2 (50 %), but 100 % required\n"), "{told}");
    /// assert!(told.contains("\n  examples/mesh.yaml:18:9: reviews/beta\n"), "{told}");
    /// # }
    /// ```
    pub fn told(&self, minimum: Minimum) -> impl fmt::Display {
        Told {
            covered: self,
            minimum,
        }
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, share, wanted)) in
            self.minimum.kinds(self.covered).into_iter().enumerate()
        {
            let line = if index == 0 { "" } else { "\n" };
            write!(f, "{line}{name}: {share}")?;
            match wanted {
                None => {}
                Some(wanted) if is_reached(wanted, share) => {
                    write!(f, ", {} % required", plain(wanted))?;
                }
                Some(wanted) => write!(f, ", but {} % required", plain(wanted))?,
            }
            for missed in &share.missed {
                write!(f, "\n  {missed}")?;
            }
        }
        Ok(())
    }
}

/// `mesh.yaml:12:9: reviews/beta`.
impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Spot(&self.at), self.name)
    }
}

/// A place as compilers write it, without the path; the path where no line is known.
pub(in crate::testing) struct Spot<'a>(pub(in crate::testing) &'a Place);

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.file, self.0.line, self.0.column) {
            (Some(file), Some(line), Some(column)) => write!(f, "{file}:{line}:{column}"),
            (None, Some(line), Some(column)) => write!(f, "line {line}:{column}"),
            _ => write!(f, "{}", self.0),
        }
    }
}

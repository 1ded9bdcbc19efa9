use std::error::Error;
use std::fmt;

/// A law that a layer has broken, and how.
///
/// `Debug` says the same as `Display`, so that a test which unwraps it can be read.
#[derive(Clone, Eq, PartialEq)]
pub struct Violation {
    law: &'static str,
    what: String,
}

impl Violation {
    pub(super) fn new(law: &'static str, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { law, what }
    }

    /// The name of the probe.
    pub fn law(&self) -> &'static str {
        self.law
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.what)
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Violation {}

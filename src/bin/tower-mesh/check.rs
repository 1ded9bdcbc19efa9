use crate::{Verdict, documents, unless_closed};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fmt;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use tower_mesh::policy::{Error, Severity};

/// Finds what is wrong with a policy, and what can hardly be meant
///
/// Prints one finding a line and how many there are. Exit codes: 0 nothing at or above --fail-on,
/// 1 something, 2 a file that cannot be read.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Files, folders or `-` for standard input
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Lines for people, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// From which severity on a finding fails the check
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FailOn {
    #[default]
    Error,
    Warning,
    Info,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Error],
    /// What became of each field of imported documents: native ones are taken as they are.
    report: [(); 0],
}

impl Check {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        let Some(read) = documents::read(&self.policies) else {
            return Ok(Verdict::Unusable);
        };
        let findings = read.findings.as_slice();
        let fails = |finding: &Error| finding.severity >= self.fail_on.severity();
        let verdict = match findings.iter().any(fails) {
            true => Verdict::Findings,
            false => Verdict::Fine,
        };
        print(self.format, findings).or_else(unless_closed)?;
        Ok(verdict)
    }
}

fn print(format: Format, findings: &[Error]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => {
            for finding in findings {
                writeln!(out, "{finding}")?;
            }
            writeln!(out, "{}", Count(findings))?;
        }
        Format::Json => {
            let report = Report {
                findings,
                report: [],
            };
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    out.flush()
}

/// `2 errors, 1 warning`.
struct Count<'a>(&'a [Error]);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing found");
        }
        let mut comma = "";
        for (severity, one, several) in [
            (Severity::Error, "error", "errors"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Info, "info", "infos"),
        ] {
            let of_it = self.0.iter().filter(|finding| finding.severity == severity);
            match of_it.count() {
                0 => continue,
                1 => write!(f, "{comma}1 {one}")?,
                count => write!(f, "{comma}{count} {several}")?,
            }
            comma = ", ";
        }
        Ok(())
    }
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        }
    }
}

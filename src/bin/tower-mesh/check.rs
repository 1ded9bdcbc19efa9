use crate::{Verdict, documents, unless_closed};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fmt;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use tower_mesh::import::{Entry, Read, Status};
use tower_mesh::policy::{Error, Severity};

/// Finds what is wrong with a policy, and what can hardly be meant
///
/// Prints one finding a line and how many there are, and between them what became of each field of
/// an imported document that is not applied as it is. Exit codes: 0 nothing at or above --fail-on
/// and nothing denied, 1 something, 2 a file that cannot be read.
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
    /// Which fates of imported fields fail the check; each stands for itself only
    #[arg(long, value_enum, value_name = "STATUS", value_delimiter = ',')]
    deny: Vec<Deny>,
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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    Approximated,
    Ignored,
    Refused,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Error],
    report: &'a [Entry],
}

impl Check {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        let Some(read) = documents::read(&self.policies) else {
            return Ok(Verdict::Unusable);
        };
        let fails = |finding: &Error| finding.severity >= self.fail_on.severity();
        let denied = |entry: &Entry| {
            let mut denied = self.deny.iter();
            denied.any(|denied| denied.status() == entry.status)
        };
        let denied = read.report.iter().any(denied);
        let verdict = match denied || read.findings.iter().any(fails) {
            true => Verdict::Findings,
            false => Verdict::Fine,
        };
        print(self.format, &read, denied).or_else(unless_closed)?;
        Ok(verdict)
    }
}

fn print(format: Format, read: &Read, denied: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let Read {
        findings, report, ..
    } = read;
    match format {
        Format::Text => {
            for finding in findings {
                writeln!(out, "{finding}")?;
            }
            let mut fields = 0;
            for entry in topmost(report) {
                writeln!(out, "{entry}")?;
                fields += 1;
            }
            let count = Count {
                findings,
                fields,
                denied,
            };
            writeln!(out, "{count}")?;
        }
        Format::Json => {
            serde_json::to_writer(&mut out, &Report { findings, report })?;
            writeln!(out)?;
        }
    }
    out.flush()
}

/// What is not applied, without the parts of what has been told as a whole.
fn topmost(report: &[Entry]) -> impl Iterator<Item = &Entry> {
    let mut told: Option<&Entry> = None;
    // Containers stand before what they hold.
    report.iter().filter(move |&entry| {
        let new = entry.status != Status::Applied && !told.is_some_and(|told| entry.lies_in(told));
        if new {
            told = Some(entry);
        }
        new
    })
}

/// `2 errors, 1 warning, 3 fields not applied as they are, denied`.
struct Count<'a> {
    findings: &'a [Error],
    /// How many fields of imported documents are not applied as they are.
    fields: usize,
    denied: bool,
}

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() && self.fields == 0 {
            return f.write_str("nothing found");
        }
        let mut comma = "";
        for (severity, one, several) in [
            (Severity::Error, "error", "errors"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Info, "info", "infos"),
        ] {
            let of_it = self.findings.iter();
            let of_it = of_it.filter(|finding| finding.severity == severity);
            match of_it.count() {
                0 => continue,
                1 => write!(f, "{comma}1 {one}")?,
                count => write!(f, "{comma}{count} {several}")?,
            }
            comma = ", ";
        }
        match self.fields {
            0 => {}
            1 => write!(f, "{comma}1 field not applied as it is")?,
            count => write!(f, "{comma}{count} fields not applied as they are")?,
        }
        // Or nobody would know why a check fails that finds nothing wrong.
        f.write_str(if self.denied { ", denied" } else { "" })
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

impl Deny {
    fn status(self) -> Status {
        match self {
            Self::Approximated => Status::Approximated,
            Self::Ignored => Status::Ignored,
            Self::Refused => Status::Refused,
        }
    }
}

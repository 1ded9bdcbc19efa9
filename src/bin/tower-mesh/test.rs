use crate::{Verdict, complain, documents, unless_closed};
use clap::{Args, ValueEnum};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use tower_mesh::Plan;
use tower_mesh::policy::{Errors, Severity, Workload};
use tower_mesh::testing::Subject;
use tower_mesh::testing::cases::{Cases, Report};
use tower_mesh::testing::coverage::Minimum;

/// Tests a policy with files of cases and laws, and counts what of the policy they exercise
///
/// A case is a request and what is expected of the decision about it, in the words of `decide`:
///
///   cases:
///     - name: testers get v2
///       request: { url: http://reviews/, headers: { x-beta: "1" } }
///       expect: { rule: beta, backends: [reviews/v2] }
///
/// A law is what must hold for every request, and is checked with generated ones:
///
///   laws:
///     - requests: { host: reviews, headers: { x-beta: "1" } }
///       only: [reviews/v2]
///
/// Prints the cases and laws that failed and why, how many passed, and which rules, matches and
/// destinations none has come to. Exit codes: 0 all is as expected, 1 a case failed, a law does not
/// hold or was never exercised, less is covered than is required or the policy has errors, 2 a file
/// that cannot be used: cases that are no requests, expectations that name what the policy does not
/// have.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Test {
    /// Files, folders or `-` for standard input
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// A file or folder of cases, or `-` for standard input; may be given several times
    #[arg(long, required = true, value_name = "FILE")]
    cases: Vec<PathBuf>,
    /// Lines for people, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How much must be covered, in percent; what is not said is as the cases' files have it
    #[arg(long, value_name = "rules=N,matches=N,destinations=N")]
    require: Option<Minimum>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl Test {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        let paths = self.policies.iter().chain(&self.cases);
        if paths.filter(|path| documents::is_stdin(path)).count() > 1 {
            complain(&"-: standard input can be read once; name the other files");
            return Ok(Verdict::Unusable);
        }
        // All that is unusable is told, whichever file it is in.
        let read = documents::read(&self.policies);
        let mut verdict = read
            .as_ref()
            .map_or(Verdict::Unusable, documents::tell_errors);
        let cases = documents::open(&self.cases).map(|cases| Cases::from_documents(&cases));
        let cases = cases.and_then(told);
        let (Some(read), Some(cases)) = (read, cases) else {
            return Ok(Verdict::Unusable);
        };
        if verdict == Verdict::Unusable {
            return Ok(verdict);
        }
        let plan = Plan::lenient(&read.policy, &Workload::default(), None);
        let mesh = Subject::of(plan.written_at(read.places));
        let Some(mut report) = told(mesh.check_cases(&cases)) else {
            return Ok(Verdict::Unusable);
        };
        let findings = read.findings.into_iter();
        let errors = findings.filter(|finding| finding.severity == Severity::Error);
        report.findings = errors.collect();
        report.required = report
            .required
            .overruled_by(self.require.unwrap_or_default());
        if !report.passed() {
            verdict = Verdict::Findings;
        }
        print(self.format, &report).or_else(unless_closed)?;
        Ok(verdict)
    }
}

/// What came of it; what is wrong is told.
fn told<T>(result: Result<T, Errors>) -> Option<T> {
    result.map_err(|errors| complain(&errors)).ok()
}

fn print(format: Format, report: &Report) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Text => write!(out, "{report}")?,
        Format::Json => serde_json::to_writer(&mut out, report)?,
    }
    writeln!(out)?;
    out.flush()
}

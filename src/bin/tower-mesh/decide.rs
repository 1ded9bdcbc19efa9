use crate::lines::{Line, Lines};
use crate::{Verdict, complain, documents, unless_closed};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use tower_mesh::Plan;
use tower_mesh::explain::{Answer, Question};
use tower_mesh::policy::Workload;
use tower_mesh::rng::Rng;

/// Says what a policy does with each request of standard input
///
/// Reads questions as JSON Lines, such as {"authority":"reviews","path":"/"}, and writes an answer
/// for each, in their order; empty lines are passed over. A line that is no question is answered
/// with {"error":{"line":3,"message":"..."}}.
///
/// A question may say `method`, `scheme`, `headers` ([["x-beta","1"]]), who asks as `source`
/// ({"namespace":"prod","labels":{"role":"tester"},"ip":"10.0.0.9"}), and the `gateway`
/// ("prod/edge") and `port` at which it arrives. At a gateway that the policy does not have there
/// is no route.
///
/// Exit codes: 0 all decided, 1 decided by a policy with errors, 2 a line that is no question or a
/// policy that cannot be read.
#[derive(Args, Debug)]
pub(crate) struct Decide {
    /// Files or folders
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Draw as a mesh with this seed would: the first question gets its first draw, and so on
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// JSON Lines are all there is
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Json,
}

/// What stands in the place of an answer to what is no question.
#[derive(Serialize)]
struct Failed<'a> {
    error: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    line: u64,
    message: &'a str,
}

impl Decide {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        if self.policies.iter().any(|path| documents::is_stdin(path)) {
            complain(&"-: standard input holds the questions; name the policy's files");
            return Ok(Verdict::Unusable);
        }
        let Some(read) = documents::read(&self.policies) else {
            return Ok(Verdict::Unusable);
        };
        let mut verdict = documents::tell_errors(&read);
        if verdict == Verdict::Unusable {
            return Ok(verdict);
        }
        let session = Session {
            plan: Plan::lenient(&read.policy, &Workload::default(), None),
            rng: self.seed.map(Rng::seeded),
        };
        let Format::Json = self.format;
        let answered = session.answer_all(io::stdin().lock(), io::stdout().lock(), &mut verdict);
        answered.or_else(unless_closed)?;
        Ok(verdict)
    }
}

/// What answers need.
struct Session {
    plan: Plan,
    rng: Option<Rng>,
}

impl Session {
    fn answer_all(
        &self,
        questions: impl Read,
        answers: impl Write,
        verdict: &mut Verdict,
    ) -> io::Result<()> {
        let mut lines = Lines::new(questions);
        let mut out = BufWriter::with_capacity(BUFFER, answers);
        loop {
            // Whoever asks one by one waits for the answer before asking on.
            if lines.may_wait() {
                out.flush()?;
            }
            let Some((number, line)) = lines.next()? else {
                break;
            };
            let answer = match line {
                Line::TooLong => Err(TOO_LONG.to_owned()),
                Line::Whole(line) => {
                    let line = line.strip_prefix(MARK).unwrap_or(line).trim_ascii();
                    if line.is_empty() {
                        continue;
                    }
                    self.answer(line)
                }
            };
            match &answer {
                Ok(answer) => serde_json::to_writer(&mut out, answer)?,
                Err(message) => {
                    *verdict = Verdict::Unusable;
                    complain(&format_args!("line {number}: {message}"));
                    let error = Failure {
                        line: number,
                        message,
                    };
                    serde_json::to_writer(&mut out, &Failed { error })?;
                }
            }
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    fn answer(&self, line: &[u8]) -> Result<Answer, String> {
        // Drawn for what is no question, too: mending it must not change the others' answers.
        let chance = self.rng.as_ref().map(Rng::chance);
        // serde would read a list as a question, too, field by field.
        if !line.trim_ascii_start().starts_with(b"{") {
            return Err(
                "a question is an object: {\"authority\":\"reviews\",\"path\":\"/\"}".into(),
            );
        }
        let question: Question = serde_json::from_slice(line).map_err(|error| told(&error))?;
        let answer = match chance {
            Some(chance) => self.plan.answer_by(&question, chance),
            None => self.plan.answer(&question),
        };
        answer.map_err(|error| error.to_string())
    }
}

/// What is wrong with the JSON, without its line, which is always the first.
pub(crate) fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((what, column)) => format!("column {column}: {what}"),
        None => text,
    }
}

const TOO_LONG: &str = "it is longer than 1 MiB; ask something shorter";

/// What some editors and shells begin a text with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// As much as a pipe of Linux holds.
const BUFFER: usize = 64 << 10;

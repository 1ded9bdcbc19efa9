//! The command `tower-mesh`: what a policy does, before it ships.
#![forbid(unsafe_code)]

mod check;
mod decide;
mod documents;
mod explain;
mod export;
mod lines;
mod schema;
mod test;

use clap::{Parser, Subcommand};
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Checks policies and says what they do with requests, without a network.
///
/// Policies are files, folders of *.yaml, *.yml and *.json files, or `-` for standard input.
///
/// Exit codes: 0 all is well, 1 something is wrong with the policy, 2 the input cannot be used.
#[derive(Debug, Parser)]
#[command(name = "tower-mesh", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Decide(decide::Decide),
    Explain(explain::Explain),
    Export(export::Export),
    Schema(schema::Schema),
    Test(test::Test),
}

fn main() -> ExitCode {
    // Wrong usage ends here, with 2 as its exit code.
    let verdict = match Cli::parse().command {
        Command::Check(check) => check.run(),
        Command::Decide(decide) => decide.run(),
        Command::Explain(explain) => explain.run(),
        Command::Export(export) => export.run(),
        Command::Schema(schema) => schema.run(),
        Command::Test(test) => test.run(),
    };
    let verdict = verdict.unwrap_or_else(|error| {
        complain(&error);
        Verdict::Unusable
    });
    ExitCode::from(verdict as u8)
}

/// How it went; the number is the exit code, and the greater one counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Verdict {
    Fine = 0,
    Findings = 1,
    Unusable = 2,
}

/// Says something to whoever looks on. Nobody may be there, which is no reason to stop.
fn complain(what: &dyn fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{what}");
}

/// Whoever reads what is printed may have seen enough, such as `head`: nothing is wrong then.
fn unless_closed(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }
}

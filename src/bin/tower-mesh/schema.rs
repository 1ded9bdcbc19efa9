use crate::{Verdict, unless_closed};
use clap::Args;
use std::io::{self, Write as _};

/// Prints the JSON Schema of native policies, for editors
///
/// Takes no policy. With the schema in a file, a first line such as
/// `# yaml-language-server: $schema=policy.schema.json` lets an editor complete and check what is
/// written below it.
#[derive(Args, Debug)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        let printed = io::stdout().lock().write_all(SCHEMA.as_bytes());
        printed.or_else(unless_closed)?;
        Ok(Verdict::Fine)
    }
}

/// The file and not what the code would generate: a test holds the two together, and the command
/// needs no more dependencies for it.
const SCHEMA: &str = include_str!("../../../schema/policy.schema.json");

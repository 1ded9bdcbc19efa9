use crate::{Verdict, complain, documents, unless_closed};
use clap::{Args, ValueEnum};
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use tower_mesh::import::{Documents, Read, Status};
use tower_mesh::policy::Severity;

/// Writes a policy in another form, all documents as one
///
/// `native` is one document of this project, which decides as the documents did and has what is
/// default left out. Exit codes: 0 written, 1 written, but the policy has errors, 2 nothing
/// written: the policy cannot be read or not be said in that form.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// Files, folders or `-` for standard input
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// The form to write
    #[arg(long, value_enum, default_value_t)]
    to: Target,
    /// YAML, or the same as JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where to write, in place of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Target {
    /// This project's own YAML
    #[default]
    Native,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

impl Export {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        let Some(read) = documents::read(&self.policies) else {
            return Ok(Verdict::Unusable);
        };
        let mut verdict = Verdict::Fine;
        let errors = read.findings.iter();
        for error in errors.filter(|finding| finding.severity == Severity::Error) {
            complain(error);
            verdict = Verdict::Findings;
        }
        if read.unreadable {
            return Ok(Verdict::Unusable);
        }
        let text = match self.to {
            Target::Native => native(&read, self.format)?,
        };
        let Some(text) = text else {
            return Ok(Verdict::Unusable);
        };
        tell_losses(&read);
        self.write(&text)?;
        Ok(verdict)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        match &self.output {
            Some(path) => fs::write(path, text).map_err(|error| {
                let why = format!("{}: cannot be written: {error}", path.display());
                io::Error::new(error.kind(), why)
            }),
            None => {
                let mut out = io::stdout().lock();
                let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
                written.or_else(unless_closed)
            }
        }
    }
}

/// `None`, and why is told, if nobody could read it again.
fn native(read: &Read, format: Format) -> io::Result<Option<String>> {
    let text = match format {
        Format::Yaml => read.policy.to_yaml(),
        Format::Json => escaped(&serde_json::to_string_pretty(&read.policy)?) + "\n",
    };
    // Many files may hold more than one file may.
    let again = Documents::new().add_text("the export", &*text).read();
    if again.policy == read.policy {
        return Ok(Some(text));
    }
    for error in &again.findings {
        complain(error);
    }
    complain(&"the policy does not read back as it is, so it is not written; export parts of it");
    Ok(None)
}

/// JSON may hold characters that are not to be seen, YAML may not, and is what reads it again.
fn escaped(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // Outside texts there is none.
            '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                whole.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => whole.push(letter),
        }
    }
    whole
}

/// What becomes of imported fields is `check`'s matter, but whoever throws the originals away
/// should know that there is something to look at.
fn tell_losses(read: &Read) {
    let report = read.report.iter();
    match report
        .filter(|entry| entry.status != Status::Applied)
        .count()
    {
        0 => {}
        1 => complain(&"1 imported field is not applied as it is: `tower-mesh check` tells which"),
        count => complain(&format_args!(
            "{count} imported fields are not applied as they are: `tower-mesh check` tells which"
        )),
    }
}

use crate::{Verdict, complain, documents, unless_closed};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::fs;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use tower_mesh::Plan;
use tower_mesh::export::Envoy;
use tower_mesh::import::{Documents, Read, Status};
use tower_mesh::policy::{Severity, Workload};

/// Writes a policy in another form, all documents as one
///
/// `native` is one document of this project, which decides as the documents did and has what is
/// default left out. `envoy` is the static configuration of an Envoy that does the same, for
/// gateways and for clients in the mesh; what Envoy cannot do is told. Exit codes: 0 written, 1
/// written, but the policy has errors or something is not as the policy has it, 2 nothing written:
/// the policy cannot be read or not be said in that form.
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
    /// For envoy: this gateway alone, as `namespace/name`
    #[arg(long, value_name = "GATEWAY", conflicts_with = "mesh")]
    gateway: Option<String>,
    /// For envoy: what clients in the mesh find alone
    #[arg(long)]
    mesh: bool,
    /// For envoy: the namespace of the client whose proxy it is, `default` unless it is named
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// For envoy: the address on which it listens, `0.0.0.0` unless it is named
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Target {
    /// This project's own YAML
    #[default]
    Native,
    /// The bootstrap configuration of an Envoy 1.40 or later
    Envoy,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

impl Export {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        if let Some(why) = self.misunderstood() {
            complain(&why);
            return Ok(Verdict::Unusable);
        }
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
            Target::Envoy => self.envoy(&read, &mut verdict)?,
        };
        let Some(text) = text else {
            return Ok(Verdict::Unusable);
        };
        tell_losses(&read);
        self.write(&text)?;
        Ok(verdict)
    }

    /// What the command line asks for and cannot mean: better said than passed over.
    fn misunderstood(&self) -> Option<String> {
        if let Target::Native = self.to {
            let given = [
                ("--gateway", self.gateway.is_some()),
                ("--mesh", self.mesh),
                ("--namespace", self.namespace.is_some()),
                ("--listen", self.listen.is_some()),
            ];
            let (option, _) = given.into_iter().find(|(_, given)| *given)?;
            return Some(format!(
                "{option}: native documents hold the whole policy; add `--to envoy`, or leave it out"
            ));
        }
        let namespace = self.namespace.as_deref()?;
        let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (namespace.is_empty() || !namespace.bytes().all(inside)).then(|| {
            format!(
                "--namespace: `{namespace}` is no namespace; \
                 write small letters, digits and hyphens"
            )
        })
    }

    /// `None`, and why is told, if there is no such gateway.
    fn envoy(&self, read: &Read, verdict: &mut Verdict) -> io::Result<Option<String>> {
        let part = match &self.gateway {
            Some(name) if read.policy.gateways.contains_key(name) => Envoy::gateway(name),
            Some(name) => {
                let known = known(read.policy.gateways.keys());
                complain(&format_args!(
                    "--gateway: there is no gateway `{name}`; {known}"
                ));
                return Ok(None);
            }
            None if self.mesh => Envoy::mesh(),
            None => Envoy::everything(),
        };
        let workload = Workload::new(self.namespace.as_deref().unwrap_or("default"));
        let plan = Plan::lenient(&read.policy, &workload, None);
        let part = match self.listen {
            Some(address) => part.listen(address.to_string()),
            None => part,
        };
        let exported = part.export(&plan);
        for note in &exported.notes {
            complain(note);
            *verdict = Verdict::Findings;
        }
        Ok(Some(match self.format {
            Format::Yaml => exported.to_yaml(),
            Format::Json => json(&exported.bootstrap)?,
        }))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        match &self.output {
            Some(path) => fs::write(path, text).map_err(|error| {
                let why = format!(
                    "{}: cannot be written: {error}; look at the folder and who may write there",
                    path.display()
                );
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

/// What one may choose from, as far as anybody reads it.
fn known<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const MOST: usize = 12;
    let more = if names.len() > MOST { ", …" } else { "" };
    let quoted: Vec<_> = names.take(MOST).map(|name| format!("`{name}`")).collect();
    match quoted.is_empty() {
        true => "the policy has none, so leave the option out or add a gateway".to_owned(),
        false => format!("there are {}{more}", quoted.join(", ")),
    }
}

/// `None`, and why is told, if nobody could read it again.
fn native(read: &Read, format: Format) -> io::Result<Option<String>> {
    let text = match format {
        Format::Yaml => read.policy.to_yaml(),
        Format::Json => json(&read.policy)?,
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

/// JSON may hold characters that are not to be seen, YAML may not, and it is as YAML that it is
/// read again: they are escaped.
fn json(value: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string_pretty(value)?;
    let mut whole = String::with_capacity(json.len() + 1);
    for letter in json.chars() {
        match letter {
            // Outside texts there is none.
            '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                whole.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => whole.push(letter),
        }
    }
    whole.push('\n');
    Ok(whole)
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

use crate::decide::told;
use crate::{Verdict, complain, documents, unless_closed};
use clap::{Args, ValueEnum};
use std::fmt;
use std::io::{self, BufWriter, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use tower_mesh::Plan;
use tower_mesh::explain::{Explanation, Question};
use tower_mesh::policy::Workload;
use tower_mesh::rng::Rng;

/// Says why a policy does with a request what it does
///
/// Prints a sentence and a tree: where the request came in, which host took it and which routes
/// wanted it, too, each rule that was tried with the first thing that did not fit, faults, limits,
/// the split, what is changed on the way to each destination, and its endpoints; with file and line.
///
/// The request is a method and a URL, `GET http://reviews/api/1`, or a question in JSON as
/// `tower-mesh decide` reads it. The values of authorization, cookie, proxy-authorization,
/// set-cookie and x-api-key are shown as `…` unless --show-secrets is given; JSON has them as they
/// are.
///
/// Exit codes: 0 explained, 1 explained by a policy with errors, 2 nothing to explain: no request,
/// or a policy that cannot be read.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Files, folders or `-` for standard input
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Method and URL, or a question in JSON
    #[arg(short, long, value_name = "REQUEST")]
    request: String,
    /// A header of the request; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The gateway at which it arrives; the port says whether it comes over TLS
    #[arg(long, value_name = "NS/NAME")]
    gateway: Option<String>,
    /// The gateway's port; its lowest if none is named
    #[arg(long, value_name = "N", requires = "gateway")]
    port: Option<u16>,
    /// The namespace of the client
    #[arg(long, value_name = "NAMESPACE")]
    from: Option<String>,
    /// A label of the client; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Draw as a mesh with this seed would for its first request
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Show the values of headers that are secrets
    #[arg(long)]
    show_secrets: bool,
    /// A tree for people, or one JSON object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl Explain {
    pub(crate) fn run(self) -> io::Result<Verdict> {
        // Both are told, what is wrong with the request and with the policy.
        let question = self
            .question()
            .inspect_err(|wrong| wrong.iter().for_each(|w| complain(w)));
        let Some(mut read) = documents::read(&self.policies) else {
            return Ok(Verdict::Unusable);
        };
        let verdict = documents::tell_errors(&read);
        let Ok(question) = question else {
            return Ok(Verdict::Unusable);
        };
        if verdict == Verdict::Unusable {
            return Ok(verdict);
        }
        let places = std::mem::take(&mut read.places);
        let plan = Plan::lenient(&read.policy, &Workload::default(), None).written_at(places);
        let chance = self.seed.map(|seed| Rng::seeded(seed).chance());
        let explanation = match plan.explain_question(&question, chance) {
            Ok(explanation) => explanation,
            Err(error) => {
                complain(&format_args!("--request: {error}"));
                return Ok(Verdict::Unusable);
            }
        };
        self.print(&explanation).or_else(unless_closed)?;
        Ok(verdict)
    }

    fn print(&self, explanation: &Explanation) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        match self.format {
            Format::Text if self.show_secrets => write!(out, "{}", explanation.with_secrets())?,
            Format::Text => write!(out, "{explanation}")?,
            Format::Json => {
                serde_json::to_writer(&mut out, explanation)?;
                writeln!(out)?;
            }
        }
        out.flush()
    }

    /// What the arguments ask, or all that is wrong with them.
    fn question(&self) -> Result<Question, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut question = self.request().unwrap_or_else(|what| {
            wrong.push(Wrong::new("--request", what));
            Question::new("a", "/")
        });
        for (number, header) in (1..).zip(&self.headers) {
            match header.split_once(':') {
                Some((name, value)) => {
                    let value = value.trim_matches([' ', '\t']);
                    question.headers.push((name.to_owned(), value.to_owned()));
                    if let Err(error) = http_header(name, value) {
                        wrong.push(Wrong::nth("--header", number, error));
                    }
                }
                None => wrong.push(Wrong::nth(
                    "--header",
                    number,
                    format!("{header:?} is no header; write its name and value: \"x-beta: 1\""),
                )),
            }
        }
        for (number, label) in (1..).zip(&self.labels) {
            match label.split_once('=').filter(|(name, _)| !name.is_empty()) {
                Some((name, value)) => {
                    let source = question.source.get_or_insert_default();
                    source.labels.insert(name.to_owned(), value.to_owned());
                }
                None => wrong.push(Wrong::nth(
                    "--label",
                    number,
                    format!("{label:?} is no label; write its name and value: app=reviews"),
                )),
            }
        }
        if let Some(namespace) = &self.from {
            let source = question.source.get_or_insert_default();
            source.namespace = Some(namespace.clone());
        }
        if let Some(ip) = self.ip {
            question.source.get_or_insert_default().ip = Some(ip);
        }
        if self.gateway.is_some() {
            question.gateway.clone_from(&self.gateway);
            question.port = self.port;
        }
        match wrong.as_slice() {
            [] => Ok(question),
            _ => Err(wrong),
        }
    }

    fn request(&self) -> Result<Question, String> {
        if self.request.trim_start().starts_with('{') {
            return serde_json::from_str(&self.request).map_err(|error| told(&error));
        }
        let mut question: Question = self.request.parse().map_err(|error| format!("{error}"))?;
        // A URL has to name a scheme; at a gateway the port knows it.
        if self.gateway.is_some() && question.scheme.as_deref() == Some("http") {
            question.scheme = None;
        }
        Ok(question)
    }
}

/// Says what is wrong with a header.
fn http_header(name: &str, value: &str) -> Result<(), String> {
    let mut question = Question::new("a", "/");
    question.headers.push((name.to_owned(), value.to_owned()));
    match http::Request::try_from(&question) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is wrong with an argument, and which one it is.
#[derive(Debug)]
struct Wrong {
    argument: String,
    what: String,
}

impl Wrong {
    fn new(argument: &str, what: String) -> Self {
        Self {
            argument: argument.to_owned(),
            what,
        }
    }

    fn nth(argument: &str, number: usize, what: String) -> Self {
        Self::new(&format!("{argument} {number}"), what)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.what)
    }
}

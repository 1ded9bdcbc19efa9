use crate::explain::Question;
use crate::policy::trail::Trail;
use crate::policy::tree::{Document, Entry, Flaw, Mark, Node, Salvage, Value, documents};
use crate::policy::wording::shortened;
use crate::policy::{Error, Errors};
use crate::testing::cases::asked::Asked;
use crate::testing::cases::expected::ExpectedAnswer;
#[cfg(feature = "testing")]
use crate::testing::cases::laws;
use crate::testing::cases::spots::Spots;
use crate::testing::cases::{Case, Cases};
use crate::testing::coverage::Minimum;
use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use std::collections::HashMap;

/// Cases on their way from texts.
#[derive(Default)]
pub(super) struct Reading {
    cases: Cases,
    /// Which case was the first of a name that was written down.
    names: HashMap<String, usize>,
    errors: Vec<Error>,
    /// Whether there is more that is wrong than anybody would read.
    untold: bool,
}

/// A case as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    request: Asked,
    #[serde(default)]
    seed: Option<u64>,
    expect: ExpectedAnswer,
}

/// The document that is read.
struct Origin<'a> {
    file: Option<&'a str>,
    number: u32,
    label: String,
}

impl Reading {
    /// Reads all documents of a text.
    pub(super) fn add(&mut self, file: Option<&str>, text: &str) {
        let documents = documents(text);
        if documents.is_empty() {
            let error = Error::new("no-cases", Trail::default(), "there are no cases here");
            let error = error.advise("write some: `cases: [{ request: …, expect: … }]`");
            self.tell(
                error.marked(Mark { line: 1, column: 1 }),
                file,
                "document 1",
            );
        }
        for Document {
            number,
            root,
            troubles,
        } in documents
        {
            let label = format!("document {number}");
            for trouble in troubles {
                self.tell(trouble.into(), file, &label);
            }
            if let Some(root) = root {
                let number = self.cases.origins.add(file, &label);
                let origin = Origin {
                    file,
                    number,
                    label,
                };
                self.read(&root, &origin);
            }
        }
    }

    fn read(&mut self, root: &Node, origin: &Origin<'_>) {
        let mut salvage = Salvage::new();
        let top = Trail::default();
        if !matches!(root.value, Value::Mapping(_)) {
            let advice = "write `cases:` above them: `cases: [{ request: …, expect: … }]`";
            let flaw = Flaw::new("wrong-type", "this is no file of cases", advice);
            salvage.report(root.at, top.clone(), flaw);
        }
        for Entry { key, at, value } in root.entries() {
            let trail = top.key(key);
            match key.as_str() {
                "coverage" => {
                    if let Some(minimum) = salvage.read::<Minimum>(value, *at, &trail) {
                        self.cases.minimum = self.cases.minimum.and(minimum);
                    }
                }
                "cases" => self.read_cases(&mut salvage, value, *at, origin),
                "laws" => self.read_laws(&mut salvage, value, *at, origin),
                key => {
                    value.spoil();
                    salvage.report(*at, trail, Flaw::unknown_field(key, FIELDS));
                }
            }
        }
        if salvage.errors.is_empty() && !FIELDS.iter().any(|field| root.get(field).is_some()) {
            salvage.report(root.at, top, nothing());
        }
        let mut errors = salvage.errors;
        errors.sort_by_key(|error| (error.at.line, error.at.column));
        for error in errors {
            self.tell(error, origin.file, &origin.label);
        }
    }

    fn read_cases(&mut self, salvage: &mut Salvage, node: &Node, at: Mark, origin: &Origin<'_>) {
        let trail = Trail::default().key("cases");
        for (index, item) in elements(salvage, node, at, &trail).iter().enumerate() {
            let trail = trail.index(index);
            if let Some(written) = salvage.read::<Written>(item, item.at, &trail) {
                self.take(salvage, written, item, &trail, origin);
            }
        }
    }

    #[cfg(feature = "testing")]
    fn read_laws(&mut self, salvage: &mut Salvage, node: &Node, at: Mark, origin: &Origin<'_>) {
        let trail = Trail::default().key("laws");
        for (index, item) in elements(salvage, node, at, &trail).iter().enumerate() {
            let trail = trail.index(index);
            if let Some(law) = laws::read(salvage, item, item.at, &trail, origin.file) {
                let at = Spots::of(item, &trail, origin.number, |_| true);
                self.cases.laws.push(law);
                self.cases.laws_at.push(at);
            }
        }
    }

    #[cfg(not(feature = "testing"))]
    fn read_laws(&mut self, salvage: &mut Salvage, _: &Node, at: Mark, _: &Origin<'_>) {
        let advice = "build with the feature `testing`";
        let flaw = Flaw::new("unsupported", "laws cannot be checked here", advice);
        salvage.report(at, Trail::default().key("laws"), flaw);
    }

    /// Takes a case, if it makes sense beside the others.
    fn take(
        &mut self,
        salvage: &mut Salvage,
        written: Written,
        node: &Node,
        trail: &Trail,
        origin: &Origin<'_>,
    ) {
        let Written {
            name,
            request,
            seed,
            expect: expected,
        } = written;
        let is_whole = |key: &str| node.get(key).is_some_and(|part| !part.holds_spoilt());
        let question = match request.question() {
            Ok(question) => question,
            Err(flaw) => {
                // What follows from what is told already is not told.
                if is_whole("request") {
                    let (at, trail) = part(node, trail, "request");
                    salvage.report(at, trail, flaw);
                }
                Question::new("", "/")
            }
        };
        if expected.says_nothing() && is_whole("expect") {
            let (at, trail) = part(node, trail, "expect");
            let advice = "write what must hold: `outcome: forward`, `backends: [reviews/v2]`";
            let flaw = Flaw::new("nothing-expected", "nothing is expected", advice);
            salvage.report(at, trail, flaw);
        }
        let number = self.cases.cases.len();
        if let Some(name) = &name {
            let (at, trail) = part(node, trail, "name");
            if name.trim().is_empty() {
                let flaw = Flaw::new("empty-name", "the name is empty", "write one, or none");
                salvage.report(at, trail, flaw);
            } else if let Some(first) = self.names.get(name) {
                let first = &self.cases.cases[*first].at;
                let first = self
                    .cases
                    .origins
                    .place(first, &Trail::default().key("name"));
                let name = shortened(name);
                let message = format!("the name `{name}` is given to two cases");
                let error = Error::new("duplicate-name", trail, message).marked(at);
                let mut error = error.advise("rename one of the two");
                error.because.push(first);
                salvage.errors.push(error);
            } else {
                self.names.insert(name.clone(), number);
            }
        }
        // What is wrong with a request is told by now, but for a gateway that is not there.
        let at_gateway = question.gateway.is_some();
        let at = Spots::of(node, trail, origin.number, |path| match path {
            "request" => at_gateway,
            path => !path.starts_with("request."),
        });
        self.cases.cases.push(Case {
            name: name.unwrap_or_else(|| in_short(&question)),
            question,
            seed,
            expected,
            at,
        });
    }

    fn tell(&mut self, mut error: Error, file: Option<&str>, label: &str) {
        error.at.file = file.map(str::to_owned);
        error.at.document = label.to_owned();
        match self.errors.len() < MOST_ERRORS {
            true => self.errors.push(error),
            false => self.untold = true,
        }
    }

    /// The cases, if nothing is wrong with any of them.
    pub(super) fn finish(mut self) -> Result<Cases, Errors> {
        if self.untold {
            let message = format!("there are more than {MOST_ERRORS} errors");
            let error = Error::new("too-many-errors", Trail::default(), message);
            self.errors.push(error.advise("mend those above first"));
        }
        match Errors::from_findings(self.errors) {
            Some(errors) => Err(errors),
            None => Ok(self.cases),
        }
    }
}

/// The elements of a list that is not to be empty.
fn elements<'a>(salvage: &mut Salvage, node: &'a Node, at: Mark, trail: &Trail) -> &'a [Node] {
    match &node.value {
        Value::Sequence(items) => {
            if items.is_empty() {
                let advice = "write some, or leave the line out";
                let flaw = Flaw::new("empty-list", "there is nothing in the list", advice);
                salvage.report(at, trail.clone(), flaw);
            }
            items
        }
        _ => {
            salvage.read::<Vec<IgnoredAny>>(node, at, trail);
            &[]
        }
    }
}

/// Who writes no cases thinks that something is tested.
fn nothing() -> Flaw {
    let advice = "write some: `cases: [{ request: …, expect: … }]`";
    Flaw::new("no-cases", "there are no cases here", advice)
}

/// Where a field of a case is.
fn part(case: &Node, trail: &Trail, key: &str) -> (Mark, Trail) {
    let (_, at, _) = case.follow(&Trail::default().key(key));
    (at, trail.key(key))
}

/// `GET http://reviews/api/1`.
fn in_short(question: &Question) -> String {
    let method = question.method.as_deref().unwrap_or("GET");
    let scheme = question.scheme.as_deref().unwrap_or("http");
    let (authority, path) = (&question.authority, &question.path);
    shortened(&format!("{method} {scheme}://{authority}{path}"))
}

const FIELDS: &[&str] = &["coverage", "cases", "laws"];
const MOST_ERRORS: usize = 1_000;

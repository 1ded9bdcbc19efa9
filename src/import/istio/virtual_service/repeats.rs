//! Routes and matches that come too late, as Istio's webhook finds them: by what is written, not
//! by what it means.

use crate::import::field::Field;
use crate::policy::Error;
use crate::policy::trail::Trail;
use std::collections::{BTreeMap, HashMap};

/// Tells which of `http`, `tls` or `tcp` no request reaches, and which matches take nothing.
pub(super) fn check(routes: &[Field<'_>]) {
    let mut takes_all: Option<&Field<'_>> = None;
    let mut seen = Seen::default();
    for route in routes.iter().filter(|route| route.is_mapping()) {
        if let Some(first) = takes_all {
            let message = "no request reaches this rule: one before it has no match and takes all";
            unreachable(route, message, first);
            continue;
        }
        let matches = route.peek("match").map(|list| list.elements());
        let matches = matches.unwrap_or_default();
        if matches.is_empty() {
            // What a delegate takes is for the delegate to say.
            if route.peek("delegate").is_none() {
                takes_all = Some(route);
            }
            continue;
        }
        let mut before = Vec::new();
        for entry in &matches {
            match seen.enter(entry) {
                Late::Not => {}
                Late::Repeated(first) => {
                    let message = "the match takes nothing: the same is written before it";
                    ineffective(entry, message, &first);
                    before.push(first);
                }
                Late::Covered(first) => {
                    let message = "the match takes nothing: one before it has a shorter prefix \
                                   and asks for the same otherwise";
                    ineffective(entry, message, &first);
                }
            }
        }
        if let [first, ..] = before.as_slice()
            && before.len() == matches.len()
        {
            let message = "no request reaches this rule: each of its matches is written before it";
            unreachable(route, message, first);
        }
    }
}

fn unreachable(route: &Field<'_>, message: &str, first: &Field<'_>) {
    warn(
        route,
        "unreachable-rule",
        message,
        "move it up, or remove it",
        first,
    );
}

fn ineffective(entry: &Field<'_>, message: &str, first: &Field<'_>) {
    let advice = "remove it, or move its rule up";
    warn(entry, "ineffective-match", message, advice, first);
}

fn warn(at: &Field<'_>, id: &'static str, message: &str, advice: &str, first: &Field<'_>) {
    let mut error = Error::new(id, Trail::default(), message).advise(advice);
    error.because.push(first.place());
    at.tell(error.warning());
}

/// Whether a match comes too late, and after which one.
enum Late<'a> {
    Not,
    Repeated(Field<'a>),
    Covered(Field<'a>),
}

/// The matches so far.
#[derive(Default)]
struct Seen<'a> {
    /// By all that is written in them but their names.
    whole: HashMap<String, Field<'a>>,
    /// Those that ask for a prefix: by all that they ask for beside it, and by the prefix. None of
    /// these is below another, so that what stands next to a text decides whether it is covered.
    prefixes: HashMap<String, BTreeMap<String, Field<'a>>>,
}

impl<'a> Seen<'a> {
    fn enter(&mut self, entry: &Field<'a>) -> Late<'a> {
        let whole = entry.alike(&["name"]);
        if let Some(first) = self.whole.get(&whole) {
            return Late::Repeated(first.clone());
        }
        self.whole.insert(whole, entry.clone());
        let Some(prefix) = prefix(entry) else {
            return Late::Not;
        };
        let rest = entry.alike(&["name", "uri"]);
        let known = self.prefixes.entry(rest).or_default();
        let next = known.range(..=prefix.clone()).next_back();
        if let Some((_, first)) = next.filter(|(next, _)| prefix.starts_with(next.as_str())) {
            return Late::Covered(first.clone());
        }
        let below = known.range(prefix.clone()..);
        let below: Vec<_> = { below.map(|(text, _)| text) }
            .take_while(|text| text.starts_with(&prefix))
            .cloned()
            .collect();
        for text in below {
            known.remove(&text);
        }
        known.insert(prefix, entry.clone());
        Late::Not
    }
}

/// The prefix of the path that a match asks for, in lower case if case is nothing to it.
fn prefix(entry: &Field<'_>) -> Option<String> {
    let prefix = entry.peek("uri")?.peek("prefix")?.as_text()?;
    let any_case = entry.peek("ignoreUriCase").map(|any| any.alike(&[]));
    Some(match any_case.as_deref() == Some("true") {
        true => prefix.to_ascii_lowercase(),
        false => prefix.to_owned(),
    })
}

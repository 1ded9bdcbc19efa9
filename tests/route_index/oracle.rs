//! What a table has to find, read off the words of the semantics one by one: no index, no compiled
//! matcher, nothing shared with either but the policy's own types.

use http::Request;
use regex_automata::meta::Regex;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use tower_mesh::policy::{Header, Host, Match, PathMatch, TextMatch, ValueMatch};

/// A request in plain texts.
#[derive(Clone, Debug)]
pub(crate) struct Asks {
    pub(crate) method: &'static str,
    pub(crate) tls: bool,
    /// As the client wrote it, with its port if it wrote one.
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Asks {
    pub(crate) fn request(&self) -> Request<()> {
        let scheme = if self.tls { "https" } else { "http" };
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        let uri = format!(
            "{scheme}://{}{}{}",
            self.authority,
            self.path,
            query.unwrap_or_default()
        );
        let request = Request::builder().method(self.method).uri(uri);
        let headers = self.headers.iter();
        headers
            .fold(request, |request, (name, value)| {
                request.header(*name, value)
            })
            .body(())
            .unwrap()
    }

    fn scheme(&self) -> &str {
        if self.tls { "https" } else { "http" }
    }

    fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter().filter(move |(there, _)| *there == name);
        // Blanks and tabs around a value are no part of it.
        lines.map(|(_, value)| value.trim_matches([' ', '\t']))
    }
}

thread_local! {
    /// Thousands of them are asked again and again.
    static REGEXES: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// The whole text has to match.
fn regex_takes(pattern: &str, text: &str) -> bool {
    REGEXES.with_borrow_mut(|regexes| {
        let regex = regexes
            .entry(pattern.to_owned())
            .or_insert_with_key(|pattern| {
                // The one that quotes, which this parser does not understand.
                let pattern = pattern.replace(r"\Q.*\E", r"\.\*");
                Regex::new(&format!("^(?:{pattern})$")).unwrap()
            });
        regex.is_match(text)
    })
}

fn text_takes(wanted: &TextMatch, text: &str) -> bool {
    match wanted {
        TextMatch::Exact(exact) => text == exact,
        TextMatch::Prefix(prefix) => text.starts_with(prefix.as_str()),
        TextMatch::Regex(pattern) => regex_takes(pattern.as_str(), text),
    }
}

fn value_takes(wanted: &ValueMatch, value: Option<&str>) -> bool {
    match (wanted, value) {
        (ValueMatch::Present, value) => value.is_some(),
        (ValueMatch::Absent, value) => value.is_none(),
        (_, None) => false,
        (ValueMatch::Exact(exact), Some(value)) => value == exact,
        (ValueMatch::Prefix(prefix), Some(value)) => value.starts_with(prefix.as_str()),
        (ValueMatch::Regex(pattern), Some(value)) => regex_takes(pattern.as_str(), value),
    }
}

/// Of a header that is repeated one line is enough, each on its own.
fn header_takes(name: &str, wanted: &ValueMatch, asks: &Asks) -> bool {
    if name == "host" {
        return value_takes(wanted, Some(&asks.authority));
    }
    let mut lines = asks.lines(name).peekable();
    match lines.peek() {
        None => value_takes(wanted, None),
        Some(_) => lines.any(|line| value_takes(wanted, Some(line))),
    }
}

/// Where none is wanted, a header that is missing counts as empty, but not where it is only asked
/// whether it is there.
fn excluded(name: &str, wanted: &ValueMatch, asks: &Asks) -> bool {
    let missing = name != "host" && asks.lines(name).next().is_none();
    match wanted {
        ValueMatch::Present | ValueMatch::Absent => header_takes(name, wanted, asks),
        _ if missing => value_takes(wanted, Some("")),
        _ => header_takes(name, wanted, asks),
    }
}

fn path_takes(wanted: &PathMatch, any_case: bool, path: &str) -> bool {
    let fold = |text: &str| match any_case {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    };
    match wanted {
        PathMatch::Exact(exact) => fold(path) == fold(exact.as_str()),
        PathMatch::StartsWith(start) => fold(path).starts_with(&fold(start)),
        PathMatch::Prefix(prefix) => {
            let path = fold(path);
            // A slash at its end is ignored; it takes itself and what is below it.
            let prefix = fold(prefix.as_str());
            let prefix = prefix.strip_suffix('/').unwrap_or(&prefix);
            path == prefix || path.starts_with(&format!("{prefix}/"))
        }
        // Case is the pattern's own.
        PathMatch::Regex(pattern) => regex_takes(pattern.as_str(), path),
    }
}

/// The first of that name counts, undecoded; `k` alone is `k=`.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == name {
            return Some(value);
        }
    }
    None
}

/// All that is given has to hold.
pub(crate) fn takes(wanted: &Match, asks: &Asks) -> bool {
    let query = asks.query.as_deref().unwrap_or("");
    let text = |wanted: &Option<TextMatch>, text: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| text_takes(wanted, text))
    };
    let mut headers: std::collections::btree_map::Iter<'_, Header, ValueMatch> =
        wanted.headers.iter();
    let without: &BTreeMap<Header, ValueMatch> = &wanted.without_headers;
    wanted
        .path
        .as_ref()
        .is_none_or(|path| path_takes(path, wanted.ignore_path_case, &asks.path))
        && text(&wanted.method, asks.method)
        && text(&wanted.scheme, asks.scheme())
        && text(&wanted.authority, &asks.authority)
        && headers.all(|(name, value)| header_takes(name.as_str(), value, asks))
        && !without
            .iter()
            .any(|(name, value)| excluded(name.as_str(), value, asks))
        && wanted
            .query
            .iter()
            .all(|(name, value)| value_takes(value, parameter(query, name)))
}

/// The route of a host: the exact name, else the longest wildcard, else `*`; of one name, the one
/// with the port. The first to claim it.
pub(crate) fn route(claims: &[Vec<Host>], asks: &Asks) -> Option<usize> {
    let authority = asks.authority.to_ascii_lowercase();
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (authority.as_str(), None),
    };
    let port: u16 = port.unwrap_or(if asks.tls { 443 } else { 80 });
    let mut best: Option<((bool, usize, bool), usize)> = None;
    for (route, hosts) in claims.iter().enumerate() {
        for host in hosts {
            let covers = match host.name().strip_prefix('*') {
                // At least one byte stands for the star.
                Some(rest) => name.ends_with(rest) && (rest.is_empty() || name.len() > rest.len()),
                None => host.name() == name,
            };
            if !covers || host.port().is_some_and(|there| there != port) {
                continue;
            }
            let rank = (
                !host.is_wildcard(),
                host.name().len(),
                host.port().is_some(),
            );
            if best.is_none_or(|(there, _)| rank > there) {
                best = Some((rank, route));
            }
        }
    }
    best.map(|(_, route)| route)
}

/// How specific a match is in the Gateway API: an exact path, then the longest prefix, then (as
/// Istio has it) expressions; a method; how many headers; how many parameters.
pub(crate) fn rank(wanted: &Match) -> [usize; 5] {
    let (kind, length) = match &wanted.path {
        Some(PathMatch::Exact(path)) => (3, path.as_str().len()),
        // A slash at its end is ignored, so it makes it no longer.
        Some(PathMatch::Prefix(path)) => {
            let path = path.as_str();
            (2, path.strip_suffix('/').unwrap_or(path).len().max(1))
        }
        Some(PathMatch::StartsWith(path)) => (2, path.len()),
        Some(PathMatch::Regex(pattern)) => (1, pattern.as_str().len()),
        None => (2, 1),
    };
    [
        kind,
        length,
        usize::from(wanted.method.is_some()),
        wanted.headers.len(),
        wanted.query.len(),
    ]
}

//! What of a request has to equal a text for a match to take it.

use crate::policy::{Header, Match, PathMatch, TextMatch, ValueMatch};
use crate::route::Asked;
use crate::route::value::parameter;
use http::header::HOST;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Something of a request that has one value, or several of which one is enough.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Fact {
    Method,
    /// Any line of it, without the white space around it.
    Header(Header),
    /// The first parameter of that name.
    Query(Box<str>),
    /// What stands between two slashes of the path: behind so many of them.
    Element(usize),
}

impl Fact {
    /// Shows the values that the request has.
    #[inline]
    pub(super) fn each<'a>(&self, asked: &Asked<'a>, mut show: impl FnMut(&'a [u8])) {
        match self {
            Self::Method => show(asked.method.as_str().as_bytes()),
            Self::Header(name) => {
                for line in asked.headers.get_all(name.get()) {
                    show(line.as_bytes().trim_ascii());
                }
            }
            Self::Query(name) => {
                if let Some(value) = parameter(asked.query, name) {
                    show(value.as_bytes());
                }
            }
            Self::Element(number) => {
                let mut elements = asked.path.as_bytes().split(|byte| *byte == b'/');
                if let Some(element) = elements.nth(*number) {
                    show(element);
                }
            }
        }
    }
}

/// All that a match wants to equal a text, beside its path as a whole.
pub(super) fn of(matching: &Match) -> Vec<(Fact, Box<[u8]>)> {
    let mut facts = Vec::new();
    if let Some(TextMatch::Exact(method)) = &matching.method {
        facts.push((Fact::Method, method.as_bytes().into()));
    }
    for (name, value) in &matching.headers {
        // `host` is no header: requests may say it elsewhere.
        if let ValueMatch::Exact(value) = value
            && *name.get() != HOST
        {
            facts.push((Fact::Header(name.clone()), value.as_bytes().into()));
        }
    }
    for (name, value) in &matching.query {
        if let ValueMatch::Exact(value) = value {
            facts.push((Fact::Query(name.as_str().into()), value.as_bytes().into()));
        }
    }
    if let Some(PathMatch::Regex(pattern)) = &matching.path {
        let elements = literal_elements(pattern.parsed()).into_iter();
        facts.extend(elements.map(|(number, text)| (Fact::Element(number), text.into())));
    }
    facts
}

/// The characters with which everything begins that the expression matches as a whole, and whether
/// that is all that it matches.
pub(super) fn literal_start(hir: &Hir) -> (Vec<u8>, bool) {
    let mut start = Vec::new();
    let all = extend(hir, &mut start);
    (start, all)
}

/// Says whether what follows the expression may be added as well.
fn extend(hir: &Hir, start: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            start.extend_from_slice(&literal.0);
            true
        }
        HirKind::Capture(capture) => extend(&capture.sub, start),
        HirKind::Concat(parts) => parts.iter().all(|part| extend(part, start)),
        HirKind::Alternation(branches) => {
            let begin = branches.iter().map(|branch| literal_start(branch).0);
            let shared = begin.reduce(|one, other| shared(one, &other));
            start.extend(shared.unwrap_or_default());
            false
        }
        HirKind::Class(_) | HirKind::Repetition(_) => false,
    }
}

/// What both begin with.
fn shared(mut one: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let alike = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    one.truncate(alike);
    one
}

/// The elements of a path that are the same in all that the expression matches as a whole, each
/// with the number of slashes before it: as far as it can be told how many these are.
fn literal_elements(hir: &Hir) -> Vec<(usize, Vec<u8>)> {
    let mut parts = Vec::new();
    flatten(hir, &mut parts);
    let mut found = Vec::new();
    let mut slashes = 0;
    // `None` once something in it varies.
    let mut element = Some(Vec::new());
    for part in parts {
        match part.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                for &byte in &literal.0 {
                    if byte == b'/' {
                        found.extend(element.map(|text| (slashes, text)));
                        slashes += 1;
                        element = Some(Vec::new());
                    } else if let Some(element) = &mut element {
                        element.push(byte);
                    }
                }
            }
            _ if is_within_element(part) => element = None,
            _ => return found,
        }
    }
    found.extend(element.map(|text| (slashes, text)));
    found
}

/// What stands one behind the other.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<&'a Hir>) {
    match hir.kind() {
        HirKind::Concat(concat) => concat.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        _ => parts.push(hir),
    }
}

/// Says whether nothing that the expression matches has a slash.
fn is_within_element(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => !literal.0.contains(&b'/'),
        HirKind::Class(Class::Unicode(class)) => {
            let mut ranges = class.iter();
            !ranges.any(|range| range.start() <= '/' && '/' <= range.end())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.iter();
            !ranges.any(|range| range.start() <= b'/' && b'/' <= range.end())
        }
        HirKind::Repetition(repetition) => is_within_element(&repetition.sub),
        HirKind::Capture(capture) => is_within_element(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_within_element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Pattern;

    fn parsed(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_regex_begins_with_its_literals() {
        let start = |text: &str| {
            let (start, all) = literal_start(parsed(text).parsed());
            let start = String::from_utf8(start).unwrap();
            if all { format!("{start}!") } else { start }
        };
        assert_eq!(start("/a/b[0-9]+"), "/a/b");
        assert_eq!(start("(/a)(/b)?"), "/a");
        assert_eq!(start("/a|/b"), "/");
        assert_eq!(start("(?i)/a"), "/");
        assert_eq!(start(".*"), "");
        assert_eq!(start("^/a$"), "/a!");
        assert_eq!(start("/a(/b)"), "/a/b!");
        assert_eq!(start("/a{2}"), "/");
        assert_eq!(start(""), "!");
        assert_eq!(start("/a\\b.*"), "/a");
    }

    #[test]
    fn elements_that_do_not_vary_are_told_with_their_place() {
        let elements = |text: &str| {
            let elements = literal_elements(parsed(text).parsed()).into_iter();
            let elements = elements
                .map(|(number, text)| format!("{number}:{}", String::from_utf8(text).unwrap()));
            elements.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(elements("/a/[^/]+/b"), "0: 1:a 3:b");
        assert_eq!(elements("/(a|b)(/c)/d"), "0: 2:c 3:d");
        assert_eq!(elements("/a/.*/b"), "0: 1:a");
        assert_eq!(elements("/a/x[0-9]*"), "0: 1:a");
        assert_eq!(elements("/a(/b)?/c"), "0:");
        assert_eq!(elements("/a\\b/c"), "0: 1:a 2:c");
        assert_eq!(elements("[!-0]/a"), "");
        assert_eq!(elements("/(?i)a/b"), "0:");
    }
}

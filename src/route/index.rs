//! Which of many matches may take a request, without asking them all.
//!
//! Every match asks something of the path, if only that it begins with nothing. By that the index
//! finds the few that may take a path; each of them is then asked as a whole. So the index need
//! not be exact: it only has to leave out none that would say yes.

use crate::policy::{Match, PathMatch, Pattern, ValueMatch};
use ahash::AHashMap;
use http::{HeaderMap, HeaderName};
use regex_syntax::hir::{Hir, HirKind, Look};
use std::collections::{BTreeMap, BTreeSet};

/// An index over matches, by their numbers: of several that take a request the least is found.
#[derive(Clone, Debug)]
pub(super) struct Index {
    exact: AHashMap<Box<[u8]>, Bucket>,
    starts: Starts,
}

/// What a match asks of every path that it takes, as far as the index goes by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Key {
    path: PathKey,
    /// Headers of which it wants one value.
    headers: Box<[(HeaderName, Box<[u8]>)]>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum PathKey {
    Exact(Box<[u8]>),
    Start {
        bytes: Box<[u8]>,
        /// Whether an element of the path has to end there.
        element: bool,
    },
}

impl Key {
    pub(super) fn of(matching: &Match) -> Self {
        let bytes = |text: &str| text.as_bytes().into();
        let start = |text: &str, element| PathKey::Start {
            bytes: bytes(text),
            element,
        };
        let path = match &matching.path {
            Some(PathMatch::Regex(pattern)) => PathKey::Start {
                bytes: literal_start(pattern).into(),
                element: false,
            },
            // Seldom enough to be asked of every path.
            _ if matching.ignore_path_case => start("", false),
            None => start("", false),
            Some(PathMatch::Exact(path)) => PathKey::Exact(bytes(path.as_str())),
            Some(PathMatch::Prefix(path)) => {
                let path = path.as_str();
                start(path.strip_suffix('/').unwrap_or(path), true)
            }
            Some(PathMatch::StartsWith(text)) => start(text, false),
        };
        let headers = matching.headers.iter();
        let headers = headers.filter_map(|(name, value)| match value {
            // `host` is no header: requests may say it elsewhere.
            ValueMatch::Exact(value) if *name.get() != http::header::HOST => {
                Some((name.get().clone(), bytes(value)))
            }
            _ => None,
        });
        Self {
            path,
            headers: headers.collect(),
        }
    }

    /// That of a match which takes everything.
    pub(super) fn everything() -> Self {
        Self::of(&Match::default())
    }
}

impl Index {
    /// The index of matches that are numbered in this order.
    pub(super) fn new(keys: &[Key]) -> Self {
        let mut exact: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
        let mut starts: BTreeMap<&[u8], (bool, Vec<u32>)> = BTreeMap::new();
        for (number, key) in (0..).zip(keys) {
            match &key.path {
                PathKey::Exact(path) => exact.entry(path).or_default().push(number),
                PathKey::Start { bytes, element } => {
                    let (elements, numbers) = starts.entry(bytes).or_insert((true, Vec::new()));
                    *elements &= element;
                    numbers.push(number);
                }
            }
        }
        Self {
            exact: exact
                .into_iter()
                .map(|(path, numbers)| (path.into(), Bucket::new(numbers, keys)))
                .collect(),
            starts: Starts::new(&starts, keys),
        }
    }

    /// The least number that takes a request with this path and these headers. `takes` says
    /// whether a match takes the request.
    #[inline]
    pub(super) fn find(
        &self,
        path: &[u8],
        headers: &HeaderMap,
        mut takes: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let mut least = None;
        let mut ask = |bucket: &Bucket| bucket.ask(headers, &mut least, &mut takes);
        if let Some(bucket) = self.exact.get(path) {
            ask(bucket);
        }
        self.starts.each(path, ask);
        least
    }
}

/// Texts with which paths may begin.
#[derive(Clone, Debug)]
enum Starts {
    /// Few lengths: each is looked up.
    Lengths {
        lengths: Box<[Length]>,
        buckets: AHashMap<Box<[u8]>, Bucket>,
    },
    /// Many: the texts in their order. All with which a path begins are on one chain, which starts
    /// at the last text that is not behind the path in that order.
    Chain(Box<[Link]>),
}

#[derive(Clone, Copy, Debug)]
struct Length {
    bytes: usize,
    /// Whether an element ends after each of them.
    elements: bool,
}

#[derive(Clone, Debug)]
struct Link {
    text: Box<[u8]>,
    /// The longest other text with which this one begins.
    shorter: Option<u32>,
    bucket: Bucket,
}

impl Starts {
    fn new(starts: &BTreeMap<&[u8], (bool, Vec<u32>)>, keys: &[Key]) -> Self {
        let lengths: BTreeSet<usize> = starts.keys().map(|text| text.len()).collect();
        if lengths.len() > MOST_LENGTHS {
            return Self::chain(starts, keys);
        }
        let lengths = lengths.into_iter().map(|bytes| Length {
            bytes,
            elements: starts
                .iter()
                .all(|(text, (elements, _))| text.len() != bytes || *elements),
        });
        let buckets = starts.iter().map(|(text, (_, numbers))| {
            let bucket = Bucket::new(numbers.clone(), keys);
            (Box::from(*text), bucket)
        });
        Self::Lengths {
            lengths: lengths.collect(),
            buckets: buckets.collect(),
        }
    }

    fn chain(starts: &BTreeMap<&[u8], (bool, Vec<u32>)>, keys: &[Key]) -> Self {
        let mut links: Vec<Link> = Vec::new();
        for (text, (_, numbers)) in starts {
            // What this text begins with, it shares with the one before it, or is that one.
            let mut shorter = links.len().checked_sub(1).map(|last| last as u32);
            while let Some(link) = shorter.map(|at| &links[at as usize]) {
                if text.starts_with(&link.text) {
                    break;
                }
                shorter = link.shorter;
            }
            links.push(Link {
                text: (*text).into(),
                shorter,
                bucket: Bucket::new(numbers.clone(), keys),
            });
        }
        Self::Chain(links.into())
    }

    #[inline]
    fn each(&self, path: &[u8], mut ask: impl FnMut(&Bucket)) {
        match self {
            Self::Lengths { lengths, buckets } => {
                for length in lengths {
                    let Some(start) = path.get(..length.bytes) else {
                        break;
                    };
                    let ends = || path.get(length.bytes).is_none_or(|&next| next == b'/');
                    if length.elements && !ends() {
                        continue;
                    }
                    if let Some(bucket) = buckets.get(start) {
                        ask(bucket);
                    }
                }
            }
            Self::Chain(links) => {
                let behind = links.partition_point(|link| *link.text <= *path);
                let mut at = behind.checked_sub(1).map(|last| last as u32);
                while let Some(link) = at.map(|at| &links[at as usize]) {
                    if path.starts_with(&link.text) {
                        ask(&link.bucket);
                    }
                    at = link.shorter;
                }
            }
        }
    }
}

/// Matches that ask the same of the path.
#[derive(Clone, Debug)]
struct Bucket {
    /// In their order.
    numbers: Box<[u32]>,
    /// Those that want one value of a header, apart from the others if they are many.
    by_header: Option<Box<ByHeader>>,
}

#[derive(Clone, Debug)]
struct ByHeader {
    name: HeaderName,
    values: AHashMap<Box<[u8]>, Box<[u32]>>,
}

impl Bucket {
    fn new(numbers: Vec<u32>, keys: &[Key]) -> Self {
        let mut wanted: BTreeMap<&str, (usize, &HeaderName)> = BTreeMap::new();
        if numbers.len() > FEW {
            for number in &numbers {
                for (name, _) in &keys[*number as usize].headers {
                    wanted.entry(name.as_str()).or_insert((0, name)).0 += 1;
                }
            }
        }
        let most = wanted.into_values().max_by_key(|(count, _)| *count);
        let Some((_, name)) = most.filter(|(count, _)| *count > FEW) else {
            return Self {
                numbers: numbers.into(),
                by_header: None,
            };
        };
        let mut values: AHashMap<Box<[u8]>, Vec<u32>> = AHashMap::new();
        let mut others = Vec::new();
        for number in numbers {
            let mut headers = keys[number as usize].headers.iter();
            match headers.find(|(wanted, _)| wanted == name) {
                Some((_, value)) => values.entry(value.clone()).or_default().push(number),
                None => others.push(number),
            }
        }
        let values = values.into_iter();
        let values = values.map(|(value, numbers)| (value, numbers.into()));
        Self {
            numbers: others.into(),
            by_header: Some(Box::new(ByHeader {
                name: name.clone(),
                values: values.collect(),
            })),
        }
    }

    #[inline]
    fn ask(
        &self,
        headers: &HeaderMap,
        least: &mut Option<u32>,
        takes: &mut impl FnMut(u32) -> bool,
    ) {
        first(&self.numbers, least, takes);
        let Some(by_header) = &self.by_header else {
            return;
        };
        for line in headers.get_all(&by_header.name) {
            if let Some(numbers) = by_header.values.get(line.as_bytes().trim_ascii()) {
                first(numbers, least, takes);
            }
        }
    }
}

/// The first of these, if it is less than the least so far.
#[inline]
fn first(numbers: &[u32], least: &mut Option<u32>, takes: &mut impl FnMut(u32) -> bool) {
    for &number in numbers {
        if least.is_some_and(|least| least <= number) {
            return;
        }
        if takes(number) {
            *least = Some(number);
            return;
        }
    }
}

/// The characters with which everything begins that the pattern matches.
fn literal_start(pattern: &Pattern) -> Vec<u8> {
    let mut start = Vec::new();
    extend(pattern.anchored(), &mut start);
    start
}

/// Says whether what follows the expression may be added as well.
fn extend(hir: &Hir, start: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End) => true,
        HirKind::Literal(literal) => {
            start.extend_from_slice(&literal.0);
            true
        }
        HirKind::Capture(capture) => extend(&capture.sub, start),
        HirKind::Concat(parts) => parts.iter().all(|part| extend(part, start)),
        HirKind::Alternation(branches) => {
            let begin = branches.iter().map(|branch| {
                let mut start = Vec::new();
                extend(branch, &mut start);
                start
            });
            start.extend(
                begin
                    .reduce(|one, other| shared(one, &other))
                    .unwrap_or_default(),
            );
            false
        }
        HirKind::Look(_) | HirKind::Class(_) | HirKind::Repetition(_) => false,
    }
}

/// What both begin with.
fn shared(mut one: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let alike = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    one.truncate(alike);
    one
}

/// More lengths cost more to look up one by one than a search among all texts.
const MOST_LENGTHS: usize = 12;

/// So many matches are asked faster than a map.
const FEW: usize = 8;

#[cfg(test)]
mod tests;

//! The pieces of a request, the largest first.

use crate::explain::Question;
use crate::testing::strategy::draft::{Draft, Fixed};
use crate::testing::strategy::shrink::{Scissors, Shrink};
use http::{Method, Request, Version};
use std::sync::Arc;

/// A request that gets smaller, but for what is fixed.
#[derive(Clone, Debug)]
pub(super) struct Smaller {
    pub(super) draft: Draft,
    pub(super) fixed: Arc<Fixed>,
}

impl Smaller {
    fn cut(&mut self, scissors: &mut Scissors) {
        let Self { draft, fixed } = self;
        if !fixed.has_query() {
            scissors.list(&mut draft.query, 0);
        }
        let (kept, mut others): (Vec<_>, Vec<_>) =
            { draft.headers.drain(..) }.partition(|(name, _)| fixed.has_header(name));
        scissors.list(&mut others, 0);
        draft.headers = others;
        draft.headers.extend(kept);
        if fixed.path.is_none() {
            cut_path(&mut draft.path, scissors);
        }
        if fixed.method.is_none() {
            scissors.field(&mut draft.method, Method::GET);
        }
        if draft.absolute {
            scissors.field(&mut draft.tls, false);
        }
        scissors.field(&mut draft.version, Version::HTTP_11);
        scissors.field(&mut draft.absolute, true);
        if fixed.host.is_none() {
            cut_host(&mut draft.authority, scissors);
        }
        for (_, value) in draft.query.iter_mut().filter(|_| !fixed.has_query()) {
            if let Some(value) = value {
                cut_text(value, scissors);
            }
        }
        for (name, value) in &mut draft.headers {
            if fixed.has_header(name) {
                continue;
            }
            let mut text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            cut_text(&mut text, scissors);
            // What was cut is shorter, and so still a value.
            if text.len() < value.len()
                && let Ok(shorter) = text.parse()
            {
                *value = shorter;
            }
        }
    }
}

fn cut_path(path: &mut String, scissors: &mut Scissors) {
    scissors.field(path, "/".to_owned());
    let segments: Vec<_> = path.match_indices('/').map(|(at, _)| at).collect();
    for (number, &begin) in segments.iter().enumerate().rev() {
        let end = segments.get(number + 1).copied().unwrap_or(path.len());
        let is_all = begin == 0 && end == path.len();
        if !is_all && scissors.here() {
            path.replace_range(begin..end, "");
            return;
        }
    }
    if path.len() > 1 && !path.ends_with('/') && path.is_ascii() && scissors.here() {
        path.pop();
    }
}

fn cut_host(authority: &mut String, scissors: &mut Scissors) {
    let port = authority
        .rfind(':')
        .filter(|at| !authority[*at..].contains(']'));
    if let Some(port) = port.filter(|_| scissors.here()) {
        authority.truncate(port);
    }
    let lower = authority.to_ascii_lowercase();
    scissors.field(authority, lower);
    let above = authority
        .split_once('.')
        .map(|(_, parent)| parent.to_owned());
    let above = above.filter(|parent| super::draft::is_authority(parent));
    if let Some(parent) = above.filter(|_| scissors.here()) {
        *authority = parent;
    }
}

fn cut_text(text: &mut String, scissors: &mut Scissors) {
    if text.is_empty() {
        return;
    }
    if scissors.here() {
        text.clear();
    } else if text.len() > 1 && scissors.here() {
        text.pop();
    }
}

impl Shrink for Smaller {
    type Value = Request<()>;

    fn value(&self) -> Request<()> {
        self.draft.request()
    }

    fn cut(&mut self, scissors: &mut Scissors) {
        Self::cut(self, scissors);
    }
}

/// A question that gets smaller likewise, and comes from nobody in particular.
#[derive(Clone, Debug)]
pub(super) struct SmallerQuestion {
    pub(super) request: Smaller,
    /// Where it is asked, and by whom.
    pub(super) place: Question,
    /// Whether the scheme is said even where every request has it.
    pub(super) says_scheme: bool,
    /// Whether that is HTTPS.
    pub(super) https: bool,
}

impl Shrink for SmallerQuestion {
    type Value = Question;

    fn value(&self) -> Question {
        let mut question = self.request.draft.question();
        let place = self.place.clone();
        if !self.says_scheme && self.request.draft.tls == self.https {
            question.scheme = None;
        }
        Question {
            source: place.source,
            gateway: place.gateway,
            port: place.port,
            ..question
        }
    }

    fn cut(&mut self, scissors: &mut Scissors) {
        if self.request.fixed.source.is_none() {
            scissors.field(&mut self.place.source, None);
            if let Some(source) = &mut self.place.source {
                scissors.field(&mut source.ip, None);
                scissors.map(&mut source.labels);
            }
        }
        self.request.cut(scissors);
    }
}

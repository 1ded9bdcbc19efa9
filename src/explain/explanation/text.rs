//! An explanation as a tree to read, in the order of the request's way.

mod fared;
mod found;
mod passage;
mod tree;
mod words;

use crate::explain::explanation::Explanation;
use std::fmt;
use tree::Node;

/// An explanation as people read it. Made by [`Explanation::with_secrets`].
#[derive(Clone, Copy, Debug)]
pub struct Readable<'a> {
    explanation: &'a Explanation,
    secrets: bool,
}

impl Explanation {
    /// The tree with the values of `authorization`, `cookie`, `proxy-authorization`, `set-cookie`
    /// and `x-api-key` in it, which [`Display`](fmt::Display) shows as `…`, copies of them in other
    /// headers too.
    pub fn with_secrets(&self) -> Readable<'_> {
        Readable {
            explanation: self,
            secrets: true,
        }
    }
}

/// A sentence, and below it the tree; lines are at most 100 columns wide unless a word is longer.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = Readable {
            explanation: self,
            secrets: false,
        };
        readable.fmt(f)
    }
}

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tree::paragraph(f, &self.explanation.summary)?;
        writeln!(f)?;
        self.root().fmt(f)
    }
}

impl Readable<'_> {
    fn root(&self) -> Node {
        let of = self.explanation;
        let request = &of.request;
        let method = request.method.as_deref().unwrap_or("GET");
        let said = if of.entrance.https { "https" } else { "http" };
        let scheme = request.scheme.as_deref().unwrap_or(said);
        let (authority, path) = (&request.authority, &request.path);
        let mut root = Node::new(format!("{method} {scheme}://{authority}{path}"));
        root.extend(self.headers());
        root.push(self.entrance());
        root.extend(self.path());
        root.extend(self.host());
        root.extend(self.rules());
        root.extend(self.chosen());
        root.extend(self.faults());
        root.extend(self.cors());
        root.extend(self.limits());
        root.extend(self.reply());
        root.extend(self.split());
        root.extend(self.time());
        root.extend(self.tries());
        root.extend(self.passages());
        root.extend(self.copies());
        root
    }
}

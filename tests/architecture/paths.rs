//! Which modules of the crate a file names.

use crate::tokens::{Token, is_path_mark, tokens};

/// What stands for the crate's root at the head of a path.
const ROOTS: &[&str] = &["crate", "tower_mesh"];

/// A path into the crate, from the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Named {
    /// `crate::limit::Rate` is `["limit", "Rate"]`; a glob ends with `*`, a part that only a macro
    /// knows is `$`.
    pub(crate) path: Vec<String>,
    /// It gets another name: `use … as …`.
    pub(crate) renamed: bool,
}

/// Finds every path into the crate that the tokens of the module `home` name.
pub(crate) fn named(source: &[Token], home: &[String]) -> Vec<Named> {
    let mut search = Search {
        tokens: source,
        here: home.to_vec(),
        found: Vec::new(),
    };
    search.run();
    search.found
}

struct Search<'a> {
    tokens: &'a [Token],
    /// The module whose text is read: grows and shrinks with `mod x { … }`.
    here: Vec<String>,
    found: Vec<Named>,
}

impl Search<'_> {
    fn run(&mut self) {
        let mut depth = 0;
        // At which depth each inline module began.
        let mut inline = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            match &self.tokens[at] {
                Token::Mark('{') => depth += 1,
                Token::Mark('}') => {
                    depth -= 1;
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        self.here.pop();
                    }
                }
                Token::Mark('#') => self.attribute(at),
                Token::Word(word) if word == "mod" => {
                    if let [Token::Word(name), Token::Mark('{'), ..] = &self.tokens[at + 1..] {
                        inline.push(depth);
                        self.here.push(name.clone());
                    }
                }
                Token::Word(word) if self.begins_path(at, word) => {
                    let head = self.head(word);
                    at = self.rest(head, at + 1);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Says whether the word is the head of a path into the crate.
    fn begins_path(&self, at: usize, word: &str) -> bool {
        let head = ROOTS.contains(&word) || matches!(word, "self" | "super");
        let goes_on = is_path_mark(self.tokens, at + 1)
            || self.tokens.get(at + 1).is_some_and(|next| next.is("as"));
        head && goes_on && !self.is_inside_path(at)
    }

    /// Says whether the token belongs to a path that began before: `other::tower_mesh`,
    /// `other::{self as x}`.
    fn is_inside_path(&self, at: usize) -> bool {
        if at >= 2 && is_path_mark(self.tokens, at - 2) {
            // In `use ::tower_mesh`, the word before is a keyword and the path begins here.
            return at >= 3
                && match &self.tokens[at - 3] {
                    Token::Word(word) => syn::parse_str::<syn::Ident>(word).is_ok(),
                    before => *before == Token::Mark('>'),
                };
        }
        let mut closed = 0;
        for before in (0..at).rev() {
            match &self.tokens[before] {
                Token::Mark('}') => closed += 1,
                Token::Mark('{') if closed > 0 => closed -= 1,
                Token::Mark('{') => return before >= 2 && is_path_mark(self.tokens, before - 2),
                Token::Mark(';') => return false,
                _ => {}
            }
        }
        false
    }

    /// The module in which a path with this head begins.
    fn head(&self, word: &str) -> Vec<String> {
        let mut path = match word {
            "self" | "super" => self.here.clone(),
            _ => Vec::new(),
        };
        if word == "super" {
            path.pop();
        }
        path
    }

    /// Reads on after a segment, notes every path that it leads to, and returns where it ends.
    fn rest(&mut self, path: Vec<String>, at: usize) -> usize {
        if !is_path_mark(self.tokens, at) {
            let renamed = self.tokens.get(at).is_some_and(|next| next.is("as"));
            self.found.push(Named { path, renamed });
            return if renamed { at + 2 } else { at };
        }
        let mut path = path;
        let next = at + 2;
        match self.tokens.get(next) {
            Some(Token::Word(word)) => {
                step(&mut path, word);
                self.rest(path, next + 1)
            }
            Some(Token::Mark('{')) => self.braces(&path, next + 1),
            Some(Token::Mark(mark @ ('*' | '$'))) => {
                path.push(mark.to_string());
                self.found.push(Named {
                    path,
                    renamed: false,
                });
                next + 1
            }
            // A turbofish: what is in it is read for itself.
            _ => {
                self.found.push(Named {
                    path,
                    renamed: false,
                });
                next
            }
        }
    }

    /// Reads `a, b::{c, d}, *}` and returns what comes after the brace.
    fn braces(&mut self, prefix: &[String], mut at: usize) -> usize {
        loop {
            match self.tokens.get(at) {
                None => return at,
                Some(Token::Mark('}')) => return at + 1,
                Some(Token::Word(word)) => {
                    let mut path = prefix.to_vec();
                    step(&mut path, word);
                    at = self.rest(path, at + 1);
                }
                Some(Token::Mark(mark @ ('*' | '$'))) => {
                    let mut path = prefix.to_vec();
                    path.push(mark.to_string());
                    self.found.push(Named {
                        path,
                        renamed: false,
                    });
                    at += 1;
                }
                Some(_) => at += 1,
            }
        }
    }

    /// Reads the strings of an attribute: `#[serde(with = "crate::policy::span")]` names a module.
    fn attribute(&mut self, at: usize) {
        let open = at + 1 + usize::from(self.tokens.get(at + 1) == Some(&Token::Mark('!')));
        if self.tokens.get(open) != Some(&Token::Mark('['))
            || self.tokens.get(open + 1).is_some_and(|word| word.is("doc"))
        {
            return;
        }
        let mut depth = 0;
        for token in &self.tokens[open..] {
            match token {
                Token::Mark('[') => depth += 1,
                Token::Mark(']') => depth -= 1,
                Token::Text(text) => {
                    // Most such strings are prose or names; what cannot be read names nothing.
                    let inner = tokens(text).unwrap_or_default();
                    self.found.extend(named(&inner, &self.here));
                }
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

/// Takes one segment that is not the head.
fn step(path: &mut Vec<String>, segment: &str) {
    match segment {
        "self" => {}
        "super" => {
            path.pop();
        }
        _ => path.push(segment.to_owned()),
    }
}

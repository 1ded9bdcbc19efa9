//! Rules on single files.

use crate::house::{House, Source};
use crate::tokens::{Token, is_path_mark};

const LONGEST: usize = 500;

/// Files of the policy which name tokio, or tower or one of its crates.
pub(crate) fn worldly_policies(house: &House) -> Vec<String> {
    let policies = house.files.iter().filter(|source| {
        source
            .module
            .first()
            .is_some_and(|module| module == "policy")
    });
    let mut findings = Vec::new();
    for source in policies {
        for token in &source.tokens {
            if let Token::Word(word) = token
                && (word == "tokio" || word == "tower" || word.starts_with("tower_"))
                && word != "tower_mesh"
            {
                findings.push(format!("src/{}: plain data knows no `{word}`", source.file));
            }
        }
    }
    findings
}

/// Files other than clock.rs which ask for the time.
pub(crate) fn readers_of_time(house: &House) -> Vec<String> {
    let others = house
        .files
        .iter()
        .filter(|source| source.file != "clock.rs");
    others
        .filter(|source| reads_time(source))
        .map(|source| {
            format!(
                "src/{}: only clock.rs reads the time, and nobody renames a clock \
                 (Instant::now, SystemTime::now, elapsed())",
                source.file
            )
        })
        .collect()
}

fn reads_time(source: &Source) -> bool {
    let tokens = &source.tokens;
    let is_clock = |token: &Token| token.is("Instant") || token.is("SystemTime");
    (0..tokens.len()).any(|at| {
        // `Instant::now`, `<Instant>::now`, and `use std::time::Instant as I` to hide it.
        let closed = usize::from(tokens.get(at + 1) == Some(&Token::Mark('>')));
        let asked = is_clock(&tokens[at])
            && is_path_mark(tokens, at + closed + 1)
            && tokens
                .get(at + closed + 3)
                .is_some_and(|word| word.is("now"));
        let renamed = is_clock(&tokens[at])
            && tokens.get(at + 1).is_some_and(|word| word.is("as"))
            && in_use(tokens, at);
        // `instant.elapsed()` asks behind the caller's back.
        let elapsed = matches!(
            &tokens[at..],
            [Token::Mark('.'), word, Token::Mark('('), Token::Mark(')'), ..] if word.is("elapsed")
        );
        asked || renamed || elapsed
    })
}

/// Says whether the token lies in a `use`, as against `<Instant as Ord>`.
fn in_use(tokens: &[Token], at: usize) -> bool {
    let before = tokens[..at].iter().rev();
    let mut statement = before.take_while(|token| **token != Token::Mark(';'));
    statement.any(|token| token.is("use")) && tokens[at - 1] != Token::Mark('<')
}

/// Files that nobody reads to the end.
pub(crate) fn long_files(house: &House) -> Vec<String> {
    let lines = |source: &Source| source.text.lines().count();
    house
        .files
        .iter()
        .filter(|source| lines(source) > LONGEST)
        .map(|source| {
            let lines = lines(source);
            format!(
                "src/{}: {lines} lines, more than {LONGEST}; cut it by concept",
                source.file
            )
        })
        .collect()
}

/// Files with an `unsafe` in them, and crate roots which would let one in.
pub(crate) fn unsafe_code(house: &House) -> Vec<String> {
    let mut findings = Vec::new();
    for source in &house.files {
        if source.tokens.iter().any(|token| token.is("unsafe")) {
            findings.push(format!("src/{}: has an `unsafe`", source.file));
        }
        if is_crate_root(source) && !forbids_unsafe_code(source) {
            let file = &source.file;
            findings.push(format!("src/{file}: lacks #![forbid(unsafe_code)]"));
        }
    }
    findings
}

/// lib.rs, `bin/name.rs` or `bin/name/main.rs`.
fn is_crate_root(source: &Source) -> bool {
    let parts: Vec<&str> = source.file.split('/').collect();
    matches!(
        parts[..],
        ["lib.rs" | "main.rs"] | ["bin", _] | ["bin", _, "main.rs"]
    )
}

fn forbids_unsafe_code(source: &Source) -> bool {
    let file = syn::parse_file(&source.text).unwrap();
    file.attrs.iter().any(|attribute| {
        let mut found = false;
        // An attribute of another form is another attribute.
        let _ = attribute.parse_nested_meta(|lint| {
            found |= attribute.path().is_ident("forbid") && lint.path.is_ident("unsafe_code");
            Ok(())
        });
        found
    })
}

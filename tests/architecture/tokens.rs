//! Source text as a flat row of tokens.
//!
//! Tokens rather than syntax trees, because the arguments and the bodies of macros have no tree,
//! and a path in `pin_project! { … }` is a path like any other.

use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Ident, Lifetime, Lit, braced, bracketed, parenthesized, token};

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    /// An identifier or keyword, without `r#`.
    Word(String),
    /// The content of a string literal.
    Text(String),
    /// Any other literal, or a lifetime: nothing that names a module.
    Value,
    /// One character of punctuation, or a bracket.
    Mark(char),
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }
}

/// Reads a text. Comments are gone; doc comments are `#[doc = "…"]`.
pub(crate) fn tokens(text: &str) -> syn::Result<Vec<Token>> {
    let read = |input: ParseStream<'_>| {
        let mut tokens = Vec::new();
        flatten(input, &mut tokens)?;
        Ok(tokens)
    };
    read.parse_str(text)
}

fn flatten(input: ParseStream<'_>, tokens: &mut Vec<Token>) -> syn::Result<()> {
    while !input.is_empty() {
        if input.peek(token::Brace) {
            let inside;
            braced!(inside in input);
            enclose('{', &inside, '}', tokens)?;
        } else if input.peek(token::Paren) {
            let inside;
            parenthesized!(inside in input);
            enclose('(', &inside, ')', tokens)?;
        } else if input.peek(token::Bracket) {
            let inside;
            bracketed!(inside in input);
            enclose('[', &inside, ']', tokens)?;
        } else if input.peek(Lifetime) {
            input.parse::<Lifetime>()?;
            tokens.push(Token::Value);
        } else if input.peek(Ident::peek_any) {
            let word = input.call(Ident::parse_any)?;
            tokens.push(Token::Word(word.unraw().to_string()));
        } else if input.peek(Lit) {
            tokens.push(match input.parse()? {
                Lit::Str(text) => Token::Text(text.value()),
                _ => Token::Value,
            });
        } else {
            tokens.push(Token::Mark(input.step(|cursor| match cursor.punct() {
                Some((mark, rest)) => Ok((mark.as_char(), rest)),
                None => Err(cursor.error("neither word, literal nor punctuation")),
            })?));
        }
    }
    Ok(())
}

fn enclose(
    open: char,
    inside: ParseStream<'_>,
    close: char,
    tokens: &mut Vec<Token>,
) -> syn::Result<()> {
    tokens.push(Token::Mark(open));
    flatten(inside, tokens)?;
    tokens.push(Token::Mark(close));
    Ok(())
}

/// Says whether the tokens from `at` on are `::`.
pub(crate) fn is_path_mark(tokens: &[Token], at: usize) -> bool {
    tokens.get(at) == Some(&Token::Mark(':')) && tokens.get(at + 1) == Some(&Token::Mark(':'))
}

//! RE2's syntax and meaning, over a parser that has some more and some less.
//!
//! The same text has to mean the same to a sidecar, so what the two read differently is refused
//! here: `[a&&b]` is an intersection to one and three characters to the other. And Perl's classes
//! are those of RE2: ASCII.

mod names;
mod quoted;

use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, ClassSetRange, ClassSetUnion, ClassUnicode, ClassUnicodeKind, Flag, Flags,
    FlagsItem, FlagsItemKind, Group, GroupKind, HexLiteralKind, Literal, LiteralKind, Repetition,
    RepetitionKind, RepetitionOp, RepetitionRange, Span, parse,
};
use regex_syntax::hir::Hir;
use regex_syntax::hir::translate::TranslatorBuilder;
use std::fmt;

/// What is wrong with an expression, in a line, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what} at character {column}")]
pub(super) struct Flaw {
    what: String,
    column: usize,
}

impl Flaw {
    fn at(span: &Span, what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            column: span.start.column,
        }
    }
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Hir, Flaw> {
    let text = &quoted::written_out(text);
    let mut parser = parse::ParserBuilder::new().nest_limit(DEEPEST).build();
    let mut ast = parser
        .parse(text)
        .map_err(|error| Flaw::at(error.span(), error.kind()))?;
    let mut reader = Reader { classes: 0 };
    reader.read(&mut ast, MOST_TIMES)?;
    TranslatorBuilder::new()
        .build()
        .translate(text, &ast)
        .map_err(|error| Flaw::at(error.span(), error.kind()))
}

struct Reader {
    /// How many classes of Unicode were named.
    classes: usize,
}

impl Reader {
    /// Refuses what RE2 reads otherwise, and puts RE2's meaning in the place of the parser's.
    /// `times`: how often what is in here may be repeated at most.
    fn read(&mut self, ast: &mut Ast, times: u32) -> Result<(), Flaw> {
        match ast {
            Ast::Empty(_) | Ast::Dot(_) => Ok(()),
            Ast::Flags(set) => check_flags(&set.flags),
            Ast::Literal(literal) => check_literal(literal),
            Ast::Assertion(assertion) => {
                if let Some(bounds) = ascii_bounds(assertion)? {
                    *ast = bounds;
                }
                Ok(())
            }
            Ast::ClassUnicode(class) => self.check_unicode(class),
            Ast::ClassPerl(perl) => {
                let class = bracketed(perl);
                *ast = Ast::class_bracketed(class);
                Ok(())
            }
            Ast::ClassBracketed(class) => self.read_class(class),
            Ast::Repetition(repetition) => {
                let times = Self::check_repetition(repetition, times)?;
                self.read(&mut repetition.ast, times)
            }
            Ast::Group(group) => {
                match &group.kind {
                    GroupKind::CaptureIndex(_) => {}
                    GroupKind::CaptureName { name, .. } => {
                        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                        if !name.name.chars().all(plain) {
                            let what = "a group's name has letters, digits and `_` only";
                            return Err(Flaw::at(&name.span, what));
                        }
                    }
                    GroupKind::NonCapturing(flags) => check_flags(flags)?,
                }
                self.read(&mut group.ast, times)
            }
            Ast::Alternation(parts) => self.read_all(&mut parts.asts, times),
            Ast::Concat(parts) => self.read_all(&mut parts.asts, times),
        }
    }

    fn read_all(&mut self, asts: &mut [Ast], times: u32) -> Result<(), Flaw> {
        asts.iter_mut().try_for_each(|ast| self.read(ast, times))
    }

    /// Says how often what is repeated may itself be repeated.
    fn check_repetition(repetition: &Repetition, times: u32) -> Result<u32, Flaw> {
        let RepetitionOp { span, kind } = &repetition.op;
        if matches!(*repetition.ast, Ast::Repetition(_)) {
            let what = "a repetition is repeated; write a group around it";
            return Err(Flaw::at(span, what));
        }
        let RepetitionKind::Range(range) = kind else {
            return Ok(times);
        };
        let (RepetitionRange::Exactly(most)
        | RepetitionRange::AtLeast(most)
        | RepetitionRange::Bounded(_, most)) = *range;
        if most > times {
            let what = format_args!("more than {MOST_TIMES} repetitions, one within the other");
            return Err(Flaw::at(span, what));
        }
        Ok(times / most.max(1))
    }

    fn read_class(&mut self, class: &mut ClassBracketed) -> Result<(), Flaw> {
        match &mut class.kind {
            ClassSet::BinaryOp(operation) => {
                let what = "classes have no operators in RE2; write the characters, `&`, `-` and \
                            `~` with a backslash";
                Err(Flaw::at(&operation.span, what))
            }
            ClassSet::Item(item) => self.read_item(item),
        }
    }

    fn read_item(&mut self, item: &mut ClassSetItem) -> Result<(), Flaw> {
        match item {
            ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) => Ok(()),
            ClassSetItem::Literal(literal) => check_literal(literal),
            ClassSetItem::Range(range) => {
                check_literal(&range.start)?;
                check_literal(&range.end)
            }
            ClassSetItem::Unicode(class) => self.check_unicode(class),
            ClassSetItem::Perl(perl) => {
                let class = bracketed(perl);
                *item = ClassSetItem::Bracketed(Box::new(class));
                Ok(())
            }
            ClassSetItem::Bracketed(class) => {
                let what = "a class in a class; write `\\[` for the character";
                Err(Flaw::at(&class.span, what))
            }
            ClassSetItem::Union(union) => {
                let mut items = union.items.iter_mut();
                items.try_for_each(|item| self.read_item(item))
            }
        }
    }

    fn check_unicode(&mut self, class: &mut ClassUnicode) -> Result<(), Flaw> {
        self.classes += 1;
        if self.classes > MOST_CLASSES {
            let what = format_args!("more than {MOST_CLASSES} classes of Unicode");
            return Err(Flaw::at(&class.span, what));
        }
        match &mut class.kind {
            ClassUnicodeKind::OneLetter(_) => Ok(()),
            ClassUnicodeKind::Named(name) => {
                if name.starts_with('^') {
                    name.remove(0);
                    class.negated = !class.negated;
                }
                match names::is_known(name) {
                    true => Ok(()),
                    false => {
                        let what = "RE2 knows categories by one or two letters and scripts by \
                                    their names, no other class";
                        Err(Flaw::at(&class.span, what))
                    }
                }
            }
            ClassUnicodeKind::NamedValue { .. } => {
                let what = "RE2 knows no `name=value` of Unicode; write the value alone";
                Err(Flaw::at(&class.span, what))
            }
        }
    }
}

fn check_flags(flags: &Flags) -> Result<(), Flaw> {
    for FlagsItem { span, kind } in &flags.items {
        if let FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace) = kind {
            return Err(Flaw::at(
                span,
                "RE2 has the flags `i`, `m`, `s` and `U` only",
            ));
        }
    }
    Ok(())
}

fn check_literal(literal: &Literal) -> Result<(), Flaw> {
    match literal.kind {
        LiteralKind::HexFixed(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong)
        | LiteralKind::HexBrace(HexLiteralKind::UnicodeShort | HexLiteralKind::UnicodeLong) => {
            let what = format_args!("write `\\x{{{:x}}}`", u32::from(literal.c));
            Err(Flaw::at(&literal.span, what))
        }
        LiteralKind::Superfluous if literal.c == '_' => {
            Err(Flaw::at(&literal.span, "write `_` without a backslash"))
        }
        _ => Ok(()),
    }
}

/// Where a word begins or ends, in ASCII.
fn ascii_bounds(assertion: &Assertion) -> Result<Option<Ast>, Flaw> {
    let span = assertion.span;
    let what = match assertion.kind {
        AssertionKind::WordBoundary | AssertionKind::NotWordBoundary => {
            let item = |kind| FlagsItem { span, kind };
            return Ok(Some(Ast::group(Group {
                span,
                kind: GroupKind::NonCapturing(Flags {
                    span,
                    items: vec![
                        item(FlagsItemKind::Negation),
                        item(FlagsItemKind::Flag(Flag::Unicode)),
                    ],
                }),
                ast: Box::new(Ast::assertion(assertion.clone())),
            })));
        }
        AssertionKind::StartLine
        | AssertionKind::EndLine
        | AssertionKind::StartText
        | AssertionKind::EndText => return Ok(None),
        AssertionKind::WordBoundaryStartAngle => "write `<` without a backslash",
        AssertionKind::WordBoundaryEndAngle => "write `>` without a backslash",
        AssertionKind::WordBoundaryStart
        | AssertionKind::WordBoundaryEnd
        | AssertionKind::WordBoundaryStartHalf
        | AssertionKind::WordBoundaryEndHalf => "RE2 has `\\b` alone, without braces",
    };
    Err(Flaw::at(&span, what))
}

/// `\d`, `\s` and `\w` of ASCII; `\s` is without the vertical tab.
fn bracketed(perl: &ClassPerl) -> ClassBracketed {
    let span = perl.span;
    let ranges: &[(char, char)] = match perl.kind {
        ClassPerlKind::Digit => &[('0', '9')],
        ClassPerlKind::Space => &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        ClassPerlKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    };
    let literal = |c| Literal {
        span,
        kind: LiteralKind::Verbatim,
        c,
    };
    let items = ranges.iter().map(|(start, end)| {
        ClassSetItem::Range(ClassSetRange {
            span,
            start: literal(*start),
            end: literal(*end),
        })
    });
    ClassBracketed {
        span,
        negated: perl.negated,
        kind: ClassSet::Item(ClassSetItem::Union(ClassSetUnion {
            span,
            items: items.collect(),
        })),
    }
}

const DEEPEST: u32 = 50;
const MOST_TIMES: u32 = 1_000;

/// Each is hundreds of ranges: in any case, reading one costs half a millisecond.
const MOST_CLASSES: usize = 8;

#[cfg(test)]
mod tests;

//! The classes of Unicode that RE2 knows.

use regex_syntax::ast::{Ast, ClassUnicode, ClassUnicodeKind, ClassUnicodeOpKind, Position, Span};
use regex_syntax::hir::translate::TranslatorBuilder;

/// Says whether RE2 knows a class of this name: a category by its short name, or a script.
pub(super) fn is_known(name: &str) -> bool {
    // Its names are written as Unicode writes them: `Greek`, not `greek`.
    name == "Any" || CATEGORIES.contains(&name) || (is_written_out(name) && is_script(name))
}

fn is_written_out(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.len() > 2
}

fn is_script(name: &str) -> bool {
    let nowhere = Span::splat(Position::new(0, 1, 1));
    let ast = Ast::class_unicode(ClassUnicode {
        span: nowhere,
        negated: false,
        kind: ClassUnicodeKind::NamedValue {
            op: ClassUnicodeOpKind::Equal,
            name: "Script".to_owned(),
            value: name.to_owned(),
        },
    });
    let mut translator = TranslatorBuilder::new().build();
    translator.translate("", &ast).is_ok()
}

const CATEGORIES: [&str; 36] = [
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
    "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So",
    "Z", "Zl", "Zp", "Zs",
];

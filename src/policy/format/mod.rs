//! Envoy's format strings: texts with commands in them that are evaluated for each message.

mod command;
mod flaw;
mod time;

pub use command::{Command, Line, Lookup, Part, Said};
pub use flaw::NotAHeaderText;
pub(super) use flaw::not_visible;
pub use time::TimeFormat;

use std::fmt::Write as _;

/// A text with commands, in the order in which its parts stand.
pub type Pieces = Box<[Piece]>;

/// A part of a format string.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// What means what it says.
    Text(Box<str>),
    /// What is put in for each message.
    Command(Command),
}

/// Takes a format string apart. `%%` is a percent sign; every other one begins or ends a command.
pub(super) fn parse(text: &str) -> Result<Pieces, NotAHeaderText> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        literal.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            literal.push('%');
            rest = after;
            continue;
        }
        let at = text.len() - after.len() - 1;
        let written = Written::at_beginning(after).ok_or_else(|| flaw::no_command(text, at))?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal).into()));
        }
        pieces.push(Piece::Command(Command::read(&written)?));
        rest = written.rest;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal.into()));
    }
    Ok(pieces.into())
}

/// What stands between two percent signs: `NAME`, `NAME(argument)`, `NAME(argument):length`.
struct Written<'a> {
    name: &'a str,
    argument: Option<&'a str>,
    most: Option<usize>,
    /// What stands behind the second percent sign.
    rest: &'a str,
}

impl<'a> Written<'a> {
    fn at_beginning(text: &'a str) -> Option<Self> {
        let is_named =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        let end = text.bytes().take_while(is_named).count();
        let (name, after) = text.split_at(end);
        if name.is_empty() {
            return None;
        }
        let Some(inside) = after.strip_prefix('(') else {
            let (most, rest) = ending(after)?;
            return Some(Self {
                name,
                argument: None,
                most,
                rest,
            });
        };
        // An argument may hold brackets and percent signs itself; the first bracket behind which
        // the command can end is the last of it.
        let closing = inside.match_indices(')');
        closing.map(|(at, _)| at).find_map(|at| {
            let (most, rest) = ending(&inside[at + 1..])?;
            let argument = Some(&inside[..at]).filter(|argument| !argument.is_empty());
            Some(Self {
                name,
                argument,
                most,
                rest,
            })
        })
    }

    /// As it was written.
    fn text(&self) -> String {
        let mut text = self.name.to_owned();
        if let Some(argument) = self.argument {
            let _ = write!(text, "({argument})");
        }
        if let Some(most) = self.most {
            let _ = write!(text, ":{most}");
        }
        text
    }
}

/// Reads `%` or `:length%`.
fn ending(text: &str) -> Option<(Option<usize>, &str)> {
    if let Some(rest) = text.strip_prefix('%') {
        return Some((None, rest));
    }
    let (digits, rest) = text.strip_prefix(':')?.split_once('%')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((Some(digits.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Result<String, String> {
        let pieces = parse(text).map_err(|flaw| flaw.to_string())?;
        let pieces = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => format!("<{text}>"),
            Piece::Command(command) => format!("[{command}]"),
        });
        Ok(pieces.collect())
    }

    /// What a running Envoy takes.
    #[test]
    fn commands_stand_between_percent_signs() {
        for (text, expected) in [
            ("", ""),
            ("plain", "<plain>"),
            ("%%", "<%>"),
            ("100%%", "<100%>"),
            ("%%REQ(x)%%", "<%REQ(x)%>"),
            ("a%REQ(x)%b", "<a>[REQ(x)]<b>"),
            ("%REQ(x)%%REQ(y)%", "[REQ(x)][REQ(y)]"),
            ("%REQ(x?:path):10%", "[REQ(x?:path):10]"),
            ("%REQ(x):4294967295%", "[REQ(x):4294967295]"),
            ("%REQ(a?)%%REQ(?a)%", "[REQ(a?)][REQ(?a)]"),
            ("%PROTOCOL()%", "[PROTOCOL]"),
            ("%START_TIME(%Y %H:%M)%.", "[START_TIME(%Y %H:%M)]<.>"),
            ("%START_TIME(%%)%", "[START_TIME(%%)]"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    /// What a running Envoy refuses.
    #[test]
    fn what_is_no_command_is_told() {
        for (text, expected) in [
            ("%", "the `%` at byte 0 of `%` begins no command"),
            ("%%%", "the `%` at byte 2 of `%%%` begins no command"),
            ("100%", "the `%` at byte 3 of `100%` begins no command"),
            ("a % b", "the `%` at byte 2 of `a % b` begins no command"),
            (
                "%REQ(x%",
                "the `%` at byte 0 of `%REQ(x%` begins no command",
            ),
            (
                "%REQ(x)y%",
                "the `%` at byte 0 of `%REQ(x)y%` begins no command",
            ),
            (
                "%REQ(x):a%",
                "the `%` at byte 0 of `%REQ(x):a%` begins no command",
            ),
            (
                "%req(x)%",
                "the `%` at byte 0 of `%req(x)%` begins no command",
            ),
            ("%FOO%", "there is no command `%FOO%`"),
            ("%REQ%", "`%REQ%` names no header"),
            ("%REQ()%", "`%REQ%` names no header"),
            (
                "%REQ(a?b?c)%",
                "`a?b?c` is more than a header and another in its place",
            ),
            ("%REQ(a b)%", "`a b` is no header"),
            ("%REQ(x))%", "`x)` is no header"),
            ("%REQ(:status)%", "`:status` is no header"),
            ("%PROTOCOL(x)%", "`%PROTOCOL(x)%` takes no argument"),
            ("%ROUTE_NAME:3%", "`%ROUTE_NAME:3%` takes no argument"),
            ("%START_TIME:3%", "`%START_TIME:3%` takes no length"),
            ("%ENVIRONMENT%", "`%ENVIRONMENT%` names no variable"),
        ] {
            let told = written(text).unwrap_err();
            let (message, advice) = told.split_once("; ").unwrap();
            assert_eq!(message, expected, "{text}");
            assert!(!advice.is_empty() && !advice.contains("; "), "{told}");
        }
        assert!(written("%REQ(x):99999999999999999999%").is_err());
    }

    #[test]
    fn what_only_a_proxy_knows_is_told_apart_from_what_nobody_knows() {
        let unsupported = |text: &str| parse(text).unwrap_err().is_unsupported();
        for text in ["%DURATION%", "%DYNAMIC_METADATA(a:b)%", "%START_TIME(%A)%"] {
            assert!(unsupported(text), "{text}");
        }
        for text in ["%FOO%", "%", "%REQ%"] {
            assert!(!unsupported(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_reading_panic(text in "[%a(A-C):?1 ]{0,12}|[%REQ(x):1]{0,12}|\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn doubled_percent_signs_make_a_text_of_anything(text in "[ -~]{1,20}") {
            let pieces = parse(&text.replace('%', "%%")).unwrap();
            prop_assert_eq!(&*pieces, &[Piece::Text(text.into())]);
        }
    }
}

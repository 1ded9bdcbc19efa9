use crate::policy::Pattern;
use crate::testing::strategy::dice::Dice;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A text that the expression matches, unless it asks for a word's end or the like in between.
/// It is made of characters that need not be escaped, where the expression lets it.
/// `plain` are the characters that are liked best.
pub(super) fn sample(pattern: &Pattern, plain: &[char], dice: &mut Dice) -> String {
    let mut text = String::new();
    put(pattern.parsed(), plain, dice, &mut text);
    text
}

fn put(hir: &Hir, plain: &[char], dice: &mut Dice, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(one_of(class, plain, dice)),
        HirKind::Repetition(repeated) => {
            let more = repeated
                .max
                .map_or(MORE, |most| most - repeated.min)
                .min(MORE);
            for _ in 0..repeated.min as usize + dice.below(more as usize + 1) {
                put(&repeated.sub, plain, dice, text);
            }
        }
        HirKind::Capture(group) => put(&group.sub, plain, dice, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| put(part, plain, dice, text)),
        HirKind::Alternation(ways) => put(dice.pick(ways), plain, dice, text),
    }
}

fn one_of(class: &Class, plain: &[char], dice: &mut Dice) -> Option<char> {
    let has = |c: char| match class {
        Class::Unicode(class) => {
            { class.iter() }.any(|range| (range.start()..=range.end()).contains(&c))
        }
        Class::Bytes(class) => { class.iter() }
            .any(|range| u8::try_from(c).is_ok_and(|c| (range.start()..=range.end()).contains(&c))),
    };
    let plain = dice.any(plain).copied();
    let visible = ('!'..='~').filter(|c| !matches!(c, '#' | '?' | '&' | '%' | '\\' | '"'));
    plain
        .filter(|c| has(*c))
        .or_else(|| {
            let good: Vec<char> = visible.filter(|c| has(*c)).collect();
            dice.any(&good).copied()
        })
        .or_else(|| match class {
            Class::Unicode(class) => Some(class.iter().next()?.start()),
            Class::Bytes(class) => Some(char::from(class.iter().next()?.start())),
        })
}

/// Few, so that texts for two expressions are alike.
pub(super) const OF_PATHS: &[char] = &['a', 'b', '1', '0', '/', 'x', 'A', '-'];
pub(super) const OF_HOSTS: &[char] = &['a', 'r', '1', 'x'];
pub(super) const OF_TEXTS: &[char] = &['a', 'b', '1', '0', 'x', 'A', 'T'];

/// So often more than it has to be a repetition is repeated.
const MORE: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::CompiledPattern;

    #[test]
    fn samples_match() {
        let mut dice = Dice::seeded(1);
        for pattern in [
            "",
            "^/a$",
            ".*",
            "/v[0-9]+/.*",
            "(?i)/Api(/.*)?",
            "[^/]{2,5}|x*y",
            "\\d\\s\\w",
            "\\pN+",
            "(a|(b|c){3})+",
            "[#?]",
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            let compiled = CompiledPattern::new(&pattern);
            for _ in 0..100 {
                let text = sample(&pattern, OF_PATHS, &mut dice);
                assert!(compiled.is_match(text.as_bytes()), "{pattern}: {text:?}");
            }
        }
    }
}

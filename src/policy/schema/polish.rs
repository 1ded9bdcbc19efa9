//! What is changed in derived schemas.

use schemars::Schema;
use schemars::transform::transform_subschemas;

/// Says the range of a whole number as numbers: formats such as `uint32` are schemars' own, and
/// strict validators refuse what they do not know.
pub(super) fn plain_numbers(schema: &mut Schema) {
    let most = match schema.get("format").and_then(|format| format.as_str()) {
        Some("uint16") => Some(u32::from(u16::MAX)),
        Some("uint32") => Some(u32::MAX),
        _ => None,
    };
    if let Some(most) = most {
        schema.remove("format");
        schema.insert("maximum".to_owned(), most.into());
    }
    transform_subschemas(&mut plain_numbers, schema);
}

/// Makes descriptions of doc comments: lines run on, and links that lead into rustdoc are words.
pub(super) fn prose(schema: &mut Schema) {
    if let Some(text) = schema.get("description").and_then(|text| text.as_str()) {
        let text = unlinked(&flowing(text));
        schema.insert("description".to_owned(), text.into());
    }
    transform_subschemas(&mut prose, schema);
}

fn flowing(text: &str) -> String {
    let paragraphs = text.split("\n\n");
    let paragraphs: Vec<_> = paragraphs.map(|lines| lines.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}

/// Leaves `` `Name` `` of ``[`Name`]`` and ``[`Name`](crate::policy::Name)``.
fn unlinked(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else {
            break;
        };
        plain.push_str(before);
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        rest = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').map_or(after, |(_, after)| after),
            None => after,
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_into_rustdoc_become_words() {
        assert_eq!(unlinked("a [`B`](crate::B), [`C`] [d]"), "a `B`, `C` [d]");
        assert_eq!(unlinked("[`B`"), "[`B`");
        assert_eq!(unlinked("[`B`](c"), "`B`(c");
    }

    #[test]
    fn lines_of_a_paragraph_run_on() {
        assert_eq!(flowing("a\nb\n\nc\nd"), "a b\n\nc d");
    }
}

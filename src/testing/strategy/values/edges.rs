use crate::policy::PathMatch;
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::sample::{OF_PATHS, sample};

/// The path itself, a little more and a little less of it, and other ways to write it.
pub(super) fn of_path(path: &PathMatch, dice: &mut Dice) -> Vec<String> {
    let text = match path {
        PathMatch::Exact(path) | PathMatch::Prefix(path) => path.as_str().to_owned(),
        PathMatch::StartsWith(start) => start.clone(),
        PathMatch::Regex(pattern) => sample(pattern, OF_PATHS, dice),
    };
    let text = format!("/{}", text.strip_prefix('/').unwrap_or(&text));
    let open = text.strip_suffix('/').unwrap_or(&text);
    let mut paths = vec![
        text.clone(),
        open.to_owned(),
        format!("{open}/"),
        format!("{text}x"),
        format!("{open}/x"),
        text.to_ascii_uppercase(),
        text.to_ascii_lowercase(),
        format!("/{text}"),
        format!("{open}//"),
        format!("{open}/../x"),
        format!("{open}/."),
        format!("{open};x=1"),
        format!("{open}%2F"),
        format!("{open}%20"),
    ];
    paths.extend(without_last(&text));
    paths.extend(escaped(&text, dice));
    paths
}

pub(super) fn of_text(text: &str) -> Vec<String> {
    let mut texts = vec![
        text.to_owned(),
        format!("{text}x"),
        text.to_ascii_lowercase(),
        text.to_ascii_uppercase(),
    ];
    texts.extend(without_last(text));
    texts
}

/// Another port, another case, a dot at the end, the hosts above and below.
pub(super) fn of_authority(text: &str) -> Vec<String> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (text, ""),
    };
    let mut texts = vec![
        text.to_owned(),
        text.to_ascii_uppercase(),
        name.to_owned(),
        format!("{name}:80"),
        format!("{name}:443"),
        format!("{name}:81"),
        format!("{name}."),
        format!("{name}x"),
        format!("x.{text}"),
    ];
    if !port.is_empty() {
        texts.push(format!("{name}.:{port}"));
    }
    texts.extend(name.split_once('.').map(|(_, parent)| parent.to_owned()));
    texts.extend(without_last(name));
    texts
}

/// The lines of a header.
pub(super) fn of_header(value: &str) -> Vec<Vec<String>> {
    let mut lines: Vec<_> = of_text(value).into_iter().map(|text| vec![text]).collect();
    let other = || "other".to_owned();
    lines.extend([
        vec![],
        vec![String::new()],
        vec![value.to_owned(), other()],
        vec![other(), value.to_owned()],
        vec![value.to_owned(), value.to_owned()],
        vec![format!("{value},other")],
        vec![format!(" {value} ")],
    ]);
    lines
}

/// The parameters of a name.
pub(super) fn of_parameter(value: &str) -> Vec<Vec<Option<String>>> {
    let mut values: Vec<_> = { of_text(value).into_iter() }
        .map(|text| vec![Some(text)])
        .collect();
    let (this, other) = (|| Some(value.to_owned()), || Some("other".to_owned()));
    let first = value.bytes().next();
    values.extend([
        vec![],
        vec![None],
        vec![Some(String::new())],
        vec![this(), other()],
        vec![other(), this()],
        vec![None, this()],
        vec![Some(format!("{value}=1"))],
    ]);
    // As a browser might write it; it is compared as it was sent.
    values.extend(
        first.map(|byte| vec![Some(format!("%{byte:02X}{}", value.get(1..).unwrap_or("")))]),
    );
    values
}

fn without_last(text: &str) -> Option<String> {
    let mut shorter = text.to_owned();
    shorter.pop()?;
    Some(shorter)
}

/// With one of its letters percent-encoded.
fn escaped(path: &str, dice: &mut Dice) -> Option<String> {
    let letters: Vec<_> = path
        .match_indices(|c: char| c.is_ascii_alphanumeric())
        .collect();
    let (at, letter) = dice.any(&letters)?;
    let code = letter.as_bytes()[0];
    Some(format!("{}%{code:02X}{}", &path[..*at], &path[at + 1..]))
}

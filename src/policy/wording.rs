//! How messages quote what people wrote, and guess what they meant.

/// Messages quote what people wrote, but not megabytes of it.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The candidate that was probably meant, if one is near enough to be no coincidence.
pub(crate) fn meant<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Nobody mistypes a name this long beyond recognition, and the distance costs its square.
    if written.len() > LONGEST {
        return None;
    }
    // One letter of `v3` is no slip: short names have to be the same.
    let tolerance = (written.chars().count() / 3).min(3);
    candidates
        .into_iter()
        // Thousands of wrong names are each compared with thousands of right ones.
        .take(MOST_COMPARED)
        .filter(|candidate| candidate.len().abs_diff(written.len()) <= 4 * tolerance)
        .map(|candidate| (strsim::osa_distance(written, candidate), candidate))
        .filter(|&(distance, _)| distance <= tolerance)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Advice that guesses or else lists what there is.
pub(crate) fn choose_from<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(meant) = meant(written, candidates.clone()) {
        return format!("did you mean `{meant}`?");
    }
    let mut list: Vec<_> = candidates
        .into_iter()
        .take(MOST + 1)
        .map(|candidate| format!("`{}`", shortened(candidate)))
        .collect();
    if list.len() > MOST {
        list[MOST] = "…".to_owned();
    }
    match list.as_slice() {
        [] => "there are none".to_owned(),
        [only] => format!("there is only {only}"),
        _ => format!("there are {}", list.join(", ")),
    }
}

const LONGEST: usize = 64;
const MOST: usize = 12;
const MOST_COMPARED: usize = 1_000;

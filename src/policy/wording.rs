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
    let tolerance = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
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
        [] => String::new(),
        [only] => format!("there is only {only}"),
        _ => format!("there are {}", list.join(", ")),
    }
}

const LONGEST: usize = 64;
const MOST: usize = 12;

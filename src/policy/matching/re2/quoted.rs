use std::borrow::Cow;

/// Writes `\Q…\E` out with backslashes; without `\E` it goes to the end.
pub(super) fn written_out(text: &str) -> Cow<'_, str> {
    if !text.contains("\\Q") {
        return text.into();
    }
    let mut written = String::with_capacity(2 * text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        written.push_str(before);
        if let Some(quoted) = from.strip_prefix("\\Q") {
            let (quoted, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            written.push_str(&regex_syntax::escape(quoted));
            rest = behind;
        } else {
            // A backslash and whatever it is for: another backslash, perhaps.
            let end = from
                .char_indices()
                .nth(2)
                .map_or(from.len(), |(end, _)| end);
            written.push_str(&from[..end]);
            rest = &from[end..];
        }
    }
    written.push_str(rest);
    written.into()
}

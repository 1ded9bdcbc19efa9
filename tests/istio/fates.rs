//! What becomes of fields, as tables tell it.

use tower_mesh::import::Read;

/// Checks a document in which each line ends with what becomes of the field on it:
/// `# applied`, or `# ignored: requests are not retried`. Lines without that are not asked.
///
/// Gives the number of lines that were checked.
pub(crate) fn check(text: &str, read: &Read) -> usize {
    let mut checked = 0;
    for (number, line) in text.lines().enumerate() {
        let Some((code, wanted)) = line.split_once(" # ") else {
            continue;
        };
        let number = number as u32 + 1;
        // The last field of the line: what it says holds for it.
        let here: Vec<_> = read
            .report
            .iter()
            .filter(|entry| entry.at.line == Some(number))
            .collect();
        let told = here
            .iter()
            .map(|entry| match entry.instead.as_ref() {
                "" => entry.status.to_string(),
                instead => format!("{}: {instead}", entry.status),
            })
            .next_back();
        assert_eq!(
            told.as_deref(),
            Some(wanted.trim()),
            "line {number}: {code}\n{here:#?}"
        );
        checked += 1;
    }
    checked
}

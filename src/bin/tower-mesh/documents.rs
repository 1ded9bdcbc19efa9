//! From what the command line names to a policy.

use crate::{Verdict, complain};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::{Errors, Severity};

/// Says whether a policy is to be read from standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads all of them and tells what was passed over. `None` if something cannot even be opened or
/// is no text; why has been told then, for each of them.
pub(crate) fn read(paths: &[PathBuf]) -> Option<Read> {
    let read = open(paths)?.read();
    for note in &read.notes {
        complain(note);
    }
    Some(read)
}

/// Opens all of them. `None` if something is not there or is no text; why has been told then, for
/// each of them.
pub(crate) fn open(paths: &[PathBuf]) -> Option<Documents> {
    let mut documents = Documents::new();
    let mut whole = true;
    for path in paths {
        // Reading goes on after a failure to tell the others, too.
        documents = match add(documents, path) {
            Ok(documents) => documents,
            Err(why) => {
                complain(&why);
                whole = false;
                Documents::new()
            }
        };
    }
    whole.then_some(documents)
}

/// Tells all errors, for who uses what is there all the same; unusable is what could not be read as
/// a whole.
pub(crate) fn tell_errors(read: &Read) -> Verdict {
    let mut verdict = Verdict::Fine;
    let errors = read.findings.iter();
    for error in errors.filter(|finding| finding.severity == Severity::Error) {
        complain(error);
        verdict = Verdict::Findings;
    }
    match read.unreadable {
        true => Verdict::Unusable,
        false => verdict,
    }
}

fn add(documents: Documents, path: &Path) -> Result<Documents, String> {
    if !is_stdin(path) {
        let errors = |errors: Errors| errors.to_string();
        return documents.add_path(path).map_err(errors);
    }
    let mut bytes = Vec::new();
    let input = std::io::stdin().lock().take(LONGEST + 1);
    if let Err(error) = { input }.read_to_end(&mut bytes) {
        return Err(format!("-: cannot be read: {error}"));
    }
    if bytes.len() as u64 > LONGEST {
        return Err("-: the text is longer than 16 MiB; split it".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(documents.add_text("-", text)),
        Err(_) => Err("-: cannot be read: this is no UTF-8; save it as UTF-8".to_owned()),
    }
}

/// A text longer than this is refused by the reader.
const LONGEST: u64 = 16 << 20;

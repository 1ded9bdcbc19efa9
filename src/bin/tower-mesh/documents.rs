//! From what the command line names to a policy.

use crate::complain;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tower_mesh::import::{Documents, Read};
use tower_mesh::policy::Errors;

/// Says whether a policy is to be read from standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads all of them and tells what was passed over. `None` if something cannot even be opened or
/// is no text; why has been told then, for each of them.
pub(crate) fn read(paths: &[PathBuf]) -> Option<Read> {
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
    if !whole {
        return None;
    }
    let read = documents.read();
    for note in &read.notes {
        complain(note);
    }
    Some(read)
}

fn add(documents: Documents, path: &Path) -> Result<Documents, String> {
    if !is_stdin(path) {
        let errors = |errors: Errors| errors.to_string();
        return documents.add_path(path).map_err(errors);
    }
    let mut text = String::new();
    // One byte more than the reader takes, so that it says what it does not take.
    let input = std::io::stdin().lock().take(LONGEST + 1);
    match { input }.read_to_string(&mut text) {
        Ok(_) => Ok(documents.add_text("-", text)),
        Err(error) => Err(format!("-: cannot be read: {error}")),
    }
}

/// A text longer than this is refused by the reader.
const LONGEST: u64 = 16 << 20;

use crate::import::read::Source;
use crate::policy::trail::Trail;
use crate::policy::tree::{LONGEST, Mark};
use crate::policy::{Error, Errors};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads a file or the files of a folder.
pub(super) fn read(path: &Path) -> Result<Vec<Source>, Errors> {
    let folder = fs::metadata(path)
        .map_err(|error| failed(path, &error))?
        .is_dir();
    let paths = if folder {
        members(path)?
    } else {
        vec![path.to_owned()]
    };
    let mut sources = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        match text(&path) {
            Ok(text) => sources.push(Source {
                name: Some(path.display().to_string()),
                text,
            }),
            Err(error) => errors.extend(error),
        }
    }
    match Errors::from_findings(errors) {
        Some(errors) => Err(errors),
        None => Ok(sources),
    }
}

fn members(folder: &Path) -> Result<Vec<PathBuf>, Errors> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        // A link that leads nowhere is kept: that it cannot be read should be said.
        let file = fs::metadata(&path).map_or(true, |metadata| metadata.is_file());
        if is_document(&path) && file {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        let error = Error::new(
            "no-documents",
            Trail::default(),
            "the folder holds no *.yaml, *.yml or *.json",
        );
        let error = error.advise("name another folder, or the files");
        return Err(error.in_file(folder.display().to_string()).into());
    }
    paths.sort();
    Ok(paths)
}

/// Says whether a file of a folder is read, by its name.
pub(crate) fn is_document(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let kind = path.extension().and_then(|kind| kind.to_str());
    !name.as_encoded_bytes().starts_with(b".") && matches!(kind, Some("yaml" | "yml" | "json"))
}

/// Reads no more than will be looked at, whatever the file holds.
fn text(path: &Path) -> Result<String, Errors> {
    let read = || {
        let file = fs::File::open(path)?;
        // Devices and pipes do not know how long they are.
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = Vec::new();
        if length <= LONGEST as u64 {
            file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
        }
        Ok((length, bytes))
    };
    let (length, bytes) = read().map_err(|error| failed(path, &error))?;
    if length > LONGEST as u64 || bytes.len() > LONGEST {
        let error = Error::new(
            "too-large",
            Trail::default(),
            "the file is longer than 16 MiB",
        );
        let error = error.advise("split it");
        return Err(error.in_file(path.display().to_string()).into());
    }
    String::from_utf8(bytes).map_err(|error| {
        let (bytes, sound) = (error.as_bytes(), error.utf8_error().valid_up_to());
        let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let message = match utf16 {
            true => "cannot be read: this is UTF-16",
            false => "cannot be read: this is no UTF-8",
        };
        let before = String::from_utf8_lossy(&bytes[..sound]);
        let line = before.split('\n').count();
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.chars().count());
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let mark = Mark {
            line: narrow(line),
            column: narrow(column).saturating_add(1),
        };
        let error = Error::new("io", Trail::default(), message).advise("save it as UTF-8");
        error
            .marked(mark)
            .in_file(path.display().to_string())
            .into()
    })
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot be read: {error}");
    let advice = match error.kind() {
        io::ErrorKind::NotFound => "look at the name",
        io::ErrorKind::PermissionDenied => "let this user read it",
        _ => "",
    };
    let error = Error::new("io", Trail::default(), message).advise(advice);
    error.in_file(path.display().to_string())
}

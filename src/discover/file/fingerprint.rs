use crate::import::is_document;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What can be known of a policy's file or folder without opening a file.
///
/// Two that are equal mean that nothing was written in between, but for two writes within one tick
/// of the file system's clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fingerprint {
    /// Where the path leads, through all links.
    real: Option<PathBuf>,
    pub(super) files: Result<Vec<File>, Trouble>,
}

/// One file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Where it leads, if it is a link: in a ConfigMap all are, and what changes is a link between.
    real: Option<PathBuf>,
    outside: Result<Outside, io::ErrorKind>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Outside {
    length: u64,
    modified: Option<SystemTime>,
    /// Device, inode, and the time of the last change in seconds and nanoseconds. That time also
    /// tells of what `modified` hides: other permissions, and a copy that keeps the time.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

/// Why there are no files to look at.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Trouble {
    Unreadable(io::ErrorKind),
    NeitherFileNorFolder,
    TooManyFiles,
    TooManyNames,
    TooManyBytes,
}

/// How much is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) files: usize,
    pub(super) names: usize,
    pub(super) bytes: u64,
}

impl Fingerprint {
    pub(super) fn of(path: &Path, bounds: Bounds) -> Self {
        Self {
            real: fs::canonicalize(path).ok(),
            files: files(path, bounds),
        }
    }
}

fn files(path: &Path, bounds: Bounds) -> Result<Vec<File>, Trouble> {
    let unreadable = |error: io::Error| Trouble::Unreadable(error.kind());
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let files = if metadata.is_dir() {
        members(path, bounds)?
    } else if metadata.is_file() {
        vec![File::new(path.to_owned(), Ok(metadata))]
    } else {
        return Err(Trouble::NeitherFileNorFolder);
    };
    let lengths = files.iter().filter_map(|file| file.outside.ok());
    let bytes = lengths.fold(0_u64, |sum, outside| sum.saturating_add(outside.length));
    if bytes > bounds.bytes {
        return Err(Trouble::TooManyBytes);
    }
    Ok(files)
}

/// The files that [`Policy::load`](crate::Policy::load) would read, and no others: a log that grows
/// beside them would never let them settle.
fn members(folder: &Path, bounds: Bounds) -> Result<Vec<File>, Trouble> {
    let unreadable = |error: io::Error| Trouble::Unreadable(error.kind());
    let mut files = Vec::new();
    for (number, entry) in fs::read_dir(folder).map_err(unreadable)?.enumerate() {
        if number == bounds.names {
            return Err(Trouble::TooManyNames);
        }
        let path = entry.map_err(unreadable)?.path();
        if !is_document(&path) {
            continue;
        }
        let metadata = fs::metadata(&path);
        // A link that leads nowhere is there, too.
        if metadata.as_ref().map_or(true, Metadata::is_file) {
            if files.len() == bounds.files {
                return Err(Trouble::TooManyFiles);
            }
            files.push(File::new(path, metadata));
        }
    }
    // A folder has no order of its own.
    files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

impl File {
    fn new(path: PathBuf, metadata: io::Result<Metadata>) -> Self {
        let link = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        Self {
            real: link.then(|| fs::canonicalize(&path).ok()).flatten(),
            outside: match metadata {
                Ok(metadata) => Ok(Outside::new(&metadata)),
                Err(error) => Err(error.kind()),
            },
            path,
        }
    }
}

impl Outside {
    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (
                metadata.dev(),
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        files: 2,
        names: 4,
        bytes: 10,
    };

    fn folder(name: &str) -> PathBuf {
        let name = format!("tower-mesh-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn no_more_is_looked_at_than_is_said() {
        let path = folder("bounds");
        let look = || {
            Fingerprint::of(&path, BOUNDS)
                .files
                .map(|files| files.len())
        };
        let write = |name: &str, text: &str| fs::write(path.join(name), text).unwrap();
        write("a.yaml", "12345");
        write("b.yaml", "12345");
        write("c.log", "as long as it likes to be");
        write("d.log", "");
        assert_eq!(look(), Ok(2));
        write("e.log", "");
        assert_eq!(look(), Err(Trouble::TooManyNames));
        fs::remove_file(path.join("e.log")).unwrap();
        write("b.yaml", "123456");
        assert_eq!(look(), Err(Trouble::TooManyBytes));
        fs::rename(path.join("d.log"), path.join("d.yaml")).unwrap();
        assert_eq!(look(), Err(Trouble::TooManyFiles));
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(look(), Err(Trouble::Unreadable(io::ErrorKind::NotFound)));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_elsewhere_is_seen_even_if_the_file_is_the_same() {
        use std::os::unix::fs::symlink;
        let path = folder("links");
        for version in ["1", "2"] {
            fs::create_dir(path.join(version)).unwrap();
        }
        fs::write(path.join("1/a.yaml"), "").unwrap();
        fs::hard_link(path.join("1/a.yaml"), path.join("2/a.yaml")).unwrap();
        symlink("..data/a.yaml", path.join("a.yaml")).unwrap();
        let look = |version| {
            let _ = fs::remove_file(path.join("..data"));
            symlink(version, path.join("..data")).unwrap();
            let watched = ["", "a.yaml", "..data"];
            watched.map(|name| Fingerprint::of(&path.join(name), BOUNDS))
        };
        let first = look("1");
        for (one, other) in first.iter().zip(look("2")) {
            assert_ne!(*one, other);
        }
        assert_eq!(first, look("1"));
        fs::remove_dir_all(&path).unwrap();
    }
}

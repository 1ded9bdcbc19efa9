use crate::discover::file::fingerprint::Fingerprint;
use std::fs;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::io::{self, Read as _};
use std::path::Path;

/// What is in a file or a folder, as a number: names and texts, or why they cannot be read.
///
/// Two contents have the same one by a chance of one in 2^64, which nobody can help along: the
/// hash is drawn anew for each [`Digests`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Digest(u64);

/// Makes digests that can be compared with each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests(RandomState);

impl Digests {
    /// Reads the files that were found.
    pub(super) fn of(&self, fingerprint: &Fingerprint) -> Digest {
        let mut hash = self.0.build_hasher();
        match &fingerprint.files {
            Ok(files) => {
                for file in files {
                    file.path.hash(&mut hash);
                    match content(&file.path) {
                        Ok(content) => content.hash(&mut hash),
                        Err(error) => error.kind().hash(&mut hash),
                    }
                }
            }
            Err(trouble) => trouble.hash(&mut hash),
        }
        Digest(hash.finish())
    }
}

/// As much as will be looked at by whoever reads the policy, and how much there is: what lies
/// behind the bound is an error there, whatever it is.
fn content(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok((length, bytes))
}

/// A byte more than a text of a policy may have.
const LONGEST: u64 = (16 << 20) + 1;

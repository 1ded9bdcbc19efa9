use crate::discover::file::digest::{Digest, Digests};
use crate::discover::file::fingerprint::{Bounds, Fingerprint, Trouble};
use crate::discover::file::watch::Watch;
use crate::import::Documents;
use crate::policy::trail::Trail;
use crate::policy::{Error, Errors, Places, Policy};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file, or a folder of files, that holds a policy and may change.
///
/// What is read and in which order is said by [`Policy::load`].
#[derive(Clone, Debug)]
pub struct PolicyFile {
    path: PathBuf,
    interval: Duration,
    settle: Duration,
    digests: Digests,
    seen: Option<Seen>,
    watch: Watch<Digest>,
    places: Places,
}

/// The last look.
#[derive(Clone, Debug)]
struct Seen {
    fingerprint: Fingerprint,
    /// The first of the looks that have seen this fingerprint without a break.
    since: Instant,
    digest: Digest,
    /// The look that has read the digest.
    read: Instant,
}

impl PolicyFile {
    /// How often a driver looks if nothing else is said: a second.
    ///
    /// Nobody who waits for a policy notices a second, and Kubernetes takes up to a minute to bring
    /// a ConfigMap at all; one look at a file is about a hundred thousandth of that second.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

    /// The shortest [interval](Self::every): 10 ms.
    pub const LEAST_INTERVAL: Duration = Duration::from_millis(10);

    /// How long content has to hold still if nothing else is said: 500 ms.
    ///
    /// Longer than an editor takes to write a file in pieces and than the ticks of a local file
    /// system, and short enough that with the default interval two looks that agree are enough.
    pub const DEFAULT_SETTLE: Duration = Duration::from_millis(500);

    /// The most files of a policy in a folder.
    pub const MOST_FILES: usize = 1_024;

    /// The most names in a folder, whatever they stand for.
    pub const MOST_NAMES: usize = 16_384;

    /// The most bytes in all files together: 64 MiB. (A single text has at most 16.)
    pub const MOST_BYTES: u64 = 64 << 20;

    /// The file or folder at a path, which need not be there yet. Nothing is looked at here.
    ///
    /// A relative path is taken from wherever the process works at each look.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            interval: Self::DEFAULT_INTERVAL,
            settle: Self::DEFAULT_SETTLE,
            digests: Digests::default(),
            seen: None,
            watch: Watch::new(Self::DEFAULT_SETTLE),
            places: Places::default(),
        }
    }

    /// How often a driver is to look: by default [each second](Self::DEFAULT_INTERVAL), and at most
    /// [a hundred times in it](Self::LEAST_INTERVAL).
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Self::LEAST_INTERVAL);
        self
    }

    /// How long content has to be the same before it counts: by default
    /// [500 ms](Self::DEFAULT_SETTLE).
    ///
    /// With zero, one look is enough. That is right only for who writes another file and renames
    /// it: a file that is written in place may be read when half of it is there, and half a policy
    /// can be a policy.
    #[must_use]
    pub fn settled_for(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self.watch = Watch::new(settle);
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often a driver is to look.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Looks, at this moment: the policy, if there is another content than was told before and it
    /// has [settled](Self::settled_for). So the first policy is told, too.
    ///
    /// It reads files and blocks as long as that takes.
    ///
    /// # Errors
    ///
    /// What is wrong with the new content, once: that a file cannot be read or has vanished is
    /// content, too. The same again after something else is told again.
    pub fn look(&mut self, now: Instant) -> Option<Result<Policy, Errors>> {
        let mut places = Places::default();
        let found = self.look_by(now, |path| {
            let read = Documents::new().add_path(path)?.read();
            let policy;
            (policy, places) = read.into_policy_and_places()?;
            Ok(policy)
        });
        if let Some(Ok(_)) = &found {
            self.places = places;
        }
        found
    }

    /// Where the policy was written that was told last.
    pub fn places(&self) -> &Places {
        &self.places
    }

    fn look_by(
        &mut self,
        now: Instant,
        load: impl FnOnce(&Path) -> Result<Policy, Errors>,
    ) -> Option<Result<Policy, Errors>> {
        let fingerprint = self.fingerprint();
        let trouble = fingerprint.files.as_ref().err().copied();
        let digest = self.notice(now, fingerprint);
        let mut watch = self.watch;
        if !watch.look(now, digest) {
            self.watch = watch;
            return None;
        }
        let found = match trouble.and_then(|trouble| self.refuse(trouble)) {
            Some(errors) => Err(errors),
            None => load(&self.path),
        };
        // Written to meanwhile, it may be a mixture of two contents. Then nothing is told, and the
        // next look begins with a fresh reading.
        if self.digests.of(&self.fingerprint()) != digest {
            self.seen = None;
            return None;
        }
        self.watch = watch;
        Some(found)
    }

    /// What is there. Files are read only if something may have been written.
    fn notice(&mut self, now: Instant, fingerprint: Fingerprint) -> Digest {
        let same = self.seen.take().filter(|it| it.fingerprint == fingerprint);
        let since = same.as_ref().map_or(now, |seen| seen.since);
        let (digest, read) = match same {
            // A second write within the tick of the first leaves no trace outside. So what was read
            // counts only if the files had held still by then.
            Some(seen) if seen.read.saturating_duration_since(since) >= self.settle => {
                (seen.digest, seen.read)
            }
            _ => (self.digests.of(&fingerprint), now),
        };
        self.seen = Some(Seen {
            fingerprint,
            since,
            digest,
            read,
        });
        digest
    }

    fn fingerprint(&self) -> Fingerprint {
        let bounds = Bounds {
            files: Self::MOST_FILES,
            names: Self::MOST_NAMES,
            bytes: Self::MOST_BYTES,
        };
        Fingerprint::of(&self.path, bounds)
    }

    /// `None` for what is better said by whoever reads.
    fn refuse(&self, trouble: Trouble) -> Option<Errors> {
        let (id, message, advice) = match trouble {
            Trouble::Unreadable(_) => return None,
            Trouble::NeitherFileNorFolder => (
                "not-a-file",
                "is neither a file nor a folder".to_owned(),
                "name one; a pipe or a device cannot be watched",
            ),
            Trouble::TooManyFiles => (
                "too-many-files",
                format!("the folder holds more than {} policies", Self::MOST_FILES),
                "put several documents into one file",
            ),
            Trouble::TooManyNames => (
                "too-many-files",
                format!("the folder holds more than {} names", Self::MOST_NAMES),
                "give the policy a folder of its own",
            ),
            Trouble::TooManyBytes => (
                "too-long",
                format!("the files hold more than {} MiB", Self::MOST_BYTES >> 20),
                "split the policy",
            ),
        };
        let error = Error::new(id, Trail::default(), message).advise(advice);
        Some(error.in_file(self.path.display().to_string()).into())
    }
}

/// With the default interval and time to settle.
impl<P: AsRef<Path>> From<P> for PolicyFile {
    fn from(path: P) -> Self {
        Self::new(path.as_ref())
    }
}

#[cfg(test)]
mod tests;

//! Real files, whose times are the test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A folder that is gone at the end of the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("watch")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes in place, at a time that no other write has: the test's second is over in less than
    /// a tick of the file system's clock.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self.touch(name);
    }

    pub(crate) fn touch(&self, name: &str) {
        static SECOND: AtomicU64 = AtomicU64::new(1_700_000_000);
        let second = SECOND.fetch_add(1, Ordering::Relaxed);
        let file = fs::File::options().append(true).open(self.path(name));
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        file.unwrap().set_modified(time).unwrap();
    }

    /// Writes beside it and renames that.
    pub(crate) fn rename_over(&self, name: &str, text: &str) {
        self.write("beside", text);
        fs::rename(self.path("beside"), self.path(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A policy of one service.
pub(crate) fn policy(service: &str) -> String {
    format!("services:\n  {service}: {{}}\n")
}

use crate::clock;
use crate::discover::file::PolicyFile;
use crate::mesh::Mesh;
use crate::policy::trail::Trail;
use crate::policy::{Error, Errors, Places, Policy};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;
use tokio::runtime::Handle;

impl Mesh {
    /// Follows a file or a folder: [reloads](Self::reload) when what is in it has changed, as long
    /// as the handle lives.
    ///
    /// It looks each second, and waits until a new content has held still for half a second, so
    /// that no half of a file is taken for a policy; [`PolicyFile`] sets both. A ConfigMap of
    /// Kubernetes may be watched by its folder or by one of its files. A new content which says
    /// what the policy in force says changes nothing, and neither does `touch`.
    ///
    /// A bad content changes nothing either: the last good policy stays in force, and
    /// [`Event::ReloadRefused`](crate::event::Event::ReloadRefused) is told once for each bad
    /// content, not once a look. A file or folder that vanishes is a bad content; it is followed
    /// again when it comes back. The next good content is a [reload](Self::reload) in any case, so
    /// who was told that something is wrong is told that it is right again.
    ///
    /// What is there at the start is compared with the policy in force, so a change since
    /// [`load`](Self::load) is not missed.
    ///
    /// A thread of its own looks and reloads; no task waits for the file system. Makers of
    /// endpoints and listeners run on it, within the tokio runtime in which this is called, if in
    /// one. Of a maker that panics it is told as of a bad content.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tower_mesh::Mesh;
    /// use tower_mesh::discover::file::PolicyFile;
    /// use tower_mesh::event::{Event, Sink};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let events = Sink::new(|event| match event {
    ///     Event::Reload { version } => println!("policy {version} is in force"),
    ///     Event::ReloadRefused { errors } => eprintln!("the policy stays as it was:\n{errors}"),
    ///     _ => {}
    /// });
    /// let policy = tower_mesh::Policy::load("/etc/mesh")?;
    /// let mesh = Mesh::builder().events(events).build(&policy)?;
    /// let _watching = mesh.watch("/etc/mesh")?;
    ///
    /// // Or not so often:
    /// let every_minute = PolicyFile::new("/etc/mesh").every(Duration::from_secs(60));
    /// let _watching = mesh.watch(every_minute)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the operating system gives no thread. That the file is not there is none: it may come.
    pub fn watch(&self, file: impl Into<PolicyFile>) -> io::Result<Watching> {
        let file = file.into();
        let (path, interval) = (file.path().to_owned(), file.interval());
        let mut follower = Follower::new(self.clone(), file);
        let (handle, dropped) = mpsc::channel::<Infallible>();
        thread::Builder::new()
            .name("mesh-watch".to_owned())
            .spawn(move || {
                // The thread's own time, even if the runtime's is paused in a test: its looks come
                // in that time, too.
                follower.look(clock::now());
                while let Err(RecvTimeoutError::Timeout) = dropped.recv_timeout(interval) {
                    follower.look(clock::now());
                }
            })?;
        Ok(Watching {
            path,
            _handle: handle,
        })
    }
}

/// A file or a folder that is being followed; dropping it ends that.
///
/// A reload that has begun is still done. Nobody waits for the thread: it may be dropped anywhere,
/// even in what listens to events.
#[must_use = "the file is followed until this is dropped"]
pub struct Watching {
    path: PathBuf,
    /// Nothing is ever sent: what the thread sees is that there is no sender any more.
    _handle: mpsc::Sender<Infallible>,
}

impl Watching {
    /// Where the file or folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Brings what a file says to a mesh.
struct Follower {
    mesh: Mesh,
    file: PolicyFile,
    /// Whether the last that was told was a refusal.
    refused: bool,
    runtime: Option<Handle>,
}

impl Follower {
    fn new(mesh: Mesh, file: PolicyFile) -> Self {
        Self {
            mesh,
            file,
            refused: false,
            runtime: Handle::try_current().ok(),
        }
    }

    fn look(&mut self, now: Instant) {
        let Some(found) = self.file.look(now) else {
            return;
        };
        // A maker of endpoints may want to spawn a task.
        let _within = self.runtime.as_ref().map(Handle::enter);
        let before = self.mesh.stats().version;
        // What panics is the program's, and it may panic for this policy only. The mesh is whole
        // after it: a reload publishes all or nothing.
        let done = catch_unwind(AssertUnwindSafe(|| {
            bring(&self.mesh, found, self.file.places(), self.refused)
        }));
        self.refused = match done {
            Ok(good) => !good,
            // A listener has panicked, who was told of the reload.
            Err(_) if self.mesh.stats().version > before => false,
            Err(_) => {
                let errors = panicked(self.file.path());
                let _ = catch_unwind(AssertUnwindSafe(|| self.mesh.refuse(&errors)));
                true
            }
        };
    }
}

/// Says whether the policy that was found is in force.
fn bring(mesh: &Mesh, found: Result<Policy, Errors>, places: &Places, refused: bool) -> bool {
    match found {
        Err(errors) => {
            mesh.refuse(&errors);
            false
        }
        // A comment more, and everything stands one line further down.
        Ok(policy) if !refused && mesh.has_moved(&policy, places) => true,
        Ok(policy) => mesh.reload_written_at(&policy, places.clone()).is_ok(),
    }
}

fn panicked(path: &Path) -> Errors {
    let error = Error::new(
        "panic",
        Trail::default(),
        "the program panicked while the policy was put to work",
    );
    let error = error.advise("look for the panic's own message");
    error.in_file(path.display().to_string()).into()
}

#[cfg(test)]
mod tests;

//! A policy's file or folder, looked at again and again.
//!
//! [`PolicyFile`] tells what is new there, once it holds still.
//! [`Mesh::watch`](crate::Mesh::watch) looks for you; with a driver of your own, look yourself:
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::clock;
//! use tower_mesh::discover::file::PolicyFile;
//!
//! # fn main() -> Result<(), tower_mesh::policy::Errors> {
//! let mut file = PolicyFile::new("examples/mesh.yaml");
//! let start = clock::now();
//! assert!(file.look(start).is_none()); // it may be half written
//! let policy = file.look(start + Duration::from_secs(1)).unwrap()?;
//! assert!(policy.services.contains_key("reviews"));
//! // The same text is told once.
//! assert!(file.look(start + Duration::from_secs(2)).is_none());
//! # Ok(())
//! # }
//! ```
//!
//! # How it looks
//!
//! A look asks the file system for what can be known without opening a file: the names in the
//! folder, and of each file its size, its times, its inode and where its links lead in the end.
//! So a look at a file takes some ten microseconds, and it sees
//!
//! - a file that is written in place, or replaced by renaming another over it;
//! - files that come and go in a folder;
//! - the new link `..data` of a ConfigMap in Kubernetes, through which all its files change at
//!   once;
//! - a folder that vanishes and comes back.
//!
//! Only where that differs from the look before are the files read, and only where their content
//! has held still for [a while](PolicyFile::settled_for) is it a policy. So `touch` changes
//! nothing, and neither does a ConfigMap that is mounted again with the same texts.
//!
//! # What it does not see
//!
//! - A ConfigMap mounted with `subPath` never changes: that is so in Kubernetes. Mount the folder.
//! - Two writes of the same length in place within one tick of the file system's clock look the
//!   same. The tick is some milliseconds, and content is read again when the file has held still,
//!   so nothing is missed where it settles for longer than a tick. Where times are kept in whole
//!   seconds (FAT, some network file systems), let it [settle](PolicyFile::settled_for) for three.
//! - Content that differs at every look never settles.
//!
//! # Bounds
//!
//! At most [`MOST_FILES`](PolicyFile::MOST_FILES) files with at most
//! [`MOST_BYTES`](PolicyFile::MOST_BYTES), in a folder with at most
//! [`MOST_NAMES`](PolicyFile::MOST_NAMES) names. More is an error that says so. Pipes and devices
//! are refused too: reading them might never end.

mod digest;
mod fingerprint;
mod policy_file;
mod watch;

pub use policy_file::PolicyFile;

//! Where policies come from while the process runs.
//!
//! A source says what it has found; it puts nothing to work. The roof drives it:
//! `Mesh::watch` is such a driver.

#[cfg(feature = "yaml")]
pub mod file;

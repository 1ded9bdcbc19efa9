//! What no input may do to tower-mesh: bodies of fuzz targets, which tests run, too.
//!
//! Each takes any bytes and panics where a law is broken.
#![forbid(unsafe_code)]

mod cases;
mod decide_line;
mod documents;
mod duration;
pub mod mutate;
mod path;

pub use cases::cases;
pub use decide_line::decide_line;
pub use documents::documents;
pub use duration::duration;
pub use path::path;

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("documents", documents),
    ("decide_line", decide_line),
    ("cases", cases),
    ("path", path),
    ("duration", duration),
];

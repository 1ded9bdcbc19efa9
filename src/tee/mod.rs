//! A body that is read once and goes two ways: on to whom it was meant for, and to copies.
//!
//! The original sets the pace. Its frames are passed on as they are read and are given to each
//! copy by reference count; a copy that cannot keep up is cut short, for nobody waits for it. What
//! lies in store for one copy is bounded.
//!
//! A [`Replay`] is a body that goes the same way again: it is kept as it is read, up to a bound.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use tower_mesh::tee::{self, Teed};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (tap, copy) = tee::pipe(1024);
//! let original = Teed::new(Full::new(Bytes::from("text")), [tap].into_iter().collect());
//! assert_eq!(original.collect().await.unwrap().to_bytes(), "text");
//! assert_eq!(copy.collect().await.unwrap().to_bytes(), "text");
//! # }
//! ```

mod channel;
mod copy;
mod original;
mod replay;
#[cfg(test)]
mod tests;
mod upload;

pub use channel::{CutShort, Tap, Watch, pipe};
pub use copy::CopyBody;
pub use original::{Tee, Teed};
pub use replay::{Interrupted, Kept, Replay, ReplayBody};
pub use upload::Upload;

//! Local replies: what is answered here instead of by whom the request was meant for.
//!
//! A refusal is a response, never an error: a layer keeps its inner service's error type, so
//! axum and tonic need no adaptor. It looks as Envoy's does (status, headers, body; semantics
//! seen on Envoy 1.40) and carries a [`LocalReply`] among its extensions, which tells it from
//! the far side's own answer. Whoever prefers `Err` puts [`RejectAsErrorLayer`] outermost.
//!
//! ```
//! use tower_mesh::reply::{Flags, Refusal, ReplyTo, LocalReply};
//! use http_body_util::Full;
//!
//! let request = http::Request::get("/").body(()).unwrap();
//! let refusal = Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, Flags::UH, "no_healthy_upstream")
//!     .body("no healthy upstream");
//! let response = refusal.into_response::<Full<bytes::Bytes>>(ReplyTo::of(&request));
//! assert_eq!(response.status(), 503);
//! assert_eq!(response.headers()["content-length"], "19");
//! assert_eq!(response.extensions().get::<LocalReply>().unwrap().flags.to_string(), "UH");
//! ```

mod body;
mod flags;
mod future;
mod guarded;
mod refusal;
mod reject;

pub use body::{MeshBody, MeshBodyFuture, MeshBodyLayer, MeshBodyService, ReplyBody};
pub use flags::Flags;
pub use future::Reply;
pub use guarded::Guarded;
pub use refusal::{Head, LocalReply, Refusal, ReplyTo};
pub use reject::{RejectAsError, RejectAsErrorLayer, Rejected, RejectedFuture};

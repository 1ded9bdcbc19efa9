//! How long may it take?
//!
//! **Place:** after `split`, before `retry`: one timeout for all tries. Delays that are injected
//! on purpose do not count.
//!
//! **Readiness:** the inner service's, passed through.
//!
//! **Errors:** those of the service. Too late: 504 `upstream request timeout`, flag `UT`, and the
//! inner future is dropped, which tells the far side that nobody waits any more. The timeout
//! ends with the reply's head; a body may take its time.
//!
//! ```
//! use std::time::Duration;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::timeout::TimeoutLayer;
//! # use bytes::Bytes;
//! # use http_body_util::Full;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let service = ServiceBuilder::new()
//!     .layer(TimeoutLayer::new(Duration::from_secs(1)))
//!     .service(service_fn(|_: http::Request<()>| {
//!         std::future::pending::<Result<http::Response<Full<Bytes>>, std::io::Error>>()
//!     }));
//! let reply = service.oneshot(http::Request::new(())).await.unwrap();
//! assert_eq!(reply.status(), 504);
//! # }
//! ```

mod deadline;
mod future;
mod layer;
mod service;

pub use deadline::Deadline;
pub use future::TimeoutFuture;
pub use layer::TimeoutLayer;
pub use service::Timeout;

use crate::reply::{Flags, Refusal};
use http::StatusCode;

/// The reply to a request whose answer comes too late.
pub fn response_timeout() -> Refusal {
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, Flags::UT, "response_timeout")
        .body("upstream request timeout")
}

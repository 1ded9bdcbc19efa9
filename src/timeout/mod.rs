//! How long may it take?
//!
//! **Place:** after `split`, before `retry`: one timeout for all tries. Delays that are injected
//! on purpose do not count.
//!
//! **Readiness:** the inner service's, passed through.
//!
//! **The clock** starts when the request is complete, as Envoy's does: in the mesh a body that
//! comes slowly does not count ([`Deadline::watching`]), as far as the endpoint lets its body be
//! seen. A [`TimeoutLayer`] does not see it, and counts from the call.
//!
//! **Errors:** those of the service. Too late: 504 `upstream request timeout`, flag `UT`, and the
//! inner future is dropped, which tells the far side that nobody waits any more. In the mesh the
//! whole reply has to be there in time: where its head is sent already, its [body](TimedBody)
//! fails. A [`TimeoutLayer`] does not change the type of bodies: its timeout ends with the reply's
//! head, and a body may take its time.
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

mod allowed;
mod body;
mod deadline;
mod future;
mod layer;
mod service;
pub(crate) mod told;

pub use allowed::Allowed;
pub(crate) use allowed::{tell_again, tell_grpc};
pub use body::{BodyError, TimedBody};
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

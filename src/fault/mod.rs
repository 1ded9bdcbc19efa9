//! Delays and failures on purpose, to show callers what failure does to them.
//!
//! **Place:** before everything that may call somebody, so an injected abort is never retried and
//! an injected delay never counts against a timeout. The delay is drawn and waited for first, the
//! abort then, on its own: a delayed request may be aborted (Envoy's order).
//!
//! **Readiness:** the inner service's, passed through. A delayed request keeps the instance that
//! was polled ready.
//!
//! **Panics:** a delay is timed by tokio, so a request that is delayed outside a tokio runtime
//! panics. Requests that are not delayed need none.
//!
//! **Errors:** none of its own. An aborted request is answered with its status and the body
//! `fault filter abort`, flag `FI`, and reaches nobody.
//!
//! ```
//! use std::time::Duration;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_mesh::fault::FaultLayer;
//! use tower_mesh::policy::{Percent, Status};
//! # use http_body_util::Full;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! # let backend = tower::service_fn(|_: Request<Full<Bytes>>| async {
//! #     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::new())))
//! # });
//! let service = ServiceBuilder::new()
//!     .layer(
//!         FaultLayer::new()
//!             .delay(Duration::from_millis(50), Percent::HUNDRED)
//!             .abort(Status::try_from(503).unwrap(), Percent::HUNDRED),
//!     )
//!     .service(backend);
//! let reply = service.oneshot(Request::new(Full::default())).await.unwrap();
//! assert_eq!(reply.status(), 503);
//! # }
//! ```

mod future;
mod gate;
mod injection;
mod layer;
mod service;

pub use future::FaultFuture;
pub use injection::{Abort, Delay, Injection};
pub use layer::FaultLayer;
pub use service::Fault;

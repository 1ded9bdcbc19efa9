//! Again?
//!
//! **Place:** after `timeout`, before `balance`: one timeout for all tries, and another try picks
//! another endpoint, never another destination. What stands before it, such as limits and faults,
//! sees a request once, and its replies are not tried again.
//!
//! **Readiness:** the inner service's, passed through; later tries ready a clone in the future.
//!
//! **Conditions** are Envoy's ([`Condition`]): the status, a reset, `grpc-status`, as the answer's
//! head tells. Once the caller has that head, there is no other try. The method does not matter, as
//! it does not to Envoy.
//!
//! **Bodies** are kept as they are read ([`Replay`](crate::tee::Replay)), up to 1 MiB, which is
//! Envoy's bound for a stream. A request with a longer one is tried once. Where there is no body,
//! nothing is kept of it.
//!
//! **Errors:** those of the service. Whatever the last try came to is what the caller gets.
//!
//! A [`RetryLayer`] takes a reply of our own for what it stands for where an endpoint failed
//! ([`BalanceLayer`](crate::balance::BalanceLayer) makes such) and never tries again on others; an
//! error of the service is a reset. Its tries take their time: put a
//! [`TimeoutLayer`](crate::timeout::TimeoutLayer) beneath it for each, or above it for all.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::policy::{Condition, Retries};
//! use tower_mesh::retry::RetryLayer;
//! use tower_mesh::tee::ReplayBody;
//! # use bytes::Bytes;
//! # use http_body_util::Full;
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let calls = AtomicU32::new(0);
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(&Retries::new(2).on([Condition::GatewayError])))
//!     .service(service_fn(async |_: http::Request<ReplayBody>| {
//!         let status = match calls.fetch_add(1, Ordering::Relaxed) {
//!             0 => 503,
//!             _ => 200,
//!         };
//!         let answer = http::Response::builder().status(status).body(());
//!         Ok::<_, std::convert::Infallible>(answer.unwrap())
//!     }));
//! let body = Full::new(Bytes::from("text"));
//! let reply = service.oneshot(http::Request::new(body)).await.unwrap();
//! assert_eq!((reply.status().as_u16(), calls.into_inner()), (200, 2));
//! # }
//! ```
//!
//! [`Condition`]: crate::policy::Condition

mod backoff;
mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;
mod tries;

pub use backoff::{next, wait};
pub use future::RetryFuture;
pub use layer::RetryLayer;
pub use service::Retry;
pub use tries::{Failure, Outcome, Tries, Verdict};

use crate::reply::{Flags, Refusal};
use http::{HeaderName, StatusCode};

/// How many bytes of a request's body are kept for another try: as many as Envoy keeps of a
/// stream by default.
pub const MOST_KEPT: usize = 1 << 20;

/// The reply to a request of which a try took too long, and none followed.
pub fn per_try_timeout() -> Refusal {
    let details = "upstream_per_try_timeout";
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, Flags::UT, details).body("upstream request timeout")
}

/// Tells who is asked which try it is, from 1. Envoys write it where a mesh of Istio's has them
/// do so, which it does by default.
pub const ATTEMPT_COUNT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");

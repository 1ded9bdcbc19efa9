//! Rate limits: requests beyond a rate are answered here, with 429.
//!
//! A limit is a token bucket as in Envoy's local rate limit: it starts full, fills steadily, and
//! gives one token to each request. There is one for all requests, or one for each client, told
//! apart by a [`Key`](crate::policy::Key). The answer to a request that finds its bucket empty
//! says `local_rate_limited`, has the flag [`RL`](crate::reply::Flags::RL), and tells in
//! `retry-after` how long to wait, in whole seconds and never too few. Headers of the request and
//! answers from behind the limit are not touched.
//!
//! Nothing is queued and nothing sleeps. Memory is bounded: see [`Keyed`] for what becomes of
//! more clients than there is room for. (They get less, never more.) The limit is this process's
//! own; ten replicas let pass ten times as much.
//!
//! # Place
//!
//! Behind authorisation and faults, in front of what changes the request: in a client that is
//! behind `route` and in front of `split`, as in Envoy. A retry behind the limit is not counted
//! again.
//!
//! # Readiness
//!
//! The inner service's. The request is counted in `call`, not in `poll_ready`; a request that is
//! dropped later has been counted.
//!
//! # Errors
//!
//! None of its own: a refusal is a response, whose [`LocalReply`](crate::reply::LocalReply) has a
//! [`RateLimited`] as its source.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use std::convert::Infallible;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_mesh::limit::RateLimitLayer;
//! use tower_mesh::policy::{Key, Rate};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let mut service = ServiceBuilder::new()
//!     .layer(RateLimitLayer::new(Rate::per_minute(2)).keyed_by(Key::header("x-api-key")))
//!     .service(tower::service_fn(|_: Request<()>| async {
//!         Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
//!     }));
//!
//! let from = |key| Request::get("/").header("x-api-key", key).body(()).unwrap();
//! assert_eq!(service.ready().await?.call(from("ann")).await?.status(), 200);
//! assert_eq!(service.ready().await?.call(from("ann")).await?.status(), 200);
//! let refused = service.ready().await?.call(from("ann")).await?;
//! assert_eq!(refused.status(), 429);
//! assert_eq!(refused.headers()["retry-after"], "30");
//! assert_eq!(service.ready().await?.call(from("bob")).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! In axum, with the feature `axum`, for each client address:
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use axum::{Router, routing::get};
//! use std::net::SocketAddr;
//! use tower_mesh::limit::RateLimitLayer;
//! use tower_mesh::policy::{Key, Rate};
//!
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .layer(RateLimitLayer::new(Rate::per_second(10).burst(20)).keyed_by(Key::SourceIp));
//! // Without the addresses all requests would share one bucket.
//! let app = app.into_make_service_with_connect_info::<SocketAddr>();
//! # }
//! ```

mod bucket;
mod gate;
mod keyed;
mod layer;
mod limiter;
mod pace;
mod set;
mod value;

pub use bucket::Bucket;
pub use gate::{Limits, RateLimited};
pub use keyed::{Fingerprint, Keyed};
pub use layer::{RateLimit, RateLimitLayer};
pub use limiter::{Limiter, Outlook};
pub use pace::{Moment, Pace};

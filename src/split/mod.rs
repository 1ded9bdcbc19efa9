//! Which destination, by weight.
//!
//! **Place:** after what may refuse a request and before what calls somebody, once: a retry takes
//! another endpoint, not another destination.
//!
//! In the mesh the gate writes the destination down and `balance` reads it. Alone, a
//! [`SplitLayer`] diverts shares of the requests to other services.
//!
//! Each request is drawn for, unless callers are to stay where they are
//! ([`Sticky`](crate::policy::Sticky)): then who has a header, a cookie or an address is at the
//! same destination in every process, for as long as the weights let it ([`Rendezvous`]).
//!
//! **Readiness:** always ready; the chosen service is made ready in the future, so one arm that
//! is not ready holds nobody up but its own requests.
//!
//! **Errors:** those of the services.
//!
//! ```
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::split::SplitLayer;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let answer = |version: &'static str| {
//! #     service_fn(move |_: http::Request<()>| async move {
//! #         Ok::<_, std::convert::Infallible>(http::Response::new(version))
//! #     })
//! # };
//! let (v1, v2) = (answer("v1"), answer("v2"));
//! // 0 of 1 stay with the service beneath, all go to version 2.
//! let service = ServiceBuilder::new()
//!     .layer(SplitLayer::keep(0).divert(1, v2))
//!     .service(v1);
//! let reply = service.oneshot(http::Request::new(())).await.unwrap();
//! assert_eq!(*reply.body(), "v2");
//! # }
//! ```

mod choice;
mod cookie;
mod exponential;
mod future;
mod gate;
mod layer;
mod rendezvous;
mod service;
mod sticky;
mod weights;

pub use choice::Choice;
pub use future::SplitFuture;
pub use layer::SplitLayer;
pub use rendezvous::{ArmName, CallerKey, Rendezvous};
pub use service::Split;
pub use sticky::Sticky;
pub use weights::Weights;

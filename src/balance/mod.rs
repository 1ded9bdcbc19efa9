//! Which endpoint, among those that do the same?
//!
//! **Place:** last. It calls the endpoint that it picks; what an endpoint cannot answer becomes a
//! local reply here, since this is where it is known (503 with Envoy's words, 502 for an answer
//! that is no HTTP).
//!
//! **Readiness:** always ready: which endpoint has to be ready is known once it is picked, and it
//! is made ready in the future.
//!
//! **Errors:** none at all. No endpoint: 503 `no healthy upstream`, flag `UH`.
//!
//! A request counts as under way at its endpoint until the end of the reply's body.
//!
//! ```
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::balance::{BalanceLayer, Target};
//! use tower_mesh::policy::{Balance, Endpoint};
//! # use bytes::Bytes;
//! # use http_body_util::{BodyExt, Full};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let endpoints = ["10.0.0.1:80", "10.0.0.2:80"].map(|at| Endpoint::new(at.parse::<tower_mesh::policy::Address>().unwrap()));
//! // Beneath stands what makes a service of an address: `connect::Hyper`, or any closure.
//! let mut service = ServiceBuilder::new()
//!     .layer(BalanceLayer::new(Balance::RoundRobin, endpoints))
//!     .service(|at: &Target| {
//!         let name = at.to_string();
//!         service_fn(move |_: http::Request<()>| {
//!             let name = name.clone();
//!             async { Ok::<_, std::io::Error>(http::Response::new(Full::new(Bytes::from(name)))) }
//!         })
//!     });
//! let mut seen = std::collections::BTreeSet::new();
//! for _ in 0..2 {
//!     let reply = service.ready().await.unwrap().call(http::Request::new(())).await.unwrap();
//!     seen.insert(reply.into_body().collect().await.unwrap().to_bytes());
//! }
//! assert_eq!(seen.len(), 2);
//! # }
//! ```

mod cluster;
mod endpoint;
mod future;
mod gate;
mod layer;
mod load;
mod pick;
mod reset;
mod service;
mod target;

pub use cluster::{Cluster, Turns};
pub use endpoint::{Copying, Driven, Endpoint, MakeEndpoint, ServiceEndpoint};
pub use future::{Hold, Sending, refused};
pub use layer::BalanceLayer;
pub use load::Load;
pub use pick::{LeastRequest, Picker, RoundRobin, Weighted};
pub use reset::{Reason, Reset};
pub use service::{Balance, BalanceFuture, InFlight};
pub use target::{Place, Target};

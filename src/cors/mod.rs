//! Which pages of other origins may use the answers: preflights answered, answers marked.
//!
//! **Place:** after `fault` and before `limit`: a preflight may be delayed or aborted on purpose,
//! and costs no quota (Envoy's order).
//!
//! A request is none of this layer's concern unless it has one `Origin` that is not empty. Origins
//! are compared by case, and an origin that is not allowed is not refused: its request passes and
//! its answer stays as it is, so that the browser refuses. A preflight (`OPTIONS` with an
//! `Access-Control-Request-Method`) of an origin that is allowed is answered with 200 and reaches
//! nobody; of one that is not, [`UnmatchedPreflights`](crate::policy::UnmatchedPreflights)
//! decides.
//!
//! No `Vary: Origin` is added and private networks are not spoken of, as in Istio. Where a cache
//! stands in front and several origins are allowed, let the far side add `Vary` itself.
//!
//! **Readiness:** the inner service's, passed through.
//!
//! **Errors:** none of its own.
//!
//! ```
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_mesh::cors::CorsLayer;
//! use tower_mesh::policy::{Cors, TextMatch};
//! # use http_body_util::Full;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let backend = tower::service_fn(|_: Request<Full<Bytes>>| async {
//! #     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::new())))
//! # });
//! let service = ServiceBuilder::new()
//!     .layer(CorsLayer::compile(&Cors {
//!         allow_origins: vec![TextMatch::exact("https://shop.example.com")],
//!         allow_methods: vec!["GET".into(), "PUT".into()],
//!         ..Cors::default()
//!     }))
//!     .service(backend);
//! let preflight = Request::options("/cart")
//!     .header("origin", "https://shop.example.com")
//!     .header("access-control-request-method", "PUT")
//!     .body(Full::default())
//!     .unwrap();
//! let reply = service.oneshot(preflight).await.unwrap();
//! assert_eq!(reply.status(), 200);
//! assert_eq!(reply.headers()["access-control-allow-origin"], "https://shop.example.com");
//! assert_eq!(reply.headers()["access-control-allow-methods"], "GET,PUT");
//! # }
//! ```

mod future;
mod gate;
mod layer;
mod service;
mod sharing;
#[cfg(test)]
mod tests;

pub use future::CorsFuture;
pub use layer::CorsLayer;
pub use service::Cors;
pub use sharing::{Sharing, Verdict};

//! Copies of requests for somebody else, whose answers nobody sees.
//!
//! **Place:** after everything that changes a request, before `timeout` and `retry`: a copy is
//! what is sent, and there is one of it however often the original is tried.
//!
//! A copy is sent off and forgotten: it runs in a task of its own, its answer is dropped, and
//! whatever becomes of it, the original does not notice. Its host gets `-shadow` before the port
//! (Envoy's way to tell the two apart). Its body is what is read of the original's, as it is read
//! and never all of it at once; a copy that cannot keep up is given up. How many copies there are
//! and how much waits for them is [bounded](Bounds). What is beyond is shed and counted.
//!
//! What Envoy adds to its copies beside that, `x-envoy-internal` and `x-forwarded-for`, is left
//! out: nobody has said who the client is or that it can be trusted. `CONNECT` and requests to
//! upgrade are not copied: there is one tunnel, and it is the original's (Envoy opens another).
//!
//! **Readiness:** the inner service's, passed through. The copy's service is readied in its task.
//!
//! **Errors:** those of the inner service. The inner service gets bodies of the type
//! [`Teed`](crate::tee::Teed), the other [`CopyBody`](crate::tee::CopyBody).
//!
//! **Runtime:** copies run in tasks of tokio's; outside a runtime they are shed. They end with the
//! runtime, and nothing waits for them.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use std::convert::Infallible;
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_mesh::mirror::MirrorLayer;
//! use tower_mesh::tee::{CopyBody, Teed};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (seen, mut sees) = tokio::sync::mpsc::unbounded_channel();
//! let next = service_fn(move |copy: Request<CopyBody>| {
//!     let seen = seen.clone();
//!     async move {
//!         let host = copy.uri().host().unwrap().to_owned();
//!         let text = copy.into_body().collect().await.unwrap().to_bytes();
//!         seen.send((host, text)).unwrap();
//!         Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("forgotten"))))
//!     }
//! });
//! let mut service = ServiceBuilder::new()
//!     .layer(MirrorLayer::to(next))
//!     .service(service_fn(async |request: Request<Teed<Full<Bytes>>>| {
//!         let text = request.into_body().collect().await?.to_bytes();
//!         Ok::<_, Infallible>(Response::new(Full::new(text)))
//!     }));
//! let request = Request::post("http://reviews/").body(Full::new(Bytes::from("text"))).unwrap();
//! let reply = service.ready().await.unwrap().call(request).await.unwrap();
//! assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "text");
//! assert_eq!(sees.recv().await.unwrap(), ("reviews-shadow".to_owned(), Bytes::from("text")));
//! # }
//! ```

mod errand;
mod layer;
mod room;
mod service;
mod shadow;
mod share;
#[cfg(test)]
mod tests;

pub use errand::{DEFAULT_TIME, End, errand, forget};
pub use layer::MirrorLayer;
pub use room::{Bounds, Room, Slot};
pub use service::Mirror;
pub use shadow::{shadow, shadow_of};
pub use share::Share;

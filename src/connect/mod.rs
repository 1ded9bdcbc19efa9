//! An endpoint becomes a service: a pooled HTTP client for each address.

#[cfg(feature = "http")]
mod any_body;
#[cfg(feature = "http")]
mod body;
#[cfg(feature = "http")]
mod connector;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
mod hyper;
#[cfg(feature = "http")]
mod upgrade;
#[cfg(feature = "http")]
mod websocket;

#[cfg(feature = "http")]
pub use self::any_body::{AnyBody, AnyBodyEndpoint};
#[cfg(feature = "http")]
pub use self::body::RequestBody;
#[cfg(feature = "http")]
pub use self::hyper::{HttpEndpoint, HttpFuture, Hyper};

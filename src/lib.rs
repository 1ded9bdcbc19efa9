//! Istio's traffic management as tower Layers: routing, splitting, balancing, limits and faults
//! inside the process, from one policy file, and provable before it ships.
//!
//! Two ways in: [`Mesh`] runs a whole [`Policy`] around clients and servers; each layer, in the
//! module of its name, works alone and is configured in code. The README shows both.
//!
//! # A request's way
//!
//! ```text
//! client:   normalise → route → fault → cors → limit → answer → split → change → mirror → timeout → retry → balance → endpoint
//! server:   fault → limit → (your handler)
//! ```
//!
//! The order is Envoy's and Istio's, so that a policy means here what it means in a sidecar.
//! Two ways to write one path are made alike before anything looks at it. [`route`] only decides:
//! limits and faults see the request as it came. A fault's delay is over before anything else is
//! asked, and its abort reaches nobody. A rule that redirects or responds answers then. The
//! destination is chosen once, by [`split`], and only after that the request is changed: headers,
//! host, path. [`balance`] calls one of its endpoints and turns what goes wrong there into a reply;
//! [`retry`] may have it call another.
//! What the server learns of a request reaches the clients that its handler calls, as a
//! [`Context`](mesh::Context): their calls have its deadline and belong to its trace.
//!
//! # A policy's way
//!
//! ```text
//! YAML, JSON or code → Policy → Plan → Mesh → requests read one snapshot each
//!                      what a   compiled,   with live state that
//!                      person   nothing     outlives a reload
//!                      wrote    left to fail
//! ```
//!
//! # The house
//!
//! | floor | modules | what it knows |
//! |---|---|---|
//! | ground | [`clock`], [`rng`], [`stripe`], [`live`], [`drive`], [`gate`], [`reply`], [`event`], [`tee`], `upgrade` | nothing of traffic |
//! | policy | [`policy`] | what people write: plain data |
//! | import | [`import`] | policy, and the documents that others write |
//! | layers | [`route`], [`fault`], [`cors`], [`limit`], [`split`], [`mirror`], [`timeout`], [`retry`], [`balance`] | the floors below, not each other |
//! | adapters | [`connect`], [`discover`] | layers, and the outside world |
//! | roof | [`plan`], [`mesh`] | everything |
//! | proof | [`explain`], [`export`], [`testing`] | the roof |
//!
//! In a layer's folder the pure core comes first: an algorithm that takes the time and its draws
//! as arguments. A [gate](gate::Gate) is one step on a request by reference; the mesh runs gates,
//! and a layer alone runs the same gate behind a thin tower adaptor.
#![forbid(unsafe_code)]

pub mod balance;
pub mod clock;
pub mod connect;
pub mod cors;
pub mod discover;
pub mod drive;
pub mod event;
pub mod explain;
#[cfg(feature = "export")]
pub mod export;
pub mod fault;
pub mod gate;
#[cfg(feature = "yaml")]
pub mod import;
pub mod limit;
pub mod live;
pub mod mesh;
pub mod mirror;
pub mod plan;
pub mod policy;
pub mod reply;
pub mod retry;
pub mod rng;
pub mod route;
pub mod split;
pub mod stripe;
pub mod tee;
pub mod testing;
pub mod timeout;
mod upgrade;

pub use mesh::Mesh;
pub use plan::Plan;
pub use policy::Policy;

/// The README's examples are run as they stand there.
#[cfg(all(
    doctest,
    feature = "axum",
    feature = "http",
    feature = "yaml",
    feature = "testing"
))]
#[doc = include_str!("../README.md")]
pub struct Readme;

//! What every layer must keep, as probes for any tower layer.
//!
//! A probe builds the layered service around an inner one that is strict where test doubles are
//! mostly friendly: it insists on being readied, its clones start unready, it fails and waits on
//! command, and it counts what lives. Each probe checks one law and returns the [`Violation`] that
//! it saw.
//!
//! | law | holds for |
//! |---|---|
//! | [`the_readied_instance_is_called`] | every layer |
//! | [`pending_registers_a_waker`] | every layer |
//! | [`readiness_is_passed_through`] | layers around one inner service |
//! | [`an_error_of_the_inner_service_is_preserved`] | layers that do not answer for errors |
//! | [`dropping_at_any_poll_frees_what_it_held`] | every layer |
//! | [`reading_to_the_end_frees_what_it_held`] | layers that count what is under way |
//! | [`clones_and_layers_share_state`] | layers that count |
//! | [`the_layer_fits_a_server`] | every layer |
//!
//! # Runtime
//!
//! Probes poll by hand and need no runtime, but a layer that makes timers needs to find one: call
//! the probe within it. Time does not pass during a probe, so a layer that holds requests back for
//! a while must be set not to. Neither do other tasks run: a layer whose service lives in a task
//! of its own, such as tower's `Buffer`, cannot be probed.
//!
//! # Example
//!
//! ```
//! use tower::Layer;
//! use tower::util::MapRequestLayer;
//! use tower_mesh::testing::contract::{self, Sent};
//!
//! let layer = MapRequestLayer::new(|request: Sent| request);
//!
//! contract::the_readied_instance_is_called(|inner| layer.layer(inner))?;
//! contract::pending_registers_a_waker(|inner| layer.layer(inner))?;
//! contract::dropping_at_any_poll_frees_what_it_held(|inner| layer.layer(inner), || 0)?;
//! contract::the_layer_fits_a_server(&layer);
//! # Ok::<(), contract::Violation>(())
//! ```

mod drive;
mod errors;
mod held;
mod readiness;
mod script;
mod shared;
#[cfg(test)]
mod tests;
mod violation;

pub use errors::an_error_of_the_inner_service_is_preserved;
pub use held::{dropping_at_any_poll_frees_what_it_held, reading_to_the_end_frees_what_it_held};
pub use readiness::{
    pending_registers_a_waker, readiness_is_passed_through, the_readied_instance_is_called,
};
pub use script::{Failure, Scripted, ScriptedBody, ScriptedFuture};
pub use shared::{Answer, clones_and_layers_share_state, the_layer_fits_a_server};
pub use violation::Violation;

/// The requests that probes send.
pub type Sent = http::Request<http_body_util::Full<bytes::Bytes>>;

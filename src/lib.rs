//! Istio's traffic management as tower Layers.
#![forbid(unsafe_code)]

pub mod clock;
pub mod event;
pub mod gate;
pub mod live;
pub mod reply;
pub mod rng;
pub mod stripe;
pub mod testing;

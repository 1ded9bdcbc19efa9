//! Istio's traffic management as tower Layers.
#![forbid(unsafe_code)]

pub mod clock;
pub mod event;
pub mod gate;
pub mod limit;
pub mod live;
pub mod policy;
pub mod reply;
pub mod rng;
pub mod stripe;

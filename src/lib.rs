//! Istio's traffic management as tower Layers.
#![forbid(unsafe_code)]

pub mod balance;
pub mod clock;
pub mod connect;
pub mod drive;
pub mod event;
pub mod fault;
pub mod gate;
pub mod live;
pub mod policy;
pub mod reply;
pub mod rng;
pub mod route;
pub mod split;
pub mod stripe;

//! Istio's traffic management as tower Layers.
#![forbid(unsafe_code)]

pub mod balance;
pub mod clock;
pub mod connect;
pub mod drive;
pub mod event;
pub mod explain;
pub mod fault;
pub mod gate;
pub mod limit;
pub mod live;
pub mod mesh;
pub mod plan;
pub mod policy;
pub mod reply;
pub mod rng;
pub mod route;
pub mod split;
pub mod stripe;
pub mod testing;
pub mod timeout;

pub use mesh::Mesh;
pub use plan::Plan;
pub use policy::Policy;

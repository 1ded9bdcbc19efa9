//! Who a part of a policy is for: which clients, and at which door their requests come in.

mod clients;
mod gateway;
mod sidecar;
mod workload;

pub use clients::Clients;
pub use gateway::{Door, Gateway, Listener, ListenerProtocol, NotADoor};
pub use sidecar::Sidecar;
pub use workload::{NotAWorkload, Workload};

pub(crate) use gateway::{is_mesh, mesh};

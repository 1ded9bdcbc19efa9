//! A policy for those who do not run this crate: as the configuration of an Envoy.
//!
//! ```
//! use tower_mesh::Policy;
//! use tower_mesh::export::Envoy;
//!
//! let policy: Policy = "
//! services:
//!   reviews: { endpoints: [{ address: '10.0.0.1:9080' }] }
//! gateways:
//!   edge: { listeners: [{ name: web, port: 8080 }] }
//! routes:
//!   - name: reviews
//!     hosts: ['*']
//!     gateways: [edge]
//!     rules: [{ to: [{ service: reviews }] }]
//! "
//! .parse()
//! .unwrap();
//! let exported = Envoy::gateway("edge").export(&policy.compile().unwrap());
//! assert!(exported.notes.is_empty());
//! println!("{}", exported.to_yaml()); // `envoy -c` takes it
//! ```

mod envoy;
mod note;

pub use envoy::{Envoy, Exported};
pub use note::{Note, Notes};

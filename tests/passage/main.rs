//! What passes: upgraded connections, streams, gRPC and both versions of HTTP go through client,
//! gateway and server stacks as they were sent. Over real sockets.
#![cfg(all(feature = "yaml", feature = "http", feature = "axum"))]

mod grpc;
mod headers;
mod http2;
mod random;
mod streams;
mod tunnels;
mod tunnels_http2;
mod world;

#[cfg(feature = "tonic")]
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/mod.rs"]
mod support;

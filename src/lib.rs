//! Istio's traffic management as tower Layers.
#![forbid(unsafe_code)]

pub mod policy;

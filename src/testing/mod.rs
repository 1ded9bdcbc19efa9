//! What tests of layers, policies and plans are made of.

pub mod contract;

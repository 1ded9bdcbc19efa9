//! What tests of layers, policies and plans are made of.

mod binomial;
pub mod contract;

pub use binomial::plausible;

//! What tests of layers, policies and plans are made of.

mod binomial;
pub mod contract;
#[cfg(feature = "testing")]
mod strategy;

pub use binomial::plausible;
#[cfg(feature = "testing")]
pub use strategy::{Requests, requests, requests_for};

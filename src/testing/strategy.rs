//! proptest strategies: for policies, for requests, and for requests that are aimed at a policy.

mod aimed;
mod aims;
mod any;
mod asks;
mod cuts;
mod dice;
mod draft;
mod hunt;
mod policies;
mod questions;
mod requests;
mod sample;
mod shrink;
mod values;
mod worlds;

pub use policies::{Policies, policies};
pub use questions::{Questions, questions_for};
pub use requests::{Requests, requests, requests_for};

#[cfg(test)]
mod tests;

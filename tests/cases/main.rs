//! Policy tests: how cases are read, what holds of an answer, and what is told where it does not.
#![cfg(feature = "yaml")]

#[path = "../support/policies.rs"]
mod policies;

mod bad_input;
mod expectations;
mod laws;
mod pasted;

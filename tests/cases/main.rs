//! Policy tests: how cases are read, what holds of an answer, and what is told where it does not.
#![cfg(feature = "yaml")]

mod bad_input;
mod expectations;

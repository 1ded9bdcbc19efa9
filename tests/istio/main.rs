//! Istio's documents: what becomes of each of their fields, what is wrong with bad ones, and where
//! requests go by good ones.
#![cfg(feature = "yaml")]

mod destination_rule;
mod fates;
mod gateway;
mod mesh_config;
mod order;
mod reading;
mod service_entry;
mod sidecar;
mod sticky;
mod validation;
mod virtual_service;

//! Istio's documents.

mod destination_rule;
mod exports;
mod gateway;
mod mesh_config;
mod names;
mod parts;
mod service_entry;
mod sidecar;
mod virtual_service;

use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use destination_rule::DestinationRule;
pub(super) use exports::scope;
use gateway::IstioGateway;
use mesh_config::MeshConfig;
use service_entry::{ServiceEntry, WorkloadEntry};
use sidecar::Sidecar;
use std::collections::HashSet;
use virtual_service::VirtualService;

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    virtual_services: Vec<VirtualService<'a>>,
    destination_rules: Vec<DestinationRule<'a>>,
    sidecars: Vec<Sidecar<'a>>,
    mesh_configs: Vec<MeshConfig<'a>>,
    service_entries: Vec<ServiceEntry<'a>>,
    workload_entries: Vec<WorkloadEntry<'a>>,
    gateways: Vec<IstioGateway<'a>>,
    /// What is there, but was refused, so that it is not told to be missing.
    refused: Refused<'a>,
}

/// Names of documents: namespace and name.
#[derive(Default)]
struct Refused<'a> {
    virtual_services: HashSet<(&'a str, &'a str)>,
    gateways: HashSet<(&'a str, &'a str)>,
}

/// Converts a document of one of the kinds below.
pub(super) fn convert<'a>(document: &Foreign<'a>, into: &mut Resources<'a>) -> Outcome {
    let name = (document.namespace, document.name);
    match document.kind {
        Kind::VirtualService => match virtual_service::convert(document) {
            Some(service) => into.virtual_services.push(service),
            None => {
                into.refused.virtual_services.insert(name);
                return Outcome::LeftOut;
            }
        },
        Kind::DestinationRule => {
            let rule = destination_rule::convert(document);
            return Outcome::of(rule.map(|rule| into.destination_rules.push(rule)));
        }
        Kind::Sidecar => {
            let sidecar = sidecar::convert(document);
            return Outcome::of(sidecar.map(|sidecar| into.sidecars.push(sidecar)));
        }
        Kind::MeshConfig => {
            let mesh = mesh_config::convert(document);
            return Outcome::of(mesh.map(|mesh| into.mesh_configs.push(mesh)));
        }
        Kind::ServiceEntry => {
            let entry = service_entry::convert(document);
            return Outcome::of(entry.map(|entry| into.service_entries.push(entry)));
        }
        Kind::WorkloadEntry => {
            let entry = service_entry::convert_workload(document);
            return Outcome::of(entry.map(|entry| into.workload_entries.push(entry)));
        }
        Kind::IstioGateway => match gateway::convert(document) {
            Some(gateway) => into.gateways.push(gateway),
            None => {
                into.refused.gateways.insert(name);
                return Outcome::LeftOut;
            }
        },
        _ => return Outcome::misled(),
    }
    Outcome::Taken
}

/// Adds the settings of the mesh to the model, on which the others rely.
pub(super) fn resolve_mesh(resources: &resource::Resources<'_>, model: &mut Model) {
    mesh_config::resolve(&resources.istio.mesh_configs, model);
}

/// Adds the services of ServiceEntries to the model.
pub(super) fn resolve_services(resources: &resource::Resources<'_>, model: &mut Model) {
    let istio = &resources.istio;
    let (entries, workloads) = (&istio.service_entries, &istio.workload_entries);
    service_entry::resolve(entries, workloads, &resources.kubernetes, model);
}

/// Adds gateways, routes and what clients see of services to the model: all services are there.
pub(super) fn resolve_routes(resources: &resource::Resources<'_>, model: &mut Model) {
    let istio = &resources.istio;
    let bindings = gateway::resolve(&istio.gateways, &istio.refused.gateways, model);
    let refused = &istio.refused.virtual_services;
    virtual_service::resolve(&istio.virtual_services, refused, &bindings, model);
    let root = mesh_config::root_namespace(&istio.mesh_configs);
    destination_rule::resolve(&istio.destination_rules, root, model);
    sidecar::resolve(&istio.sidecars, root, model);
}

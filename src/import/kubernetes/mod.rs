//! Kubernetes' own documents: which services there are, and who serves them.

mod namespace;

use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use namespace::Namespace;

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    pub(crate) namespaces: Vec<Namespace<'a>>,
}

/// Converts a document of one of the kinds below.
pub(super) fn convert<'a>(document: &Foreign<'a>, into: &mut Resources<'a>) -> Outcome {
    match document.kind {
        Kind::Namespace => {
            into.namespaces.push(namespace::convert(document));
            Outcome::Taken
        }
        _ => Outcome::NotYet,
    }
}

/// Adds the services to the model.
pub(super) fn resolve(resources: &resource::Resources<'_>, model: &mut Model) {
    let _ = (resources, model);
}

//! The Gateway API's documents.

use crate::import::kind::Kind;
use crate::import::model::Model;
use crate::import::resource::{self, Foreign, Outcome};
use std::marker::PhantomData;

/// What was converted.
#[derive(Default)]
pub(crate) struct Resources<'a> {
    /// What is kept points into the documents.
    documents: PhantomData<&'a ()>,
}

/// Converts a document of one of the kinds below.
pub(super) fn convert<'a>(document: &Foreign<'a>, into: &mut Resources<'a>) -> Outcome {
    let _ = &mut into.documents;
    match document.kind {
        // Each takes its place out of here with its importer.
        Kind::Gateway
        | Kind::HttpRoute
        | Kind::GrpcRoute
        | Kind::ReferenceGrant
        | Kind::ListenerSet => Outcome::NotYet,
        // Others are not brought here.
        _ => Outcome::NotYet,
    }
}

/// Adds the routes to the model.
pub(super) fn resolve(resources: &resource::Resources<'_>, model: &mut Model) {
    let _ = (resources, model);
}

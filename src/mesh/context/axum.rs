use crate::mesh::Context;
use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// The context among the request's extensions, else the scope's: it is never missing.
impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::among(&parts.extensions))
    }
}

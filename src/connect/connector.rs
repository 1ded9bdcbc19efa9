use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use std::task::{Context, Poll};
use tower_service::Service;

/// Dials one address whatever the request's URI says, so that `Host` and `:authority` stay those
/// of the logical service.
#[derive(Clone)]
pub(super) struct Pinned {
    http: HttpConnector,
    /// `None`: what the URI says.
    at: Option<Uri>,
}

impl Pinned {
    pub(super) fn new(http: HttpConnector, at: Option<Uri>) -> Self {
        Self { http, at }
    }
}

impl Service<Uri> for Pinned {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Uri>::poll_ready(&mut self.http, cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.http.call(self.at.clone().unwrap_or(uri))
    }
}

use http::{HeaderMap, HeaderName, HeaderValue, Request};

/// The request without its body, as gates take it.
pub(crate) fn head_of<B>(request: &Request<B>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    *head.extensions_mut() = request.extensions().clone();
    head
}

pub(super) fn text(name: &HeaderName, value: &HeaderValue) -> (String, String) {
    let value = value.as_bytes();
    // Looked at word by word; what has to be mended is looked at byte by byte.
    let value = match std::str::from_utf8(value) {
        Ok(value) => value.to_owned(),
        Err(_) => String::from_utf8_lossy(value).into_owned(),
    };
    (name.as_str().to_owned(), value)
}

pub(super) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter();
    headers.map(|(name, value)| text(name, value)).collect()
}

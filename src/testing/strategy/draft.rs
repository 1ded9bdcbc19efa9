use crate::explain::{Asker, Question};
use crate::policy::authority;
use crate::route::{Asked, Normalize};
use http::header::HOST;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use std::borrow::Cow;

/// A request in the making: what is easily changed, piece by piece.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) tls: bool,
    /// Empty: the client names no host.
    pub(super) authority: String,
    /// Whether the host is named in the target, as clients of the mesh do, or in a header.
    pub(super) absolute: bool,
    pub(super) path: String,
    /// Names and values as they are sent; without a value there is no `=` either.
    pub(super) query: Vec<(String, Option<String>)>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is not drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Fixed {
    pub(super) host: Option<Authority>,
    pub(super) method: Option<Method>,
    pub(super) path: Option<PathAndQuery>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Who asks.
    pub(super) source: Option<Asker>,
}

impl Fixed {
    pub(super) fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(fixed, _)| fixed == name)
    }

    pub(super) fn has_query(&self) -> bool {
        { self.path.as_ref() }.is_some_and(|path| path.query().is_some())
    }

    /// Makes this of a draft what is not drawn.
    pub(super) fn fix(&self, draft: &mut Draft) {
        if let Some(host) = &self.host {
            host.as_str().clone_into(&mut draft.authority);
        }
        if let Some(method) = &self.method {
            draft.method.clone_from(method);
        }
        if let Some(path) = &self.path {
            path.path().clone_into(&mut draft.path);
            if let Some(query) = path.query() {
                draft.query = parameters(query);
            }
        }
        draft.headers.retain(|(name, _)| !self.has_header(name));
        draft.headers.extend(self.headers.iter().cloned());
    }
}

impl Draft {
    pub(super) fn new(authority: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            version: Version::HTTP_11,
            tls: false,
            authority: authority.into(),
            absolute: true,
            path: "/".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The lines of a header in place of those that are there.
    pub(super) fn set_lines(&mut self, name: &HeaderName, lines: Vec<HeaderValue>) {
        self.headers.retain(|(there, _)| there != name);
        let lines = lines.into_iter().map(|line| (name.clone(), line));
        self.headers.extend(lines);
    }

    /// The parameters of a name in place of those that are there.
    pub(super) fn set_parameters(&mut self, name: &str, values: Vec<Option<String>>) {
        self.query.retain(|(there, _)| there != name);
        let values = values.into_iter().map(|value| (name.to_owned(), value));
        self.query.extend(values);
    }

    /// Shows it as the tables see it; `None` for what no table gets to see.
    pub(super) fn look<T>(
        &self,
        normalize: Normalize,
        look: impl FnOnce(&Asked<'_>) -> T,
    ) -> Option<T> {
        let path = normalize.path(&self.path).ok()?;
        let query = self.query_text();
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        Some(look(&Asked {
            authority: &self.authority,
            tls: self.tls,
            path: &path,
            query: &query,
            method: &self.method,
            headers: &headers,
        }))
    }

    fn query_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.query {
            if !text.is_empty() {
                text.push('&');
            }
            text += name;
            if let Some(value) = value {
                text.push('=');
                text += value;
            }
        }
        text
    }

    fn path_and_query(&self) -> Cow<'_, str> {
        match self.query.is_empty() {
            true => Cow::Borrowed(&self.path),
            false => Cow::Owned(format!("{}?{}", self.path, self.query_text())),
        }
    }

    pub(super) fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        request.method_mut().clone_from(&self.method);
        *request.version_mut() = self.version;
        let mut parts = Parts::default();
        parts.path_and_query = self.path_and_query().parse().ok();
        parts
            .path_and_query
            .get_or_insert(PathAndQuery::from_static("/"));
        let host = self.authority.parse::<Authority>().ok();
        if self.absolute
            && let Some(host) = &host
        {
            parts.scheme = Some(match self.tls {
                true => Scheme::HTTPS,
                false => Scheme::HTTP,
            });
            parts.authority = Some(host.clone());
        }
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        let header = host.and_then(|host| HeaderValue::from_str(host.as_str()).ok());
        if !self.absolute
            && let Some(host) = header
        {
            request.headers_mut().insert(HOST, host);
        }
        request
    }

    /// As a question, without saying where it is asked. Headers that are no text are left out.
    pub(super) fn question(&self) -> Question {
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        Question {
            method: Some(self.method.as_str().to_owned()),
            scheme: Some(if self.tls { "https" } else { "http" }.to_owned()),
            headers: self.headers.iter().filter_map(text).collect(),
            ..Question::new(self.authority.clone(), self.path_and_query())
        }
    }
}

fn parameters(query: &str) -> Vec<(String, Option<String>)> {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (pair.to_owned(), None),
    });
    pairs.collect()
}

/// Says whether a request can hold it as its path, or a `*`.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.contains(['#', '?', '<', '>', '`'])
        && text.is_ascii()
        && text.parse::<PathAndQuery>().is_ok()
}

/// Says whether it can stand in a query as a name or a value.
pub(super) fn is_parameter(text: &str) -> bool {
    !text.contains(['#', '&', '<', '>', '`'])
        && text.is_ascii()
        && format!("/?{text}").parse::<PathAndQuery>().is_ok()
}

/// Says whether a request can hold it as its host.
pub(super) fn is_authority(text: &str) -> bool {
    authority(text).is_some()
}
